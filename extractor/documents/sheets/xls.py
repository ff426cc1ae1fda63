"""XLS, the workbook of Excel 97 to 2003, by xlrd: it knows the number format of each cell, python-calamine does not."""

from __future__ import annotations

import io

import xlrd

from extractor.documents.block_lines import write
from extractor.documents.blocks import cleaned, collapsed
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.sheets.format_code import GENERAL
from extractor.documents.sheets.grid import Grid
from extractor.documents.sheets.hidden import Hidden, said_of_sheets
from extractor.documents.sheets.number_format import formatted, formatted_text, general
from extractor.documents.sheets.xls_pictures import pictures_by_sheet
from extractor.sandbox import Rejected


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise Rejected(
                "password_required", "the workbook is protected by a password; save it without one"
            ) from None
        raise
    names = book.sheet_names()
    hidden = [name for at, name in enumerate(names) if book.sheet_by_index(at).visibility]
    if hidden:
        into.warn(said_of_sheets([collapsed(cleaned(name)) for name in hidden]))
    visible = [at for at, name in enumerate(names) if name not in hidden]
    pictures = pictures_by_sheet(data)
    for at in visible:
        sheet = book.sheet_by_index(at)
        grid = Grid(collapsed(cleaned(sheet.name)), into.limits)
        unseen = _fill(grid, book, sheet)
        grid.write(into, titled=len(visible) > 1, sheet_in_address=len(visible) > 1)
        write(pictures[at] if at < len(pictures) else (), into)
        for warning in unseen.warnings():
            into.warn(warning)
        book.unload_sheet(at)


def _fill(grid: Grid, book: xlrd.Book, sheet: xlrd.sheet.Sheet) -> Hidden:
    hidden = Hidden()
    for column, look in sorted(sheet.colinfo_map.items(), key=lambda item: item[0]):
        if look.hidden:
            hidden.columns(column, column)
    for row in range(sheet.nrows):
        cells = sheet.row(row)
        if row in sheet.rowinfo_map and sheet.rowinfo_map[row].hidden:
            hidden.rows += any(cell.ctype not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) for cell in cells)
            continue
        for column, cell in enumerate(cells):
            text = _text(book, cell)
            if text and not hidden.hides(column):
                grid.put(row, column, text)
    for first_row, past_row, first_column, past_column in sheet.merged_cells:
        grid.drop(first_row, past_row - 1, first_column, past_column - 1)
    return hidden


def _text(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#N/A"))
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return formatted_text(str(cell.value), _code(book, cell))
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        try:
            return formatted(float(cell.value), _code(book, cell), bool(book.datemode))
        except (ValueError, OverflowError):
            return general(0.0)
    return ""


def _code(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    try:
        key = book.xf_list[cell.xf_index].format_key
        return "yyyy-mm-dd" if key == 14 else "yyyy-mm-dd h:mm" if key == 22 else str(book.format_map[key].format_str)
    except (IndexError, KeyError, TypeError):
        return GENERAL
