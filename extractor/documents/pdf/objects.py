"""What is drawn on a page of a PDF: rules, how much of it is picture, and what light text may stand on. Knows
PDFium."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.pdf.frame import Contents, Frame
from extractor.documents.pdf.images import ImageOnPage
from extractor.documents.pdf.layers import switched_off
from extractor.documents.pdf.visible import Cover, is_background, is_cover, is_faint, is_inkless
from extractor.documents.placement import RuledLines

_MOST_OBJECTS = 20_000  # of a page that are looked at for rules
_MOST_POINTS = 60_000
_THIN = 2.5  # points: a filled box as thin as that is a rule
_DEEPEST_FORM = 4
_MOST_COVERS = 200  # boxes of a page that were painted after some text: a page with more is a drawing
_FLAT = 0.6  # points: a rule may lean as much

_Matrix = tuple[float, float, float, float, float, float]


@dataclass
class _ObjectWalk:
    """Through the objects of a page: what is found, how much more is looked at, and what may be a background: the
    object, its kind, and the matrix of what it lies in."""

    found: Contents
    objects: int = _MOST_OBJECTS
    points: int = _MOST_POINTS
    drawn: list[tuple[Any, int, _Matrix]] = field(default_factory=list)
    texts: list[tuple[Any, _Matrix]] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    hiding: list[Cover] = field(default_factory=list)  # pictures
    forms: list[list[Any]] = field(default_factory=list)  # text objects in each


def read_objects(page: Any, found: Contents, layered: bool) -> None:
    """`layered`: whether the file may have layers that are switched off."""
    walk = _ObjectWalk(found)
    for at in range(min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS)):
        _read_object(pdfium.FPDFPage_GetObject(page, at), (1, 0, 0, 1, 0, 0), walk, 0)
    found.off = switched_off(page, [text for text, _ in walk.texts], walk.forms if layered else ())
    if walk.objects <= 0 or walk.points <= 0:  # a drawing, no table
        found.rules = RuledLines()
    if walk.objects <= 0:  # what light text stands on is not known
        found.faint = False
    if 0 < len(walk.covers) <= _MOST_COVERS:
        _find_covered(walk)
    if found.images:
        found.inkless = list(_under_pictures(walk))
    if found.faint:
        found.backgrounds = [
            _bounds(thing, outer, found.frame) for thing, kind, outer in walk.drawn if is_background(thing, kind)
        ]


def _under_pictures(walk: _ObjectWalk) -> Iterator[tuple[float, float, float, float]]:
    """Where text is that is only there to be searched: without ink, or a picture was put over it."""
    for number, (text, outer) in enumerate(walk.texts):
        over = [cover.box for cover in walk.hiding if cover.texts > number]
        if is_inkless(text) or over:
            box = _bounds(text, outer, walk.found.frame)
            if is_inkless(text) or any(_touch(one, box) for one in over):
                yield box


def _find_covered(walk: _ObjectWalk) -> None:
    """Boxes that were painted over text, where some text is left."""
    frame = walk.found.frame
    boxes = [_bounds(text, outer, frame) for text, outer in walk.texts]
    over = [cover for cover in walk.covers if any(map(partial(_touch, cover.box), boxes[: cover.texts]))]
    if over:
        walk.found.covers = over
        walk.found.texts = [text for text, _ in walk.texts]


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether a part of `other` that is more than an edge lies in `one`."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 2.0 and down > 0.5 * (other[3] - other[1])


def _read_object(thing: Any, outer: _Matrix, walk: _ObjectWalk, depth: int) -> None:
    walk.objects -= 1
    if not thing or walk.objects <= 0:
        return
    found, kind = walk.found, pdfium.FPDFPageObj_GetType(thing)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        found.faint = found.faint or is_faint(thing)
        walk.texts.append((thing, outer))
        return
    walk.drawn.append((thing, kind, outer))
    if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
        matrix, before = _product(_matrix_of(thing), outer), len(walk.texts)
        for at in range(pdfium.FPDFFormObj_CountObjects(thing)):
            _read_object(pdfium.FPDFFormObj_GetObject(thing, at), matrix, walk, depth + 1)
        if not depth:
            walk.forms.append([text for text, _ in walk.texts[before:]])
    elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
        box = left, top, right, bottom = _bounds(thing, outer, found.frame)
        found.images.append(ImageOnPage(thing, box))
        if not pdfium.FPDFPageObj_HasTransparency(thing):
            walk.hiding.append(Cover(len(walk.texts), box))
        area = max(found.frame.width * found.frame.height, 1.0)
        found.pictured += max(0.0, right - left) * max(0.0, bottom - top) / area
    elif kind == pdfium.FPDF_PAGEOBJ_PATH:
        found.paths += 1
        _read_path(thing, _product(_matrix_of(thing), outer), walk)
        if walk.texts and not depth and is_cover(thing):
            walk.covers.append(Cover(len(walk.texts), _bounds(thing, outer, found.frame)))
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


def _read_path(path: Any, matrix: _Matrix, walk: _ObjectWalk) -> None:
    """Straight lines that are drawn, and boxes filled so thin that they are lines."""
    count = pdfium.FPDFPath_CountSegments(path)
    walk.points -= max(count, 0)
    if count < 2 or walk.points <= 0:
        return
    found = walk.found
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, fill, stroke):
        return
    for stroke_points in _strokes(path, count, matrix, found.frame):
        across, down = [x for x, _ in stroke_points], [y for _, y in stroke_points]
        wide, high = max(across) - min(across), max(down) - min(down)
        if min(wide, high) <= _THIN and (stroke.value or fill.value):
            if wide >= high:
                found.rules.lying.append(((min(down) + max(down)) / 2, min(across), max(across)))
            else:
                found.rules.standing.append(((min(across) + max(across)) / 2, min(down), max(down)))
        elif stroke.value:
            for (x0, y0), (x1, y1) in itertools.pairwise(stroke_points):
                if abs(y0 - y1) <= _FLAT:
                    found.rules.lying.append(((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
                elif abs(x0 - x1) <= _FLAT:
                    found.rules.standing.append(((x0 + x1) / 2, min(y0, y1), max(y0, y1)))


def _strokes(path: Any, count: int, matrix: _Matrix, frame: Frame) -> Iterator[list[tuple[float, float]]]:
    """The points of each stroke of the pen; those with curves are left out."""
    stroke_points: list[tuple[float, float]] = []
    curved = False
    x, y = ctypes.c_float(), ctypes.c_float()
    for at in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(path, at)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            if len(stroke_points) > 1 and not curved:
                yield stroke_points
            stroke_points, curved = [], False
        curved = curved or kind == pdfium.FPDF_SEGMENT_BEZIERTO
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        stroke_points.append(frame.shown(*_moved(matrix, x.value, y.value)))
        if pdfium.FPDFPathSegment_GetClose(segment) and len(stroke_points) > 1:
            stroke_points.append(stroke_points[0])
    if len(stroke_points) > 1 and not curved:
        yield stroke_points
