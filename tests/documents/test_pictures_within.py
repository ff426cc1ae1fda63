"""Pictures in documents of text: each is to be read where it stands, once, and what is left out is told."""

from __future__ import annotations

import base64
import io
import zipfile

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image

from extractor.documents import Document
from extractor.documents import read as read_whole
from extractor.documents.readers import Readers
from tests.documents.making import docx, p, read, relationships, table, tc, zipped
from tests.documents.samples import saved
from tests.documents.test_odf import odf
from tests.documents.test_pdf_images import lines, receipt
from tests.documents.test_pptx import pptx, shape, slide

CM = 360_000  # EMU
PNG = saved(receipt(), "PNG")
OTHER = saved(Image.new("RGB", (400, 300), "red"), "PNG")
SMALL = saved(Image.new("RGB", (200, 20), "red"), "PNG")
LOGO = "a picture not read: no larger than logos in a mail's text are, or of a kind that is not read"
ICON = saved(Image.new("RGB", (16, 16), "red"), "PNG")


def holding(data: bytes, links: str, **pictures: bytes) -> bytes:
    """An Office file with pictures, which the part whose relationships are `links` calls by their names."""
    files: dict[str, str | bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    folder = links.partition("/")[0]
    files |= {f"{folder}/media/{name}.png": each for name, each in pictures.items()}
    before = bytes(files.get(links, relationships({}).encode())).decode()
    more = relationships({name: ("image", f"/{folder}/media/{name}.png") for name in pictures})
    rows = more.partition(">")[2].removesuffix("</Relationships>")
    return zipped(files | {links: before.replace("</Relationships>", f"{rows}</Relationships>")})


def drawing(name: str, wide: float = 10, high: float = 4) -> str:
    inner = f'<wp:inline xmlns:wp="wp"><wp:extent cx="{int(wide * CM)}" cy="{int(high * CM)}"/>'
    return f'<w:r><w:drawing>{inner}<a:blip r:embed="{name}"/></wp:inline></w:drawing></w:r>'


def marked(document: Document) -> str:
    """The text with a mark where each picture is to be read."""
    found = document.text
    for picture in reversed(document.pictures):
        found = found[: picture.start] + "#\n" + found[picture.start :]
    return "\n".join(line for line in found.split("\n") if line)


def warnings(document: Document) -> list[str]:
    return [each for page in document.pages for each in page.warnings]


def test_docx() -> None:
    cells = table(tc(p("Stamp")) + tc(p(runs=drawing("two"))))
    body = p("above") + p(runs=drawing("one")) + p("between") + cells + p(runs=drawing("one")) + p("below")
    document = read(holding(docx(body), "word/_rels/document.xml.rels", one=PNG, two=OTHER))
    assert marked(document) == "above\n#\nbetween\nStamp\n#\nbelow"  # the second time it shows what it showed before


def test_what_stands_in_a_header_of_docx() -> None:
    section = '<w:sectPr><w:headerReference w:type="default" r:id="header1"/></w:sectPr>'
    file = docx(p("text") + section, header1=p(runs=drawing("logo")))
    assert marked(read(holding(file, "word/_rels/header1.xml.rels", logo=PNG))) == "#\ntext"


def test_what_is_too_small_is_told_and_icons_are_not() -> None:
    body = p("text") + p(runs=drawing("small", 5, 0.45)) + p(runs=drawing("icon", 0.4, 0.4)) + p(runs=drawing("odd"))
    document = read(holding(docx(body), "word/_rels/document.xml.rels", small=SMALL, icon=ICON, odd=b"\x01\0\0\0EMF"))
    assert not document.pictures
    small, odd = warnings(document)
    assert "too small" in small
    assert "not read here" in odd
    assert "damaged" in warnings(read(holding(docx(p("x") + body), "word/_rels/document.xml.rels", odd=PNG[:20])))[0]


def test_pptx() -> None:
    size = f'<a:xfrm><a:off x="0" y="{2 * CM}"/><a:ext cx="{9 * CM}" cy="{4 * CM}"/></a:xfrm>'
    shown = f'<p:pic><p:blipFill><a:blip r:embed="one"/></p:blipFill><p:spPr>{size}</p:spPr></p:pic>'
    made = pptx(slide(shape("below", (0, 9 * CM)), shown, shape("above", (0, 0))))
    assert marked(read(holding(made, "ppt/slides/_rels/slide0.xml.rels", one=PNG))) == "above\n#\nbelow"


def test_xlsx() -> None:
    book, held = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = "Claim"
    book.active.add_image(SheetImage(Image.open(io.BytesIO(PNG))), "D2")
    book.save(held)
    assert marked(read(held.getvalue())) == "Claim\n#"


def test_odt() -> None:
    names = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:'
    names += 'svg-compatible:1.0"'
    frame = (
        f'<draw:frame {names} svg:width="9cm" svg:height="4cm"><draw:image xlink:href="Pictures/1.png"/></draw:frame>'
    )
    body = f"<text:p>above</text:p><text:p>{frame}</text:p><text:p>below</text:p>"
    assert marked(read(odf("text", body, **{"Pictures/1.png": PNG}))) == "above\n#\nbelow"


def test_html() -> None:
    held = base64.b64encode(PNG).decode()
    page = f"<p>above</p><img src='data:image/png;base64,{held}'><img src='data:image/png;base64,%%'><p>below</p>"
    document = read(page.encode(), "page.html")
    assert marked(document) == "above\n#\nbelow"
    assert warnings(document) == ["a picture not read: damaged"]
    assert document.pages[0].pictures_unread == 1
    hidden = f"<p>above</p><img hidden src='data:image/png;base64,{held}'>"
    assert not read(hidden.encode(), "page.html").pictures


def test_a_receipt_within_a_mail_is_read_though_it_is_small_in_bytes() -> None:
    def mail(picture: bytes) -> bytes:
        held = base64.b64encode(picture).decode()
        return (
            "From: a@example.com\nSubject: Claim\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n"
            "--x\nContent-Type: text/html\n\n<p>my receipt</p><img src=cid:a>\n--x\nContent-Type: image/png\n"
            f"Content-ID: <a>\nContent-Transfer-Encoding: base64\n\n{held}\n--x--\n"
        ).encode()

    claim, logo = read(mail(PNG)), read(mail(SMALL))
    assert marked(claim).endswith("my receipt\n#")
    assert [len(claim.pages), len(logo.pages)] == [1, 1]
    assert warnings(logo) == [LOGO]


def test_what_they_say_stands_in_their_place(readers: Readers) -> None:
    pytest.importorskip("extractor.documents.ocr.rapid")
    body = p("above") + p(runs=drawing("one")) + p("below")
    document = read_whole(holding(docx(body), "word/_rels/document.xml.rels", one=PNG), readers=readers)
    assert lines(document) == ["above", "CAFE LUNA", "Espresso 2,40", "TOTAL 4,30", "below"]
    assert (document.pages[0].how, document.pages[0].pictures) == ("text", 1)
    at = document.text.index("4,30")
    assert 0.5 < (document.confidence(at, at + 4) or 0) < 1
    assert not document.boxes(at, at + 4)


def test_what_is_printed_around_a_sheet_and_what_is_noted_on_it() -> None:
    book, held = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    sheet["A1"] = "Claim"
    sheet["A1"].comment = Comment("ask Ann", "Bo")
    sheet.oddHeader.center.text = "Weber && Sons"
    sheet.oddHeader.right.text = "&P / &N\nPage &P of &N"
    sheet.oddFooter.left.text = "HRB 1234"
    book.create_chartsheet("Costs").add_chart(titled("Costs by month"))
    book.save(held)
    document = read(held.getvalue())
    assert document.text == "Sheet\nClaim\nWeber & Sons\nHRB 1234\nCosts\nCosts by month\n"
    assert warnings(document) == ["1 comment left out"]


def titled(title: str) -> BarChart:
    chart = BarChart()
    chart.title = title
    return chart


def test_comments_of_docx_are_told_and_its_word_art_is_read() -> None:
    art = '<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>'
    document = read(docx(p("text") + p(runs=art), comments="<w:comment/>"))
    assert document.text == "text\n\nDRAFT\n"
    assert warnings(document) == ["1 comment left out"]
