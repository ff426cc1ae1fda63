"""What a picture says where it stands beside text, in the line of that text: an amount that was pasted behind its
label, a cell of a row. Its place on the page tells the line, and how the lines around it lie tells its column.

All that a picture says goes into lines, or nothing does: what is more than a few values is a text of its own.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from extractor.documents.document import Document
from extractor.documents.placement.place import GAP

_MOST_LINES = 8  # that a picture says
_ONE, _SEVERAL = 100, 30  # characters of a line that one line, or one of several, of a picture stands beside
_LEVEL = 0.5  # of the height of the lower of two that are on one line
_SAME = 0.006  # of the width of the page: edges as close as that are one column's
_NEAR = 3.0  # times its height: how far above or below a line tells what else stands in its column
_LINE = re.compile(r"[^\n]+")
_SEGMENT = re.compile(r"\S+(?: \S+)*")

Box = tuple[float, float, float, float]


class _Piece(NamedTuple):
    """What stands together on a line, or on a line of a picture: its span of the text, and its place on the page."""

    start: int
    stop: int
    box: Box


@dataclass(frozen=True)
class Joined:
    """`text`, with four fractions a character, stands in the place of `removed` spaces from `start`. `confidences`: of
    the spans of it that were read."""

    start: int
    removed: int
    text: str
    boxes: array[float]
    confidences: list[tuple[int, int, float]]


class PageLines:
    """The lines of a page's text, by where they stand."""

    def __init__(self, text: str, places: array[float]) -> None:
        self._text = text
        found = ((span.start(), list(_pieces(text, places, *span.span()))) for span in _LINE.finditer(text))
        self._lines = [(start, line) for start, line in found if line]

    def joined(self, pictures: Sequence[tuple[Document, array[float]]]) -> tuple[list[Joined], list[bool]]:
        """For each picture, with the places of its text on the page, whether it stands in lines; and what that makes of
        them, in order."""
        by_line: dict[int, list[tuple[_Piece, Document, array[float]]]] = {}
        stands: list[bool] = []
        for document, places in pictures:
            pieces = [_whole(document.text, places, *line.span()) for line in _LINE.finditer(document.text)]
            levels = self._levels([piece for piece in pieces if piece is not None])
            stands.append(levels is not None)
            for at, piece in levels or ():
                by_line.setdefault(at, []).append((piece, document, places))
        return [each for at in sorted(by_line) for each in self._edits(at, by_line[at])], stands

    def stands_in_line(self, box: Box) -> bool:
        """Whether what a picture says can go into a line."""
        return self._level(_Piece(0, 0, box), _ONE) is not None

    def _levels(self, pieces: list[_Piece]) -> list[tuple[int, _Piece]] | None:
        if not 0 < len(pieces) <= _MOST_LINES:
            return None
        found = [(self._level(piece, _ONE if len(pieces) == 1 else _SEVERAL), piece) for piece in pieces]
        lines = [(at, piece) for at, piece in found if at is not None]
        return lines if len({at for at, _ in lines}) == len(pieces) else None

    def _level(self, piece: _Piece, longest: int) -> int | None:
        """The line that it stands in."""
        best: tuple[float, int] | None = None
        for at, (_, line) in enumerate(self._lines):
            around = _around(line)
            low = min(around[3] - around[1], piece.box[3] - piece.box[1])
            level = _overlap(around, piece.box, 1)
            if level >= _LEVEL * low > 0 and (best is None or level > best[0]):
                best = level, at
        return best[1] if best is not None and self._has_room(best[1], piece, longest) else None

    def _has_room(self, at: int, piece: _Piece, longest: int) -> bool:
        line = self._lines[at][1]
        if line[-1].stop - line[0].start > longest or any(_overlap(one.box, piece.box, 0) > 0 for one in line):
            return False
        around, near = _around(line), _NEAR * (piece.box[3] - piece.box[1])
        for _, other in self._lines:  # another column of the page is no part of this line
            box = _around(other)
            is_near = box[1] - piece.box[3] < near and piece.box[1] - box[3] < near
            if is_near and _overlap(box, piece.box, 0) > 0 and _overlap(box, around, 0) <= 0:
                return False
        return True

    def _edits(self, at: int, new: list[tuple[_Piece, Document, array[float]]]) -> Iterator[Joined]:
        """Gap by gap: from the end of what stands before it to where the line goes on."""
        start, line = self._lines[at]
        grown = 0
        for before, after in zip([None, *line], [*line, None], strict=True):
            left = before.box[2] if before else -math.inf
            right = after.box[0] if after else math.inf
            own = [one for one in new if left <= _middle(one[0].box) < right]
            if not own:
                continue
            begin = before.stop if before else start
            edit = self._edit(begin, after, begin - start + grown, sorted(own, key=lambda one: one[0].box[0]))
            grown += len(edit.text) - edit.removed
            yield edit

    def _edit(
        self, begin: int, after: _Piece | None, column: int, own: list[tuple[_Piece, Document, array[float]]]
    ) -> Joined:
        """`column`: of the line as it is now, in which it begins."""
        text, boxes, confidences = "", array("f"), list[tuple[int, int, float]]()
        for piece, document, places in own:
            words = " ".join(document.text[piece.start : piece.stop].split())
            at = column + len(text)
            pad = max(self._column(piece, len(words)) - at, GAP if at else 0)
            text, boxes = text + " " * pad, boxes + _none(pad)
            confidence = document.confidence(piece.start, piece.stop)
            if confidence is not None:
                confidences.append((len(text), len(text) + len(words), confidence))
            text, boxes = text + words, boxes + _of(words, document.text, piece, places)
        removed = after.start - begin if after else 0
        if after:
            pad = max(self._column_of(after) - column - len(text), GAP)
            text, boxes = text + " " * pad, boxes + _none(pad)
        return Joined(begin, removed, text, boxes, confidences)

    def _column_of(self, piece: _Piece) -> int:
        return piece.start - (self._text.rfind("\n", 0, piece.start) + 1)

    def _column(self, piece: _Piece, length: int) -> int:
        """Where what stands above or below it, in its column, begins or ends; 0 where nothing does."""
        found: list[tuple[float, int]] = []
        for start, line in self._lines:
            for other in line:
                far = abs(_middle(other.box, 1) - _middle(piece.box, 1))
                if abs(other.box[2] - piece.box[2]) <= _SAME:
                    found.append((far, other.stop - start - length))
                elif abs(other.box[0] - piece.box[0]) <= _SAME:
                    found.append((far, other.start - start))
        return min(found)[1] if found else 0


def _pieces(text: str, places: array[float], start: int, stop: int) -> Iterator[_Piece]:
    for match in _SEGMENT.finditer(text, start, stop):
        if (piece := _whole(text, places, *match.span())) is not None:
            yield piece


def _whole(text: str, places: array[float], start: int, stop: int) -> _Piece | None:
    glyphs = [places[4 * at : 4 * at + 4] for at in range(start, min(stop, len(places) // 4)) if not text[at].isspace()]
    known = [glyph for glyph in glyphs if not math.isnan(glyph[0])]
    if not known:
        return None
    left, top, right, bottom = zip(*known, strict=True)
    return _Piece(start, stop, (min(left), min(top), max(right), max(bottom)))


def _of(words: str, text: str, piece: _Piece, places: array[float]) -> array[float]:
    """Where the words stand, which have lost spaces of the text."""
    boxes, at = array("f"), piece.start
    for char in words:
        while char != " " and text[at].isspace():
            at += 1
        boxes.extend(places[4 * at : 4 * at + 4] if char != " " else _none(1))
        at += char != " "
    return boxes


def _around(pieces: Sequence[_Piece]) -> Box:
    left, top, right, bottom = zip(*(piece.box for piece in pieces), strict=True)
    return min(left), min(top), max(right), max(bottom)


def _overlap(one: Box, other: Box, side: int) -> float:
    """How much of each other's width (`side` 0) or height (1) they share."""
    return min(one[side + 2], other[side + 2]) - max(one[side], other[side])


def _middle(box: Box, side: int = 0) -> float:
    return (box[side] + box[side + 2]) / 2


def _none(characters: int) -> array[float]:
    return array("f", [math.nan] * (4 * characters))
