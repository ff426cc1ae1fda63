"""PDF → its text, laid out as on the page; pages that are pictures, and pictures on pages, are left to be
recognised."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.beside import PageLines
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.pdf.drawing import drawn
from extractor.documents.pdf.fields import comments, filled_in, form_of, stamps
from extractor.documents.pdf.frame import UNMAPPED, Contents, fractions
from extractor.documents.pdf.images import ImageOnPage, PictureRegion, draw, places_among, regions
from extractor.documents.pdf.layers import has_layers
from extractor.documents.pdf.legible import meaningful, says_little
from extractor.documents.pdf.page import contents_of
from extractor.documents.placement import PlacedText, RuledLines, joined_lines, lay_out, words
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
        if attached := _attached(file):
            into.warn(f"{attached:,} file{'s' if attached != 1 else ''} within the PDF not read: send them alone")
        shown: set[int] = set()  # pictures of pages that were read
        layered = has_layers(data)
        for number in range(count):
            if into.passes_over:
                into.begin_page()
                continue
            with _page(file, number) as page:
                _read_page(page, form, into, context, shown, layered)


def _read_page(page: Any, form: Any, into: Builder, context: Context, shown: set[int], layered: bool) -> None:
    if page is None:
        into.begin_page(how="none")
        into.warn("this page is damaged and was not read")
        return
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    if not into.begin_page(width=width, height=height, how="layout"):
        return
    if into.drawing:
        into.draw(lambda: drawn(page, _LONG_SIDE / max(width, height, 1.0)))
        return
    contents = contents_of(page, layered)
    by_way = {way: words(glyphs) for way, glyphs in contents.glyphs.items()}
    by_way.setdefault(0, []).extend(filled_in(page, form, contents.frame))
    contents.images += [ImageOnPage(None, box) for box in stamps(page, form, contents.frame)]
    found = [word for each in by_way.values() for word in each]
    if contents.hidden:
        into.warn(
            "text that nobody sees on the page was left out: white, without ink, covered, or on a layer that is off"
        )
    if noted := comments(page):
        into.warn(f"{noted:,} comment{'s' if noted != 1 else ''} on the page left out")
    pictured = context.ocr == "always" or says_little(found, contents)
    if pictured:
        into.read_as(PICTURE)  # what text there is stands until somebody has looked at the page
    elif any(UNMAPPED in word.text for word in meaningful(found)):
        into.warn("some characters have no meaning in the file, as a symbol or a letter of a font of its own")
    lines = [
        line
        for way, each in sorted(by_way.items(), key=lambda each: -len(each[1]))
        for line in lay_out(meaningful(each), contents.rules if way == 0 else RuledLines())
    ]
    _write(page, lines, [] if pictured else _pictures(contents, lines, into, shown), contents, into)


def _pictures(
    contents: Contents, lines: Sequence[PlacedText], into: Builder, shown: set[int]
) -> list[tuple[int, PictureRegion]]:
    """Those that may say something new, each with its number among the page's."""
    found = regions(contents.images, contents.inkless)
    values = _in_lines(found, lines, contents)
    small = sum(region.is_missed() for at, region in enumerate(found) if at not in values)
    if small:
        into.leave_out("too small, too coarse or too narrow to hold text", small)
    looked_at = [(at + 1, one) for at, one in enumerate(found) if one.may_hold_text() or at in values]
    new = [(number, one) for number, one in looked_at if one.key not in shown]
    shown.update(one.key for _, one in new)
    return new


def _in_lines(regions: Sequence[PictureRegion], lines: Sequence[PlacedText], contents: Contents) -> set[int]:
    """The numbers of those that are small, but stand in a line of text as a value does."""
    found = {at for at, one in enumerate(regions) if one.may_be_value() and not one.may_hold_text()}
    if not found:
        return found
    page_lines = PageLines(*joined_lines(lines))
    return {at for at in found if page_lines.stands_in_line(fractions(regions[at].box, contents.frame))}


def _write(
    page: Any,
    lines: Sequence[PlacedText],
    pictures: Sequence[tuple[int, PictureRegion]],
    contents: Contents,
    into: Builder,
) -> None:
    boxes = [fractions(region.box, contents.frame) for _, region in pictures]
    places = places_among(lines, boxes)
    for at in range(len(lines) + 1):
        for place, box, (number, region) in zip(places, boxes, pictures, strict=True):
            if place == at:
                into.picture(partial(draw, page, region), box, number)
        if at < len(lines):
            lines[at].add_to(into)


def _attached(file: Any) -> int:
    """How many files lie within it, but for the XML of an e-invoice."""
    names = []
    for at in range(pdfium.FPDFDoc_GetAttachmentCount(file)):
        attachment, held = pdfium.FPDFDoc_GetAttachment(file, at), ctypes.create_string_buffer(1024)
        pdfium.FPDFAttachment_GetName(attachment, ctypes.cast(held, ctypes.POINTER(pdfium.FPDF_WCHAR)), len(held))
        names.append(held.raw.decode("utf-16-le", "replace").partition("\0")[0])
    return sum(not name.lower().endswith(".xml") for name in names)


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
