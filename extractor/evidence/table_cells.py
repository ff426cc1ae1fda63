"""Equal numbers of one answer in one table (`100` for 2024 and for 2025): each has the cell whose row and whose head
are named by its keys, or by the texts and years beside it in its row of a list. One that these name no better keeps the
place that it has."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.spans import Span
from extractor.evidence.word_index import MOST, plain
from extractor.notation.key_words import key_words

_CUT = re.compile(r"[ \u00a0]*[|│┃║\t][ \u00a0]*|[ \u00a0]{2,}")
_BAR = re.compile(r"[|│┃║\t]")
_WORD = re.compile(r"[^\W_]+")
_AMOUNT = re.compile(r"[^\w\n]*(?:[A-Z]{3} ?)?-?\d[\d.,'’ \u00a0]*(?:[A-Z]{3}\b)?[^\w\n]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LINE, _ABOVE = 2_000, 60  # characters of a line, and lines above a cell, that are looked at
_HEADS = 3  # lines of heads
_LONGEST = 40  # characters of an amount
_LEAST = 3  # letters of a word that names anything
_TEXT = 12  # words of a text beside a value that may name its row
_ODD = 3  # `mismatch` of what seems to say something else

FindAll = Callable[[Scalar], Sequence[Occurrence]]
T = TypeVar("T")


class _Named(NamedTuple):
    """What names a cell: the other words of its line, and those of the heads above it. `is_cell`: it is a number and
    nothing else."""

    row: frozenset[str]
    head: frozenset[str]
    is_cell: bool


class _Fit(NamedTuple):
    score: int  # how many words name it
    is_own: bool  # the value has this place already
    value: int
    place: int


def with_cells(
    text: str, ends: Sequence[int], found: Sequence[Scalar], occurrences: Sequence[Occurrence], find: FindAll
) -> list[Occurrence]:
    """`occurrences`, with other places for equal numbers that row and head tell apart. `ends`: of the lines of `text`;
    `find`: all places of a value."""
    kept = list(occurrences)
    equal: dict[Decimal, list[int]] = {}
    for at, one in enumerate(found):
        if isinstance(one.value, int | Decimal) and not isinstance(one.value, bool):
            equal.setdefault(Decimal(one.value), []).append(at)
    table = _Table(text, ends)
    names = _FieldNames(found)
    for several in equal.values():
        if len(several) > 1 and 1 < len(places := find(found[several[0]])) < MOST:
            by_start = {one[0].start: one for one in places if one[0].mismatch < _ODD}
            for at, start in _chosen(several, occurrences, by_start, table, names).items():
                kept[at] = by_start[start]
    return kept


def _chosen(
    several: Sequence[int],
    occurrences: Sequence[Occurrence],
    places: dict[int, Occurrence],
    table: _Table,
    names: _FieldNames,
) -> dict[int, int]:
    """By the number of a value, where the place begins that it has instead of its own: the best fits first, each place
    once."""
    own = {at: occurrences[at][0].start for at in several if occurrences[at]}
    cells = {start: table.named(start, one[0].stop) for start, one in places.items()}
    fits = [one for at in several for one in _fits(at, own.get(at), cells, names.of(at))]
    moved: dict[int, int] = {}
    settled, taken = set[int](), set[int]()
    for _, is_own, at, start in sorted(fits, key=lambda fit: (-fit.score, not fit.is_own)):
        if at not in settled and start not in taken:
            settled.add(at)
            taken.add(start)
            if not is_own:
                moved[at] = start
    return moved


def _fits(at: int, own: int | None, cells: dict[int, _Named], words: frozenset[str]) -> Iterator[_Fit]:
    """Its own place, and those that are named better: by more words of their rows or heads, and by no fewer of either.
    One that has none needs both its row and its head."""
    named = {start: (len(words & cell.row), len(words & cell.head)) for start, cell in cells.items()}
    row, head = named.get(own, (0, 0)) if own is not None else (1, 1)
    for start, (by_row, by_head) in named.items():
        better = by_row >= row and by_head >= head and (own is None or by_row + by_head > row + head)
        if start == own or (better and by_head and cells[start].is_cell):
            yield _Fit(by_row + by_head, start == own, at, start)


class _FieldNames:
    """Of one answer."""

    def __init__(self, found: Sequence[Scalar]) -> None:
        self._found = found
        self._beside: dict[JsonPath, set[str]] = {}  # by a row, the words of its texts and its years
        for one in found:
            if len(one.path) > 1 and isinstance(one.path[-2], int):
                self._beside.setdefault(one.path[:-1], set()).update(_words_of(one.value))

    def of(self, at: int) -> frozenset[str]:
        """The words of its keys, and what stands beside it in the rows that it is in."""
        path = self._found[at].path
        keys = {_stem(word) for part in path if isinstance(part, str) for word in key_words(part)}
        rows = (self._beside.get(path[:length], ()) for length in range(1, len(path)))
        return frozenset(word for word in (*keys, *(word for row in rows for word in row)) if _names(word))


def _words_of(value: object) -> set[str]:
    if isinstance(value, str):
        return set(map(_stem, _WORD.findall(value)[:_TEXT]))
    return {str(value)} if isinstance(value, int) and _YEAR.fullmatch(str(value)) else set()


def cache_of_lines(method: Callable[[_Table, int], T]) -> Callable[[_Table, int], T]:
    """Of each line once: cells of one table ask for the same lines."""

    @wraps(method)
    def known(table: _Table, line: int) -> T:
        key = method.__name__, line
        if key not in table.known:
            table.known[key] = method(table, line)
        return cast(T, table.known[key])

    return known


class _Table:
    """The lines of one text, as rows of cells."""

    def __init__(self, text: str, ends: Sequence[int]) -> None:
        self._text, self._ends = text, ends
        self.known: dict[tuple[str, int], Any] = {}

    def named(self, start: int, stop: int) -> _Named:
        line = bisect_left(self._ends, start)
        cell = next((at for at, span in enumerate(self._cells(line)) if span[1] > start), 0)
        first = self._begin(line)
        row = self._named_by(line) - set(self._words(start, stop))
        heads = (self._above(above, line, cell, (start - first, stop - first)) for above in self._heads(line))
        is_cell = any(self._is_amount(one) for one in self._cells(line)[cell : cell + 1])
        return _Named(row, frozenset(word for head in heads for word in head), is_cell)

    @cache_of_lines
    def _named_by(self, line: int) -> frozenset[str]:
        """The words of a line that may name its numbers, years among them."""
        words = self._words(self._begin(line), self._end(line))
        return frozenset(word for word in words if _names(word) and (not word.isdecimal() or _YEAR.fullmatch(word)))

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
        """The words of the cell right above, by bars where they part both lines, else by columns."""
        cells, first = self._cells(above), self._begin(above)
        if self._has_bars(above) and self._has_bars(line):
            over = cells[cell : cell + 1]
        else:
            over = [one for one in cells if one[0] - first < columns[1] and columns[0] < one[1] - first]
        return [word for span in over for word in self._words(*span)]

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
        return [_stem(word) for word in _WORD.findall(self._text, start, stop)]


def _stem(word: str) -> str:
    """Singular and plural are compared as one."""
    return plain(word).removesuffix("s")


def _names(word: str) -> bool:
    return len(word) >= _LEAST or not word.isascii()
