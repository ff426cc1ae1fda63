"""A chart's figures as a table, as they were stored for drawing (ECMA-376, part 1, 21.2)."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.documents import tree
from extractor.documents.blocks import Block, Table, TableCell, TableRow, cleaned
from extractor.documents.ooxml import A
from extractor.documents.pptx.text import line
from extractor.documents.tree import Element

_MOST_ROWS = 1_000


def chart(root: Element) -> Iterator[Block]:
    """The title, and a row for each category with the value of each series, as they were stored for drawing."""
    title = next((part for part in root.iter() if tree.local(part) == "title"), None)
    if title is not None and (heading := " ".join(line(words) for words in title.iter(f"{A}p")).strip()):
        yield heading
    columns: list[tuple[str, dict[int, str], dict[int, str]]] = []
    for series in (part for part in root.iter() if tree.local(part) == "ser"):
        found = {tree.local(child): child for child in series}
        name = " ".join(_points(found["tx"]).values()) if "tx" in found else ""
        columns.append(
            (name, _points(found.get("cat", found.get("xVal"))), _points(found.get("val", found.get("yVal"))))
        )
    categories: dict[int, str] = {}
    for _, own, values in columns:
        categories = {**dict.fromkeys(values, ""), **own, **categories}
    if columns and categories:
        head = TableRow([_cell(""), *(_cell(name) for name, _, _ in columns)], heading=True)
        rows = [
            TableRow([_cell(categories[at]), *(_cell(values.get(at, "")) for _, _, values in columns)])
            for at in sorted(categories)[:_MOST_ROWS]
        ]
        yield Table([head, *rows])


def _points(element: Element | None) -> dict[int, str]:
    points = {}
    for point in element.iter() if element is not None else ():
        if tree.local(point) == "pt":
            text = next((child.text for child in point if tree.local(child) == "v"), "")
            points[tree.number(point.get("idx"))] = cleaned(text or "").strip()
    return points


def _cell(text: str) -> TableCell:
    return TableCell([text] if text else [])
