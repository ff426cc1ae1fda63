"""Equal numbers of one answer in one table (`100` for 2024 and for 2025): each has the cell whose row and whose head
are named by its keys, or by the texts and years beside it in its row of a list. One that these name no better keeps the
place that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.text_table import CellNames, TextTable, names, stem
from extractor.evidence.word_index import MOST
from extractor.notation.key_words import key_words

_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TEXT = 12  # words of a text beside a value that may name its row
_ODD = 3  # `mismatch` of what seems to say something else

FindAll = Callable[[Scalar], Sequence[Occurrence]]


class _Fit(NamedTuple):
    score: int  # how many words name it
    is_own: bool  # the value has this place already
    value: int
    place: int


def with_cells(
    table: TextTable, found: Sequence[Scalar], occurrences: Sequence[Occurrence], find: FindAll
) -> list[Occurrence]:
    """`occurrences`, with other places for equal numbers that row and head tell apart, and one for a number that has
    none and both name. `find`: all places of a value."""
    kept = list(occurrences)
    equal: dict[Decimal, list[int]] = {}
    for at, one in enumerate(found):
        if isinstance(one.value, int | Decimal) and not isinstance(one.value, bool):
            equal.setdefault(Decimal(one.value), []).append(at)
    fields = _FieldNames(found)
    for several in equal.values():
        if len(several) == 1 and occurrences[several[0]]:
            continue
        if min(len(several), 2) <= len(places := find(found[several[0]])) < MOST:
            by_start = {one[0].start: one for one in places if one[0].mismatch < _ODD}
            for at, start in _chosen(several, occurrences, by_start, table, fields).items():
                kept[at] = by_start[start]
    return kept


def _chosen(
    several: Sequence[int],
    occurrences: Sequence[Occurrence],
    places: dict[int, Occurrence],
    table: TextTable,
    fields: _FieldNames,
) -> dict[int, int]:
    """By the number of a value, where the place begins that it has instead of its own: the best fits first, each place
    once."""
    own = {at: occurrences[at][0].start for at in several if occurrences[at]}
    cells = {start: table.named(start, one[0].stop) for start, one in places.items()}
    fits = [one for at in several for one in _fits(at, own.get(at), cells, fields.of(at))]
    moved: dict[int, int] = {}
    settled, taken = set[int](), set[int]()
    for _, is_own, at, start in sorted(fits, key=lambda fit: (-fit.score, not fit.is_own)):
        if at not in settled and start not in taken:
            settled.add(at)
            taken.add(start)
            if not is_own:
                moved[at] = start
    return moved


def _fits(at: int, own: int | None, cells: dict[int, CellNames], words: frozenset[str]) -> Iterator[_Fit]:
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
        keys = {stem(word) for part in path if isinstance(part, str) for word in key_words(part)}
        rows = (self._beside.get(path[:length], ()) for length in range(1, len(path)))
        return frozenset(word for word in (*keys, *(word for row in rows for word in row)) if names(word))


def _words_of(value: object) -> set[str]:
    if isinstance(value, str):
        return set(map(stem, _WORD.findall(value)[:_TEXT]))
    return {str(value)} if isinstance(value, int) and _YEAR.fullmatch(str(value)) else set()
