"""A document → windows. They end where the document has a seam: before a part, a page, a heading, between rows, rather
than within a sentence. Where a row or a sentence may go on over a seam, the next window shows the last lines again, and
where it begins within a table, the lines that name its columns. Pure: it is given what counts tokens.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from extractor.documents import Document
from extractor.windows.lines import GAP, PART, ROW, WITHIN_LINE, WITHIN_ROW, Count, DocumentLines, TextLine
from extractor.windows.window import Piece, Window

_LEAST_FULL = 0.6  # of a window, before a good seam may end it
_WASTE = 6.0  # how much worse a seam is for each window's length that it leaves empty
_OVERLAP, _OVERLAP_LINES = 1 / 8, 6  # of a window's tokens
_HEADER = 1 / 5
_ENDS = (".", ":", ";", "!", "?", ")")


@dataclass(frozen=True)
class Room:
    """`tokens` that a window may have, and how many of them in rows of tables: each row is written again in the answer,
    which has an end too. One of `least` or fewer is not cut in two: an answer to that without an end runs on."""

    tokens: int
    rows: float = math.inf
    least: int = 0


class Cutter:
    """One document. `lines`: its own, where several cut it."""

    def __init__(self, document: Document, count: Count, room: Room, lines: DocumentLines | None = None) -> None:
        self._document, self._room = document, room
        self._lines = (lines or DocumentLines(document)).within(count, room.tokens)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """All of the document, in order."""
        return tuple(self._between(0, len(self._lines), self._room, 0))

    def halves(self, window: Window) -> list[Window]:
        """The same text in two windows or more; fewer where it cannot be cut any further."""
        first, last = self._line_at(window.fresh), self._line_at(window.stop)
        own = self._lines[first:last]
        if window.tokens <= self._room.least:
            return []
        room = Room(_half(line.tokens for line in own), _half(line.tokens for line in own if line.cells))
        return list(self._between(first, last, room, self._line_at(window.start)))

    def _between(self, begin: int, last: int, room: Room, shown: int) -> Iterator[Window]:
        """The lines from `begin` to `last`; the first window shows those from `shown` on."""
        while begin < last:
            header = self._header(shown, last, room)
            used = sum(self._lines[at].tokens for at in (*range(shown, begin), *header))
            end = self._end(begin, last, room, used)
            yield self._window(shown, begin, end, used + sum(line.tokens for line in self._lines[begin:end]))
            begin = end
            shown = self._overlap(begin, room) if begin < last else begin

    def _end(self, begin: int, last: int, room: Room, used: int) -> int:
        """The line before which the window that begins before line `begin` ends: that of the best seam."""
        tokens, rows, end = used, 0, begin
        sizes: list[float] = []  # how full the window is before each line from the second on
        while end < last:
            line = self._lines[end]
            tokens += line.tokens
            rows += line.tokens if line.cells else 0
            full = max(tokens / room.tokens, rows / room.rows)
            if end > begin and full > 1:
                break
            sizes.append(full)
            end += 1
        if end == last:
            return last
        seams = [
            (self._lines[at].seam + _WASTE * (1 - full), at)
            for at, full in zip(range(begin + 1, end + 1), sizes, strict=True)
            if full >= _LEAST_FULL
        ]
        return min(seams, key=lambda seam: (seam[0], -seam[1]))[1] if seams else end

    def _overlap(self, begin: int, room: Room) -> int:
        """The line that the window begins with whose own lines begin with `begin`."""
        if self._clean(begin):
            return begin
        at, tokens = begin, 0
        while at > 0 and begin - at < _OVERLAP_LINES:
            tokens += self._lines[at - 1].tokens
            if tokens > room.tokens * _OVERLAP or self._lines[at].seam == PART:
                break
            at -= 1
            if begin - at >= 2 and self._lines[at].seam <= ROW:
                break
        return at

    def _clean(self, at: int) -> bool:
        """Whether nothing goes on over the seam before a line."""
        line, text = self._lines[at], self._document.text
        if line.seam == PART:
            return True
        if line.seam in (WITHIN_ROW, WITHIN_LINE):
            return False
        before = next((one for one in reversed(self._lines[:at][-8:]) if self._has_text(one)), None)
        after = next((one for one in self._lines[at : at + 8] if self._has_text(one)), None)
        if before is None or after is None:
            return True
        if before.cells and after.cells:
            return True
        ended = bool(before.cells) or text[before.start : before.stop].rstrip().endswith(_ENDS)
        return line.seam <= GAP and ended and not text[after.start : after.stop].lstrip()[:1].islower()

    def _has_text(self, line: TextLine) -> bool:
        return bool(self._document.text[line.start : line.stop].strip())

    def _header(self, shown: int, last: int, room: Room) -> tuple[int, ...]:
        """The lines that name the columns of the first row of a window from line `shown` on, where it has them not."""
        row = next((line for line in self._lines[shown : min(last, shown + _OVERLAP_LINES + 24)] if line.header), None)
        if row is None or row.header[-1] >= shown:
            return ()
        tokens = sum(self._lines[at].tokens for at in row.header)
        return row.header if tokens <= min(room.tokens * _HEADER, room.tokens - row.tokens) else ()

    def _window(self, shown: int, begin: int, end: int, tokens: int) -> Window:
        """Of the lines from `shown` to `end`, of which those from `begin` on are its own."""
        start, stop = self._lines[shown].start, self._lines[end - 1].stop
        header = self._header(shown, end, self._room)
        pieces = [Piece(start, stop)]
        if header:
            row = next(line for line in self._lines[shown:end] if line.header == header)
            again = [Piece(self._lines[at].start, self._lines[at].stop, repeated=True) for at in header]
            pieces = [*([Piece(start, row.start)] if start < row.start else []), *again, Piece(row.start, stop)]
        return Window(start, stop, self._lines[begin].start, tuple(pieces), tokens)

    def _line_at(self, offset: int) -> int:
        """The first line that begins there or behind it."""
        return bisect_left(self._lines, offset, key=lambda line: line.start)


def _half(tokens: Iterable[int]) -> int:
    """At least one."""
    return max(1, -(-sum(tokens) // 2))
