"""Rows of a batch as a table: which columns there are, what stands in a cell, and what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from extractor.cli import batch_formats
from extractor.cli.batch_formats import BatchFormat, csv_cell, failed_in, format_of, writer_of, xlsx_number
from extractor.cli.batch_inputs import MAX_CUSTOM_ID, Inputs
from extractor.cli.table import ResultTable
from schemas.jsontext import Number, loads, read


def row(data: str | None, file: str = "a.pdf", **more: Any) -> dict[str, Any]:
    error = None if data else {"code": "invalid_output", "detail": "=no"}
    value = None if data is None else read(data)
    return {"file": file, "id": "1", "status": "succeeded" if data else "failed", "data": value, "error": error, **more}


def table_of(rows: list[dict[str, Any]], table: ResultTable | None = None) -> list[dict[str, str]]:
    out = io.BytesIO()
    writer_of(BatchFormat.CSV, table or ResultTable())(out, rows)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))


INVOICE = '{"number": "R-7", "seller": {"name": "Ünal, \\"Söhne\\"", "vat": null}, "total": 660.00, "items": %s}'
ITEMS = '[{"what": "A", "price": 1.10}, {"what": "B", "price": {"net": 2.50}}]'


def test_nested_values_have_columns_of_their_own_and_lists_are_json() -> None:
    first, second = table_of([row(INVOICE % ITEMS), row(None, "b.pdf")])
    assert list(first) == [
        "file", "id", "status", "number", "seller.name", "seller.vat", "total", "items", "error.code", "error.detail"
    ]  # fmt: skip
    assert (first["seller.name"], first["total"], first["seller.vat"]) == ('Ünal, "Söhne"', "660.00", "")
    assert loads(first["items"]) == loads(ITEMS)
    assert "1.10" in first["items"], "digits in it are kept, too"
    assert (second["file"], second["number"], second["error.code"]) == ("b.pdf", "", "invalid_output")


def test_a_list_has_a_line_for_each_of_its_values() -> None:
    rows = [row(INVOICE % ITEMS), row(INVOICE % "[]", "b.pdf"), row(None, "c.pdf"), row(INVOICE % "null", "d.pdf")]
    lines = table_of(rows, ResultTable("items"))
    assert [(line["file"], line["items.what"], line["items.price"]) for line in lines] == [
        ("a.pdf", "A", "1.10"), ("a.pdf", "B", ""), ("b.pdf", "", ""), ("c.pdf", "", ""), ("d.pdf", "", "")
    ]  # fmt: skip
    assert [line["items.price.net"] for line in lines] == ["", "2.50", "", "", ""]
    assert [line["total"] for line in lines] == ["660.00", "660.00", "660.00", "", "660.00"]
    assert "items" not in lines[0]


@pytest.mark.parametrize(
    ("data", "items", "found"),
    [
        ('{"order": {"lines": [{"n": 1}, {"n": 2}], "day": "x"}}', "order.lines", [("1", "x"), ("2", "x")]),
        ('{"order": {"lines": [1, 2], "day": "x"}}', "order.lines", [("1", "x"), ("2", "x")]),
    ],
)
def test_the_list_may_lie_deeper_and_hold_anything(data: str, items: str, found: list[tuple[str, str]]) -> None:
    lines = table_of([row(data)], ResultTable(items))
    assert [(line.get("order.lines.n") or line["order.lines"], line["order.day"]) for line in lines] == found


def test_a_list_that_no_document_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(table_of([row(INVOICE % ITEMS)], ResultTable("lines"))) == 1
    assert "no document has a list 'lines'" in capsys.readouterr().err


def test_a_null_in_place_of_an_object_makes_no_column() -> None:
    lines = table_of([row('{"seller": null}'), row('{"seller": {"name": "A"}}')])
    assert "seller" not in lines[0]
    assert [line["seller.name"] for line in lines] == ["", "A"]


def test_names_that_would_be_taken_for_others_are_pointers() -> None:
    (line,) = table_of([row('{"status": "paid", "a.b": 1, "a": {"b": 2, "": 3}, "x/y": 4, "error": {"code": 5}}')])
    assert line["status"] == "succeeded"
    assert [line[name] for name in ("/status", "/a.b", "a.b", "/a/", "/x~1y", "/error/code")] == [
        "paid", "1", "2", "3", "4", "5"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-5", "@A1", "\t=1", "\r=1", "\n=1", "＝1", "－1"])
def test_a_text_is_no_formula(text: str) -> None:
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["-5", "-5.10", "1e3", "0.1000", "12345678901234567890.5", "-0.0", "9" * 40])
def test_a_number_keeps_its_digits(text: str) -> None:
    assert csv_cell(read(text)) == text


def test_headers_and_errors_are_no_formulas_either() -> None:
    assert table_of([row('{"=cmd": 1}')])[0]["'=cmd"] == "1"
    assert table_of([row(None)])[0]["error.detail"] == "'=no"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("660.00", "0.00"), ("-5", "0"), ("12", "0"), ("0.1000", "0.0000"), ("1e3", "General"), ("0.0", "0.0"),
        ("1234567890123456", None), ("0.1234567890123456", None), ("1e400", None), ("-0.0", None), ("1e-20", None),
    ],
)  # fmt: skip
def test_a_cell_of_xlsx_shows_a_number_with_its_digits_or_is_text(text: str, shown: str | None) -> None:
    number = xlsx_number(read(text))
    assert (number and number[1]) == shown
    if number is not None:
        assert Decimal(repr(number[0]) if not isinstance(number[0], Number) else str(number[0])) == Decimal(text)


def test_xlsx_has_numbers_texts_and_truths(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    data = '{"total": 660.00, "big": 12345678901234567890, "paid": true, "text": "=1+1", "url": "http://x", "no": null}'
    with path.open("wb") as file:
        writer_of(BatchFormat.XLSX, ResultTable())(file, [row(data), row(None)])
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    header, first, second = sheet.iter_rows()
    cells = dict(zip([cell.value for cell in header], first, strict=True))
    assert (cells["total"].value, cells["total"].number_format) == (660, "0.00")
    assert (cells["big"].value, cells["paid"].value, cells["no"].value) == ("12345678901234567890", True, None)
    assert (cells["text"].value, cells["text"].data_type, cells["url"].hyperlink) == ("=1+1", "s", None)
    assert second[2].value == "failed"
    assert failed_in(BatchFormat.XLSX, path)


def test_more_lines_than_a_sheet_holds_go_on_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_formats, "_SHEET_ROWS", 3)
    path = tmp_path / "out.xlsx"
    with path.open("wb") as file:
        writer_of(BatchFormat.XLSX, ResultTable())(file, [row(f'{{"n": {n}}}') for n in range(5)])
    sheets = openpyxl.load_workbook(path).worksheets
    assert [[cell.value for cell in sheet["D"]] for sheet in sheets] == [["n", 0, 1], ["n", 2, 3], ["n", 4]]
    assert not failed_in(BatchFormat.XLSX, path)


def test_a_text_longer_than_a_cell_is_cut_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "out.xlsx").open("wb") as file:
        writer_of(BatchFormat.XLSX, ResultTable())(file, [row(f'{{"text": "{"x" * 40_000}"}}')])
    assert "1 texts are cut" in capsys.readouterr().err


def test_what_is_known_of_values_stands_behind_them() -> None:
    known = {"/total": {"confidence": 0.75, "evidence": []}, "/items/1/n": {"confidence": 0.5, "evidence": []}}
    result = {
        "data": read('{"total": 1.0, "items": [{"n": 1}, {"n": 2}]}'), "fields": known,
        "review": [{"pointer": "/total", "code": "check"}, {"pointer": "", "code": "not_read"}],
        "usage": {"prompt_tokens": 9, "output_tokens": 3, "duration_s": 0.25},
    }  # fmt: skip
    full = {"file": "a", "id": "1", "status": "succeeded", "needs_review": True, "result": result, "error": None}
    lines = table_of([full, {**row(None), "result": None}], ResultTable("items", full=True))
    assert [line["confidence: items.n"] for line in lines] == ["", "0.5", ""]
    assert (lines[0]["confidence: total"], lines[0]["review"]) == ("0.75", "/total: check; /: not_read")
    assert (lines[0]["needs_review"], lines[0]["usage.output_tokens"], lines[2]["usage.output_tokens"]) == (
        "true", "3", ""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "output", "kind"),
    [
        (None, None, BatchFormat.JSONL),
        (None, Path("a.CSV"), BatchFormat.CSV),
        (None, Path("a.xlsx"), BatchFormat.XLSX),
        (None, Path("a.json"), BatchFormat.JSONL),
        (BatchFormat.JSONL, Path("a.csv"), BatchFormat.JSONL),
    ],
)
def test_the_outputs_name_says_what_it_is(asked: BatchFormat | None, output: Path | None, kind: BatchFormat) -> None:
    assert format_of(asked, output) is kind


def ids_of(*files: Path | str) -> list[str]:
    return [read(line)["custom_id"] for line in Inputs.of(map(str, files), {}).lines()]


def test_a_document_is_called_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    long = "n" * 80 + ".txt"
    for name in ("a.txt", "b.txt", long, "file-1"):
        (tmp_path / name).write_text("x")
    assert ids_of("a.txt", "b.txt", "a.txt") == ["file-1", "b.txt", "file-3"]
    assert ids_of("file-1", long) == ["file-1", "…" + long[-63:]]
    assert len(ids_of(long)[0]) == MAX_CUSTOM_ID
    (tmp_path / "c.jsonl").write_text('{"custom_id": "a.txt"}\n')
    assert ids_of("a.txt", "c.jsonl") == ["file-1", "a.txt"]
