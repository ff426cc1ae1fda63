"""The lines of a text as rows of cells: what names a cell, which stand above it, what is blank below one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from extractor.evidence.spans import Span
from extractor.evidence.word_index import plain

_CUT = re.compile(r"[ \u00a0]*[|│┃║\t][ \u00a0]*|[ \u00a0]{2,}")
_BAR = re.compile(r"[|│┃║\t]")
_WORD = re.compile(r"[^\W_]+")
_AMOUNT = re.compile(r"[^\w\n]*(?:[A-Z]{3} ?)?-?\d[\d.,'’ \u00a0]*(?:[A-Z]{3}\b)?[^\w\n]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LINE, _ABOVE = 2_000, 60  # characters of a line, and lines above a cell, that are looked at
_HEADS = 3  # lines of heads
_LONGEST = 40  # characters of an amount
_LEAST = 3  # letters of a word that names anything

T = TypeVar("T")


class CellNames(NamedTuple):
    """What names a cell: the other words of its line, and those of the heads above it. `is_cell`: it is a number and
    nothing else."""

    row: frozenset[str]
    head: frozenset[str]
    is_cell: bool


def cache_of_lines(method: Callable[[TextTable, int], T]) -> Callable[[TextTable, int], T]:
    """Of each line once: cells of one table ask for the same lines."""

    @wraps(method)
    def known(table: TextTable, line: int) -> T:
        key = method.__name__, line
        if key not in table.known:
            table.known[key] = method(table, line)
        return cast(T, table.known[key])

    return known


class TextTable:
    """The lines of one text, as rows of cells."""

    def __init__(self, text: str, ends: Sequence[int]) -> None:
        self._text, self._ends = text, ends
        self.known: dict[tuple[str, int], Any] = {}

    def named(self, start: int, stop: int) -> CellNames:
        line = bisect_left(self._ends, start)
        cell = self._number(line, start)
        first = self._begin(line)
        row = self._named_by(line) - set(self._words(start, stop))
        heads = (self._above(above, line, cell, (start - first, stop - first)) for above in self._heads(line))
        return CellNames(row, frozenset(word for head in heads for word in head), self._is_number(line, start))

    def is_head_of(self, head: Span, cell: Span) -> bool:
        """Whether `head` stands in a cell right above `cell`, a number and nothing else, in the heads of its table."""
        line, above = bisect_left(self._ends, cell[0]), bisect_left(self._ends, head[0])
        if above not in self._heads(line) or not self._is_number(line, cell[0]):
            return False
        first, number = self._begin(line), self._number(line, cell[0])
        over = self._over(above, line, number, (cell[0] - first, cell[1] - first))
        return any(start <= head[0] and head[1] <= stop for start, stop in over)

    def is_alone(self, cell: Span) -> bool:
        """Whether its line has no other cell."""
        return len(self._cells(bisect_left(self._ends, cell[0]))) == 1

    def is_blank_below(self, cell: Span, line: int) -> bool:
        """Whether nothing stands under `cell` in any line from the next one to `line`."""
        own = bisect_left(self._ends, cell[0])
        if not own < line <= own + _ABOVE:
            return False
        first, number = self._begin(own), self._number(own, cell[0])
        columns = (cell[0] - first, cell[1] - first)
        return all(
            self._text[slice(*under)].strip() == ""
            for below in range(own + 1, line + 1)
            for under in self._over(below, own, number, columns)
        ) and any(self._begin(below) < self._end(below) for below in range(own + 1, line + 1))

    def _is_number(self, line: int, offset: int) -> bool:
        """Whether its cell there says a number and nothing else."""
        cell = self._number(line, offset)
        return any(map(self._is_amount, self._cells(line)[cell : cell + 1]))

    def _number(self, line: int, offset: int) -> int:
        """Which cell of its line is there."""
        return next((at for at, span in enumerate(self._cells(line)) if span[1] > offset), 0)

    @cache_of_lines
    def _named_by(self, line: int) -> frozenset[str]:
        """The words of a line that may name its numbers, years among them."""
        words = self._words(self._begin(line), self._end(line))
        return frozenset(word for word in words if names(word) and (not word.isdecimal() or _YEAR.fullmatch(word)))

    @cache_of_lines
    def _heads(self, line: int) -> list[int]:
        """The nearest lines above that are heads, and those right above them that are."""
        found: list[int] = []
        alone = 0
        for above in range(line - 1, max(-1, line - 1 - _ABOVE), -1):
            kind = self._kind(above)
            if kind == "head":
                found.append(above)
            alone = alone + 1 if kind == "text" else alone if kind == "ruler" else 0
            if alone > 1 or len(found) == _HEADS or (found and kind != "head"):
                break
        return found

    @cache_of_lines
    def _kind(self, line: int) -> str:
        """Whether it is a row of amounts, or of heads; one cell of text; or says nothing."""
        cells = [cell for cell in self._cells(line) if _WORD.search(self._text, *cell)]
        if any(map(self._is_amount, cells)):
            return "amounts"
        return "head" if len(cells) > 1 else "text" if cells else "ruler"

    def _above(self, above: int, line: int, cell: int, columns: Span) -> list[str]:
        """The words of the cell right above."""
        return [word for span in self._over(above, line, cell, columns) for word in self._words(*span)]

    def _over(self, other: int, line: int, cell: int, columns: Span) -> list[Span]:
        """The cells of another line in the column of a cell, by bars where they part both lines, else by columns."""
        cells, first = self._cells(other), self._begin(other)
        if self._has_bars(other) and self._has_bars(line):
            return cells[cell : cell + 1]
        return [one for one in cells if one[0] - first < columns[1] and columns[0] < one[1] - first]

    @cache_of_lines
    def _cells(self, line: int) -> list[Span]:
        start, stop = self._begin(line), self._end(line)
        cuts = [cut.span() for cut in _CUT.finditer(self._text, start, stop)]
        edges = [start, *(edge for cut in cuts for edge in cut), stop]
        spans = list(zip(edges[::2], edges[1::2], strict=True))
        return spans if self._has_bars(line) else [one for one in spans if one[0] < one[1]]

    def _begin(self, line: int) -> int:
        return self._ends[line - 1] + 1 if line else 0

    def _end(self, line: int) -> int:
        end = self._ends[line] if line < len(self._ends) else len(self._text)
        return min(end, self._begin(line) + _LINE)

    def _has_bars(self, line: int) -> bool:
        return _BAR.search(self._text, self._begin(line), self._end(line)) is not None

    def _is_amount(self, cell: Span) -> bool:
        printed = self._text[slice(*cell)]
        if len(printed) > _LONGEST:
            return False
        return _AMOUNT.fullmatch(printed) is not None and _YEAR.fullmatch(printed.strip()) is None

    def _words(self, start: int, stop: int) -> list[str]:
        return [stem(word) for word in _WORD.findall(self._text, start, stop)]


def stem(word: str) -> str:
    """Singular and plural are compared as one."""
    return plain(word).removesuffix("s")


def names(word: str) -> bool:
    return len(word) >= _LEAST or not word.isascii()
