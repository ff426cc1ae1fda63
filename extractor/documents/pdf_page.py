"""What stands on a page of a PDF: characters, rules, and how much of it is picture. Knows PDFium, whose coordinates
are the file's: y upwards, before the page is turned.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from extractor.documents.placement import Glyph, Rules

_MOST_OBJECTS = 20_000  # of a page that are looked at for rules
_MOST_POINTS = 60_000
_THIN = 2.5  # points: a filled box as thin as that is a rule
_DEEPEST_FORM = 4
_FLAT = 0.6  # points: a rule may lean as much
UNMAPPED = "\ufffd"
_BAR, _LYING, _LOW, _HIGH = (
    0.15,
    3.0,
    0.1,
    0.5,
)  # a dash: high as a share of its size, wide as its height, above the base
_LIGATURES = range(0xFB00, 0xFB07)
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))


@dataclass(frozen=True)
class Frame:
    """The page as it is shown: its visible box in the file's coordinates, and by how many quarters it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    @property
    def width(self) -> float:
        return self.top - self.bottom if self.turns % 2 else self.right - self.left

    @property
    def height(self) -> float:
        return self.right - self.left if self.turns % 2 else self.top - self.bottom

    def shown(self, x: float, y: float) -> tuple[float, float]:
        """A point of the file, from the left top corner of the page as it is shown, y downwards."""
        if self.turns == 0:
            return x - self.left, self.top - y
        if self.turns == 1:
            return y - self.bottom, x - self.left
        if self.turns == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x


@dataclass
class Contents:
    """`glyphs` by the direction they run in, in quarter turns clockwise from upright (None: askew); in the coordinates
    of a page turned so that they run to the right; characters whose meaning the file does not tell are UNMAPPED.
    `pictured`: the share of the page that pictures cover. `paths`: how many drawn shapes there are."""

    frame: Frame
    glyphs: dict[int | None, list[Glyph]] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    pictured: float = 0.0
    paths: int = 0


def contents_of(page: Any) -> Contents:
    """`page`: a loaded FPDF_PAGE."""
    found = Contents(frame_of(page))
    _read_objects(page, found)
    _read_text(page, found)
    return found


def frame_of(page: Any) -> Frame:
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    turns = pdfium.FPDFPage_GetRotation(page) % 4
    width, height = max(box.right - box.left, 1.0), max(box.top - box.bottom, 1.0)
    return Frame(box.left, box.bottom, box.left + width, box.bottom + height, turns)


# ---- characters ----


def _read_text(page: Any, found: Contents) -> None:
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
    for shown, printed in _told(text):
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


def _told(text: Any) -> Iterator[tuple[str, _Printed]]:
    loose, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    parted = False
    for at in range(pdfium.FPDFText_CountChars(text)):
        code = pdfium.FPDFText_GetUnicode(text, at)
        if code in (0x20, 0x0D, 0x0A) and pdfium.FPDFText_IsGenerated(text, at) == 1:
            parted = True  # PDFium's own idea of spaces and lines
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text, at, loose) or not pdfium.FPDFText_GetCharOrigin(text, at, x, y):
            continue
        shown = _meant(code, text, at)
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


def fractions(box: tuple[float, float, float, float], frame: Frame) -> tuple[float, float, float, float]:
    """A box in points of the shown page as fractions of it."""
    left, top, right, bottom = box
    width, height = frame.width, frame.height
    return (
        min(max(left / width, 0.0), 1.0),
        min(max(top / height, 0.0), 1.0),
        min(max(right / width, 0.0), 1.0),
        min(max(bottom / height, 0.0), 1.0),
    )


def turned(
    box: tuple[float, float, float, float], turns: int | None, frame: Frame
) -> tuple[float, float, float, float]:
    """A box of the shown page on a page turned back by `turns` quarters, so that text there runs to the right."""
    left, top, right, bottom = box
    if turns == 1:  # it runs downwards
        return top, frame.width - right, bottom, frame.width - left
    if turns == 2:
        return frame.width - right, frame.height - bottom, frame.width - left, frame.height - top
    if turns == 3:  # it runs upwards
        return frame.height - bottom, left, frame.height - top, right
    return box


def _quarters(angle: float, page_turns: int) -> int | None:
    """PDFium's angle runs clockwise as the file has it; a page is turned clockwise too."""
    quarters = angle / (math.pi / 2)
    nearest = round(quarters)
    return None if abs(quarters - nearest) > 0.12 else (nearest + page_turns) % 4


def _is_dash(text: Any, at: int, size: float, base: float) -> bool:
    """Whether what is printed is a lying bar at the height of a minus: fonts of journals often do not say so, and a
    number must not lose its sign."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(text, at, left, right, bottom, top) or size <= 0:
        return False
    wide, high = right.value - left.value, top.value - bottom.value
    above = ((top.value + bottom.value) / 2 - base) / size
    return 0 < high < _BAR * size and wide > _LYING * high and _LOW < above < _HIGH


def _meant(code: int, text: Any, at: int) -> str:
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


# ---- rules and pictures ----

_Matrix = tuple[float, float, float, float, float, float]


def _read_objects(page: Any, found: Contents) -> None:
    budget = [_MOST_OBJECTS, _MOST_POINTS]
    area = max(found.frame.width * found.frame.height, 1.0)
    count = min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS)
    for at in range(count):
        _read_object(pdfium.FPDFPage_GetObject(page, at), (1, 0, 0, 1, 0, 0), found, budget, area, 0)
    if min(budget) <= 0:  # a drawing, no table
        found.rules = Rules()


def _read_object(thing: Any, outer: _Matrix, found: Contents, budget: list[int], area: float, depth: int) -> None:
    budget[0] -= 1
    if not thing or budget[0] <= 0:
        return
    kind = pdfium.FPDFPageObj_GetType(thing)
    if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
        matrix = _product(_matrix_of(thing), outer)
        for at in range(pdfium.FPDFFormObj_CountObjects(thing)):
            _read_object(pdfium.FPDFFormObj_GetObject(thing, at), matrix, found, budget, area, depth + 1)
    elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
        left, top, right, bottom = _bounds(thing, outer, found.frame)
        found.pictured += max(0.0, right - left) * max(0.0, bottom - top) / area
    elif kind == pdfium.FPDF_PAGEOBJ_PATH:
        found.paths += 1
        _read_path(thing, _product(_matrix_of(thing), outer), found, budget)
    elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
        found.paths += 1


def _matrix_of(thing: Any) -> _Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(thing, matrix):
        return (1, 0, 0, 1, 0, 0)
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _product(one: _Matrix, two: _Matrix) -> _Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = two
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _moved(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _bounds(thing: Any, outer: _Matrix, frame: Frame) -> tuple[float, float, float, float]:
    """Within the page; in its shown coordinates."""
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(thing, *sides):
        return 0.0, 0.0, 0.0, 0.0
    x0, y0, x1, y1 = (side.value for side in sides)
    corners = [frame.shown(*_moved(outer, x, y)) for x, y in ((x0, y0), (x1, y1), (x0, y1), (x1, y0))]
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return (
        max(min(across), 0.0),
        max(min(down), 0.0),
        min(max(across), frame.width),
        min(max(down), frame.height),
    )


def _read_path(path: Any, matrix: _Matrix, found: Contents, budget: list[int]) -> None:
    """Straight lines that are drawn, and boxes filled so thin that they are lines."""
    count = pdfium.FPDFPath_CountSegments(path)
    budget[1] -= max(count, 0)
    if count < 2 or budget[1] <= 0:
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, fill, stroke):
        return
    for figure in _figures(path, count, matrix, found.frame):
        across, down = [x for x, _ in figure], [y for _, y in figure]
        wide, high = max(across) - min(across), max(down) - min(down)
        if min(wide, high) <= _THIN and (stroke.value or fill.value):
            if wide >= high:
                found.rules.lying.append(((min(down) + max(down)) / 2, min(across), max(across)))
            else:
                found.rules.standing.append(((min(across) + max(across)) / 2, min(down), max(down)))
        elif stroke.value:
            for (x0, y0), (x1, y1) in itertools.pairwise(figure):
                if abs(y0 - y1) <= _FLAT:
                    found.rules.lying.append(((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
                elif abs(x0 - x1) <= _FLAT:
                    found.rules.standing.append(((x0 + x1) / 2, min(y0, y1), max(y0, y1)))


def _figures(path: Any, count: int, matrix: _Matrix, frame: Frame) -> Iterator[list[tuple[float, float]]]:
    """The points of each stroke of the pen; those with curves are left out."""
    figure: list[tuple[float, float]] = []
    curved = False
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, at)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            if len(figure) > 1 and not curved:
                yield figure
            figure, curved = [], False
        curved = curved or kind == pdfium.FPDF_SEGMENT_BEZIERTO
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        figure.append(frame.shown(*_moved(matrix, x.value, y.value)))
        if pdfium.FPDFPathSegment_GetClose(segment) and len(figure) > 1:
            figure.append(figure[0])
    if len(figure) > 1 and not curved:
        yield figure
