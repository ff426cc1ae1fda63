"""What a page hides, and how it displays what it shows: by attributes, by the style of an element, and by the rules of
its style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

HIDDEN = "none"
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


def displayed_by_rules(tree: LexborHTMLParser) -> dict[int, str]:
    """How the last rule for them displays elements, by their `mem_id`: a value of CSS's `display`, HIDDEN for what is
    not seen."""
    displayed: dict[int, str] = {}
    for number, (selector, display) in enumerate(_rules(tree)):
        if number >= _MOST_RULES:
            break
        with suppress(SelectolaxError):  # a selector that Lexbor does not know
            for node in tree.css(selector):
                displayed[node.mem_id] = display
    return displayed


def display_of(style: str) -> str | None:
    """What a style says of `display`, if anything."""
    display = _DISPLAY.search(style)
    return display[1].lower() if display is not None else None


def _rules(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """Selectors of rules that say how what they choose is displayed, in their order."""
    for style in tree.css("style"):
        media = (style.attributes.get("media") or "all").lower()
        if "all" in media or "screen" in media:
            yield from _of_sheet(_text(style)[:_MOST_STYLES])


def _of_sheet(sheet: str) -> Iterator[tuple[str, str]]:
    for found in _RULE.finditer(_without_media(_COMMENT.sub("", sheet))):
        display = display_of(found[2]) or (HIDDEN if _UNSEEN.search(found[2]) is not None else None)
        if display is None:
            continue
        for selector in found[1].split(","):
            selector = selector.strip()
            if _SIMPLE.fullmatch(selector) and _NOT_SIMPLE.isdisjoint(selector):
                yield selector, display


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
