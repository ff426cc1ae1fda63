"""XLSX: the visible sheets of a workbook, with values as their number formats show them. Of formulas it tells what was
stored with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.documents import tree
from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, cleaned, collapsed
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.ooxml import A, Package, R, S, unescaped
from extractor.documents.pictures_within import picture_of
from extractor.documents.pptx.chart import chart
from extractor.documents.sheets.format_code import BUILT_IN, GENERAL
from extractor.documents.sheets.grid import Grid, place
from extractor.documents.sheets.hidden import Hidden, said_of_sheets
from extractor.documents.sheets.number_format import formatted, formatted_text
from extractor.documents.tree import Element

_MOST_TEXTS = 2_000_000
_MARGINS = tuple(f"{S}{which}{edge}" for edge in ("Header", "Footer") for which in ("odd", "even", "first"))
_COUNTING = 2  # words beside a page's number: `Page 1 of 3`
_SECTION = re.compile(r"&[LCR]|\n")
# Fonts, sizes and colours, numbers and names of pages and files; two & are one that is shown.
_CODE = re.compile(r'&"[^"]*"|&K[0-9A-F]{6}|&K\d\d[+-]\d{3}|&\d+|&[PNDTZFAGBIUESXYOH]')
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    book = _Workbook(Package(data, into.limits.expanded_bytes))
    hidden = [name for name, _, state in book.sheets if state != "visible"]
    visible = [(name, part) for name, part, state in book.sheets if state == "visible"]
    if hidden:
        into.warn(said_of_sheets(hidden))
    for name, part in visible:
        grid = Grid(name, into.limits)
        unseen = book.fill(grid, part)
        more = [*book.boxes(part), *book.margins()]
        grid.write(into, titled=len(visible) > 1, sheet_in_address=len(visible) > 1, more=more)
        write(book.drawn(part), into)
        if comments := book.comments(part):
            into.warn(f"{comments:,} comment{'s' if comments != 1 else ''} left out")
        for warning in unseen.warnings():
            into.warn(warning)


class _Workbook:
    """`sheets`: name, part and state (`visible`, `hidden`, `veryHidden`) of each, in the order of their tabs."""

    def __init__(self, package: Package) -> None:
        self._package, main = package, package.main
        root = package.root(main)
        relations = package.relations(main)
        properties = root.find(f"{S}workbookPr")
        self._from_1904 = properties is not None and properties.get("date1904", "").lower() in ("1", "true", "on")
        self.sheets: list[tuple[str, str, str]] = []
        for sheet in root.iterfind(f"{S}sheets/{S}sheet"):
            relation = relations.get(sheet.get(f"{R}id", ""))
            if relation is not None and relation.kind in ("worksheet", "chartsheet"):
                name = collapsed(cleaned(sheet.get("name", "")))
                self.sheets.append((name, relation.part, sheet.get("state", "visible")))
        self._formats = _formats(package.related_root(main, "styles"))
        self._margins: list[str] = []
        texts = package.related(main, "sharedStrings")
        self._texts = list(_shared(package.archive.read(texts), texts)) if texts is not None else []

    def fill(self, grid: Grid, part: str) -> Hidden:
        hidden = Hidden()
        at = -1
        data = self._package.archive.read(part)
        self._margins = []
        for element in tree.stream(data, part, f"{S}col", f"{S}row", f"{S}mergeCell", *_MARGINS):
            name = tree.local(element)
            if name == "col":
                first, last = tree.number(element.get("min")) - 1, tree.number(element.get("max")) - 1
                if on_attribute(element, "hidden"):
                    hidden.columns(first, last)
            elif name == "row":
                at = tree.number(element.get("r"), at + 2) - 1
                self._row(element, at, grid, hidden)
            elif element.tag in _MARGINS:
                self._margins.append(element.text or "")
            else:
                first_cell, _, last_cell = element.get("ref", "").partition(":")
                corner, opposite = place(first_cell), place(last_cell)
                if corner and opposite:
                    grid.drop(corner[0], opposite[0], corner[1], opposite[1])
        return hidden

    def _row(self, row: Element, at: int, grid: Grid, hidden: Hidden) -> None:
        if on_attribute(row, "hidden"):
            hidden.rows += any(cell.find(f"{S}v") is not None or cell.find(f"{S}is") is not None for cell in row)
            return
        column = -1
        for cell in row.iterchildren(f"{S}c"):
            reference = cell.get("r")
            where = place(reference) if reference is not None else None
            column = where[1] if where is not None else column + 1
            text = self._text(cell, hidden) if len(cell) else ""
            if text and hidden.hides(column):
                continue
            grid.put(at, column, text)

    def _text(self, cell: Element, hidden: Hidden) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find(f"{S}is")
            return "".join(_runs(inline)) if inline is not None else ""
        stored = cell.find(f"{S}v")
        if stored is None or stored.text is None:
            hidden.formulas += cell.find(f"{S}f") is not None
            return ""
        code = self._formats.get(tree.number(cell.get("s")), GENERAL)
        return self._value(kind, str(stored.text), code)

    def _value(self, kind: str, stored: str, code: str) -> str:
        if kind == "s":
            at = tree.number(stored, -1)
            return formatted_text(self._texts[at], code) if 0 <= at < len(self._texts) else ""
        if kind == "b":
            return "TRUE" if stored.strip() in ("1", "true") else "FALSE"
        if kind in ("str", "e"):
            return formatted_text(unescaped(stored), code) if kind == "str" else stored
        if kind == "d":  # ISO 8601
            return stored.removesuffix("T00:00:00").replace("T", " ").removesuffix("Z")
        try:
            return formatted(float(stored), code, self._from_1904)
        except (ValueError, OverflowError):
            return stored

    def drawn(self, part: str) -> Iterator[Block]:
        """Pictures and charts on a sheet."""
        drawing = self._package.related(part, "drawing")
        if drawing is None:
            return
        relations = self._package.relations(drawing)
        for element in self._package.root(drawing).iter(f"{A}blip", f"{_CHART}chart"):
            relation = relations.get(element.get(f"{R}embed") or element.get(f"{R}id") or "")
            if relation is None or relation.part not in self._package.archive:
                continue
            if tree.local(element) == "blip":
                yield from picture_of(self._package.archive, relation.part)
            else:
                yield from chart(self._package.root(relation.part))

    def margins(self) -> Iterator[str]:
        """What is printed above and below the pages of the sheet that was filled last, each wording once."""
        shown: set[str] = set()
        for margin in self._margins:
            for piece in _SECTION.split(unescaped(margin)):
                line = collapsed(cleaned(_CODE.sub("", piece).replace("&&", "&")))
                counts = "&P" in piece and len(line.split()) <= _COUNTING
                if any(map(str.isalnum, line)) and not counts and line not in shown:
                    shown.add(line)
                    yield line

    def comments(self, part: str) -> int:
        root = self._package.related_root(part, "comments")
        return sum(1 for _ in root.iter(f"{S}comment")) if root is not None else 0

    def boxes(self, part: str) -> Iterator[str]:
        """The text of what is drawn on a sheet."""
        drawing = self._package.related(part, "drawing")
        if drawing is None:
            return
        for body in self._package.root(drawing).iter(f"{_DRAWING}txBody"):
            for paragraph in body.iter(f"{A}p"):
                line = collapsed(cleaned("".join(text.text or "" for text in paragraph.iter(f"{A}t"))))
                if line:
                    yield line


def on_attribute(element: Element, name: str) -> bool:
    return element.get(name, "0").lower() in ("1", "true", "on")


def _formats(root: Element | None) -> dict[int, str]:
    """The format codes by the index of a cell's style."""
    if root is None:
        return {}
    codes = dict(BUILT_IN)
    for own in root.iterfind(f"{S}numFmts/{S}numFmt"):
        number = tree.number(own.get("numFmtId"), -1)
        code = own.get("formatCode", GENERAL)
        codes[number] = codes[number] if number in (14, 22) else code  # as the system writes dates, whatever is told
    styles = root.iterfind(f"{S}cellXfs/{S}xf")
    return {at: codes.get(tree.number(style.get("numFmtId")), GENERAL) for at, style in enumerate(styles)}


def _shared(data: bytes, part: str) -> Iterator[str]:
    for at, item in enumerate(tree.stream(data, part, f"{S}si")):
        if at >= _MOST_TEXTS:
            return
        yield "".join(_runs(item))


def _runs(item: Element) -> Iterator[str]:
    """A text and its runs, without how it is pronounced."""
    for child in item:
        name = tree.local(child)
        if name == "t":
            yield unescaped(child.text or "")
        elif name == "r":
            yield from (unescaped(text.text or "") for text in child.iterfind(f"{S}t"))
