"""Spreadsheets and tables of text: what is shown, in rows, with addresses."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest
import xlwt

from extractor.sandbox import Rejected
from tests.documents.making import XLSX, read, relationships, zipped


def workbook(fill) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cells(document) -> dict[str, str]:
    return {cell.address: document.text[cell.start : cell.stop] for cell in document.cells}


def test_values_are_shown_by_their_formats():
    def fill(book):
        sheet = book.active
        for row in (["Item", "Price", "Date"], ["Bolt", 1234.5, datetime.date(2026, 2, 28)], ["Nut", 0.25, None]):
            sheet.append(row)
        sheet["B2"].number_format = '#,##0.00 "€"'
        sheet["C2"].number_format = "dd.mm.yyyy"
        sheet["B3"].number_format = "0%"
        sheet["A4"] = True

    document = read(workbook(fill))
    assert document.text == "Item | Price | Date\nBolt | 1,234.50 € | 28.02.2026\nNut | 25%\nTRUE\n"
    assert document.media_type == XLSX
    assert cells(document)["C2"] == "28.02.2026"
    assert document.pages[0].label == "Sheet"


def test_each_sheet_is_a_page_under_its_name():
    def fill(book):
        book.active.title = "Q1 2026"
        book.active.append(["a"])
        book.create_sheet("Notes").append(["b"])
        hidden = book.create_sheet("Secret")
        hidden.append(["never"])
        hidden.sheet_state = "veryHidden"

    document = read(workbook(fill))
    assert [document.text[page.start : page.stop] for page in document.pages] == ["Q1 2026\na\n", "Notes\nb\n"]
    assert [page.label for page in document.pages] == ["Q1 2026", "Notes"]
    assert cells(document) == {"'Q1 2026'!A1": "a", "Notes!A1": "b"}
    assert document.warnings == ("1 hidden sheet was left out ('Secret')",)


def test_hidden_rows_and_columns_are_left_out_and_said():
    def fill(book):
        sheet = book.active
        for row in range(1, 4):
            sheet.append([f"a{row}", f"b{row}", f"c{row}"])
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["B"].hidden = True

    document = read(workbook(fill))
    assert document.text == "a1 | c1\n\na3 | c3\n"
    assert document.pages[0].warnings == ("1 hidden row was left out", "1 hidden column was left out")


def test_merged_cells_gaps_and_formulas():
    def fill(book):
        sheet = book.active
        sheet["B2"] = "Head"
        sheet.merge_cells("B2:D2")
        sheet["B3"], sheet["D3"] = "x", "y\nz"
        sheet["B9"] = "=1+1"

    document = read(workbook(fill))
    assert document.text == "Head\nx | y z\n"
    assert document.pages[0].warnings[0].startswith("1 formula has no stored value")


def sheet_of(rows: str, styles: str = "", strings: str = "", properties: str = "", after: str = "") -> bytes:
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    reference = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    return zipped(
        {
            "_rels/.rels": relationships({"d": ("officeDocument", "xl/workbook.xml")}),
            "xl/workbook.xml": f"<workbook {main} {reference}><workbookPr {properties}/><sheets>"
            '<sheet name="S" r:id="s"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relationships(
                {
                    "s": ("worksheet", "worksheets/sheet1.xml"),
                    "t": ("sharedStrings", "sharedStrings.xml"),
                    "y": ("styles", "styles.xml"),
                }
            ),
            "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{rows}</sheetData>{after}</worksheet>",
            "xl/sharedStrings.xml": f"<sst {main}>{strings}</sst>",
            "xl/styles.xml": f"<styleSheet {main}>{styles}</styleSheet>",
        }
    )


def test_what_other_programs_write():
    strings = "<si><r><t>ri</t></r><r><t>ch_x000D_\n</t></r><rPh><t>never</t></rPh></si>"
    styles = '<numFmts><numFmt numFmtId="200" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs>'
    rows = (
        '<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>in line</t></is></c></row>'
        '<row r="4"><c r="B4" t="d"><v>2026-02-28T00:00:00</v></c><c t="e"><v>#N/A</v></c><c s="1"><v>100</v></c></row>'
        '<row><c t="str"><f>A1</f><v>calculated</v></c><c t="s"><v>99</v></c><c><v>not a number</v></c></row>'
    )
    document = read(sheet_of(rows, styles, strings, properties='date1904="1"'))
    assert document.text == "rich | in line\n\n | 2026-02-28 | #N/A | 1904\ncalculated |  | not a number\n"
    assert cells(document)["D4"] == "1904"


def test_cells_under_a_merged_one_are_not_shown():
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c></row>'
    merged = '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    assert read(sheet_of(rows, after=merged)).text == "1\n"


def test_xls():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Prices")
    sheet.write(0, 0, "Müller")
    sheet.write(0, 1, 1234.5, xlwt.easyxf(num_format_str="#,##0.00"))
    sheet.write(1, 1, datetime.date(2026, 2, 28), xlwt.easyxf(num_format_str="dd.mm.yyyy"))
    sheet.write_merge(2, 3, 0, 1, "over both")
    sheet.write(4, 0, "hidden")
    sheet.row(4).hidden = True
    book.add_sheet("Secret").visibility = 1
    buffer = io.BytesIO()
    book.save(buffer)
    document = read(buffer.getvalue())
    assert document.text == "Müller | 1,234.50\n | 28.02.2026\nover both\n"
    assert (document.media_type, document.warnings) == (
        "application/vnd.ms-excel",
        ("1 hidden sheet was left out ('Secret')",),
    )
    assert document.pages[0].warnings == ("1 hidden row was left out",)
    assert cells(document)["B2"] == "28.02.2026"


ODS = "application/vnd.oasis.opendocument.spreadsheet"


def ods(tables: str, styles: str = "") -> bytes:
    kinds = ("office", "table", "text", "style")
    names = " ".join(f'xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in kinds)
    content = (
        f"<office:document-content {names}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({"mimetype": ODS, "content.xml": content})


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def test_ods():
    rows = (
        '<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>'
        f"<table:table-row>{cell('Total')}{cell('1.234,50 €')}{cell('never')}</table:table-row>"
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="9"/>'
        "</table:table-row>"
        f"<table:table-row>{cell('x', 'table:number-columns-repeated=' + repr('2'))}"
        '<table:table-cell/><table:table-cell office:value-type="percentage" office:value="0.25"/></table:table-row>'
        f'<table:table-row table:visibility="filter">{cell("hidden")}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    )
    unseen = '<style:table-properties table:display="false"/>'
    unseen = f'<style:style style:name="h" style:family="table">{unseen}</style:style>'
    tables = (
        f'<table:table table:name="A">{rows}</table:table><table:table table:name="B" table:style-name="h">'
        f"<table:table-row>{cell('secret')}</table:table-row></table:table>"
    )
    document = read(ods(tables, unseen))
    assert document.text == "Total | 1.234,50 €\n\nx | x | 25%\n"
    assert cells(document) == {"A1": "Total", "B1": "1.234,50 €", "A5": "x", "B5": "x", "D5": "25%"}
    assert document.warnings == ("1 hidden sheet was left out ('B')",)
    assert document.pages[0].warnings == ("1 hidden row was left out", "1 hidden column was left out")


def test_ods_that_repeats_a_cell_without_end():
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell("x")}</table:table-row>'
    document = read(ods(f'<table:table table:name="A">{row}</table:table>'))
    assert document.text == "x\n" * 1_000
    assert document.pages[0].warnings == ("a row that is repeated 1,048,576 times is shown 1,000 times",)
    many = cell("x", 'table:number-columns-repeated="9000"')
    row = f'<table:table-row table:number-rows-repeated="1000000">{many}</table:table-row>'
    with pytest.raises(Rejected) as caught:
        read(ods(f'<table:table table:name="A">{row}</table:table>'))
    assert caught.value.code == "document_too_complex"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('A,A,"A,A"\nB,B,"say ""hi"""\n', 'A | A | A,A\nB | B | say "hi"\n'),
        ("Name;Amount\nMüller, Hans;1.234,50\nMeier;7,5\n", "Name | Amount\nMüller, Hans | 1.234,50\nMeier | 7,5\n"),
        ("1,5;2,5;x\n3,5;4,5;y\n", "1,5 | 2,5 | x\n3,5 | 4,5 | y\n"),
        ("a\tb\nc, d\te\n", "a | b\nc, d | e\n"),
        ("a|b|c\n1|2|3\n", "a | b | c\n1 | 2 | 3\n"),
        ("sep=:\na:b\nc:d\n", "a | b\nc | d\n"),
        ('a,b\n"two\nlines",2\n', "a | b\ntwo lines | 2\n"),
        ('size,price\n5" pipe,3\n6" pipe,4\n', 'size | price\n5" pipe | 3\n6" pipe | 4\n'),
        ('a,b\n"never closed,1\nc,2\nd,3\n', 'a | b\n"never closed | 1\nc | 2\nd | 3\n'),
        ('a,b\n"say \\"hi\\", you",2\n', 'a | b\nsay "hi", you | 2\n'),
        ("Export of May\n\na,b,c\n1,2,3\n4,5,6\n", "Export of May\n\na | b | c\n1 | 2 | 3\n4 | 5 | 6\n"),
        ("one line\nanother, with a comma\nthird\n", "one line\nanother, with a comma\nthird\n"),
        ("a,,c,\n,,,\n1,,3,\n", "a | c\n\n1 | 3\n"),
    ],
)
def test_tables_of_text(said, expected):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert read(said.encode(encoding), "a.csv").text == expected


def test_cells_of_text_have_addresses():
    document = read(b"a,b\n1,2\n", "a.csv")
    assert cells(document) == {"A1": "a", "B1": "b", "A2": "1", "B2": "2"}
    assert cells(read(b"sep=;\r\na;b\r\n", "a.csv")) == {"A2": "a", "B2": "b"}
    assert read("für;5 €\n".encode("cp1252"), "a.csv").text == "für | 5 €\n"
