"""What `extractor batch` writes: JSONL, or a table of the same rows as CSV or XLSX.

A table's columns are known when every row has been seen, so rows are put on the disk first; a batch of any size is
written with a line of it in memory.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from extractor.cli.output import SOME_FAILED, fail, say
from extractor.cli.table import Cell, ResultTable
from schemas.jsontext import Number, read, written

Rows = Iterable[Mapping[str, Any]]


class BatchFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"


_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for the beginning of one, or strips before it
_SHEET_ROWS, _SHEET_COLUMNS, _CELL_CHARS = 1_048_576, 16_384, 32_767  # of a sheet of Excel
_DOUBLE_DIGITS = 15  # that a cell of it keeps
_PROPERTIES = "docProps/custom.xml"


def format_of(wanted: BatchFormat | None, output: Path | None) -> BatchFormat:
    """As wanted, or as the output's name ends."""
    if wanted is not None:
        return wanted
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    return BatchFormat(ending) if ending in (BatchFormat.CSV, BatchFormat.XLSX) else BatchFormat.JSONL


def writer_of(kind: BatchFormat, table: ResultTable) -> Callable[[IO[bytes], Rows], None]:
    """Raises ModuleNotFoundError, before anything is sent, where XLSX cannot be written."""
    if kind is BatchFormat.JSONL:
        return lambda file, rows: file.writelines(written(row) + b"\n" for row in rows)
    if kind is BatchFormat.XLSX:
        import xlsxwriter  # noqa: F401 - an extra
    put = _csv if kind is BatchFormat.CSV else _xlsx

    def write(file: IO[bytes], rows: Rows) -> None:
        with tempfile.TemporaryFile() as kept:
            for row in rows:
                table.learn(row)
                kept.write(written(row) + b"\n")
            if table.without_items:
                say(f"extractor: no document has a list {table.items!r}; --rows names one, as in order.items")
            put(file, table, lambda: _again(kept))

    return write


def failed_in(kind: BatchFormat, path: Path) -> bool:
    """Whether a row of an output that is whole did not succeed."""
    if kind is BatchFormat.XLSX:
        with zipfile.ZipFile(path) as book:
            return b"<vt:i4>0</vt:i4>" not in book.read(_PROPERTIES)
    if kind is BatchFormat.CSV:
        with path.open(encoding="utf-8", newline="") as text:
            return any(row["status"] != "succeeded" for row in csv.DictReader(text))
    with path.open("rb") as file:
        return any(read(line)["status"] != "succeeded" for line in file)


def csv_cell(value: Cell) -> str:
    """Numbers with all their digits. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else str(value)


def xlsx_number(value: int | float) -> tuple[int | float, str] | None:
    """A number as a cell has it, and the format that shows its digits; None where a double would lose some."""
    if not isinstance(value, Number):
        exact = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    elif not (exact := value.exact).is_finite():
        return None
    _, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    fits = len(digits) + max(exponent, 0) <= _DOUBLE_DIGITS and exponent >= -_DOUBLE_DIGITS
    if not fits or (not exact and exact.is_signed()):
        return None
    return value, "General" if exponent > 0 else "0." + "0" * -exponent if exponent else "0"


def _again(kept: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    kept.seek(0)
    return map(read, kept)


def _csv(file: IO[bytes], table: ResultTable, rows: Callable[[], Rows]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    out = csv.writer(text, lineterminator="\n")
    out.writerow(map(csv_cell, table.header()))
    out.writerows(map(csv_cell, line) for row in rows() for line in table.lines(row))
    text.detach()


def _xlsx(file: IO[bytes], table: ResultTable, rows: Callable[[], Rows]) -> None:
    """More lines than a sheet holds go on in another. Texts are texts, whatever they begin with."""
    import xlsxwriter

    header = table.header()
    if len(header) > _SHEET_COLUMNS:
        fail(f"An XLSX sheet has {_SHEET_COLUMNS:,} columns, these are {len(header):,}: take --format csv", SOME_FAILED)
    failed = cut = 0
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_urls": False}) as book:
        formats: dict[str, Any] = {}
        bold, sheet, at = book.add_format({"bold": True}), None, _SHEET_ROWS
        for row in rows():
            failed += row["status"] != "succeeded"
            for line in table.lines(row):
                if at == _SHEET_ROWS:
                    sheet, at = _sheet(book, header, bold), 1
                for column, value in enumerate(line):
                    cut += _put(book, formats, sheet, at, column, value)
                at += 1
        if sheet is None:
            _sheet(book, header, bold)
        book.set_custom_property("failed", failed, "number_int")
    if cut:
        say(f"extractor: {cut:,} texts are cut: a cell holds {_CELL_CHARS:,} characters; --format csv has all of them")


def _sheet(book: Any, header: list[str], bold: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, name[:_CELL_CHARS], bold)
    return sheet


def _put(book: Any, formats: dict[str, Any], sheet: Any, at: int, column: int, value: Cell) -> bool:
    """Whether it was cut."""
    if value is None:
        return False
    if isinstance(value, bool):
        sheet.write_boolean(at, column, value)
        return False
    number = None if isinstance(value, str) else xlsx_number(value)
    if number is not None:
        if number[1] not in formats:
            formats[number[1]] = book.add_format({"num_format": number[1]})
        sheet.write_number(at, column, number[0], formats[number[1]])
        return False
    text = str(value)
    sheet.write_string(at, column, text[:_CELL_CHARS])
    return len(text) > _CELL_CHARS
