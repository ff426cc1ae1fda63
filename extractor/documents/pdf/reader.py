"""PDF → its text, laid out as on the page; pages that are pictures are left to be recognised."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.pdf.fields import filled_in, form_of
from extractor.documents.pdf.frame import UNMAPPED
from extractor.documents.pdf.legible import meaningful, says_little
from extractor.documents.pdf.page import contents_of
from extractor.documents.placement import RuledLines, lay_out, words
from extractor.documents.splice import PICTURE
from extractor.sandbox import Rejected

_LONG_SIDE = 2_400  # pixels of a page that is drawn

pdfium.FPDF_InitLibrary()


def read(data: bytes, into: Builder, context: Context) -> None:
    """Raises Rejected `password_required`, `password_wrong`, `unreadable_document`."""
    with _opened(data, context.password) as file, form_of(file) as form:
        count = pdfium.FPDF_GetPageCount(file)
        if count < 1:
            raise Rejected("unreadable_document", "the PDF has no pages, or is damaged")
        into.limits.check("pages", into.page + count, into.limits.pages)
        for number in range(count):
            with _page(file, number) as page:
                _read_page(page, form, into, context)


def _read_page(page: Any, form: Any, into: Builder, context: Context) -> None:
    if page is None:
        into.begin_page(how="none")
        into.warn("this page is damaged and was not read")
        return
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not into.begin_page(width=width, height=height, how="layout"):
        return
    if into.drawing:
        into.draw(lambda: _drawn(page, width, height))
        return
    contents = contents_of(page)
    by_way = {way: words(glyphs) for way, glyphs in contents.glyphs.items()}
    by_way.setdefault(0, []).extend(filled_in(page, form, contents.frame))
    found = [word for each in by_way.values() for word in each]
    if contents.hidden:
        into.warn("text that nobody sees on the page was left out: white, without ink, or covered")
    if context.ocr == "always" or says_little(found, contents):
        into.read_as(PICTURE)  # what text there is stands until somebody has looked at the page
    elif any(UNMAPPED in word.text for word in meaningful(found)):
        into.warn("some characters have no meaning in the file, as a symbol or a letter of a font of its own")
    for way, each in sorted(by_way.items(), key=lambda each: -len(each[1])):
        for line in lay_out(meaningful(each), contents.rules if way == 0 else RuledLines()):
            line.add_to(into)


@contextmanager
def _opened(data: bytes, password: str | None) -> Iterator[Any]:
    file = pdfium.FPDF_LoadMemDocument64(data, len(data), password.encode() if password else None)
    if not file:
        raise _refusal(pdfium.FPDF_GetLastError(), password)
    try:
        yield file
    finally:
        pdfium.FPDF_CloseDocument(file)


def _refusal(error: int, password: str | None) -> Rejected:
    if error == pdfium.FPDF_ERR_PASSWORD:
        if password:
            return Rejected("password_wrong", "the password does not open the PDF")
        return Rejected("password_required", "the PDF needs a password")
    if error == pdfium.FPDF_ERR_SECURITY:
        return Rejected("unsupported_media_type", "the PDF is encrypted in a way that is not read here")
    return Rejected("unreadable_document", "the PDF is damaged or incomplete")


@contextmanager
def _page(file: Any, number: int) -> Iterator[Any]:
    """None for one that cannot be loaded."""
    page = pdfium.FPDF_LoadPage(file, number)
    try:
        yield page or None
    finally:
        if page:
            pdfium.FPDF_ClosePage(page)


def _drawn(page: Any, width: float, height: float) -> Any:
    """The page as an RGB picture, with what is filled in."""
    from PIL import Image

    scale = _LONG_SIDE / max(width, height, 1.0)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = ctypes.create_string_buffer(across * down * 4)
    bitmap = pdfium.FPDFBitmap_CreateEx(across, down, pdfium.FPDFBitmap_BGRx, pixels, across * 4)
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, across, down, 0xFFFFFFFF)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, across, down, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer("RGBX", (across, down), pixels.raw, "raw", "RGBX", 0, 1).convert("RGB")
