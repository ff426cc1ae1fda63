"""Pictures and drawings on sheets of ODS and of old XLS."""

from __future__ import annotations

import io
import struct

import olefile
import xlwt
from PIL import Image

from tests.documents.making import read
from tests.documents.ole import compound
from tests.documents.samples import saved
from tests.documents.test_odf import odf
from tests.documents.test_pictures_within import OTHER, PNG, marked, warnings

LINKS = (
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"'
)


def frame(name: str) -> str:
    size = 'svg:width="9cm" svg:height="4cm"'
    return f'<draw:frame {LINKS} {size}><draw:image xlink:href="Pictures/{name}.png"/></draw:frame>'


def row(cells: str, more: str = "") -> str:
    return f"<table:table-row{more}><table:table-cell>{cells}</table:table-cell></table:table-row>"


def test_ods() -> None:
    shapes = f"<table:shapes>{frame('one')}<draw:custom-shape><text:p>boxed</text:p></draw:custom-shape></table:shapes>"
    noted = "<office:annotation><text:p>no</text:p></office:annotation>"
    rows = row("<text:p>Claim</text:p>" + frame("two")) + row(noted + frame("one"), ' table:visibility="collapse"')
    sheet = f'<table:table table:name="One">{shapes}{rows}{row("<text:p>Total</text:p>")}</table:table>'
    document = read(odf("spreadsheet", sheet, **{"Pictures/one.png": PNG, "Pictures/two.png": OTHER}))
    assert marked(document) == "Claim\nTotal\nboxed\n#\n#"
    assert not warnings(document)


def xls(*pictures: bytes) -> bytes:
    """A workbook of two sheets, of which the second shows the last picture."""
    book, held = xlwt.Workbook(), io.BytesIO()
    for name in ("One", "Two"):
        book.add_sheet(name).write(0, 0, f"on {name}")
    book.save(held)
    stream = olefile.OleFileIO(io.BytesIO(held.getvalue())).openstream("Workbook").read()
    entries = b"".join(art(0xF007, bytes(36) + art(kind, bytes(17) + each)) for kind, each in map(kind_of, pictures))
    store = record(0xEB, art(0xF000, art(0xF001, entries, 0xF), 0xF))
    shape = art(0xF00B, struct.pack("<HIHI", 0x4104, len(pictures), 0x01BF, 0), 0x23)
    drawing = record(0xEC, art(0xF002, art(0xF003, art(0xF004, shape, 0xF), 0xF), 0xF))
    return compound({"Workbook": changed(stream, store, drawing)})


def kind_of(picture: bytes) -> tuple[int, bytes]:
    return (0xF01F, picture[14:]) if picture.startswith(b"BM") else (0xF01E, picture)


def art(kind: int, content: bytes, version: int = 0) -> bytes:
    return struct.pack("<HHI", version, kind, len(content)) + content


def record(kind: int, content: bytes) -> bytes:
    """With as many records that continue it as it needs."""
    pieces = [content[at : at + 8_000] for at in range(0, len(content), 8_000)]
    return b"".join(struct.pack("<HH", 0x3C if at else kind, len(piece)) + piece for at, piece in enumerate(pieces))


def changed(stream: bytes, store: bytes, drawing: bytes) -> bytes:
    """The records with the store before the first end, and a drawing before the last."""
    records, at = [], 0
    while at < len(stream) and stream[at : at + 2] != b"\0\0":
        size = 4 + int.from_bytes(stream[at + 2 : at + 4], "little")
        records.append(stream[at : at + size])
        at += size
    ends = [at for at, one in enumerate(records) if one[:2] == b"\x0a\0"]
    records.insert(ends[-1], drawing)
    records.insert(ends[0], store)
    return b"".join(
        one[:4] + (int.from_bytes(one[4:8], "little") + len(store)).to_bytes(4, "little") + one[8:]
        if one[:2] == b"\x85\0"
        else one
        for one in records
    )


def test_xls() -> None:
    assert marked(read(xls(OTHER, PNG))) == "One\non One\nTwo\non Two\n#"
    large = saved(Image.effect_noise((300, 200), 50), "PNG")
    assert len(large) > 16_000
    assert marked(read(xls(large))) == "One\non One\nTwo\non Two\n#"
    assert marked(read(xls(saved(Image.new("RGB", (300, 200), "red"), "BMP")))).endswith("#")
    document = read(xls(b"\x01\0\0\0" + bytes(200)))
    assert warnings(document) == ["a picture not read: of a kind that is not read here (a drawing of Windows, or SVG)"]
    assert [page.pictures_unread for page in document.pages] == [0, 1]


def test_bitmaps_of_older_programs_in_xls() -> None:
    book, held = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("One")
    sheet.write(0, 0, "Claim")
    sheet.insert_bitmap_data(saved(Image.new("RGB", (300, 200), "red"), "BMP"), 2, 2)
    book.save(held)
    assert marked(read(held.getvalue())) == "Claim\n#"


def test_damaged_drawings_in_xls_cost_nothing_but_their_pictures() -> None:
    whole = xls(OTHER, PNG)
    at = whole.index(struct.pack("<HH", 0xF, 0xF000))
    for place in range(at, at + 120):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        assert "on Two" in read(bytes(broken)).text
