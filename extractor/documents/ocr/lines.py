"""Lines as an engine reads them off a picture → words for the page's layout.

A quad is the four corners of a line in pixels, from the left top one of its text clockwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from extractor.documents.placement import Glyph, Word, word_of

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]

_AMOUNT = re.compile(r"([^\d\s]{0,3} ?-?\d{1,3}(?:[. ]\d{3})*,) \d\d(?: ?[^\d\s]{1,3})?")
_SIZE = 0.72  # of a quad's height: detectors leave room around letters
_ROOM = 0.2  # of a quad's height: what they leave at the ends of a line
_REACH = 1.5  # times half a letter: how far one reaches beside a space
_BASE = 0.3  # of a quad's height below its middle: where letters stand


@dataclass(frozen=True)
class ReadLine:
    """`centres`: for each character of `text`, where along the line it stands, from 0 to 1."""

    text: str
    confidence: float
    quad: Quad
    centres: tuple[float, ...]


def without_stray_space(line: ReadLine) -> ReadLine:
    """An amount by itself, in which a space was read behind the comma: engines know commas from sentences."""
    comma = _AMOUNT.fullmatch(line.text)
    if comma is None:
        return line
    at = comma.end(1)
    return replace(line, text=line.text[:at] + line.text[at + 1 :], centres=line.centres[:at] + line.centres[at + 1 :])


def words_of(lines: Sequence[ReadLine], width: int, height: int, turn: int) -> list[Word]:
    """Words on a page that is upright and not skewed, the middle one of them about ten points high; their boxes are
    fractions of the picture as it was given. `lines` are on that picture turned by `turn` quarters against the clock,
    so that they run to the right; it is `width` by `height` pixels then."""
    if not lines:
        return []
    lines = [without_stray_space(line) for line in lines]
    skew = _skew(lines)
    scale = 10.0 / (_SIZE * median(_height(line.quad) for line in lines))
    return [word for line in lines for word in _words(line, skew, scale, width, height, turn)]


def _skew(lines: Sequence[ReadLine]) -> float:
    """In radians: the angle of the middle one of all long lines, each as heavy as it is long."""
    angles = sorted(
        (math.atan2(line.quad[1][1] - line.quad[0][1], line.quad[1][0] - line.quad[0][0]), _length(line.quad))
        for line in lines
        if _length(line.quad) > 4 * _height(line.quad)
    )
    half = sum(length for _, length in angles) / 2
    for angle, length in angles:
        half -= length
        if half <= 0:
            return angle
    return 0.0


def _words(line: ReadLine, skew: float, scale: float, width: int, height: int, turn: int) -> list[Word]:
    """The line's words; each letter ends half way to the next."""
    words: list[Word] = []
    glyphs: list[Glyph] = []
    tall = scale * _height(line.quad)
    half = _half(line)
    for at, char in enumerate(line.text):
        if char.isspace():
            words += [word_of(glyphs, line.confidence)] if glyphs else []
            glyphs = []
            continue
        corners = _slice(line.quad, *_span(line, at, half))
        straight = [_turned((scale * x, scale * y), -skew) for x, y in corners]
        left, right = min(x for x, _ in straight), max(x for x, _ in straight)
        middle = sum(y for _, y in straight) / 4
        top, bottom = middle - tall / 2, middle + tall / 2
        given = [_given(corner, width, height, turn) for corner in corners]
        box = (
            max(min(x for x, _ in given), 0.0),
            max(min(y for _, y in given), 0.0),
            min(max(x for x, _ in given), 1.0),
            min(max(y for _, y in given), 1.0),
        )
        glyphs.append(Glyph(char, left, right, top, bottom, middle + _BASE * tall, _SIZE * tall, box))
    words += [word_of(glyphs, line.confidence)] if glyphs else []
    return words


def _half(line: ReadLine) -> float:
    """Half of what a letter usually takes of the line, 0 where no two are beside each other."""
    steps = [
        after - before
        for (one, before), (other, after) in pairwise(zip(line.text, line.centres, strict=True))
        if not one.isspace() and not other.isspace()
    ]
    return median(steps) / 2 if steps else 0.0


def _span(line: ReadLine, at: int, half: float) -> tuple[float, float]:
    """Where along the line a character begins and ends. At a space it is as wide as on its other side, and somewhat
    wider than a letter usually is (twice `half`): engines say roughly where a letter stands, and what they read as one
    space should not look like the gap between two cells."""
    centres, text = line.centres, line.text
    here = centres[at]
    before = (here - centres[at - 1]) / 2 if at else None
    after = (centres[at + 1] - here) / 2 if at + 1 < len(centres) else None
    open_left = at == 0 or text[at - 1].isspace()
    open_right = at + 1 == len(text) or text[at + 1].isspace()
    usual = 0.5 / max(len(text), 1)
    to_space = after
    if open_left:
        before = _open(after, half, before) if after is not None and not open_right else min(usual, before or usual)
    if open_right:
        after = _open(before, half, to_space) if before is not None and not open_left else min(usual, after or usual)
    begin, end = max(here - (before or usual), 0.0), min(here + (after or usual), 1.0)
    room = min(_ROOM * _height(line.quad) / max(_length(line.quad), 1.0), 0.2)  # around the whole line
    return (min(begin, room) if at == 0 else begin), (max(end, 1 - room) if at == len(text) - 1 else end)


def _open(closed: float, half: float, to_space: float | None) -> float:
    """How far a character reaches on its side to a space, whose middle is `2 * to_space` away."""
    return max(closed, min(_REACH * half, 2 * to_space) if to_space is not None else 0.0)


def _slice(quad: Quad, begin: float, end: float) -> list[Point]:
    top_left, top_right, bottom_right, bottom_left = quad
    return [
        _along(top_left, top_right, begin),
        _along(top_left, top_right, end),
        _along(bottom_left, bottom_right, end),
        _along(bottom_left, bottom_right, begin),
    ]


def _along(one: Point, other: Point, part: float) -> Point:
    return one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part


def _turned(point: Point, angle: float) -> Point:
    x, y = point
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def _given(point: Point, width: int, height: int, turn: int) -> Point:
    """A point of the turned picture, in fractions of the one that was given."""
    x, y = point[0] / width, point[1] / height
    return ((x, y), (1 - y, x), (1 - x, 1 - y), (y, 1 - x))[turn % 4]


def _length(quad: Quad) -> float:
    return (math.dist(quad[0], quad[1]) + math.dist(quad[3], quad[2])) / 2


def _height(quad: Quad) -> float:
    return (math.dist(quad[0], quad[3]) + math.dist(quad[1], quad[2])) / 2
