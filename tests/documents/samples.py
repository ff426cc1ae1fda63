"""Documents made for the tests: pages whose every letter has a place that is known."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from PIL import Image, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from extractor.documents import convert
from extractor.documents.context import Context

WIDTH, HEIGHT = A4
PROSE = (
    "The parties agree that the goods shall be delivered to the warehouse of the buyer within thirty days after the "
    "order has been confirmed in writing. Should the supplier be unable to deliver in time, he shall say so without "
    "delay and name a day on which he can. The buyer may then withdraw from the contract, or grant a reasonable "
    "extension of the period; further claims are excluded save where damage was caused on purpose. "
)


class Pdf:
    """Pages with text at places in points from the left top corner."""

    def __init__(self, **options: Any) -> None:
        self._file = io.BytesIO()
        self.canvas = canvas.Canvas(self._file, pagesize=A4, invariant=1, **options)

    def text(self, x: float, y: float, text: str, size: float = 10, font: str = "Helvetica") -> tuple[float, ...]:
        """Its box in fractions of the page, as far as the font tells it."""
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, HEIGHT - y, text)
        wide = stringWidth(text, font, size)
        return x / WIDTH, (y - 0.7 * size) / HEIGHT, (x + wide) / WIDTH, y / HEIGHT

    def lines(self, x: float, y: float, lines: Iterable[str], size: float = 10, step: float = 12) -> None:
        for number, line in enumerate(lines):
            self.text(x, y + number * step, line, size)

    def page(self) -> None:
        self.canvas.showPage()

    def bytes(self) -> bytes:
        self.canvas.save()
        return self._file.getvalue()


def wrapped(text: str, characters: int) -> list[str]:
    """Lines of at most so many characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > characters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def ruled_table(rows: Sequence[Sequence[str]], widths: Sequence[float]) -> bytes:
    """Every cell with lines around it, its text broken to the width."""
    out = io.BytesIO()
    style = getSampleStyleSheet()["BodyText"]
    cells = [[Paragraph(cell, style) for cell in row] for row in rows]
    table = Table(
        cells, colWidths=widths, style=[("GRID", (0, 0), (-1, -1), 0.5, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build([table])
    return out.getvalue()


Area = tuple[float, float, float, float]  # left, top, right, bottom in points


def scanned(
    pdf: bytes,
    *,
    area: Area = (0, 0, WIDTH, HEIGHT),
    dpi: int = 150,
    turn: int = 0,
    skew: float = 0.0,
    noise: bool = False,
) -> Image.Image:
    """The first page, or an area of it, as a scanner gives it: turned by so many degrees, askew, grey and grainy."""
    image = convert.draw(pdf, Context("application/pdf"), [1])[1]
    image = image.resize((round(WIDTH * dpi / 72), round(HEIGHT * dpi / 72)), Image.Resampling.BICUBIC)
    left, top, right, bottom = (round(side * dpi / 72) for side in area)
    image = image.crop((left, top, right, bottom))
    if noise:
        grain = Image.effect_noise(image.size, 24).convert("RGB")
        image = Image.blend(image, grain, 0.15).filter(ImageFilter.GaussianBlur(0.5))
    if skew:
        image = image.rotate(skew, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    return image.rotate(turn, expand=True)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
