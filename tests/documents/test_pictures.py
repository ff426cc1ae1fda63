"""Pictures and scans: what is printed on them, in rows as on the page, whichever way up they are."""

from __future__ import annotations

import contextlib
import io
import math
import random
import shutil
import struct
import zlib
from pathlib import Path

import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from extractor.documents import Document, read
from extractor.documents.readers import Readers
from extractor.errors import DocumentError
from tests.documents.samples import HEIGHT, PROSE, WIDTH, Pdf, saved, scanned, wrapped

rapid = pytest.importorskip("extractor.documents.ocr.rapid")

ROWS = [
    ["Invoice No. 2024-0815", "05.03.2024"],
    ["Hammer", "2", "24,90"],
    ["Schraubenschlüssel", "12", "1.137,20"],
    ["Total", "1.162,10"],
]

AREA = (40.0, 270.0, 520.0, 410.0)
LINE = (40.0, 280.0, 520.0, 312.0)  # of the first row


def page() -> bytes:
    """Few lines: each costs the recogniser a tenth of a second."""
    pdf = Pdf()
    for number, row in enumerate(ROWS):
        y = 300 + 30 * number
        pdf.text(60, y, row[0], 14)
        pdf.text(470 - 7 * len(row[-1]), y, row[-1], 14)
        if len(row) == 3:
            pdf.text(300, y, row[1], 14)
    return pdf.bytes()


def rows(document: Document) -> list[list[str]]:
    found = [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in document.text.split("\n")]
    return [row for row in found if row]


def test_a_scan_with_a_line_typed_on_it_is_looked_at(readers: Readers) -> None:
    def pdf(text: int) -> bytes:
        made = Pdf()
        made.canvas.drawInlineImage(scanned(page(), area=AREA), 0, 100, WIDTH, HEIGHT - 200)
        made.text(60, 20, "Envelope 8A3C1F20-77AB-4D11-9E11-22B3A0C7F9D1")
        made.lines(60, 300, ["as it was told before, once more"] * text)
        return made.bytes()

    assert [page.how for page in read(pdf(0), readers=readers).pages] == ["ocr"]
    assert [page.how for page in read(pdf(9), readers=readers).pages] == ["layout"]


def test_a_fax_with_specks_and_half_as_many_lines_is_read(readers: Readers) -> None:
    fax = Image.new("L", (1_000, 300), 255)
    for number, line in enumerate(("FROM: NORTH CLINIC 17/11/2026", "Haemoglobin 13.1 g/dL")):
        ImageDraw.Draw(fax).text((60, 60 + 90 * number), line, font=_font(26), fill=0)
    fax = fax.resize((1_000, 150)).point(lambda value: 255 * (value > 128))
    chance = random.Random(7)
    for _ in range(900):
        place = chance.randrange(fax.width), chance.randrange(fax.height)
        fax.putpixel(place, 255 - fax.getpixel(place))
    held = io.BytesIO()
    fax.convert("1").save(held, "TIFF", compression="group4", dpi=(204, 98))
    document = read(held.getvalue(), readers=readers)
    assert rows(document) == [["FROM: NORTH CLINIC 17/11/2026"], ["Haemoglobin 13.1 g/dL"]]
    assert document.pages[0].height == pytest.approx(150 * 72 / 98)


def test_a_long_strip_is_read_from_its_beginning_to_its_end(readers: Readers) -> None:
    """Its lines are too small to be read in the whole; one stands where two pieces meet."""
    strip = Image.new("L", (560, 5_000), 255)
    places = (40, 1_700, 1_760, 3_380, 4_900)
    for number, y in enumerate(places):
        ImageDraw.Draw(strip).text((30, y), f"Item {number}: {10 + number},50 EUR", font=_font(28), fill=0)
    document = read(saved(strip, "PNG"), readers=readers)
    assert rows(document) == [[f"Item {number}: {10 + number},50 EUR"] for number in range(5)]
    (box,) = document.boxes(start := document.text.index("Item 4"), start + 6)
    assert 4_880 / 5_000 < box.top < box.bottom < 4_950 / 5_000


def test_each_place_of_a_strip_is_of_one_piece_and_well_within_it() -> None:
    assert rapid._pieces(2_000, 1_400) == [(0, 2_000, -math.inf, math.inf)]
    pieces = rapid._pieces(30_000, 800)
    assert len(pieces) > 10
    assert pieces[-1][1] == 30_000
    for place in range(0, 30_000, 7):
        (own,) = [piece for piece in pieces if piece[2] <= place < piece[3]]
        assert own[0] + (100 if own[0] else 0) <= place < own[1] - (100 if own[1] < 30_000 else 0)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), size)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scan_is_read_whichever_way_up(readers: Readers, turn: int) -> None:
    image = scanned(page(), area=AREA, turn=turn)
    document = read(saved(image, "PNG"), readers=readers)
    assert rows(document) == ROWS
    (found,) = document.pages
    assert (found.how, found.warnings) == ("ocr", ())
    # The box is on the picture as it was sent: where "Total" was printed, turned as the picture is
    at = document.text.index("Total")
    (box,) = document.boxes(at, at + 5)
    wide, high = AREA[2] - AREA[0], AREA[3] - AREA[1]
    left, top, right, bottom = 20 / wide, 110 / high, 54 / wide, 122 / high
    there = {
        0: (left, top, right, bottom),
        90: (top, 1 - right, bottom, 1 - left),
        180: (1 - right, 1 - bottom, 1 - left, 1 - top),
        270: (1 - bottom, left, 1 - top, right),
    }[turn]
    assert box.as_list() == pytest.approx(there, abs=0.03)


def test_a_scan_that_lay_askew(readers: Readers) -> None:
    image = scanned(page(), area=AREA, dpi=200, skew=5, noise=True)
    document = read(saved(image, "JPEG", quality=80), readers=readers)
    assert rows(document) == ROWS
    sure = document.confidence(0, len(document.text))
    assert sure is not None
    assert 0.5 < sure <= 1.0


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF"])
def test_kinds_of_pictures(readers: Readers, kind: str) -> None:
    image = scanned(page(), area=LINE).convert("L")
    assert rows(read(saved(image, kind), readers=readers))[0] == ROWS[0]


def test_exif_says_which_way_up(readers: Readers) -> None:
    image = scanned(page(), area=LINE)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise to see it
    data = saved(image.rotate(90, expand=True), "JPEG", exif=exif)
    document = read(data, readers=readers)
    assert rows(document)[0] == ROWS[0]
    assert document.pages[0].width > document.pages[0].height


def test_every_page_of_a_tiff(readers: Readers) -> None:
    images = [scanned(page(), area=(40, 282 + 30 * at, 520, 308 + 30 * at)).convert("1") for at in range(3)]
    data = saved(images[0], "TIFF", save_all=True, append_images=images[1:], compression="group4")
    document = read(data, readers=readers)
    assert [document.text[each.start : each.stop].split()[0] for each in document.pages] == [
        "Invoice",
        "Hammer",
        "Schraubenschlüssel",
    ]
    assert [each.how for each in document.pages] == ["ocr"] * 3


def test_pages_of_a_pdf_that_are_pictures(readers: Readers) -> None:
    """Between pages with text, which are read as text."""
    pdf = Pdf()
    pdf.text(60, 100, "A page with text that needs no looking at")
    pdf.page()
    scan = scanned(page(), area=LINE)
    pdf.canvas.drawInlineImage(scan, 0, 300, WIDTH, WIDTH * 32 / 480)
    pdf.page()
    pdf.text(60, 100, "The last page")
    document = read(pdf.bytes(), readers=readers)
    assert [each.how for each in document.pages] == ["layout", "ocr", "layout"]
    texts = [document.text[each.start : each.stop].strip() for each in document.pages]
    assert texts[0].startswith("A page with text")
    assert texts[1].startswith("Invoice No. 2024-0815")
    assert texts[2] == "The last page"
    assert document.parts[0].stop == len(document.text)
    at = document.text.index("last")
    (box,) = document.boxes(at, at + 4)
    assert (box.page, box.left) == (3, pytest.approx(78.9 / WIDTH, abs=0.003))


def lacking_letters() -> bytes:
    """A PDF with a font of its own that does not tell what its umlauts mean."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    pdf = Pdf(pageCompression=0)
    pdf.text(60, 100, "Gebühr für Prüfung", 14, "Vera")
    pdf.text(60, 130, "Größe 5", 14, "Vera")
    return pdf.bytes().replace(b"/ToUnicode", b"/ToUnicodX")


def test_letters_without_a_meaning_are_looked_at(readers: Readers) -> None:
    document = read(lacking_letters(), readers=readers)
    assert document.text.split() == ["Gebühr", "für", "Prüfung", "Größe", "5"]
    assert document.pages[0].how == "ocr"


def test_without_ocr_they_are_told_and_the_rest_stays(readers: Readers) -> None:
    document = read(lacking_letters(), ocr="none", readers=readers)
    assert document.text.split()[0] == "Geb\ufffdhr"
    assert document.pages[0].how == "layout"
    assert "no text that can be told" in document.pages[0].warnings[0]


def test_ocr_of_every_page_if_wanted(readers: Readers) -> None:
    pdf = Pdf()
    pdf.text(60, 100, "Text that could be read", 14)
    data = pdf.bytes()
    assert [read(data, ocr=ocr, readers=readers).pages[0].how for ocr in ("auto", "always")] == ["layout", "ocr"]


def test_without_ocr_a_page_says_so(readers: Readers) -> None:
    with pytest.raises(DocumentError) as caught:
        read(saved(Image.new("RGB", (300, 200), "white"), "PNG"), ocr="none", readers=readers)
    assert caught.value.code == "empty_document"
    assert "page 1: a picture" in caught.value.detail


def test_a_picture_without_words(readers: Readers) -> None:
    with pytest.raises(DocumentError, match="page 1: nothing readable") as caught:
        read(saved(Image.effect_noise((400, 300), 60), "PNG"), readers=readers)
    assert caught.value.code == "empty_document"


def test_pixels_are_counted_before_they_are_made(readers: Readers) -> None:
    said = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 30_000, 8, 0, 0, 0, 0)
    chunks = (said, b"IDAT" + zlib.compress(bytes(100)), b"IEND")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks
    )
    with pytest.raises(DocumentError, match="1,200,000,000 pixels; the limit is") as caught:
        read(data, readers=readers)
    assert caught.value.code == "document_too_complex"


def test_half_a_picture_is_an_error(readers: Readers) -> None:
    data = saved(scanned(page(), dpi=72), "PNG")
    with pytest.raises(DocumentError) as caught:
        read(data[: len(data) // 2], readers=readers)
    assert caught.value.code in ("unreadable_document", "empty_document")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
@pytest.mark.parametrize("turn", [0, 90, 180])
def test_tesseract_in_its_place(turn: int) -> None:
    pdf = Pdf()
    pdf.lines(60, 100, wrapped(PROSE, 60), 12, 16)
    with contextlib.closing(Readers(texts=1, pictures=1, engine="tesseract")) as readers:
        document = read(saved(scanned(pdf.bytes(), turn=turn), "PNG"), readers=readers)
    assert document.text.split()[:8] == PROSE.split()[:8]
    assert document.pages[0].how == "ocr"
