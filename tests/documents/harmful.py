"""Files that mean harm, or were harmed: bombs of each container, cut off and fuzzed files, wrong names."""

from __future__ import annotations

import base64
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

from PIL import Image

from tests.documents.making import docx, p, relationships
from tests.documents.samples import PROSE, Pdf, ruled_table, saved, wrapped

MEGABYTE = 1024 * 1024


Bomb = tuple[str, bytes | Callable[[], bytes]]  # a name, and what it is or how it is made


class HarmfulFile(NamedTuple):
    name: str
    filename: str | None
    data: bytes


# ---- PDF, written by hand ----


def pdf_of(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """Objects 1, 2, … with their table; the first is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table)
    return bytes(out)


def stream(data: bytes, more: bytes = b"", filters: bytes = b"/FlateDecode") -> bytes:
    return b"<</Length %d/Filter %b%b>>stream\n%b\nendstream" % (len(data), filters, more, data)


def page_of(content: bytes, resources: bytes = b"<<>>", box: bytes = b"[0 0 595 842]", *more: bytes) -> bytes:
    """A PDF of one page whose content is object 4; further objects from 5 on."""
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox %b/Contents 4 0 R/Resources %b>>" % (box, resources),
            content,
            *more,
        ]
    )


_FONT = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


def _pdfs() -> Iterator[Bomb]:
    spaces = cache(lambda: zlib.compress(b" " * (400 * MEGABYTE), 9))
    yield "a content stream of 400 MiB", lambda: page_of(stream(spaces()))
    yield (
        "the same, packed twice",
        lambda: page_of(stream(zlib.compress(spaces()), filters=b"[/FlateDecode/FlateDecode]")),
    )
    text = b"BT /F 10 Tf 1 0 0 1 50 50 Tm (x) Tj ET\n"
    yield "a million letters on one spot", lambda: page_of(stream(zlib.compress(text * 1_000_000)), _FONT)
    rules = b"".join(b"%d %d m %d %d l S\n" % (x, y, x + 5, y) for x in range(0, 500, 2) for y in range(0, 800, 2))
    yield "a hundred thousand rules", page_of(stream(zlib.compress(rules)))
    grid = b"".join(b"%d 0 m %d 842 l S 0 %d m 595 %d l S\n" % (at, at, at, at) for at in range(0, 595))
    letters = b"".join(
        b"BT /F 1 Tf 1 0 0 1 %d %d Tm (a) Tj ET\n" % (x, y) for x in range(0, 590, 6) for y in range(0, 840, 8)
    )
    yield "a grid of a million cells", page_of(stream(zlib.compress(grid + letters)), _FONT)
    pages = b"".join(b"%d 0 R " % (3 + at) for at in range(10_000))
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    yield (
        "10,000 pages",
        pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%b]/Count 10000>>" % pages, *[leaf] * 10_000]),
    )
    yield (
        "a tree of pages that bites its tail",
        pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1000000>>"]),
    )
    yield (
        "pages that are not there",
        pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 2147483647>>"]),
    )
    form = stream(
        zlib.compress(b"/X Do /X Do"), b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>"
    )
    yield (
        "a form within itself",
        page_of(stream(zlib.compress(b"/X Do")), b"<</XObject<</X 5 0 R>>>>", b"[0 0 99 99]", form),
    )
    forms = [
        stream(
            zlib.compress(b"/X Do " * 20),
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % (6 + at),
        )
        for at in range(12)
    ]
    yield (
        "forms that multiply",
        page_of(stream(zlib.compress(b"/X Do")), b"<</XObject<</X 5 0 R>>>>", b"[0 0 99 99]", *forms),
    )
    image = stream(
        zlib.compress(bytes(1000)),
        b"/Type/XObject/Subtype/Image/Width 60000/Height 60000/BitsPerComponent 8/ColorSpace/DeviceRGB",
    )
    yield (
        "a picture of 3.6 Gpixel",
        page_of(
            stream(zlib.compress(b"500 0 0 500 0 0 cm /X Do")), b"<</XObject<</X 5 0 R>>>>", b"[0 0 595 842]", image
        ),
    )
    yield "a page as wide as a country", page_of(stream(zlib.compress(text)), _FONT, b"[0 0 1e9 1e9]")
    yield "a page of no size", page_of(stream(zlib.compress(text)), _FONT, b"[0 0 0 0]")
    yield "brackets without end", page_of(b"[" * 200_000 + b"]" * 200_000)
    yield "a dictionary without end", pdf_of([b"<</A" * 100_000])
    yield "a table of objects that points at itself", pdf_of([b"<</Type/Catalog/Pages 2 0 R>>"], b"/Prev 9")
    fields = b"".join(b"%d 0 R " % (5 + at) for at in range(20_000))
    widget = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(%b)/Rect[0 0 90 9]>>" % (b"v" * 20)
    yield "20,000 fields", pdf_of([
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%b]>>>>" % fields,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[%b]>>" % fields,
        b"null",
        *[widget] * 20_000,
    ])  # fmt: skip
    yield "only a header", b"%PDF-1.7"
    yield "a header far in", bytes(1000) + b"%PDF-1.4 and nothing"


# ---- pictures ----


def png_header(width: int, height: int, *chunks: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (header, *chunks, b"IDAT" + zlib.compress(bytes(100)), b"IEND")
    body = b"".join(struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in parts)
    return b"\x89PNG\r\n\x1a\n" + body


def _pictures() -> Iterator[Bomb]:
    yield "a PNG of 1 Gpixel", png_header(32_000, 32_000)
    yield "a PNG of 2^62 pixels", png_header(2**31 - 1, 2**31 - 1)
    yield "a PNG of no height", png_header(100, 0)
    bomb = cache(lambda: zlib.compress(bytes(300 * MEGABYTE), 9))
    yield "a PNG with a text of 300 MiB", lambda: png_header(10, 10, b"zTXtk\0\0" + bomb())
    yield "a PNG with a profile of 300 MiB", lambda: png_header(10, 10, b"iCCPk\0\0" + bomb())
    frames = [Image.new("1", (50, 50))] * 3_000
    yield "a TIFF of 3,000 pages", lambda: saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    loop = (
        b"II*\x00"
        + struct.pack("<I", 8)
        + struct.pack("<H", 1)
        + struct.pack("<HHII", 256, 4, 1, 9)
        + struct.pack("<I", 8)
    )
    yield "a TIFF that goes round in circles", loop
    tiff = saved(Image.new("RGB", (20, 20)), "TIFF")
    yield (
        "a TIFF that says it is larger",
        tiff.replace(struct.pack("<HHI", 256, 4, 1) + b"\x14\0\0\0", struct.pack("<HHI", 256, 4, 1) + b"\xff\xff\0\0"),
    )
    yield (
        "a BMP of 4 Gpixel",
        b"BM"
        + struct.pack("<IHHI", 100, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 65_000, 65_000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "a JPEG of 4 Gpixel", _resized_jpeg(65_500, 65_500)
    yield "a WebP without contents", b"RIFF\x20\0\0\0WEBPVP8X" + bytes(20)
    yield "a HEIC without contents", struct.pack(">I", 24) + b"ftypheic" + bytes(12)
    yield "a GIF of 60,000 by 60,000", b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + bytes(3) + b"," + bytes(9)
    yield "pure noise", lambda: saved(Image.effect_noise((1_500, 2_000), 90), "PNG")
    yield "ten thousand boxes that look like words", lambda: saved(_stripes(), "PNG")


def _stripes() -> Image.Image:
    stripes = Image.new("L", (2_000, 2_600), 255)
    for y in range(0, 2_600, 13):
        for x in range(0, 2_000, 40):
            stripes.paste(0, (x, y, x + 30, y + 8))
    return stripes


def _resized_jpeg(width: int, height: int) -> bytes:
    data = bytearray(saved(Image.new("L", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


# ---- containers, mails, text ----


def archive(parts: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as zipped:
        for name, data in parts.items():
            zipped.writestr(name, data)
    return out.getvalue()


_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_P = b'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
_R = b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(9))
    + b"]>"
)


def _office(main: str, parts: dict[str, bytes], **related: tuple[str, str]) -> bytes:
    """An Office file as readers look for one: what is not related to its main part would never be reached."""
    folder, _, name = main.partition("/")
    return archive(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": relationships({"d": ("officeDocument", main)}).encode(),
            f"{folder}/_rels/{name}.rels": relationships(related).encode(),
            **parts,
        }
    )


def _word(xml: bytes) -> bytes:
    return _office("word/document.xml", {"word/document.xml": xml})


def _excel(sheet: bytes, **more: bytes) -> bytes:
    book = b'<workbook %b %b><sheets><sheet name="S" sheetId="1" r:id="s"/></sheets></workbook>' % (_S, _R)
    return _office(
        "xl/workbook.xml",
        {"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": sheet, **more},
        s=("worksheet", "worksheets/sheet1.xml"),
        t=("sharedStrings", "sharedStrings.xml"),
    )


def _slides(slide: bytes) -> bytes:
    shown = b'<p:presentation %b %b><p:sldIdLst><p:sldId id="256" r:id="s"/></p:sldIdLst></p:presentation>' % (_P, _R)
    return _office(
        "ppt/presentation.xml",
        {"ppt/presentation.xml": shown, "ppt/slides/slide1.xml": slide},
        s=("slide", "slides/slide1.xml"),
    )


def _containers() -> Iterator[Bomb]:

    space = cache(lambda: b" " * (300 * MEGABYTE))
    yield "a DOCX of 300 MiB", lambda: _word(b"<w:document %b>%b</w:document>" % (_W, space()))
    yield (
        "a DOCX of entities",
        _word(_LAUGHS + b"<w:document %b><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>" % _W),
    )
    yield "a DOCX a million deep", _word(b"<w:document %b><w:body>" % _W + b"<w:p><w:r>" * 500_000)
    yield (
        "a DOCX of a table of tables",
        _word(
            b"<w:document %b><w:body>" % _W
            + b"<w:tbl><w:tr><w:tc>" * 20_000
            + b"</w:tc></w:tr></w:tbl>" * 20_000
            + b"</w:body></w:document>"
        ),
    )
    yield (
        "an XLSX of strings of 300 MiB",
        lambda: _excel(b"<worksheet %b/>" % _S, **{"xl/sharedStrings.xml": b"<sst %b><t>%b</t></sst>" % (_S, space())}),
    )
    yield (
        "an XLSX with a cell at the far end",
        _excel(
            b'<worksheet %b><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
            % _S
        ),
    )
    yield "an XLSX of entities", _excel(_LAUGHS + b"<worksheet %b>&j;</worksheet>" % _S)
    yield (
        "a PPTX of 300 MiB",
        lambda: _slides(space()),
    )
    for kind in ("text", "spreadsheet", "presentation"):
        media = f"application/vnd.oasis.opendocument.{kind}".encode()
        yield (
            f"an OpenDocument {kind} of 300 MiB",
            partial(lambda media: archive({"mimetype": media, "content.xml": space()}), media),
        )
        repeat = (
            b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
            b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
            b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
            b'<office:spreadsheet><table:table><table:table-row table:number-rows-repeated="1048576"><table:table-cell '
            b'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row></table:table>'
            b"</office:spreadsheet></office:body></office:document-content>"
        )
        yield f"an OpenDocument {kind} that repeats itself", archive({"mimetype": media, "content.xml": repeat})
    yield (
        "an EPUB of 300 MiB",
        lambda: archive({"mimetype": b"application/epub+zip", "META-INF/container.xml": space()}),
    )
    yield (
        "a ZIP of a hundred thousand names",
        lambda: archive({f"{at}": b"" for at in range(100_000)}, zipfile.ZIP_STORED),
    )
    yield "a ZIP within itself", lambda: archive({"a.zip": archive({"b.zip": archive({"c": space()})})})
    yield "only the end of a ZIP", b"PK\x05\x06" + bytes(18)
    yield "RTF a million deep", b"{\\rtf1" + b"{" * 1_000_000
    yield "RTF that skips two billion", b"{\\rtf1 \\bin2147483647 x}"
    yield "an OLE file that goes round in circles", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 100 + bytes(2_000)


def _mails() -> Iterator[Bomb]:
    head = b"From: a@b.c\r\nTo: d@e.f\r\nSubject: %b\r\nMIME-Version: 1.0\r\n"
    inner = head % b"innermost" + b"\r\nhello"
    for depth in range(100):
        inner = head % (b"level %d" % depth) + b"Content-Type: message/rfc822\r\n\r\n" + inner
    yield "a mail a hundred deep", inner
    packed = head % b"innermost" + b"\r\nhello"
    for depth in range(6):
        packed = (
            head % (b"level %d" % depth)
            + b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\nContent-Type: application/octet-stream\r\n'
            + b'Content-Disposition: attachment; filename="a.eml"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            + base64.encodebytes(packed)
            + b"--q--\r\n"
        )
    yield "a mail packed six times", packed
    part = b"--q\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    many = head % b"parts" + b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n'
    yield "a mail of 20,000 parts", many + part * 20_000 + b"--q--"
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (at, at) for at in range(5_000))
    yield "a mail of parts within parts", head % b"nested" + nested + b"\r\nx"
    yield "a mail of one header", head % b"x" + b"X-Long: " + b"y" * (5 * MEGABYTE) + b"\r\n\r\nhello"
    yield "a mail of a million headers", head % b"x" + b"X-A: b\r\n" * 300_000 + b"\r\nhello"

    def bomb() -> bytes:
        return _word(b" " * (200 * MEGABYTE))

    attached = b'--q\r\nContent-Disposition: attachment; filename="a.docx"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    yield "a mail of bombs", lambda: many + (attached + base64.encodebytes(bomb()) + b"\r\n") * 10 + b"--q--"


def _texts() -> Iterator[Bomb]:
    yield "HTML a million deep", b"<html>" + b"<div>" * 1_000_000 + b"x"
    yield "HTML of a table in a table", b"<html>" + b"<table><tr><td>" * 50_000 + b"x"
    yield (
        "HTML with a span of a billion",
        b"<html><table><tr><td colspan=999999999 rowspan=999999999>x</td></tr></table>",
    )
    yield "HTML of one attribute", b'<html><p title="' + b"y" * (8 * MEGABYTE) + b'">x</p>'
    yield "CSV of eight million cells", b"1," * (4 * MEGABYTE) + b"\n"
    yield "CSV of quotes", b'"' * (4 * MEGABYTE)
    yield "XML of entities", b'<?xml version="1.0"?>' + _LAUGHS + b"<l>&j;</l>"
    yield "one line of eight megabytes", b"x" * (8 * MEGABYTE)
    yield "half a letter at the end", "Größe ".encode("utf-16-le")[:-1] * 3
    yield "bytes that are none", bytes(range(128, 256)) * 2_000
    yield "escapes of ISO 2022", b"\x1b$B" * 100_000
    yield "marks on marks", ("a" + "\u0301" * 100_000).encode()
    yield "nothing", b""
    yield "zeros", bytes(2 * MEGABYTE)


def bombs(wanted: tuple[str, ...] = ("",)) -> Iterator[HarmfulFile]:
    """Those whose names begin so. `filename` is none: what they are, the bytes tell."""
    for kind in (_pdfs, _pictures, _containers, _mails, _texts):
        for name, made in kind():
            if name.startswith(wanted):
                data = made if isinstance(made, bytes) else made()
                yield HarmfulFile(name, "a.csv" if name.startswith("CSV") else None, data)


SMALL = (  # and refused soon
    "10,000 pages",
    "a tree of pages",
    "pages that are not",
    "a page of no",
    "only a header",
    "a PNG of 1",
    "a PNG of 2",
    "a TIFF that",
    "a BMP of",
    "a JPEG of",
    "a WebP",
    "a HEIC",
    "a GIF of",
    "a DOCX of entities",
    "an XLSX with",
    "an OpenDocument spreadsheet that",
    "only the end",
    "a mail a hundred",
    "a mail packed",
    "half a letter",
    "bytes that",
)


def whole() -> dict[str, bytes]:
    """A good file of each of some formats, by a name."""
    pdf = Pdf()
    pdf.lines(60, 100, wrapped(PROSE, 60))
    pdf.canvas.acroForm.textfield(name="a", x=60, y=300, value="filled in")
    pdf.page()
    pdf.text(60, 100, "page two")
    image = Image.new("RGB", (300, 80), "white")
    return {
        "a.pdf": pdf.bytes(),
        "table.pdf": ruled_table([["one", "two"], ["three", PROSE]], [60, 200]),
        "a.docx": docx(p("A paragraph") + p("Another")),
        "a.eml": b"From: a@b.c\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>hello</p>",
        "a.html": b"<!doctype html><html><body><table><tr><td>a<td>b</table></body></html>",
        "a.rtf": b"{\\rtf1\\ansi Hello \\b world\\b0.\\par Second line}",
        "a.csv": "Straße;Ort\nGroßer Weg 3;Köln\n".encode("cp1252"),
        "a.txt": PROSE.encode("utf-16"),
        "a.png": saved(image, "PNG"),
        "a.jpg": saved(image, "JPEG"),
        "a.tif": saved(image, "TIFF", compression="tiff_lzw"),
        "a.webp": saved(image, "WEBP"),
        "a.gif": saved(image, "GIF"),
        "a.bmp": saved(image, "BMP"),
    }


def harmed(files: dict[str, bytes], seed: int = 1) -> Iterator[HarmfulFile]:
    """Cut off at every size class, with bytes changed at the beginning and all over, and under wrong names."""
    source = random.Random(seed)
    names = list(files)
    for number, (name, data) in enumerate(files.items()):
        for part in (0.02, 0.1, 0.3, 0.6, 0.9, 0.99):
            yield HarmfulFile(f"{name}, cut to {part:.0%}", name, data[: max(1, int(part * len(data)))])
        yield HarmfulFile(f"{name}, its last byte missing", name, data[:-1])
        for at in range(4):
            changed = bytearray(data)
            for _ in range(1 + at * 4):
                changed[source.randrange(min(64, len(data)))] = source.randrange(256)
            yield HarmfulFile(f"{name}, its head changed ({at})", name, bytes(changed))
        for share in (0.001, 0.01, 0.1):
            changed = bytearray(data)
            for _ in range(max(1, int(share * len(data)))):
                changed[source.randrange(len(data))] = source.randrange(256)
            yield HarmfulFile(f"{name}, {share:.1%} changed", name, bytes(changed))
        middle = len(data) // 2
        yield HarmfulFile(f"{name}, its middle twice", name, data[:middle] + data[middle // 2 :])
        wrong = names[(number + 5) % len(names)]
        yield HarmfulFile(f"{name}, called {wrong}", wrong, data)
