"""Pictures that are a value beside its label stand in its line, in their column; others are text of their own."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader

from extractor.documents import Document, read
from extractor.documents.readers import Readers
from tests.documents.samples import HEIGHT, Pdf
from tests.documents.test_pdf_images import receipt

pytest.importorskip("extractor.documents.ocr.rapid")


def word(text: str, high: int = 60) -> Image.Image:
    font = ImageFont.load_default(0.75 * high)
    image = Image.new("RGB", (round(font.getlength(text)) + high // 3, high), "white")
    ImageDraw.Draw(image).text((high // 6, high // 12), text, fill=0, font=font)
    return image


def paste(pdf: Pdf, image: Image.Image, right: float, base: float, high: float = 12) -> None:
    """So that it ends at `right`, and its words stand on `base`, from the top of the page."""
    wide = high * image.width / image.height
    pdf.canvas.drawImage(ImageReader(image), right - wide, HEIGHT - base - 0.25 * high, wide, high)


def bill(amounts: dict[int, str], pasted: dict[int, str], unit: bool = False) -> Pdf:
    """Rows of a label and an amount, from the top; some amounts are pictures. `unit`: a word follows them."""
    pdf = Pdf()
    pdf.text(60, 80, "Invoice 4711 of Weber GmbH", 12)
    for row, label in enumerate(("Goods, as ordered in March", "Freight", "VAT 19%", "Total")):
        base = 120 + 20 * row
        pdf.text(60, base, label)
        if row in amounts:
            pdf.canvas.drawRightString(400, HEIGHT - base, amounts[row])
        if row in pasted:
            paste(pdf, word(pasted[row]), 400, base)
        if unit:
            pdf.text(430, base, "EUR")
    return pdf


def text(pdf: Pdf, readers: Readers) -> str:
    return read(pdf.bytes(), readers=readers).text


AMOUNTS = {0: "1,200.00", 1: "49.50", 2: "237.41", 3: "1,486.91"}


@pytest.mark.parametrize("pasted", [{3}, {1}, {0, 2}, {1, 2, 3}])
@pytest.mark.parametrize("unit", [False, True])
def test_an_amount_stands_in_the_row_and_the_column_that_it_was_pasted_into(
    readers: Readers, pasted: set[int], unit: bool
) -> None:
    printed = {row: amount for row, amount in AMOUNTS.items() if row not in pasted}
    found = read(bill(printed, {row: AMOUNTS[row] for row in pasted}, unit).bytes(), readers=readers)
    assert found.text == text(bill(AMOUNTS, {}, unit), readers)
    assert found.pages[0].pictures == len(pasted)
    for row, amount in AMOUNTS.items():
        at = found.text.index(amount)
        (box,) = found.boxes(at, at + len(amount))
        assert box.right == pytest.approx(400 / 595, abs=0.01)
        assert box.bottom == pytest.approx((120 + 20 * row) / HEIGHT, abs=0.01)
        assert (found.confidence(at, at + len(amount)) is not None) == (row in pasted)


def test_several_pictures_stand_in_one_row(readers: Readers) -> None:
    pdf = Pdf()
    pdf.text(60, 80, "Bolts")
    paste(pdf, word("120"), 200, 80)
    pdf.text(260, 80, "at 0.40")
    paste(pdf, word("EUR 4.80"), 400, 80)
    assert text(pdf, readers).split("\n")[0].split("   ") == ["Bolts", "120", "at 0.40", "EUR 4.80"]


def column(pdf: Pdf, left: float, lines: int) -> None:
    pdf.lines(left, 100, ["the words of a letter that go on and on"[: 36 - at % 3] for at in range(lines)])


def below(document: Document, words: str) -> bool:
    return any(line.strip() == words for line in document.text.split("\n"))


def test_pictures_beside_prose_are_texts_of_their_own(readers: Readers) -> None:
    pdf = Pdf()
    column(pdf, 60, 12)
    pdf.canvas.drawImage(ImageReader(receipt()), 320, HEIGHT - 200, 240, 80)
    found = read(pdf.bytes(), readers=readers)
    assert below(found, "CAFE LUNA")
    pdf = Pdf()  # in the right one of two columns, between its lines
    column(pdf, 60, 12)
    pdf.lines(320, 100, ["other words, which have no part in those"[: 36 - at % 3] for at in range(4)])
    paste(pdf, word("RABATT 20%"), 420, 160, 16)
    pdf.lines(320, 184, ["other words, which have no part in those"[: 36 - at % 3] for at in range(4)])
    assert "RABATT" not in " ".join(line for line in text(pdf, readers).split("\n") if "letter" in line)


def test_what_is_too_coarse_to_tell_a_comma_and_icons_are_not_read(readers: Readers) -> None:
    pdf = Pdf()
    pdf.text(60, 80, "Total")
    paste(pdf, word("1.234,50", 15), 200, 80)
    paste(pdf, Image.new("RGB", (60, 60), "red"), 300, 80)
    found = read(pdf.bytes(), readers=readers)
    assert (found.text, found.pages[0].pictures) == ("Total\n", 0)
