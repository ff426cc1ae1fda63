"""PDF: text that is not printed as text usually is: without ink, white, askew, across the page."""

from __future__ import annotations

from math import atan, cos, sin

from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from extractor.documents import read
from tests.documents.samples import HEIGHT, WIDTH, Pdf
from tests.documents.test_pdf import cells, lines


def test_text_that_nobody_sees_is_left_out() -> None:
    pdf = Pdf()
    pdf.text(60, 100, "Total 100,00")
    pdf.canvas.setFillColorRGB(1, 1, 1)
    pdf.text(60, 120, "white: total 999,00")
    pdf.canvas.setFillColorRGB(0.1, 0.2, 0.4)
    pdf.canvas.rect(50, HEIGHT - 145, 200, 20, stroke=0, fill=1)
    pdf.canvas.setFillColorRGB(1, 1, 1)
    pdf.text(60, 140, "white on blue")
    pdf.canvas.setFillColorRGB(0, 0, 0)
    inkless(pdf, 60, 160, "without ink: total 888,00")
    pdf.text(60, 180, "last")
    document = read(pdf.bytes())
    assert lines(document) == ["Total 100,00", "white on blue", "last"]
    assert [bool(page.warnings) for page in document.pages] == [True]


def test_what_was_painted_over_is_left_out_and_what_was_written_there_is_read() -> None:
    pdf = Pdf()
    pdf.text(60, 100, "Total due 100,00 EUR")
    pdf.text(60, 120, "IBAN DE00 1111")
    before, amount = (stringWidth(text, "Helvetica", 10) for text in ("Total due ", "100,00"))
    painted(pdf, 60 + before, 92, amount, 12)  # over the amount alone
    pdf.text(60 + before, 100, "250,00")
    painted(pdf, 55, 112, 300, 12, opacity=0.3)  # a marker lets the text through
    document = read(pdf.bytes())
    assert [line.split() for line in lines(document)] == [
        ["Total", "due", "250,00", "EUR"],
        ["IBAN", "DE00", "1111"],
    ]
    assert "covered" in document.pages[0].warnings[0]


def test_backgrounds_of_rows_hide_nothing() -> None:
    pdf = Pdf()
    for number in range(4):
        painted(pdf, 55, 90 + 14 * number, 300, 14)
        pdf.text(60, 100 + 14 * number, f"row {number}")
    document = read(pdf.bytes())
    assert lines(document) == [f"row {number}" for number in range(4)]
    assert document.pages[0].warnings == ()


def painted(pdf: Pdf, x: float, y: float, wide: float, high: float, opacity: float = 1.0) -> None:
    pdf.canvas.saveState()
    pdf.canvas.setFillColorRGB(1, 1, 0.9, alpha=opacity)
    pdf.canvas.rect(x, HEIGHT - y - high, wide, high, stroke=0, fill=1)
    pdf.canvas.restoreState()


def test_text_over_a_scan_that_lies_askew_keeps_its_rows() -> None:
    pdf = Pdf()
    pdf.canvas.drawInlineImage(Image.new("L", (80, 110), 230), 0, 0, WIDTH, HEIGHT)
    rows = [("Copper pipe", "12", "84,00"), ("Elbow joint", "30", "45,60"), ("Solder", "2", "9,90")]
    for number, row in enumerate(rows):
        for x, cell in zip((60, 250, 450), row, strict=True):
            inkless(pdf, x, 100 + 20 * number, cell, slope=0.05)
    document = read(pdf.bytes())
    assert [cells(line) for line in lines(document)] == [list(row) for row in rows]
    (box,) = document.boxes(start := document.text.index("84,00"), start + 5)
    assert (100 - 450 * 0.05 - 12) / HEIGHT < box.top < box.bottom < (100 - 450 * 0.05 + 6) / HEIGHT


def inkless(pdf: Pdf, x: float, y: float, text: str, slope: float = 0.0) -> None:
    """Text without ink, on a line that rises by `slope`, as if the page had been turned about its left top corner."""
    turn = atan(slope)
    drawn = pdf.canvas.beginText()
    drawn.setFont("Helvetica", 10)
    drawn.setTextRenderMode(3)
    drawn.setTextTransform(
        cos(turn),
        sin(turn),
        -sin(turn),
        cos(turn),
        x * cos(turn) + y * sin(turn),
        HEIGHT - y * cos(turn) + x * sin(turn),
    )
    drawn.textOut(text)
    drawn.setTextRenderMode(0)
    pdf.canvas.drawText(drawn)


def test_a_stamp_across_the_page_is_a_line_of_its_own() -> None:
    pdf = Pdf()
    pdf.lines(60, 100, ["Payslip", "Net pay 2.655,65"])
    pdf.canvas.saveState()
    pdf.canvas.translate(100, 300)
    pdf.canvas.rotate(45)
    pdf.text(0, HEIGHT, "DRAFT COPY", 60)
    pdf.canvas.restoreState()
    assert lines(read(pdf.bytes())) == ["Payslip", "Net pay 2.655,65", "DRAFT COPY"]


def test_layers_that_are_off_are_left_out() -> None:
    shown = b"BT /F 12 Tf 60 720 Td (%s) Tj ET"
    page = b"\n".join(
        [
            shown % b"Invoice 2026-17",
            b"/OC /On BDC",
            shown.replace(b"720", b"690") % b"Total 100.00",
            b"EMC /OC /Off BDC",
            shown.replace(b"720", b"660") % b"Total 900.00",
            b"EMC /X Do",
        ]
    )
    resources = b"<</Font <</F 5 0 R>> /Properties <</On 6 0 R /Off 7 0 R>> /XObject <</X 8 0 R>>>>"
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /OC 7 0 R /Resources <</Font <</F 5 0 R>>>>"
    objects = [
        b"<</Type /Catalog /Pages 2 0 R /OCProperties <</OCGs [6 0 R 7 0 R] /D <</OFF [7 0 R]>>>>>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources " + resources + b">>",
        stream(b"", page),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        b"<</Type /OCG /Name (Shown)>>",
        b"<</Type /OCG /Name (Draft)>>",
        stream(form, shown.replace(b"720", b"600") % b"Draft of a form"),
    ]
    document = read(whole(objects))
    assert lines(document) == ["Invoice 2026-17", "Total 100.00"]
    assert "on a layer that is off" in document.pages[0].warnings[0]
    both = read(whole([objects[0].replace(b"/OFF", b"/ON"), *objects[1:]]))
    assert lines(both) == ["Invoice 2026-17", "Total 100.00", "Total 900.00", "Draft of a form"]
    assert not both.pages[0].warnings


def stream(more: bytes, content: bytes) -> bytes:
    return b"<<%s /Length %d>> stream\n%s\nendstream" % (more, len(content), content)


def whole(objects: list[bytes]) -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj %s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer <</Root 1 0 R /Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + head + table + tail
