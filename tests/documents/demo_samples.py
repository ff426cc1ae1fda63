"""How the demo's PDF, scan and mail are made: `python -m tests.documents.demo_samples FOLDER`."""

from __future__ import annotations

import sys
from email.message import EmailMessage
from pathlib import Path

from PIL import ImageOps

from tests.documents.samples import Pdf, saved, scanned

_RECEIPT = """
           HARBOUR BOOKS
     17 QUAY STREET BRISTOL BS1 4DJ

Date: 2026-03-14          Time: 15:20

The Tide Tables     1       12.50
Pencil set          2        7.00
Postcards           5        5.00

TOTAL               GBP     24.50
Paid by card  ************8213
        Thank you for your visit
""".strip("\n").splitlines()
_MAIL = """Dear Mr Berg,

please find our order PO-3051 of 9 March 2026 attached. We would need the goods by 23 March 2026.

Kind regards
Ingrid Holm
Holm Bibliotek, Purchasing
"""


def invoice() -> bytes:
    """A page with labelled values, a table, and totals at the right."""
    pdf = Pdf()
    pdf.canvas.setTitle("Invoice 2026-0417")
    pdf.text(60, 70, "INVOICE 2026-0417", 16, "Helvetica-Bold")
    pairs = [
        ("Invoice number:", "2026-0417"),
        ("Invoice date:", "3 March 2026"),
        ("Due date:", "2 April 2026"),
        ("Seller:", "Brightwater Studio Ltd"),
        ("VAT number:", "GB 418 2207 63"),
        ("Buyer:", "Larkspur Labs Ltd"),
        ("Currency:", "GBP"),
    ]
    _labelled(pdf, 100, pairs)
    rows = [
        ("Description", "Quantity", "Unit price", "Amount"),
        ("Logo design", "1", "480.00", "480.00"),
        ("Business cards", "2", "35.00", "70.00"),
    ]
    _table(pdf, 230, rows)
    for y, label, value in ((300, "Subtotal", "550.00"), (316, "VAT", "110.00"), (334, "Total", "660.00")):
        pdf.text(380, y, label)
        _right(pdf, 535, y, value)
    return pdf.bytes()


def receipt() -> bytes:
    """As a scanner gives it: grey, a bit askew and grainy."""
    pdf = Pdf()
    for number, line in enumerate(_RECEIPT):
        pdf.text(40, 60 + 15 * number, line, 11, "Courier")
    picture = scanned(pdf.bytes(), area=(20, 30, 330, 245), dpi=150, skew=1.2, noise=True)
    return saved(ImageOps.grayscale(picture), "JPEG", quality=50)


def mail() -> bytes:
    """An order as PDF, attached to a few lines of text."""
    message = EmailMessage()
    message["Subject"] = "Order PO-3051"
    message["From"] = "Ingrid Holm <orders@holm.example>"
    message["To"] = "sales@nordpapir.example"
    message["Date"] = "Mon, 09 Mar 2026 09:12:00 +0100"
    message.set_content(_MAIL)
    message.add_attachment(_order(), maintype="application", subtype="pdf", filename="PO-3051.pdf")
    message.set_boundary("=-holm-bibliotek-purchasing")
    return message.as_bytes()


def _order() -> bytes:
    pdf = Pdf()
    pdf.text(60, 70, "PURCHASE ORDER PO-3051", 14, "Helvetica-Bold")
    pairs = [
        ("Order date:", "2026-03-09"),
        ("Delivery date:", "2026-03-23"),
        ("Buyer:", "Holm Bibliotek"),
        ("Supplier:", "Nordpapir AS"),
        ("Ship to:", "8 Havnegata, 7010 Trondheim"),
        ("Payment terms:", "net 30"),
    ]
    _labelled(pdf, 100, pairs)
    rows = [
        ("Item", "Description", "Quantity", "Unit price", "Amount"),
        ("PA-480", "Paper A4, 5 reams", "12", "24.00", "288.00"),
        ("BX-110", "Archive boxes", "40", "3.50", "140.00"),
    ]
    _table(pdf, 220, rows)
    pdf.text(380, 290, "Total EUR")
    _right(pdf, 535, 290, "428.00")
    return pdf.bytes()


def _labelled(pdf: Pdf, y: float, pairs: list[tuple[str, str]]) -> None:
    for number, (label, value) in enumerate(pairs):
        pdf.text(60, y + 15 * number, label)
        pdf.text(160, y + 15 * number, value)


def _table(pdf: Pdf, y: float, rows: list[tuple[str, ...]]) -> None:
    """The last three columns end where they should."""
    for number, row in enumerate(rows):
        line = y + 18 * number
        for x, cell in zip((60, 130), row[:-3], strict=False):
            pdf.text(x, line, cell)
        for x, cell in zip((360, 445, 535), row[-3:], strict=True):
            _right(pdf, x, line, cell)


def _right(pdf: Pdf, x: float, y: float, text: str) -> None:
    pdf.canvas.setFont("Helvetica", 10)
    pdf.text(x - pdf.canvas.stringWidth(text, "Helvetica", 10), y, text)


def make(folder: Path) -> None:
    files = {"invoice-3.pdf": invoice(), "receipt-2.jpg": receipt(), "purchase_order-2.eml": mail()}
    for name, data in files.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
