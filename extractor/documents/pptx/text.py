"""Text of DrawingML: paragraphs with their bullets and numbers, and tables (ECMA-376, part 1, 21.1)."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.documents import tree
from extractor.documents.blocks import Block, Table, TableCell, TableRow, cleaned
from extractor.documents.numerals import numeral
from extractor.documents.ooxml import A, unescaped
from extractor.documents.tabs import spread
from extractor.documents.tree import Element

_BULLET = "•"
_NUMBERED = {
    "arabicPeriod": ("decimal", "{}."),
    "arabicParenR": ("decimal", "{})"),
    "arabicPlain": ("decimal", "{}"),
    "alphaLcPeriod": ("lowerLetter", "{}."),
    "alphaLcParenR": ("lowerLetter", "{})"),
    "alphaUcPeriod": ("upperLetter", "{}."),
    "romanLcPeriod": ("lowerRoman", "{}."),
    "romanUcPeriod": ("upperRoman", "{}."),
}


def paragraphs(body: Element) -> Iterator[Block]:
    counts: dict[int, int] = {}
    for paragraph in body.iterfind(f"{A}p"):
        properties = paragraph.find(f"{A}pPr")
        level = max(0, min(tree.number(properties.get("lvl")), 8)) if properties is not None else 0
        text = line(paragraph)
        if not text:
            counts.clear()
            yield ""
            continue
        yield "  " * level + _mark(properties, level, counts) + text


def _mark(properties: Element | None, level: int, counts: dict[int, int]) -> str:
    for deeper in [at for at in counts if at > level]:
        del counts[deeper]
    numbered = properties.find(f"{A}buAutoNum") if properties is not None else None
    if numbered is not None:
        style, form = _NUMBERED.get(numbered.get("type", ""), ("decimal", "{}."))
        counts[level] = counts[level] + 1 if level in counts else max(1, tree.number(numbered.get("startAt"), 1))
        return form.format(numeral(counts[level], style)) + " "
    counts.pop(level, None)
    return f"{_BULLET} " if properties is not None and properties.find(f"{A}buChar") is not None else ""


def line(paragraph: Element) -> str:
    pieces = []
    for child in paragraph:
        name = tree.local(child)
        if name in ("r", "fld"):
            text = child.find(f"{A}t")
            pieces.append(unescaped(text.text or "") if text is not None else "")
        elif name == "br":
            pieces.append("\n")
        elif name == "AlternateContent" or name == "m":
            pieces += [text.text or "" for text in child.iter() if tree.local(text) == "t"]
    joined = cleaned("".join(pieces).replace("\v", "\n"))
    return "\n".join(spread(each, {}).rstrip() for each in joined.split("\n")).strip("\n")


def table(element: Element) -> Table:
    look = element.find(f"{A}tblPr")
    heads = look is not None and look.get("firstRow", "0") in ("1", "true")
    rows = []
    for at, row in enumerate(element.iterfind(f"{A}tr")):
        cells = []
        for cell in row.iterfind(f"{A}tc"):
            covered = any(cell.get(name, "0") in ("1", "true") for name in ("hMerge", "vMerge"))
            body = cell.find(f"{A}txBody")
            cells.append(TableCell([] if covered or body is None else list(paragraphs(body))))
        rows.append(TableRow(cells, heads and at == 0))
    return Table(rows)
