"""What stands in a box of a page, read by another program than the one that placed it: PDFium's own reading of a
PDF, OCR of what is cut out of a picture."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pypdfium2.raw as pdfium
from PIL import Image

from extractor import documents
from extractor.documents import Document

BoxReader = Callable[[int, list[float]], str]  # the number of a page, and fractions of it → the text there

_FINE = 100_000  # steps a side: PDFium takes whole pixels
_INSET = 0.1  # of the box
_MARGIN = 8  # pixels around what is cut out


@contextmanager
def box_reader(data: bytes, document: Document) -> Iterator[BoxReader]:
    """For a PDF or a picture."""
    if document.media_type != "application/pdf":
        yield _of_pictures(data, document)
        return
    pdfium.FPDF_InitLibrary()
    file = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    by_ocr = _of_pictures(data, document)
    scanned = {page.number for page in document.pages if page.how == "ocr"}
    try:
        yield lambda number, box: by_ocr(number, box) if number in scanned else _in_pdf(file, number, _inner(box))
    finally:
        pdfium.FPDF_CloseDocument(file)


def plain_text(data: bytes) -> str:
    """A PDF's text in the order of the file, as PDFium gives it."""
    pdfium.FPDF_InitLibrary()
    file = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    try:
        pages = (_in_pdf(file, number + 1, [0.0, 0.0, 1.0, 1.0]) for number in range(pdfium.FPDF_GetPageCount(file)))
        return "\n".join(pages).replace("\r\n", "\n")
    finally:
        pdfium.FPDF_CloseDocument(file)


def _in_pdf(file: ctypes.c_void_p, number: int, box: list[float]) -> str:
    page = pdfium.FPDF_LoadPage(file, number - 1)
    text = pdfium.FPDFText_LoadPage(page)
    try:
        (x0, y0), (x1, y1) = _on_page(page, box[0], box[1]), _on_page(page, box[2], box[3])
        sides = min(x0, x1), max(y0, y1), max(x0, x1), min(y0, y1)  # turned pages
        length = pdfium.FPDFText_GetBoundedText(text, *sides, None, 0)
        buffer = (ctypes.c_ushort * (length + 1))()
        pdfium.FPDFText_GetBoundedText(text, *sides, buffer, length)
        return bytes(buffer)[: 2 * length].decode("utf-16-le", errors="replace")
    finally:
        pdfium.FPDFText_ClosePage(text)
        pdfium.FPDF_ClosePage(page)


def _inner(box: list[float]) -> list[float]:
    """PDFium takes letters in that a box only touches."""
    inset = _INSET * min(box[2] - box[0], box[3] - box[1])
    return [box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset]


def _on_page(page: ctypes.c_void_p, across: float, down: float) -> tuple[float, float]:
    """Fractions of the page as it is shown → its own coordinates."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pixel = round(across * _FINE), round(down * _FINE)
    pdfium.FPDF_DeviceToPage(page, 0, 0, _FINE, _FINE, 0, *pixel, ctypes.byref(x), ctypes.byref(y))
    return x.value, y.value


def _of_pictures(data: bytes, document: Document) -> BoxReader:
    drawn: dict[int, Image.Image] = {}

    def read(number: int, box: list[float]) -> str:
        if number not in drawn:
            png = documents.draw(data, [number], media_type=document.media_type)[number]
            drawn[number] = Image.open(io.BytesIO(png)).convert("L")
        page = drawn[number]
        sides = box[0] * page.width, box[1] * page.height, box[2] * page.width, box[3] * page.height
        crop = page.crop((round(sides[0]), round(sides[1]), round(sides[2]), round(sides[3])))
        framed = Image.new("L", (crop.width + 6 * _MARGIN, crop.height + 6 * _MARGIN), 255)
        framed.paste(crop, (3 * _MARGIN, 3 * _MARGIN))
        out = io.BytesIO()
        framed.resize((framed.width * 2, framed.height * 2)).save(out, "PNG")
        return documents.read(out.getvalue(), ocr="always").text

    return read
