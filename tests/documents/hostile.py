"""Files that are made to harm a reader of Office files, mails and pages, by kind: bombs, recursion, damage, lies."""

from __future__ import annotations

import base64
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

import xlwt

from tests.documents import making
from tests.documents.making import docx, p, relationships, table, tc, zipped
from tests.documents.ole import compound
from tests.documents.test_epub import epub
from tests.documents.test_mail import B64, multipart, part
from tests.documents.test_msg import BODY, SUBJECT, attachment, message, properties
from tests.documents.test_odf import odf
from tests.documents.test_odf import p as odf_p
from tests.documents.test_pptx import pptx, shape, slide
from tests.documents.test_rtf import rtf
from tests.documents.test_sheets import cell, ods, sheet_of

Made = Iterator[tuple[str, bytes]]
_MIB = 1024**2


def every() -> Made:
    for make in (
        _archives,
        _xml,
        _words,
        _sheets,
        _slides,
        _opendocument,
        _ole,
        _rich_text,
        _pages,
        _text_tables,
        _mails,
    ):
        yield from make()
    yield from damage(samples())
    yield from wrong_names()


def samples() -> dict[str, bytes]:
    """A whole file of each kind."""
    book = xlwt.Workbook()
    for row in range(50):
        book.add_sheet("S").write(row, 0, row) if row == 0 else book.get_sheet(0).write(row, 0, f"cell {row}")
    old = io.BytesIO()
    book.save(old)
    head = b"Subject: x\nFrom: a@example.com\nMIME-Version: 1.0\n"
    words = "words of a text " * 40
    return {
        "docx": docx(p(words) + table(tc("a") + tc("b")), header1=p("h"), numbering="", styles=""),
        "xlsx": sheet_of("".join(f'<row r="{at}"><c r="A{at}"><v>{at}</v></c></row>' for at in range(1, 99))),
        "pptx": pptx(slide(shape(words)), slide(shape("two"))),
        "odt": odf("text", odf_p(words) * 9),
        "ods": ods(f'<table:table table:name="A"><table:table-row>{cell(words)}</table:table-row></table:table>'),
        "epub": epub(),
        "xls": old.getvalue(),
        "msg": compound(message({SUBJECT: "x", BODY: words}, attach00000000=attachment("a.txt", b"n" * 5_000))),
        "rtf": rtf(rf"{{\b {words}\par}} \trowd\cellx1\cellx2 x\cell y\cell\row"),
        "html": f"<html><style>.a{{display:none}}</style><table><tr><td>{words}<td>b</table>".encode(),
        "eml": head + multipart("mixed", part("text/plain", words), part("text/html", f"<p>{words}", B64)).encode(),
        "csv": b"a;b;c\n" + b"1;2;3\n" * 50,
    }


# Archives


def _stream(piece: bytes, size: int, head: bytes = b"", tail: bytes = b"") -> tuple[bytes, int, int]:
    """Much of one piece, deflated: the bytes, their checksum and size."""
    packer, crc, total, parts = zlib.compressobj(9, zlib.DEFLATED, -15), 0, 0, []
    block = piece * (_MIB // len(piece))
    for data in (head, *[block] * (size // len(block)), tail):
        parts.append(packer.compress(data))
        crc, total = zlib.crc32(data, crc), total + len(data)
    return b"".join([*parts, packer.flush()]), crc, total


def _replaced(whole: bytes, name: str, packed: tuple[bytes, int, int], says: int | None = None) -> bytes:
    """An archive with one member deflated beforehand; `says`: the size that it tells of it."""
    buffer = io.BytesIO()
    entries = []
    with zipfile.ZipFile(io.BytesIO(whole)) as source:
        for member in source.namelist():
            data = source.read(member)
            entries.append((member, zlib.compress(data)[2:-4], zlib.crc32(data), len(data)))
    entries = [entry for entry in entries if entry[0] != name] + [(name, *packed)]
    directory = b""
    for member, data, crc, size in entries:
        size_told = says if says is not None and member == name else size
        at, encoded = buffer.tell(), member.encode()
        common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(data), size_told, len(encoded), 0)
        buffer.write(b"PK\3\4" + common + encoded + data)
        directory += b"PK\1\2\x14\0" + common + struct.pack("<HHHII", 0, 0, 0, 0, at) + encoded
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), buffer.tell(), 0)
    return buffer.getvalue() + directory + b"PK\5\6" + end


BIG = {
    "docx": ("word/document.xml", making.wordml("document", "<w:body>"), "</w:body></w:document>"),
    "xlsx": ("xl/worksheets/sheet1.xml", "<worksheet>", "</worksheet>"),
    "pptx": ("ppt/slides/slide0.xml", "<sld>", "</sld>"),
    "odt": ("content.xml", "<x>", "</x>"),
    "ods": ("content.xml", "<x>", "</x>"),
    "epub": ("OPS/two.xhtml", "<html>", "</html>"),
}


def _archives() -> Made:
    whole = samples()
    zeros, spaces, items = (_stream(piece, 320 * _MIB) for piece in (b"\0", b" ", b"<a/>"))
    for kind, (name, head, tail) in BIG.items():
        yield f"{kind}: zeros", _replaced(whole[kind], name, zeros)
        yield f"{kind}: spaces", _replaced(whole[kind], name, spaces)
        yield f"{kind}: elements", _replaced(whole[kind], name, items)
        part_of_it = _stream(b"<a>x</a>", 60 * _MIB, head.replace("</w:document>", "").encode(), tail.encode())
        yield f"{kind}: many elements", _replaced(whole[kind], name, part_of_it)
        yield f"{kind}: says that it is small", _replaced(whole[kind], name, zeros, says=100)
        yield f"{kind}: says that it is large", _replaced(whole[kind], name, _stream(b"x", _MIB), says=2**32 - 2)
    whole_docx = whole["docx"]
    yield "docx: locked", _flagged(whole_docx, 1)
    yield "docx: packed otherwise", _method(whole_docx, 12)
    yield "docx: packed as nobody does", _method(whole_docx, 99)
    many = {f"word/{at}.xml": b"" for at in range(30_000)}
    yield "docx: many members", zipped({"word/document.xml": "", **many})
    yield "zip: entries in a directory without end", b"PK\3\4word/" + b"PK\1\2" + bytes(42) + b"PK\1\2" * 1_000_000
    yield "zip: of zips", zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zeros[0]})})})
    yield "zip: empty", zipped({})
    yield "zip: names", zipped({"../../etc/passwd": "x", "/word/document.xml": "x", "C:\\word\\x": "y", "\u202e": "z"})


def _flagged(data: bytes, flag: int) -> bytes:
    changed = bytearray(data)
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + at] |= flag
            place = changed.find(mark, place + 4)
    return bytes(changed)


def _method(data: bytes, method: int) -> bytes:
    changed = bytearray(data)
    for mark, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + at] = method
            place = changed.find(mark, place + 4)
    return bytes(changed)


# XML


def _laughs() -> str:
    entities = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]>'


def _with(kind: str, xml: str | bytes) -> bytes:
    """A sample with its main part replaced."""
    with zipfile.ZipFile(io.BytesIO(samples()[kind])) as source:
        parts: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    return zipped({**parts, BIG[kind][0]: xml})


def _xml() -> Made:
    file = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    net = '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd" [<!ENTITY % p SYSTEM "http://192.0.2.1/p"> %p;]>'
    square = f'<!DOCTYPE x [<!ENTITY q "{"q" * 100_000}">]>'
    for kind in BIG:
        yield f"{kind}: laughs", _with(kind, _laughs() + "<x>&l11;</x>")
        yield f"{kind}: a file", _with(kind, f"{file}<x>&f;</x>")
    yield "docx: a net", _with("docx", f"{net}<x/>")
    yield "docx: squares", _with("docx", f"{square}<x>{'&q;' * 100_000}</x>")
    yield "docx: laughs in an attribute", _with("docx", _laughs() + '<x a="&l11;"/>')
    yield "docx: laughs in two bytes", _with("docx", (_laughs() + "<x>&l11;</x>").encode("utf-16"))
    body = making.wordml("document", "<w:body>{}</w:body>")
    yield "docx: deep", _with("docx", body.format("<w:p>" * 100_000))
    yield "docx: deep and closed", _with("docx", body.format("<w:sdt>" * 5_000 + "</w:sdt>" * 5_000))
    yield "docx: tables in tables", docx("<w:tbl><w:tr><w:tc>" * 60 + p("x") + "</w:tc></w:tr></w:tbl>" * 60)
    attributes = " ".join(f'a{at}="x"' for at in range(100_000))
    yield "docx: attributes", _with("docx", body.format(f"<w:p {attributes}/>"))
    names = " ".join(f'xmlns:n{at}="u{at}"' for at in range(20_000))
    yield "docx: namespaces", _with("docx", body.format(f"<w:p {names}/>"))
    yield "docx: a long text", docx(p("x" * 20_000_000))
    yield "docx: a long name", _with("docx", body.format("<" + "n" * 5_000_000 + "/>"))
    yield "docx: nothing", _with("docx", "")
    yield "docx: no XML", _with("docx", bytes(range(256)) * 50)
    yield "docx: another charset", _with("docx", b'<?xml version="1.0" encoding="no-such"?><x/>')
    yield "docx: a charset that cannot be", _with("docx", b'<?xml version="1.0" encoding="utf-16"?><x/>')


# DOCX


def _words() -> Made:
    loop = "".join(
        f'<w:style w:type="paragraph" w:styleId="s{at}"><w:basedOn w:val="s{(at + 1) % 3}"/></w:style>'
        for at in range(3)
    )
    yield "docx: styles in a circle", docx(p("x", '<w:pStyle w:val="s0"/>'), styles=loop)
    far = '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="a"/><w:styleLink w:val="a"/></w:abstractNum>'
    far += '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    listed = '<w:numPr><w:ilvl w:val="-5"/><w:numId w:val="1"/></w:numPr>'
    yield "docx: lists in a circle", docx(p("x", listed) * 9, numbering=far)
    high = '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="{}"/><w:numFmt w:val="{}"/>'
    high += '<w:lvlText w:val="{}"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    one = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    for style in ("upperRoman", "lowerLetter", "chineseCounting", "no-such"):
        text = "%1" * 5_000
        yield f"docx: a high {style}", docx(p("x", one) * 200, numbering=high.format("2147483647", style, text))
    yield "docx: spans", docx(table(tc("a", '<w:gridSpan w:val="2000000000"/>') + tc("b", '<w:gridSpan w:val="-7"/>')))
    yield "docx: wide rows", docx(table(tc("x") * 20_000) * 3)
    yield (
        "docx: spans in many rows",
        docx("<w:tbl>" + f"<w:tr>{tc('x', '<w:gridSpan w:val=' + repr('1000') + '/>') * 30}</w:tr>" * 500 + "</w:tbl>"),
    )
    note = '<w:footnote w:id="1"><w:p><w:r><w:footnoteReference w:id="1"/></w:r></w:p></w:footnote>'
    yield "docx: a note in itself", docx(p("x", runs='<w:r><w:footnoteReference w:id="1"/></w:r>'), footnotes=note)
    yield (
        "docx: fields without end",
        docx(p("", runs='<w:r><w:fldChar w:fldCharType="begin"/></w:r>' * 50_000) + p("x")),
    )
    yield "docx: pages without end", docx(p("x", runs='<w:r><w:br w:type="page"/></w:r>') * 10_000)
    yield "docx: sections", docx(p("x", "<w:sectPr/>") * 10_000)
    stops = "".join(f'<w:tab w:val="left" w:pos="{at}"/>' for at in range(0, 60_000, 3))
    yield (
        "docx: tab stops",
        docx(p("", f"<w:tabs>{stops}</w:tabs>", "<w:r>" + "<w:tab/><w:t>x</w:t>" * 3_000 + "</w:r>")),
    )
    self_named = {"_rels/.rels": relationships({"a": ("officeDocument", "_rels/.rels")})}
    yield "docx: a relation to itself", zipped({**self_named, "word/document.xml": "<x/>"})
    out = {"_rels/.rels": relationships({"a": ("officeDocument", "../../../../etc/passwd")})}
    yield "docx: a relation that leads out", zipped({**out, "word/document.xml": "<x/>"})
    yield (
        "docx: relations without end",
        zipped(
            {
                "_rels/.rels": relationships({f"a{at}": ("x", "y") for at in range(100_000)}),
                "word/document.xml": "<x/>",
            }
        ),
    )
    yield "docx: no parts", zipped({"word/document.xml": making.wordml("document", "")})


# Sheets


def _sheets() -> Made:
    yield (
        "xlsx: far cells",
        sheet_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c><c r="ZZZ99999999"><v>1</v></c></row>'),
    )
    yield (
        "xlsx: addresses that are none",
        sheet_of('<row r="-5"><c r="A0"><v>1</v></c><c r="1A"><v>1</v></c></row>' * 9),
    )
    yield (
        "xlsx: a diagonal",
        sheet_of("".join(f'<row><c r="{_column(at)}{at}"><v>1</v></c></row>' for at in range(1, 3_000))),
    )
    merged = "".join(f'<mergeCell ref="A1:XFD{at}"/>' for at in range(1, 20_000))
    yield (
        "xlsx: merged cells",
        sheet_of("<row><c><v>1</v></c></row>" * 2_000, after=f"<mergeCells>{merged}</mergeCells>"),
    )
    columns = "".join(f'<col min="{at}" max="99999999" hidden="1"/>' for at in range(20_000))
    yield "xlsx: hidden columns", sheet_of(f"<cols>{columns}</cols><row>{'<c><v>1</v></c>' * 16_000}</row>")
    code = "&quot;".join("#,##0.00;" * 300)
    styles = f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs>'
    yield "xlsx: a long format", sheet_of('<row><c s="0"><v>1.5</v></c></row>' * 5_000, styles)
    every_other = "".join(f'<numFmt numFmtId="{200 + at}" formatCode="{"0" * (at % 900)}.0"/>' for at in range(3_000))
    looks = "".join(f'<xf numFmtId="{200 + at}"/>' for at in range(3_000))
    rows = "".join(f'<row><c s="{at}"><v>1e308</v></c></row>' for at in range(3_000))
    yield "xlsx: formats", sheet_of(rows, f"<numFmts>{every_other}</numFmts><cellXfs>{looks}</cellXfs>")
    values = "".join(
        f"<row><c><v>{value}</v></c></row>" for value in ("nan", "inf", "-inf", "1e999", "0x10", "9" * 5_000, "")
    )
    yield "xlsx: values", sheet_of(values)
    yield (
        "xlsx: strings",
        sheet_of('<row><c t="s"><v>0</v></c></row>' * 20_000, strings=f"<si><t>{'x' * 32_000}</t></si>"),
    )
    yield "xlsx: empty cells", sheet_of(f"<row>{'<c/>' * 16_000}</row>" * 100)
    row = f'<table:table-row table:number-rows-repeated="999999999">{cell("x")}</table:table-row>'
    yield "ods: rows", ods(f'<table:table table:name="A">{row}</table:table>')
    row = f"<table:table-row>{cell('x', 'table:number-columns-repeated=' + repr('-1'))}</table:table-row>"
    yield "ods: fewer than no columns", ods(f'<table:table table:name="A">{row}</table:table>')
    gaps = '<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>' * 50_000
    yield "ods: empty rows", ods(f'<table:table table:name="A">{gaps}</table:table>')


def _column(at: int) -> str:
    letters = ""
    while at:
        at, letter = divmod(at - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _slides() -> Made:
    group = "<p:grpSp><p:grpSpPr/>"
    yield "pptx: groups", pptx(slide(group * 200 + shape("x") + "</p:grpSp>" * 200))
    yield "pptx: shapes", pptx(slide(*[shape("x", (at, at)) for at in range(20_000)]))
    yield "pptx: slides", pptx(*[slide(shape("x"))] * 3_000)
    yield "pptx: far places", pptx(slide(shape("x", (10**30, -(10**30))), shape("y", (5, 5))))
    table_of = f"<a:tbl>{('<a:tr>' + '<a:tc/>' * 2_000 + '</a:tr>') * 50}</a:tbl>"
    frame = f"<p:graphicFrame><a:graphic><a:graphicData>{table_of}</a:graphicData></a:graphic></p:graphicFrame>"
    yield "pptx: cells", pptx(slide(frame))


def _opendocument() -> Made:
    yield (
        "odt: lists",
        odf("text", "<text:list><text:list-item>" * 100 + odf_p("x") + "</text:list-item></text:list>" * 100),
    )
    yield "odt: sections", odf("text", "<text:section>" * 220 + odf_p("x") + "</text:section>" * 220)
    yield "odt: spaces", odf("text", odf_p('<text:s text:c="2000000000"/>x') * 5_000)
    yield (
        "odt: cells",
        odf(
            "text",
            '<table:table><table:table-row table:number-rows-repeated="1000000"><table:table-cell '
            f'table:number-columns-repeated="1000000">{odf_p("x")}</table:table-cell></table:table-row></table:table>',
        ),
    )
    circle = "".join(
        f'<style:style style:name="s{at}" style:family="paragraph" style:parent-style-name="s{(at + 1) % 2}"/>'
        for at in range(2)
    )
    yield "odt: styles in a circle", odf("text", odf_p("x", "s0"), circle)
    itemrefs = epub(**{"OPS/two.xhtml": "<html>" + "<div>" * 150_000})
    yield "epub: deep", itemrefs


# OLE


def _ole() -> Made:
    whole = samples()["msg"]
    for name, at, value in (
        ("sectors in a circle", 512, b"\0\0\0\0" * 128),
        ("a large sector", 30, b"\x1f\0"),
        ("no sector", 30, b"\0\0"),
        ("a directory elsewhere", 48, b"\xff\xff\xff\x7f"),
        ("many tables", 44, b"\xff\xff\xff\x7f"),
        ("a table of tables in a circle", 68, b"\0\0\0\0\xff\xff\xff\x7f"),
        ("small sectors elsewhere", 60, b"\x01\0\0\0\xff\xff\xff\x7f"),
    ):
        yield f"msg: {name}", whole[:at] + value + whole[at + len(value) :]
    inner = message({SUBJECT: "x", BODY: "deep"}, header=24)
    for _ in range(60):
        held = properties({0x3705: 5}, 8) | {"__substg1.0_3701000D": inner}
        inner = message({SUBJECT: "x", BODY: "on"}, header=24, attach00000000=held)
    yield "msg: deep", compound({**inner, "__properties_version1.0": bytes(32)})
    folders = {f"attach{at:08}": attachment("a.txt", b"x") for at in range(300)}
    yield "msg: attachments", compound(message({SUBJECT: "x", BODY: "x"}, **folders))
    packed = struct.pack("<II4sI", 100, 2**32 - 1, b"LZFu", 0) + b"\xff\x0c\xff" * 200_000
    yield "msg: a text that grows", compound(message({SUBJECT: "x", 0x1009: packed}))
    yield "msg: no streams", compound({"__properties_version1.0": b"", "x": {}})
    yield "xls: no workbook", compound({"Workbook": b"\x09\x08" + b"\xff" * 5_000})
    records = b"\x09\x08\x10\0\0\6\5\0" + bytes(12) + b"\x3c\0\xff\xff" * 1_000
    yield "xls: records", compound({"Workbook": records})
    yield "ole: locked", compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"})
    yield "ole: a DOC", compound({"WordDocument": b"x"})
    yield "ole: a PPT", compound({"PowerPoint Document": b"x"})


# Text of all kinds


def _rich_text() -> Made:
    yield "rtf: groups", b"{\\rtf1" + b"{" * 5_000_000
    yield "rtf: groups that are closed", b"{\\rtf1" + b"{}" * 1_500_000 + b"}"
    yield "rtf: pages", b"{\\rtf1" + b"x\\page " * 50_000
    yield "rtf: cells", b"{\\rtf1\\trowd" + b"\\cell" * 1_000_000 + b"\\row"
    yield "rtf: deep tables", b"{\\rtf1" + b"".join(b"\\itap%d x\\nestcell " % at for at in range(2_000))
    yield "rtf: characters", b"{\\rtf1" + b"\\u55357?" * 500_000
    yield "rtf: a large skip", b"{\\rtf1 \\bin2147483647 x" + b"\\bin-5 y"
    yield "rtf: notes", b"{\\rtf1" + b"x{\\footnote y}" * 20_000
    yield "rtf: headers", b"{\\rtf1" + b"".join(b"{\\header h%d\\par}" % at for at in range(2_000))
    yield "rtf: fonts", b"{\\rtf1{\\fonttbl" + b"".join(b"{\\f%d\\fcharset%d}" % (at, at) for at in range(50_000))
    yield "rtf: numbers", b"{\\rtf1 \\ansicpg9999999999\\uc999999\\f-99999 \\itap999999999 x\\nestcell"


def _pages() -> Made:
    for name, piece in {
        "div": "<div>",
        "b": "<b>",
        "fonts": "<font color=x><p>",
        "tables": "<table><tr><td>",
        "selects": "<select><option>",
        "forms": "<form><button>",
        "links": "<a><div>",
        "svg": "<svg><desc>",
        "templates": "<template>",
        "headings": "<h1><li>",
    }.items():
        yield f"html: {name}", ("<html>" + piece * 100_000).encode()
    formats = "".join(f"<font size={at}>" for at in range(3_000))
    yield "html: formats again and again", f"<html><p>{formats}</p>{'<p>x</p>' * 3_000}".encode()
    yield "html: attributes", ("<html><p " + " ".join(f"a{at}=x" for at in range(200_000)) + ">x").encode()
    yield "html: a long attribute", b"<html><p style='" + b"display:none;" * 1_000_000 + b"'>x"
    yield "html: a style that is searched long", b"<html><p style='" + b" " * 2_000_000 + b"'>x"
    rules = "".join(f".a{at} .b div > p ~ *{{display:none}}" for at in range(5_000))
    body = "<div class=b><p>x<p>y" * 1_500
    yield "html: rules", f"<html><style>{rules}</style>{body}".encode()
    yield "html: a sheet without end", b"<html><style>" + b"@media x{" * 200_000 + b"</style>x"
    yield "html: comments", b"<html>" + b"<!--" * 1_000_000
    yield "html: entities", b"<html>" + b"&lt;" * 2_000_000
    yield "html: spans", b"<html><table>" + b"<tr>" + b"<td colspan=1000 rowspan=65534>x" * 500 + b"<tr><td>y" * 3_000
    yield "html: cells", b"<html><table><tr>" + b"<td>x" * 500_000
    yield "html: lists", b"<html>" + b"<ul><li>" * 20_000
    yield "html: big", b"<html>" + b"<p>words of a page</p>\n" * 400_000
    yield "html: CDATA", b"<html><svg><![CDATA[" + b"]]" * 1_000_000
    yield "html: a null", b"<html>\0<p>x\0y" * 1_000


def _text_tables() -> Made:
    yield "csv: cells", b"a,b,c,d,e,f,g,h\n" * 400_000
    yield "csv: columns", b"x," * 3_000_000
    yield "csv: a quote", b'a,b\n"' + b"x,y\n" * 1_000_000
    yield "csv: quotes", b'"' * 5_000_001 + b",a"
    yield "csv: rows", b"\n" * 5_000_000 + b"a,b\n"
    yield "csv: lines without end", b"x" * 12_000_000
    yield "csv: sep", b"sep=\n\n" + b"a\nb" * 9
    yield "csv: backslashes", b'a,"\\' * 500_000


def _mails() -> Made:
    head = "From: a@example.com\nSubject: x\nMIME-Version: 1.0\n"

    def mail(rest: str) -> bytes:
        return (head + rest).encode()

    deep = "".join(f"Content-Type: multipart/mixed; boundary=x{at}\n\n--x{at}\n" for at in range(450))
    yield "eml: deep", mail(deep + "\nx")
    yield "eml: too deep", mail(deep * 3 + "\nx")
    inner = head + "\nlast"
    for _ in range(200):
        inner = head + "Content-Type: message/rfc822\n\n" + inner
    yield "eml: mails in mails", inner.encode()
    yield "eml: parts", mail(multipart("mixed", *["\nx"] * 100_000))
    yield "eml: parts with names", mail(multipart("mixed", *[part("text/plain; name=a", "x")] * 20_000))
    yield "eml: headers", mail("".join(f"X-{at}: y\n" for at in range(300_000)) + "\nx")
    yield "eml: a long header", mail("To: " + "a@example.com, " * 700_000 + "\n\nx")
    yield "eml: a folded header", mail("To: a\n" + " b\n" * 1_000_000 + "\nx")
    yield "eml: encoded words", mail("Cc: " + "=?utf-8?Q?=41?= " * 300_000 + "\n\nx")
    yield "eml: quotes", mail('To: "' + '\\"' * 500_000 + "\n\nx")
    yield "eml: brackets", mail("Date: " + "(" * 500_000 + "\n\nx")
    parameters = ";\n".join(f" name*{at}*=utf-8''x" for at in range(50_000))
    yield "eml: parameters", mail(f"Content-Type: text/plain;\n{parameters}\n\nx")
    yield "eml: parameters with quotes", mail("Content-Type: text/plain; " + 'a="' * 200_000 + "\n\nx")
    yield "eml: a boundary of nothing", mail('Content-Type: multipart/mixed; boundary=""\n\n--\nx\n----\n' * 9)
    yield (
        "eml: a long boundary",
        mail(f"Content-Type: multipart/mixed; boundary={'b' * 100_000}\n\n--{'b' * 100_000}\nx"),
    )
    yield "eml: boundaries", mail("Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n" * 400_000)
    yield "eml: base64 that is none", mail(part("text/plain", "=" * 3_000_000, B64))
    yield (
        "eml: quoted that is none",
        mail(part("text/plain", "=3" * 2_000_000, "Content-Transfer-Encoding: quoted-printable\n")),
    )
    yield (
        "eml: uuencoded",
        mail(part("text/plain", "begin 644 x\n" + "M" * 3_000_000, "Content-Transfer-Encoding: x-uuencode\n")),
    )
    yield "eml: utf-7", mail(part("text/plain; charset=utf-7", "+AAA" * 500_000))
    yield "eml: quotes in a text", mail(part("text/plain; format=flowed", (">" * 5_000 + " x \n") * 2_000))
    bomb = base64.encodebytes(_replaced(samples()["docx"], BIG["docx"][0], _stream(b"\0", 300 * _MIB))).decode()
    bombs = [part("application/octet-stream; name=a.docx", bomb, B64)] * 20
    yield "eml: bombs", mail(multipart("mixed", *bombs))
    page = base64.encodebytes(b"<html>" + b"<div>" * 100_000).decode()
    yield "eml: pages", mail(multipart("mixed", *[part("text/html; name=a.html", page, B64)] * 20))
    yield (
        "eml: signed",
        mail(
            part(
                "application/pkcs7-mime",
                base64.b64encode(b"\x30\x80\x06\x09*\x86H\x86\xf7\r\1\7\2" + b"\xa0\x80\x30\x80" * 50_000).decode(),
                B64,
            )
        ),
    )
    yield (
        "eml: a mailbox",
        b"From a@example.com Fri Jan  2 10:00:00 2026\nFrom: a@example.com\nMessage-ID: x\n\nx\n\n" * 50_000,
    )


# Damage


def damage(of: dict[str, bytes]) -> Made:
    dice = random.Random(17)
    for kind, whole in of.items():
        for share in (0.02, 0.3, 0.6, 0.9, 0.99):
            yield f"{kind}: cut at {share:.0%}", whole[: int(len(whole) * share)]
        for turn in range(4):
            damaged = bytearray(whole)
            for _ in range(1 + 8 * turn):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            yield f"{kind}: bytes changed, {turn}", bytes(damaged)
        yield f"{kind}: a head of zeros", bytes(16) + whole[16:]
        yield f"{kind}: twice", whole + whole
        yield f"{kind}: with zeros behind", whole + bytes(100_000)


def wrong_names() -> Made:
    whole = samples()
    for kind, other in (
        ("docx", "pdf"),
        ("xlsx", "docx"),
        ("html", "xls"),
        ("csv", "docx"),
        ("eml", "msg"),
        ("rtf", "doc"),
    ):
        yield f"a {kind} by the name x.{other}", whole[kind]
    parts = {"_rels/.rels": relationships({"d": ("officeDocument", "xl/workbook.xml")}), "xl/workbook.xml": "<x/>"}
    yield "a DOCX that leads to a workbook", zipped({**parts, "word/document.xml": "<x/>"})
    yield (
        "an ODT that is a DOCX",
        zipped({"mimetype": "application/vnd.oasis.opendocument.text", "word/document.xml": "<x/>"}),
    )
