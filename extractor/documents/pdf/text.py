"""The characters of a page of a PDF, and where each stands. Knows PDFium."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from extractor.documents.pdf.frame import UNMAPPED, Contents, Frame, fractions, turned
from extractor.documents.pdf.straight import Lean, standing, straighten
from extractor.documents.pdf.visible import Visibility
from extractor.documents.placement import Glyph

# A dash: high as a share of its size, wide as its height, above the base.
_BAR, _LYING, _LOW, _HIGH = 0.15, 3.0, 0.1, 0.5
_QUARTER, _LEANING = math.pi / 2, 0.19  # radians: what leans less is taken for upright, or turned by quarters
_HIGHEST, _LOWEST = 1.05, 0.35  # the same, where letters tell it
_ABOVE, _BELOW = 0.86, 0.24  # of the font's size: a line's box from the base, unless letters tell
_IDEOGRAPHIC = 0x2E80  # the first code of Chinese and Japanese
_INKED = 0.95  # of the font's size: a box that is lower is no line's
_CLUSTERED = range(0x590, 0x1100)  # from Hebrew to Burmese: scripts whose letters join, or have marks around them
_LIGATURES = range(0xFB00, 0xFB07)
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))


def read_text(page: Any, found: Contents) -> None:
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        return
    leans: dict[int, dict[int, Lean]] = {}
    try:
        for glyph, way, lean in _characters(text, found):
            glyphs = found.glyphs.setdefault(way, [])
            if lean is not None:
                leans.setdefault(way, {})[len(glyphs)] = lean
            glyphs.append(glyph)
    finally:
        pdfium.FPDFText_ClosePage(text)
    for way, leaning in leans.items():
        straighten(found.glyphs[way], leaning)
    if found.ideographic:
        found.glyphs[0], columns = standing(found.glyphs.get(0, []), found.frame)
        found.glyphs.setdefault(90, []).extend(columns)


def _characters(text: Any, found: Contents) -> Iterator[tuple[Glyph, int, Lean | None]]:
    """Characters in the same place are one shape, a ligature."""
    held: tuple[str, _Printed] | None = None
    for shown, printed in _characters_of(text, found):
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
    inked: bool
    parted: bool


def _characters_of(text: Any, found: Contents) -> Iterator[tuple[str, _Printed]]:
    hiding = found.faint or found.covers or found.off
    visibility = Visibility(text, found.backgrounds, found.covers, found.texts, found.off) if hiding else None
    loose, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    parted = False
    high, em, clustered = -1.0, 0.0, False  # of the last character
    above, below = _ABOVE, _BELOW
    for at in range(pdfium.FPDFText_CountChars(text)):
        code = pdfium.FPDFText_GetUnicode(text, at)
        if code in (0x20, 0x0D, 0x0A) and pdfium.FPDFText_IsGenerated(text, at) == 1:
            parted = True  # PDFium's own idea of spaces and lines
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text, at, loose) or not pdfium.FPDFText_GetCharOrigin(text, at, x, y):
            continue
        if visibility is not None:
            middle = found.frame.shown((loose.left + loose.right) / 2, (loose.bottom + loose.top) / 2)
            if not visibility.shows(at, *middle):
                found.hidden += code != 0x20
                continue
        if code >= _IDEOGRAPHIC:
            found.ideographic = True
        shown = _meaning(code, text, at)
        angle = pdfium.FPDFText_GetCharAngle(text, at)
        if shown == UNMAPPED and not angle and _is_dash(text, at, loose.top - loose.bottom, y.value):
            shown = "-"
        if loose.top - loose.bottom != high or (code in _CLUSTERED) != clustered:
            high, clustered = loose.top - loose.bottom, code in _CLUSTERED
            em = _em(text, at, high, clustered)
        top, bottom = loose.top, loose.bottom
        if em and not angle:
            if high > em:  # as high as a line of this font is
                above, below = min((top - y.value) / em, _HIGHEST), min((y.value - bottom) / em, _LOWEST)
            top, bottom = max(top, y.value + above * em), min(bottom, y.value - below * em)
        yield shown, _Printed(loose.left, bottom, loose.right, top, x.value, y.value, angle, em > 0, parted)
        parted = False


def _em(text: Any, at: int, high: float, clustered: bool) -> float:
    """The size of the font, where PDFium's box of a character, `high` points, may be that of its ink: in a font whose
    letters are drawings, and where a file says what a cluster of letters and marks means as a whole. 0 of all others,
    whose boxes are as high as a line."""
    thing, matrix = pdfium.FPDFText_GetTextObject(text, at), pdfium.FS_MATRIX()
    font = pdfium.FPDFTextObj_GetFont(thing) if thing else None
    named = not font or pdfium.FPDFFont_GetBaseFontName(font, None, 0) > 1  # all kinds of fonts have a name but Type 3
    if (named and not clustered) or not pdfium.FPDFText_GetMatrix(text, at, matrix):
        return 0.0
    em = float(pdfium.FPDFText_GetFontSize(text, at)) * math.hypot(matrix.c, matrix.d)
    return em if clustered or high < _INKED * em else 0.0


def _glyphs(shown: str, printed: _Printed, frame: Frame) -> Iterator[tuple[Glyph, int, Lean | None]]:
    """One for each character, those of a ligature share its box; the way it runs, and how it leans from that."""
    x0, y0 = frame.shown(printed.left, printed.top)
    x1, y1 = frame.shown(printed.right, printed.bottom)
    around = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    if around[2] < 0 or around[3] < 0 or around[0] > frame.width or around[1] > frame.height:
        return  # beyond the edge: nobody sees it
    way, angle = _way(printed.angle, frame.turns)
    left, top, right, bottom = around
    x, y = frame.shown(printed.x, printed.y)
    if way and way % 90 == 0:
        left, top, right, bottom = turned(around, way // 90, frame)
        x, y = turned((x, y, x, y), way // 90, frame)[2:]
    lean = Lean(angle, x) if angle else None
    size = max(bottom - top, 0.5)
    step = (right - left) / len(shown)
    for number, char in enumerate(shown):
        begin, end = left + number * step, left + (number + 1) * step
        box = around if way else (begin, around[1], end, around[3])
        parted = printed.parted and not number
        yield Glyph(char, begin, end, top, bottom, y, size, fractions(box, frame), parted, printed.inked), way, lean


def _way(angle: float, page_turns: int) -> tuple[int, float]:
    """In degrees clockwise, as the page is shown: a multiple of 90 where it is near one; and by how many radians the
    text leans from there. PDFium's angle runs clockwise as the file has it; a page is turned clockwise too."""
    if not angle:
        return page_turns * 90, 0.0
    quarters = angle / _QUARTER
    whole = round(quarters)
    lean = angle - whole * _QUARTER
    if abs(lean) <= _LEANING:
        return (whole + page_turns) % 4 * 90, lean if abs(lean) > 1e-4 else 0.0
    shown = (angle + page_turns * _QUARTER) % math.tau
    return round(math.degrees(shown) / 4) * 4 % 360 or 1, shown


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
