"""ODS: the visible sheets, each cell as the file itself says that it is shown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from extractor.documents import tree
from extractor.documents.archive import Archive
from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, cleaned, collapsed
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.limits import ReadLimits
from extractor.documents.odf.inline import plain
from extractor.documents.odf.package import CONTENT, DRAW, OFFICE, STYLE, TABLE, TEXT, opened, repeated
from extractor.documents.odf.pictures import pictures_in
from extractor.documents.sheets.grid import COLUMNS, Grid
from extractor.documents.sheets.hidden import Hidden, said_of_sheets
from extractor.documents.tree import Element

_ROWS = 1_048_576
_SHOWN = 1_000  # of rows that are one row told once: a formula that was filled down to the end of the sheet
_WITHIN = frozenset({f"{TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows")})
_UNSEEN = ("collapse", "filter")


@dataclass
class _Sheet:
    grid: Grid
    visible: bool
    hidden: Hidden = field(default_factory=Hidden)
    row: int = 0
    warnings: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)  # what is written in drawings
    pictures: list[Block] = field(default_factory=list)


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    archive = opened(data, into.limits.expanded_bytes)
    sheets = _sheets(archive, into.limits)
    visible = [sheet for sheet in sheets if sheet.visible]
    if len(visible) < len(sheets):
        into.warn(said_of_sheets([sheet.grid.name for sheet in sheets if not sheet.visible]))
    for sheet in visible:
        sheet.grid.write(into, titled=len(visible) > 1, sheet_in_address=len(visible) > 1, more=sheet.boxes)
        write(sheet.pictures, into)
        for warning in (*sheet.hidden.warnings(), *sheet.warnings):
            into.warn(warning)


def _sheets(archive: Archive, limits: ReadLimits) -> list[_Sheet]:
    """Row by row: of a sheet's table no more is kept than what stands in it."""
    sheets: list[_Sheet] = []
    unseen_styles: set[str] = set()
    current: Element = None
    tags = f"{STYLE}style", f"{TABLE}table-row", f"{TABLE}table-column", f"{TABLE}shapes"
    for element in tree.stream(archive.read(CONTENT), CONTENT, *tags):
        if element.tag == f"{STYLE}style":
            properties = element.find(f"{STYLE}table-properties")
            if properties is not None and properties.get(f"{TABLE}display") == "false":
                unseen_styles.add(element.get(f"{STYLE}name", ""))
            continue
        table = _table_of(element)
        if table is None:
            continue
        if table is not current:
            current = table
            name = collapsed(cleaned(table.get(f"{TABLE}name", "")))
            sheets.append(_Sheet(Grid(name, limits), table.get(f"{TABLE}style-name", "") not in unseen_styles))
            columns = 0
        if element.tag == f"{TABLE}table-column":
            times = repeated(element, "columns", COLUMNS)
            if element.get(f"{TABLE}visibility") in _UNSEEN:
                sheets[-1].hidden.columns(columns, columns + times - 1)
            columns += times
        elif element.tag == f"{TABLE}table-row":
            _row(sheets[-1], element)
        drawn = next(element.iter(f"{DRAW}*"), None) is not None
        if drawn and element.get(f"{TABLE}visibility") not in _UNSEEN:
            sheets[-1].boxes += _boxes(element)
            sheets[-1].pictures += pictures_in(element, archive)
    return sheets


def _table_of(element: Element) -> Element | None:
    """The table that is a sheet; None for what lies in another place, as the memory of changes."""
    parent = element.getparent()
    while parent is not None and (parent.tag in _WITHIN or parent.tag.startswith(f"{TABLE}table-column")):
        parent = parent.getparent()
    if parent is None or parent.tag != f"{TABLE}table":
        return None
    holder = parent.getparent()
    return parent if holder is not None and holder.tag == f"{OFFICE}spreadsheet" else None


def _row(sheet: _Sheet, row: Element) -> None:
    times = repeated(row, "rows", _ROWS)
    cells: list[tuple[int, str]] = []
    column = 0
    for cell in row:
        if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            continue
        across = repeated(cell, "columns", COLUMNS)
        text = _text(cell) if cell.tag == f"{TABLE}table-cell" else ""
        if text:
            cells += [(column + at, text) for at in range(across)]
        column += across
    if cells and row.get(f"{TABLE}visibility") in _UNSEEN:
        sheet.hidden.rows += times
    elif cells:
        if times > _SHOWN:
            sheet.warnings.append(f"a row that is repeated {times:,} times is shown {_SHOWN:,} times")
        for at in range(min(times, _SHOWN)):
            for where, text in cells:
                if not sheet.hidden.hides(where):
                    sheet.grid.put(sheet.row + at, where, text)
    sheet.row += times


def _boxes(element: Element) -> Iterator[str]:
    """The text of what is drawn on a sheet."""
    for paragraph in element.iter(f"{TEXT}p"):
        parents = itertools.takewhile(lambda one: one is not element, paragraph.iterancestors())
        if any(one.tag.startswith(DRAW) for one in parents) and (line := collapsed(plain(paragraph))):
            yield line


def _text(cell: Element) -> str:
    paragraphs = [plain(paragraph) for paragraph in cell.iterchildren(f"{TEXT}p", f"{TEXT}h")]
    words = " ".join(paragraphs).strip()
    if words:
        return words
    kind = cell.get(f"{OFFICE}value-type", "")
    for name in ("date-value", "time-value", "string-value", "boolean-value", "value"):
        if (value := cell.get(f"{OFFICE}{name}")) is not None:
            return _percent(value) if kind == "percentage" else str(value)
    return ""


def _percent(value: str) -> str:
    try:
        return f"{float(value) * 100:.10g}%"
    except ValueError:
        return value
