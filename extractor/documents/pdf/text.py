"""The characters of a page of a PDF, and where each stands. Knows PDFium."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from extractor.documents.pdf.frame import UNMAPPED, Contents, Frame, fractions, turned
from extractor.documents.placement import Glyph

# A dash: high as a share of its size, wide as its height, above the base.
_BAR, _LYING, _LOW, _HIGH = 0.15, 3.0, 0.1, 0.5
_LIGATURES = range(0xFB00, 0xFB07)
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))


def read_text(page: Any, found: Contents) -> None:
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        return
    try:
        for glyph, turns in _characters(text, found):
            found.glyphs.setdefault(turns, []).append(glyph)
    finally:
        pdfium.FPDFText_ClosePage(text)


def _characters(text: Any, found: Contents) -> Iterator[tuple[Glyph, int | None]]:
    """Characters in the same place are one shape, a ligature."""
    held: tuple[str, _Printed] | None = None
    for shown, printed in _characters_of(text):
        if held is not None and held[1][:-1] == printed[:-1] and printed.right > printed.left:
            held = held[0] + shown, held[1]
            continue
        if held is not None:
            yield from _glyphs(*held, found.frame)
        held = shown, printed
    if held is not None:
        yield from _glyphs(*held, found.frame)


class _Printed(NamedTuple):
    """Where a shape is printed, in the coordinates of the file, and which way it runs."""

    left: float
    bottom: float
    right: float
    top: float
    x: float
    y: float
    angle: float
    parted: bool


def _characters_of(text: Any) -> Iterator[tuple[str, _Printed]]:
    loose, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    parted = False
    for at in range(pdfium.FPDFText_CountChars(text)):
        code = pdfium.FPDFText_GetUnicode(text, at)
        if code in (0x20, 0x0D, 0x0A) and pdfium.FPDFText_IsGenerated(text, at) == 1:
            parted = True  # PDFium's own idea of spaces and lines
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text, at, loose) or not pdfium.FPDFText_GetCharOrigin(text, at, x, y):
            continue
        shown = _meaning(code, text, at)
        angle = pdfium.FPDFText_GetCharAngle(text, at)
        if shown == UNMAPPED and not angle and _is_dash(text, at, loose.top - loose.bottom, y.value):
            shown = "-"
        yield shown, _Printed(loose.left, loose.bottom, loose.right, loose.top, x.value, y.value, angle, parted)
        parted = False


def _glyphs(shown: str, printed: _Printed, frame: Frame) -> Iterator[tuple[Glyph, int | None]]:
    """One for each character: those of a ligature share its box."""
    x0, y0 = frame.shown(printed.left, printed.top)
    x1, y1 = frame.shown(printed.right, printed.bottom)
    around = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    if around[2] < 0 or around[3] < 0 or around[0] > frame.width or around[1] > frame.height:
        return  # beyond the edge: nobody sees it
    turns = _quarters(printed.angle, frame.turns)
    left, top, right, bottom = turned(around, turns, frame)
    x, y = frame.shown(printed.x, printed.y)
    base = turned((x, y, x, y), turns, frame)[3]
    size = max(bottom - top, 0.5)
    step = (right - left) / len(shown)
    for number, char in enumerate(shown):
        begin, end = left + number * step, left + (number + 1) * step
        box = around if turns else (begin, around[1], end, around[3])
        yield (
            Glyph(char, begin, end, top, bottom, base, size, fractions(box, frame), printed.parted and not number),
            turns,
        )


def _quarters(angle: float, page_turns: int) -> int | None:
    """PDFium's angle runs clockwise as the file has it; a page is turned clockwise too."""
    quarters = angle / (math.pi / 2)
    whole = round(quarters)
    return None if abs(quarters - whole) > 0.12 else (whole + page_turns) % 4


def _is_dash(text: Any, at: int, size: float, base: float) -> bool:
    """Whether what is printed is a lying bar at the height of a minus: fonts of journals often do not say so, and a
    number must not lose its sign."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(text, at, left, right, bottom, top) or size <= 0:
        return False
    wide, high = right.value - left.value, top.value - bottom.value
    above = ((top.value + bottom.value) / 2 - base) / size
    return 0 < high < _BAR * size and wide > _LYING * high and _LOW < above < _HIGH


def _meaning(code: int, text: Any, at: int) -> str:
    """The character, or those of a ligature; UNMAPPED where the file does not tell."""
    if code in (2, 0xFFFE) and pdfium.FPDFText_IsHyphen(text, at) == 1:
        return "-"  # at the end of a line, as PDFium marks it
    if code < 0x20 or 0x7F <= code < 0xA0 or code in (0xFFFD, 0xFFFE, 0xFFFF):
        return " " if code in (9, 0xA0) else UNMAPPED
    if pdfium.FPDFText_HasUnicodeMapError(text, at) == 1 or any(low <= code <= high for low, high in _PRIVATE):
        return UNMAPPED
    if code in _LIGATURES:
        return unicodedata.normalize("NFKC", chr(code))
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return UNMAPPED
    return " " if code == 0xA0 else "-" if code == 0xAD else chr(code)
