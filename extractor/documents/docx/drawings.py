"""What a drawing in a DOCX shows: pictures, charts with their figures, and the words of diagrams."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.documents import tree
from extractor.documents.blocks import Block, cleaned, collapsed
from extractor.documents.ooxml import A, Package, R
from extractor.documents.pictures_within import picture_of
from extractor.documents.pptx.chart import chart
from extractor.documents.pptx.text import line
from extractor.documents.tree import Element

_EMU = 12_700  # of a point
_SIDES = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*([\d.]+)pt")


def drawn_in(drawing: Element, package: Package, part: str) -> Iterator[Block]:
    """`part`: the one that the drawing stands in."""
    relations = package.relations(part)
    points = _points(drawing)
    for element in drawing.iter():
        name = tree.local(element)
        if name == "textpath" and (words := collapsed(cleaned(element.get("string", "")))):
            yield words
        if name not in ("blip", "imagedata", "chart", "relIds"):
            continue
        relation = relations.get(element.get(f"{R}{_LINK[name]}", ""))
        if relation is None or relation.part not in package.archive:
            continue
        if name in ("blip", "imagedata"):
            yield from picture_of(package.archive, relation.part, points)
        elif name == "chart":
            yield from chart(package.root(relation.part))
        else:
            words = package.root(relation.part).iter(f"{A}p")
            yield from (text for paragraph in words if (text := line(paragraph)))


_LINK = {"blip": "embed", "imagedata": "id", "chart": "id", "relIds": "dm"}


def _points(drawing: Element) -> tuple[float, float] | None:
    """Width and height of the whole, as it is shown."""
    for element in drawing.iter():
        name = tree.local(element)
        if name == "extent":
            return tree.number(element.get("cx")) / _EMU, tree.number(element.get("cy")) / _EMU
        if name in ("shape", "rect") and (sides := dict(_SIDES.findall(element.get("style", "")))):
            return (float(sides["width"]), float(sides["height"])) if len(sides) == 2 else None
    return None
