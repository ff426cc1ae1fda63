"""Where shapes stand on a slide, and in which order they are read."""

from __future__ import annotations

from dataclasses import dataclass

from extractor.documents import tree
from extractor.documents.ooxml import A, P
from extractor.documents.tree import Element

_ROW = 120_000  # EMU (an eighth of an inch): what is no lower than that stands beside each other
_POINT = 12_700  # EMU
_TITLES = ("title", "ctrTitle")


@dataclass
class SlideShape:
    """`top` and `left` in EMU; None where neither the shape nor its layout says."""

    element: Element
    top: int | None
    left: int | None
    kind: str = ""  # of a placeholder


def in_order(shapes: list[SlideShape]) -> list[SlideShape]:
    """The title, then from top to bottom and from left to right; what has no place stays behind what it follows."""
    titles = [shape for shape in shapes if shape.kind in _TITLES]
    others = [shape for shape in shapes if shape.kind not in _TITLES]
    last = (0, 0)
    placed = []
    for shape in others:
        if shape.top is not None and shape.left is not None:
            last = shape.top, shape.left
        placed.append((*last, shape))
    placed.sort(key=lambda each: each[0])
    rows: list[list[tuple[int, int, SlideShape]]] = []
    for each in placed:
        if rows and each[0] - rows[-1][0][0] <= _ROW:
            rows[-1].append(each)
        else:
            rows.append([each])
    return [*titles, *(each[2] for row in rows for each in sorted(row, key=lambda each: each[1]))]


def placeholder(element: Element) -> tuple[str, str]:
    """(kind, index) of a placeholder; ("", "") for what is none."""
    for found in element.iterfind(f"*/{P}nvPr/{P}ph"):
        return found.get("type", "body"), f"#{found.get('idx')}" if found.get("idx") else ""
    return "", ""


def is_hidden(element: Element) -> bool:
    properties = element.find(f"*/{P}cNvPr")
    return properties is not None and properties.get("hidden", "0") in ("1", "true")


def offset(element: Element) -> tuple[int, int] | None:
    """(top, left) that the shape itself names."""
    for path in (f"{P}spPr/{A}xfrm/{A}off", f"{P}xfrm/{A}off", f"{P}grpSpPr/{A}xfrm/{A}off"):
        found = element.find(path)
        if found is not None:
            return tree.number(found.get("y")), tree.number(found.get("x"))
    return None


def size(element: Element) -> tuple[float, float] | None:
    """Width and height in points that the shape names."""
    found = element.find(f"{P}spPr/{A}xfrm/{A}ext")
    if found is None:
        return None
    return tree.number(found.get("cx")) / _POINT, tree.number(found.get("cy")) / _POINT


def shifted(group: Element, shift: tuple[int, int]) -> tuple[int, int]:
    """What to add to the places of the shapes in a group, which count from a corner of its own."""
    place = offset(group)
    inner = group.find(f"{P}grpSpPr/{A}xfrm/{A}chOff")
    if place is None or inner is None:
        return shift
    return shift[0] + place[0] - tree.number(inner.get("y")), shift[1] + place[1] - tree.number(inner.get("x"))
