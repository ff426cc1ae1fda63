"""Pictures on pages of a PDF that have text: what they say stands among the lines, and what is not read is told."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader

from extractor.documents import Document, read
from extractor.documents.describe import describe
from extractor.documents.readers import Readers
from tests.documents.samples import HEIGHT, Pdf
from tests.documents.test_pdf_seen import stream, whole

pytest.importorskip("extractor.documents.ocr.rapid")

ABOVE, BELOW = "Expense claim of Maria Weber, 12 March 2026", "I confirm that this was a business expense."
PLACE = (60.0, 150.0, 300.0, 100.0)  # left, top, width, height


def receipt(wide: int = 900) -> Image.Image:
    image = Image.new("RGB", (900, 300), "white")
    for number, (what, amount) in enumerate((("CAFE LUNA", ""), ("Espresso", "2,40"), ("TOTAL", "4,30"))):
        ImageDraw.Draw(image).text((40, 20 + 90 * number), what, fill=0, font=ImageFont.load_default(44))
        ImageDraw.Draw(image).text((650, 20 + 90 * number), amount, fill=0, font=ImageFont.load_default(44))
    return image.resize((wide, wide // 3))


def claim(
    image: Image.Image, place: tuple[float, ...] = PLACE, turn: int = 0, over: str = "", pages: int = 1, under: str = ""
) -> bytes:
    """A page with a line of text above and below a picture. `over` and `under`: what is drawn behind and before it."""
    pdf = Pdf()
    left, top, width, height = place
    source = ImageReader(image)
    for page in range(pages):
        if page:
            pdf.canvas.showPage()
        pdf.text(60, 60, ABOVE, 12)
        if under:
            pdf.text(left + 20, top + 40, under)
        pdf.canvas.drawImage(source, left, HEIGHT - top - height, width, height)
        if over:
            text = pdf.canvas.beginText(left + 20, HEIGHT - top - 20)
            text.setFont("Helvetica", 12)
            text.setTextRenderMode(3 if over == "inkless" else 0)
            text.textOut(over)
            text.setTextRenderMode(0)
            pdf.canvas.drawText(text)
        pdf.text(60, 400, BELOW, 12)
    return turned(pdf.bytes(), turn) if turn else pdf.bytes()


def turned(data: bytes, degrees: int) -> bytes:
    file, held = pypdfium2.PdfDocument(data), io.BytesIO()
    file[0].set_rotation(degrees)
    file.save(held)
    return held.getvalue()


def lines(document: Document) -> list[str]:
    return [" ".join(line.split()) for line in document.text.split("\n") if line.strip()]


@pytest.mark.parametrize("turn", [0, 90])
def test_what_a_picture_says_stands_where_it_stands(readers: Readers, turn: int) -> None:
    document = read(claim(receipt(), turn=turn), readers=readers)
    assert sorted(lines(document)) == sorted([ABOVE, "CAFE LUNA", "Espresso 2,40", "TOTAL 4,30", BELOW])
    page = describe(document)["pages"][0]
    assert (page["how"], page["pictures"], page["warnings"]) == ("layout", 1, [])
    assert 0.5 < page["confidence"] < 1
    at = document.text.index("4,30")
    assert document.confidence(at, at + 4) is not None
    if not turn:
        assert [lines(document)[0], lines(document)[-1]] == [ABOVE, BELOW]
        (box,) = document.boxes(at, at + 4)
        wide, high = 595.0, 842.0
        assert box.left == pytest.approx((60 + 650 / 3) / wide, abs=0.01)
        assert 150 / high + 0.06 < box.top < box.bottom < 250 / high
        below = document.text.index(BELOW)
        assert document.boxes(below, below + 5)[0].top == pytest.approx(390 / high, abs=0.02)


def test_what_the_page_prints_over_a_picture_is_not_read_twice(readers: Readers) -> None:
    stamped = read(claim(receipt(), over="PAID 14.03."), readers=readers)
    assert sum("PAID" in line for line in lines(stamped)) == 1
    assert "TOTAL 4,30" in lines(stamped)
    scan = read(claim(receipt(), over="inkless"), readers=readers)
    assert lines(scan) == [ABOVE, "inkless", BELOW]
    under = read(claim(receipt(), under="TOTAL 4,30"), readers=readers)
    assert lines(under) == [ABOVE, "TOTAL 4,30", BELOW]


def test_a_picture_of_every_page_is_read_once(readers: Readers) -> None:
    document = read(claim(receipt(), pages=3), readers=readers)
    assert lines(document).count("CAFE LUNA") == 1
    assert [page.pictures for page in document.pages] == [1, 0, 0]


def test_what_is_not_read_is_told(readers: Readers) -> None:
    small = read(claim(receipt(), (60, 150, 75, 25)), readers=readers)
    coarse = read(claim(receipt(wide=120)), readers=readers)
    for document in (small, coarse):
        assert lines(document) == [ABOVE, BELOW]
        assert document.pages[0].warnings == ("a picture not read: too small, too coarse or too narrow to hold text",)
        assert describe(document)["pages"][0]["pictures_unread"] == 1
    assert not read(claim(receipt(), (60, 150, 30, 10)), readers=readers).pages[0].warnings
    unread = read(claim(receipt()), ocr="none", readers=readers)
    assert (unread.pages[0].pictures, unread.pages[0].pictures_unread) == (0, 1)
    assert unread.pages[0].warnings == ("a picture beside its text: pictures are not read here",)
    assert lines(unread) == [ABOVE, BELOW]


def test_stamps_are_looked_at_and_comments_are_told(readers: Readers) -> None:
    look = b"/Type /XObject /Subtype /Form /BBox [0 0 220 40] /Resources <</Font <</F 5 0 R>>>>"
    notes = b"<</Type /Annot /Subtype /Stamp /F 4 /Rect [60 500 280 540] /AP <</N 6 0 R>>>>"
    notes += b"<</Type /Annot /Subtype /Text /Rect [300 700 320 720] /Contents (ask Ann)>>"
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [%s] " % notes
    objects = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        page + b"/Resources <</Font <</F 5 0 R>>>>>>",
        stream(b"", b"BT /F 12 Tf 60 720 Td (Invoice 2026-17 of Weber GmbH) Tj 0 -400 Td (Thank you) Tj ET"),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        stream(look, b"BT /F 16 Tf 8 12 Td (PAID 12.03.2026) Tj ET"),
    ]
    document = read(whole(objects), readers=readers)
    assert lines(document) == ["Invoice 2026-17 of Weber GmbH", "PAID 12.03.2026", "Thank you"]
    assert document.pages[0].warnings == ("1 comment on the page left out",)
