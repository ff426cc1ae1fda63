"""What a page hides: by attributes, by the style of an element, and by the rules of its style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]*)\}")
_DISPLAY = re.compile(r"(?:^|;)\s*display\s*:\s*([a-z-]+)", re.IGNORECASE)
_SCREEN = re.compile(r"@media\s+(?:only\s+)?(?:screen|all)\s*$", re.IGNORECASE)
_UNSEEN = re.compile(
    r"""(?:^|;)\s*(?:
        display\s*:\s*none
      | visibility\s*:\s*(?:hidden|collapse)
      | opacity\s*:\s*0*\.?0*\s*(?:!|;|$)
      | (?:left|top|text-indent|margin-left)\s*:\s*-\d{4,}
      | clip\s*:\s*rect\(\s*(?:0(?:px)?|1px)[\s,]
      | clip-path\s*:\s*inset\(\s*(?:50|100)%
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_HEIGHT = re.compile(r"(?:^|;)\s*(?:max-)?height\s*:\s*0(?:px)?\s*(?:!|;|$)", re.IGNORECASE)
_OVERFLOW = re.compile(r"overflow(?:-y)?\s*:\s*hidden", re.IGNORECASE)
_MOST_RULES = 400
_SIMPLE = re.compile(r"[^\s>]+(?:\s*[\s>]\s*[^\s>]+){0,3}")  # others take long, and hide little
_NOT_SIMPLE = frozenset(":@~+*|()")
_MOST_STYLES = 1_000_000  # characters


def is_hidden(attributes: dict[str, str | None]) -> bool:
    """By its own attributes."""
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    style = attributes.get("style") or ""
    if not style:
        return False
    return _UNSEEN.search(style) is not None or (
        _OVERFLOW.search(style) is not None and _NO_HEIGHT.search(style) is not None
    )


def hidden_by_rules(tree: LexborHTMLParser) -> set[int]:
    """`mem_id` of the elements that the last rule for them does not display."""
    hidden: set[int] = set()
    for number, (selector, shows) in enumerate(_rules(tree)):
        if number >= _MOST_RULES:
            break
        if shows and not hidden:
            continue
        with suppress(SelectolaxError):  # a selector that Lexbor does not know
            found = {node.mem_id for node in tree.css(selector)}
            hidden = hidden - found if shows else hidden | found
    return hidden


def _rules(tree: LexborHTMLParser) -> Iterator[tuple[str, bool]]:
    """Selectors of rules that say whether what they choose is displayed, in their order."""
    for style in tree.css("style"):
        media = (style.attributes.get("media") or "all").lower()
        if "all" in media or "screen" in media:
            yield from _of_sheet(_text(style)[:_MOST_STYLES])


def _of_sheet(sheet: str) -> Iterator[tuple[str, bool]]:
    for found in _RULE.finditer(_without_media(_COMMENT.sub("", sheet))):
        display = _DISPLAY.search(found[2])
        unseen = display is None and _UNSEEN.search(found[2]) is not None
        if display is None and not unseen:
            continue
        for selector in found[1].split(","):
            selector = selector.strip()
            if _SIMPLE.fullmatch(selector) and _NOT_SIMPLE.isdisjoint(selector):
                yield selector, not unseen and display is not None and display[1].lower() != "none"


def _without_media(sheet: str) -> str:
    """Without rules for printers, small screens and animations."""
    kept, at = [], 0
    while (start := sheet.find("@", at)) >= 0:
        opening, end = sheet.find("{", start), sheet.find(";", start)
        kept.append(sheet[at:start])
        if opening < 0 or 0 <= end < opening:
            at = end + 1 if end >= 0 else len(sheet)
            continue
        closing = _closing(sheet, opening)
        if _SCREEN.match(sheet[start:opening]):
            kept.append(sheet[opening + 1 : closing])
        at = closing + 1
    return "".join(kept) + sheet[at:]


def _closing(sheet: str, opening: int) -> int:
    depth = 0
    for found in re.finditer(r"[{}]", sheet[opening:]):
        depth += 1 if found.group() == "{" else -1
        if not depth:
            return opening + found.start()
    return len(sheet)


def _text(node: LexborNode) -> str:
    return node.text(deep=True) or ""
