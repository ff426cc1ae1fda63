"""What a paragraph takes from its style and from those that one is based on: its list, its tab stops, a page before."""

from __future__ import annotations

from dataclasses import dataclass, field

from extractor.documents import tree
from extractor.documents.ooxml import W, on
from extractor.documents.tree import Element

_MOST_ANCESTORS = 20
_TWIPS_A_CHARACTER = 115  # of a text of 11 points


@dataclass
class Look:
    """`tabs`: by its column, how text stands at it (`left`, `right`, `center`, `decimal`)."""

    number_id: str | None = None
    level: int = 0
    page_before: bool = False
    hidden: bool = False
    tabs: dict[int, str] = field(default_factory=dict)


class DocxStyles:
    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, Element] = {}
        self._looks: dict[str | None, Look] = {}
        self._default: str | None = None
        for style in root.iterfind(f"{W}style") if root is not None else ():
            name = style.get(f"{W}styleId")
            self._styles[name] = style
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on"):
                self._default = name

    def paragraph(self, properties: Element | None) -> Look:
        """The look of a paragraph with these `w:pPr`."""
        named = properties.find(f"{W}pStyle") if properties is not None else None
        base = self.look(named.get(f"{W}val") if named is not None else self._default)
        return base if properties is None or not len(properties) else _changed(base, properties)

    def look(self, name: str | None) -> Look:
        if name not in self._looks:
            look = Look()
            for style in reversed(self._line(name)):
                properties = style.find(f"{W}pPr")
                if properties is not None:
                    look = _changed(look, properties)
                if on(style.find(f"{W}rPr/{W}vanish")):
                    look.hidden = True
            self._looks[name] = look
        return self._looks[name]

    def hides(self, name: str | None) -> bool:
        """Whether text of this style is not shown."""
        return name is not None and self.look(name).hidden

    def _line(self, name: str | None) -> list[Element]:
        """The style and what it is based on, nearest first."""
        line: list[Element] = []
        while name in self._styles and len(line) < _MOST_ANCESTORS:
            line.append(self._styles[name])
            base = line[-1].find(f"{W}basedOn")
            name = base.get(f"{W}val") if base is not None else None
        return line


def _changed(base: Look, properties: Element) -> Look:
    look = Look(base.number_id, base.level, base.page_before, base.hidden, base.tabs)
    listed = properties.find(f"{W}numPr")
    if listed is not None:
        number, level = listed.find(f"{W}numId"), listed.find(f"{W}ilvl")
        if number is not None:
            look.number_id = number.get(f"{W}val")
        if level is not None:
            look.level = tree.number(level.get(f"{W}val"))
    look.page_before = on(properties.find(f"{W}pageBreakBefore"), base.page_before)
    stops = properties.find(f"{W}tabs")
    if stops is not None:
        look.tabs = dict(base.tabs)
        for stop in stops:
            column = max(0, tree.number(stop.get(f"{W}pos")) // _TWIPS_A_CHARACTER)
            kind = stop.get(f"{W}val", "left")
            if kind == "clear":
                look.tabs.pop(column, None)
            elif kind != "bar":
                look.tabs[column] = kind
    return look
