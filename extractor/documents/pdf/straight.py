"""Text that leans or stands, as lines that run to the right: of a scan that lies askew, a stamp across the page, a
column of Japanese. Only the coordinates by which lines are found are changed; boxes stay where the letters are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from extractor.documents.pdf.frame import Frame, turned
from extractor.documents.placement import Glyph, is_ideographic, runs_of

_LEAST = 0.002  # radians: what leans less is straight enough
_MOST_APART = 0.02  # radians: how far letters of one page, or of one stamp, lean apart
_SHARE = 0.6  # of the letters that have to lean alike
_DEGENERATE = 0.4  # near the diagonal a box does not tell the letter's sides
_PITCH = 0.6, 1.35  # of the size: from one letter of a standing line to the next
_STANDING = 3  # letters, at least
_BELOW = 0.3  # of the size below the middle of a line that stands: where its letters shall stand


class Lean(NamedTuple):
    """How a glyph's line leans, in radians clockwise from the direction it is counted to, and where the glyph begins
    on its base."""

    angle: float
    x: float


def straighten(glyphs: Sequence[Glyph], leans: dict[int, Lean]) -> None:
    """`leans` by the number of the glyph; those that are missing do not lean."""
    if len(leans) < _SHARE * len(glyphs):
        return
    angle = median(lean.angle for lean in leans.values())
    agreeing = sum(abs(lean.angle - angle) < _MOST_APART for lean in leans.values())
    if abs(angle) < _LEAST or agreeing < _SHARE * len(glyphs):
        return
    for at, glyph in enumerate(glyphs):
        _turn_back(glyph, leans[at].x if at in leans else glyph.left, math.cos(angle), math.sin(angle))


def _turn_back(glyph: Glyph, x: float, cos: float, sin: float) -> None:
    wide, high = _sides(glyph.right - glyph.left, glyph.bottom - glyph.top, abs(cos), abs(sin))
    across, down = (glyph.left + glyph.right) / 2, (glyph.top + glyph.bottom) / 2
    across, down = across * cos + down * sin, down * cos - across * sin
    glyph.left, glyph.right = across - wide / 2, across + wide / 2
    glyph.top, glyph.bottom = down - high / 2, down + high / 2
    glyph.base = glyph.base * cos - x * sin
    glyph.size = max(high, 0.5)


def _sides(wide: float, high: float, cos: float, sin: float) -> tuple[float, float]:
    """Of a rectangle that leans, by those of the upright box around it."""
    apart = cos * cos - sin * sin
    if abs(apart) < _DEGENERATE:
        return 0.45 * wide, 0.9 * high
    return max((wide * cos - high * sin) / apart, 0.1), max((high * cos - wide * sin) / apart, 0.1)


def standing(glyphs: Sequence[Glyph], frame: Frame) -> tuple[list[Glyph], list[Glyph]]:
    """Glyphs in lines, and those in columns of ideographs that are read downwards, turned so that they run to the
    right."""
    runs = list(runs_of(glyphs, _is_below))
    upright = sum(len(run) for run in runs if len(run) < _STANDING)
    least = 1 if 2 * upright < len(glyphs) else _STANDING  # short ones too, where the whole page is set so
    lying: list[Glyph] = []
    found: list[Glyph] = []
    for run in runs:
        if len(run) < least or not is_ideographic(run[0].text):
            lying += run
            continue
        size = median(_size(glyph) for glyph in run)
        middle = median((glyph.left + glyph.right) / 2 for glyph in run)
        for glyph in run:
            box = (middle - size / 2, glyph.top, middle + size / 2, glyph.bottom)
            glyph.left, glyph.top, glyph.right, glyph.bottom = turned(box, 1, frame)
            glyph.size, glyph.base = size, (glyph.top + glyph.bottom) / 2 + _BELOW * size
            found.append(glyph)
    return lying, found


def _is_below(one: Glyph, other: Glyph) -> bool:
    step = other.base - one.base
    if step <= 0 or not (is_ideographic(one.text) and is_ideographic(other.text)):
        return False
    size = max(_size(one), _size(other))
    return (
        _PITCH[0] * size < step < _PITCH[1] * size
        and min(one.right, other.right) > max(one.left, other.left)
        and max(one.right, other.right) - min(one.left, other.left) < _PITCH[1] * size
    )


def _size(glyph: Glyph) -> float:
    return max(glyph.right - glyph.left, glyph.bottom - glyph.top)
