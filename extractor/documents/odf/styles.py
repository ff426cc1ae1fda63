"""What the reader of an OpenDocument file asks of its styles: breaks before pages, lists, what is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from extractor.documents import tree
from extractor.documents.numerals import numeral
from extractor.documents.odf.package import FO, STYLE, TEXT
from extractor.documents.tree import Element

_MOST_ANCESTORS = 20
_FORMATS = {"1": "decimal", "a": "lowerLatin", "A": "upperLatin", "i": "lowerRoman", "I": "upperRoman"}
_BULLET = "•"


@dataclass
class ListLevel:
    """Of a list: what is printed before and behind its number, and how many numbers of levels above."""

    bullet: str = ""
    style: str | None = None
    prefix: str = ""
    suffix: str = ""
    above: int = 1
    start: int = 1


class OdfStyles:
    def __init__(self, roots: Iterable[Element | None]) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        self.lists: dict[str, dict[int, ListLevel]] = {}
        for root in roots:
            for style in root.iter(f"{STYLE}style") if root is not None else ():
                key = style.get(f"{STYLE}family", ""), style.get(f"{STYLE}name", "")
                self._styles[key] = style
            for kind in root.iter(f"{TEXT}list-style", f"{TEXT}outline-style") if root is not None else ():
                name = kind.get(f"{STYLE}name", "") if kind.tag == f"{TEXT}list-style" else ""
                self.lists[name] = dict(map(_level, kind))

    def _line(self, family: str, name: str | None) -> Iterable[Element]:
        for _ in range(_MOST_ANCESTORS):
            style = self._styles.get((family, name or ""))
            if style is None:
                return
            yield style
            name = style.get(f"{STYLE}parent-style-name")

    def breaks_before(self, name: str | None) -> bool:
        """Whether a paragraph of this style begins a page; one that names another kind of page does."""
        for style in self._line("paragraph", name):
            properties = style.find(f"{STYLE}paragraph-properties")
            value = properties.get(f"{FO}break-before") if properties is not None else None
            if style.get(f"{STYLE}master-page-name") or value == "page":
                return True
            if value is not None:
                return False
        return False

    def breaks_behind(self, name: str | None) -> bool:
        return any(
            properties.get(f"{FO}break-after") == "page"
            for style in self._line("paragraph", name)
            if (properties := style.find(f"{STYLE}paragraph-properties")) is not None
        )

    def hides_text(self, name: str | None) -> bool:
        return any(
            properties.get(f"{TEXT}display") == "none"
            for style in self._line("text", name)
            if (properties := style.find(f"{STYLE}text-properties")) is not None
        )

    def list_of(self, family: str, name: str | None) -> str | None:
        """The list that a style puts its paragraphs in."""
        for style in self._line(family, name):
            if (found := style.get(f"{STYLE}list-style-name")) is not None:
                return str(found)
        return None

    def label(self, kind: str | None, level: int, counts: dict[int, int]) -> str:
        """What stands before an item; `counts`: the numbers of its level and of those above, which count from 1."""
        own = self.lists.get(kind or "", {}).get(level)
        if own is None:
            return ""
        if own.bullet:
            return own.bullet
        if own.style is None:
            return own.prefix.strip() + own.suffix.strip() if own.prefix.strip() else ""
        numbers = []
        for at in range(level - own.above + 1, level + 1):
            above = self.lists.get(kind or "", {}).get(at)
            if above is not None and above.style is not None:
                numbers.append(numeral(counts.get(at, above.start), above.style))
        return f"{own.prefix}{'.'.join(numbers)}{own.suffix}".strip()


def _level(element: Element) -> tuple[int, ListLevel]:
    level = tree.number(element.get(f"{TEXT}level"), 1)
    name = tree.local(element)
    if name in ("list-level-style-bullet", "list-level-style-image"):
        mark = element.get(f"{TEXT}bullet-char", _BULLET)
        return level, ListLevel(bullet=mark if len(mark) == 1 and not mark.isalnum() and mark < "\ue000" else _BULLET)
    code = element.get(f"{STYLE}num-format", "")
    return level, ListLevel(
        style=_FORMATS.get(code, "decimal") if code else None,
        prefix=element.get(f"{STYLE}num-prefix", ""),
        suffix=element.get(f"{STYLE}num-suffix", ""),
        above=max(1, min(tree.number(element.get(f"{TEXT}display-levels"), 1), level)),
        start=tree.number(element.get(f"{TEXT}start-value"), 1),
    )
