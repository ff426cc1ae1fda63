"""Controls of a form as they look: what is filled in, chosen or ticked."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

_SILENT = ("hidden", "password", "file", "image", "color", "range")
_TICKED, _OPEN = "☒", "☐"


def shown(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> str:
    if tag == "select":
        return _chosen(node)
    if tag == "textarea":
        return node.text(deep=True) or ""
    kind = (attributes.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return f"{_TICKED if 'checked' in attributes else _OPEN} "
    return "" if kind in _SILENT else attributes.get("value") or ""


def _chosen(node: LexborNode) -> str:
    """What is selected; of a list that shows one, the first where nothing is."""
    options = node.css("option")
    chosen = [option for option in options if "selected" in option.attributes]
    several = "multiple" in node.attributes
    chosen = chosen if several else (chosen[-1:] or options[:1])
    return ", ".join(" ".join((option.text(deep=True) or "").split()) for option in chosen)
