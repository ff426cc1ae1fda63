"""Pictures on a page of a PDF that has text: which of them may say something, where what they say belongs among the
page's lines, and how one is drawn, without the text that the page itself prints over it. Knows PDFium.

Read are pictures large enough to hold text: from 4,500 square points (a stamp of 4 by 1.5 cm, a logo of 2.5 cm), no
thinner than half a centimetre, with 60 pixels an inch at least; and those as small as a word that stand in a line of
text. Pieces that touch are one picture. One that was read on
an earlier page (a logo in a letterhead), or has text without ink over it (a scan for search), says nothing new.
"""

from __future__ import annotations

import ctypes
import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from extractor.documents.pdf.drawing import drawn
from extractor.documents.placement import PlacedText

Box = tuple[float, float, float, float]

_AREA, _SHORT, _LONG, _RATIO = 4_500.0, 14.0, 54.0, 40.0  # square points, points; times as long as wide
_LOW, _WIDE, _LOW_PIXELS = 7.0, 1.3, 18  # points of a word's height; times as wide as high; pixels
_TOLD_AREA = 1_500.0  # square points: one that is smaller is an icon, and nobody misses it
_LEAST_DPI, _MOST_DPI, _STAMP_DPI = 60.0, 400.0, 200.0
_MOST_PIXELS = 3_600  # of the longer side
_MOST_IMAGES = 400  # of a page: one with more is a drawing made of tiles
_TOUCH = 1.5  # points


class ImageOnPage(NamedTuple):
    """A page object that is a picture, and its box in points of the page as it is shown. None for a stamp or a
    signature that was put onto the page, which is looked at as if it were one."""

    image: Any | None
    box: Box


class PictureRegion(NamedTuple):
    """A picture, of one piece or several. `dpi`: of its finest piece. `key`: the same for the same picture.
    `put_on`: whether a stamp or a signature belongs to it."""

    box: Box
    dpi: float
    key: int
    put_on: bool = False

    @property
    def area(self) -> float:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    def may_hold_text(self) -> bool:
        short, long = sorted((self.box[2] - self.box[0], self.box[3] - self.box[1]))
        large = self.area >= _AREA and short >= _SHORT and long >= _LONG
        return large and long <= _RATIO * short and self.dpi >= _LEAST_DPI

    def may_be_value(self) -> bool:
        """Whether it is as large as a word or two, and fine enough to tell a comma."""
        short, long = sorted((self.box[2] - self.box[0], self.box[3] - self.box[1]))
        wide = self.box[2] - self.box[0] == long
        return wide and short >= _LOW and long >= _WIDE * short and self.dpi * short >= _LOW_PIXELS * 72

    def is_missed(self) -> bool:
        """Whether a person may think that it was read, though it was not."""
        return self.area >= _TOLD_AREA and not self.may_hold_text()


def regions(images: Sequence[ImageOnPage], inkless: Sequence[Box]) -> list[PictureRegion]:
    """From top to bottom, without those that text for search lies over."""
    if len(images) > _MOST_IMAGES:
        return []
    groups: list[tuple[Box, list[ImageOnPage]]] = []
    for one in images:
        box, members = one.box, [one]
        if _is_flat(box):
            continue
        while touched := [group for group in groups if _touch(group[0], box)]:
            groups = [group for group in groups if group not in touched]
            box = _around([box, *(group[0] for group in touched)])
            members += [member for group in touched for member in group[1]]
        groups.append((box, members))
    found = [_region(box, members) for box, members in groups if not any(_holds(box, text) for text in inkless)]
    return sorted(found, key=lambda region: (region.box[1], region.box[0]))


def _region(box: Box, members: Sequence[ImageOnPage]) -> PictureRegion:
    put_on = any(member.image is None for member in members)
    return PictureRegion(box, max(map(_dpi, members)), sum(map(_key, members)), put_on)


def _dpi(one: ImageOnPage) -> float:
    if one.image is None:
        return _STAMP_DPI
    across, down = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(one.image, across, down)
    long = max(one.box[2] - one.box[0], one.box[3] - one.box[1])
    return 72.0 * max(across.value, down.value) / max(long, 1.0)


def _key(one: ImageOnPage) -> int:
    if one.image is None:
        return hash(one.box)
    size = pdfium.FPDFImageObj_GetImageDataRaw(one.image, None, 0)
    held = ctypes.create_string_buffer(max(size, 1))
    pdfium.FPDFImageObj_GetImageDataRaw(one.image, held, size)
    return zlib.crc32(held) << 32 | int(size)


def places_among(lines: Sequence[PlacedText], boxes: Sequence[Box]) -> list[int]:
    """For each picture the number of the line before which what it says is read: behind the last of those above it, as
    far as they stand over or under it. `boxes` in fractions of the page."""
    around = [_box_of(line) for line in lines]
    return [_place(around, box) for box in boxes]


def _place(lines: Sequence[Box | None], box: Box) -> int:
    middle = (box[1] + box[3]) / 2
    beside = [(at, line) for at, line in enumerate(lines) if line and line[0] < box[2] and box[0] < line[2]]
    above = [at for at, line in beside if (line[1] + line[3]) / 2 < box[1] + 0.1 * (box[3] - box[1])]
    if above:
        return above[-1] + 1
    below = [at for at, line in beside if (line[1] + line[3]) / 2 > middle]
    level = [at for at, line in enumerate(lines) if line and (line[1] + line[3]) / 2 < box[1]]
    return below[0] if below else level[-1] + 1 if level else len(lines) if not beside else 0


def _box_of(line: PlacedText) -> Box | None:
    sides = [line.boxes[side::4] for side in range(4)]
    known = [at for at, left in enumerate(sides[0]) if not math.isnan(left)]
    if not known:
        return None
    left, top, right, bottom = ([side[at] for at in known] for side in sides)
    return min(left), min(top), max(right), max(bottom)


def draw(page: Any, region: PictureRegion) -> Any:
    """The region as an RGB picture, as fine as it is stored, without the text that the page prints there. The page is
    not to be read any more then."""
    for at in range(pdfium.FPDFPage_CountObjects(page)):
        _hide_text(pdfium.FPDFPage_GetObject(page, at), 0)
    left, top, right, bottom = region.box
    scale = min(region.dpi, _MOST_DPI) / 72
    return drawn(page, min(scale, _MOST_PIXELS / max(right - left, bottom - top)), region.box, region.put_on)


def _hide_text(thing: Any, depth: int) -> None:
    kind = pdfium.FPDFPageObj_GetType(thing)
    if kind == pdfium.FPDF_PAGEOBJ_TEXT:
        pdfium.FPDFPageObj_SetIsActive(thing, False)
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < 4:
        for at in range(pdfium.FPDFFormObj_CountObjects(thing)):
            _hide_text(pdfium.FPDFFormObj_GetObject(thing, at), depth + 1)


def _is_flat(box: Box) -> bool:
    return box[2] - box[0] < 1.0 or box[3] - box[1] < 1.0


def _touch(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > -_TOUCH and down > -_TOUCH


def _around(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _holds(box: Box, text: Box) -> bool:
    x, y = (text[0] + text[2]) / 2, (text[1] + text[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
