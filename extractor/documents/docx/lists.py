"""The numbers and bullets of lists, counted as Word counts them (ECMA-376, part 1, 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extractor.documents import tree
from extractor.documents.numerals import numeral
from extractor.documents.ooxml import W, on
from extractor.documents.tree import Element

BULLET = "•"
_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9


@dataclass
class _ListLevel:
    style: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int = -1  # the level whose next item starts this one again; -1: the one above
    plain: bool = False  # all numbers in figures


class Lists:
    def __init__(self, root: Element | None) -> None:
        self._kinds: dict[str, dict[int, _ListLevel]] = {}  # by abstractNumId
        self._of: dict[str, tuple[str, dict[int, _ListLevel], dict[int, int]]] = {}  # numId → kind, levels, starts
        self._counts: dict[str, dict[int, int]] = {}  # by kind: what was printed last on each level
        self._begun: set[tuple[str, int]] = set()
        links: dict[str, str] = {}
        by_style: dict[str, str] = {}
        for kind in root.iterfind(f"{W}abstractNum") if root is not None else ():
            name = kind.get(f"{W}abstractNumId", "")
            self._kinds[name] = dict(_level(level) for level in kind.iterfind(f"{W}lvl"))
            for tag, into in (("numStyleLink", links), ("styleLink", by_style)):
                if (linked := kind.find(f"{W}{tag}")) is not None:
                    style = linked.get(f"{W}val", "")
                    into.update({name: style} if into is links else {style: name})
        for number in root.iterfind(f"{W}num") if root is not None else ():
            self._add(number, links, by_style)

    def _add(self, number: Element, links: dict[str, str], by_style: dict[str, str]) -> None:
        named = number.find(f"{W}abstractNumId")
        kind = named.get(f"{W}val", "") if named is not None else ""
        kind = by_style.get(links.get(kind, ""), kind)
        levels, starts = dict(self._kinds.get(kind, {})), {}
        for change in number.iterfind(f"{W}lvlOverride"):
            at = tree.number(change.get(f"{W}ilvl"))
            if (own := change.find(f"{W}lvl")) is not None:
                levels[at] = _level(own)[1]
            if (start := change.find(f"{W}startOverride")) is not None:
                starts[at] = tree.number(start.get(f"{W}val"), 1)
        self._of[number.get(f"{W}numId", "")] = kind, levels, starts

    def label(self, number_id: str | None, level: int) -> str:
        """What stands before the next item of a list on this level; "" for what is in no list."""
        if number_id is None or number_id not in self._of or not 0 <= level < _LEVELS:
            return ""
        kind, levels, starts = self._of[number_id]
        own = levels.get(level)
        if own is None:
            return ""
        counts = self._counts.setdefault(kind, {})
        if level in starts and (number_id, level) not in self._begun:
            counts[level] = starts[level]
        else:
            counts[level] = counts[level] + 1 if level in counts else own.start
        self._begun.add((number_id, level))
        for deeper in [deeper for deeper in counts if deeper > level]:
            restart = levels[deeper].restart if deeper in levels else -1
            if restart != 0 and (restart < 0 or level < restart):
                del counts[deeper]
        return _printed(own, levels, counts)


def _printed(own: _ListLevel, levels: dict[int, _ListLevel], counts: dict[int, int]) -> str:
    if own.style == "none" and not own.text:
        return ""
    if own.style == "bullet":
        return own.text if len(own.text) == 1 and not own.text.isalnum() and own.text < "\ue000" else BULLET

    def counted(found: re.Match[str]) -> str:
        at = int(found.group(1)) - 1
        level = levels.get(at, _ListLevel())
        style = "decimal" if own.plain else level.style
        return "" if level.style == "none" else numeral(counts.get(at, level.start), style)

    return _PLACE.sub(counted, own.text).strip()


def _level(element: Element) -> tuple[int, _ListLevel]:
    found = {tree.local(child): child for child in element}

    def value(name: str, default: str) -> str:
        return str(found[name].get(f"{W}val", default)) if name in found else default

    level = _ListLevel(
        style=value("numFmt", "decimal"),
        text=value("lvlText", ""),
        start=tree.number(value("start", "0")),
        restart=tree.number(value("lvlRestart", "-1"), -1),
        plain="isLgl" in found and on(found["isLgl"]),
    )
    return tree.number(element.get(f"{W}ilvl")), level
