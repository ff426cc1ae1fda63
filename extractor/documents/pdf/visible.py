"""Text of a PDF that nobody sees: drawn without ink, or white, with nothing behind it; or covered by a box that was
painted over it. Knows PDFium.

Scans have text without ink over their picture, for search: there it is what the picture shows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

_WHITE = 250  # of 255: what is as light is not seen on white
_CLEAR = 5  # of 255: what covers as little is not seen
_COLOUR = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()  # what PDFium writes an answer to
_INKLESS = pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
_FILLED = frozenset((pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP))
_THICK = 5.0  # points: a line as thick as that is a background

Box = tuple[float, float, float, float]


def is_faint(text: Any) -> bool:
    """Whether a text object leaves nothing to be seen on white paper."""
    mode = pdfium.FPDFTextObj_GetTextRenderMode(text)
    return mode == _INKLESS or (mode in _FILLED and not _has_colour(text, pdfium.FPDFPageObj_GetFillColor))


def is_inkless(text: Any) -> bool:
    """Whether a text object leaves nothing to be seen anywhere."""
    return bool(pdfium.FPDFTextObj_GetTextRenderMode(text) == _INKLESS)


def is_background(thing: Any, kind: int) -> bool:
    """Whether a page object, of PDFium's `kind`, can be what light text stands on: a picture, or an area of colour."""
    if kind != pdfium.FPDF_PAGEOBJ_PATH:
        return kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING)
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(thing, fill, stroke):
        return False
    if fill.value and _has_colour(thing, pdfium.FPDFPageObj_GetFillColor):
        return True
    width = ctypes.c_float()
    thick = stroke.value and pdfium.FPDFPageObj_GetStrokeWidth(thing, width) and width.value > _THICK
    return bool(thick) and _has_colour(thing, pdfium.FPDFPageObj_GetStrokeColor)


class Cover(NamedTuple):
    """A box that hides what was drawn before it: how many text objects were, and where it is, in points of the page as
    it is shown."""

    texts: int
    box: Box


def is_cover(path: Any) -> bool:
    """Whether a path is a whole box of one colour, which lets nothing through and is not cut off."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    red, green, blue, opacity = _COLOUR
    return (
        pdfium.FPDFPath_CountSegments(path) in (4, 5)
        and bool(pdfium.FPDFPath_GetDrawMode(path, fill, stroke))
        and fill.value != 0
        and not pdfium.FPDFPageObj_HasTransparency(path)
        and bool(pdfium.FPDFPageObj_GetFillColor(path, red, green, blue, opacity))
        and opacity.value == 255
        and pdfium.FPDFClipPath_CountPaths(pdfium.FPDFPageObj_GetClipPath(path)) <= 0
    )


class Visibility:
    """Which characters of a page are seen. `backgrounds`: what light ones may stand on, in points of the page as it is
    shown. `texts`: the page's text objects in the order in which they are drawn. `off`: the addresses of those on
    layers that are switched off."""

    def __init__(
        self,
        text_page: Any,
        backgrounds: Sequence[Box],
        covers: Sequence[Cover] = (),
        texts: Sequence[Any] = (),
        off: frozenset[int] = frozenset(),
    ) -> None:
        self._text_page = text_page
        self._backgrounds = backgrounds
        self._covers, self._off = covers, off
        self._order = {address_of(text): number for number, text in enumerate(texts)} if covers else {}
        self._known: dict[int, bool] = {}

    def shows(self, at: int, x: float, y: float) -> bool:
        """Whether the character number `at` of the page, in the middle of which is (x, y), is seen."""
        text = pdfium.FPDFText_GetTextObject(self._text_page, at)
        if not text:
            return True
        address = address_of(text)
        if address in self._off:
            return False
        if self._is_faint(text, address) and not any(_holds(box, x, y) for box in self._backgrounds):
            return False
        order = self._order.get(address)
        return order is None or not any(cover.texts > order and _holds(cover.box, x, y) for cover in self._covers)

    def _is_faint(self, text: Any, address: int) -> bool:
        if address not in self._known:
            self._known[address] = is_faint(text)
        return self._known[address]


def address_of(thing: Any) -> int:
    """The same number for the same object of a page, however it was asked for."""
    return ctypes.cast(thing, ctypes.c_void_p).value or 0


def _holds(box: Box, x: float, y: float) -> bool:
    left, top, right, bottom = box
    return left <= x <= right and top <= y <= bottom


def _has_colour(thing: Any, ask: Any) -> bool:
    """Whether what is drawn is neither white nor clear. What is filled with a pattern, which is no one colour, is
    not."""
    red, green, blue, opacity = _COLOUR
    if not ask(thing, red, green, blue, opacity):
        return True
    return opacity.value > _CLEAR and (red.value < _WHITE or green.value < _WHITE or blue.value < _WHITE)
