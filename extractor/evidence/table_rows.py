"""Where the rows of a list stand, all of them together: one behind the other, each where most of its values are near
each other. A value that a row does not print is not looked for in the next one, because that one then lacks it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from extractor.evidence.occurrence import Occurrence
from extractor.evidence.spans import Span

FindInRow = Callable[[int, int, int], list[Occurrence]]  # the places of a row's value behind an offset, in order

_WAYS = 6  # that are followed at a time; fewer where there are many rows
_WORK = 1_200  # rows on as many ways
_NEXT = 3  # places of a value behind an offset that are looked at
_TALL = (0, 1, 2, 4, 8)  # lines that a row may have more than one
_MISSING = 3.0  # what a value costs that its row does not print; a line apart costs one
_NOWHERE = 0.5  # by so much rather nowhere than torn out of others
_TURNED, _ANSWER = 0.5, 0.15  # two values in another order than in the row before, or than in the answer
_UNEQUAL, _SHARED = 0.5, 2.0  # rows of unlike heights; a line that one row of several lines has with another
_ODD = 0.5  # a place where the value is printed in another way
_APART = 0.25  # of characters within a row, as a power of two
_SOON = 0.01  # of rows that are too many the last are nowhere
_ENOUGH = 1
_FAR = 2.0  # what any number of lines between rows costs at most
_ANYWHERE = 8  # of starts of the first row


@dataclass(frozen=True)
class RowPlacement:
    """A row: `at` says by the number of a value where that stands, of those that it prints."""

    cost: float
    at: dict[int, Occurrence]

    @cached_property
    def span(self) -> Span:
        return min(one[0].start for one in self.at.values()), max(one[-1].stop for one in self.at.values())

    @cached_property
    def order(self) -> list[int]:
        return sorted(self.at, key=lambda value: self.at[value][0].start)


@dataclass(frozen=True)
class _RowPath:
    cost: float
    stop: int
    row: RowPlacement | None
    before: _RowPath | None
    order: list[int]


class RowPlacements:
    """`sizes`: how many values each row has; `line` of an offset; the first begins at `since` or behind it."""

    def __init__(self, sizes: Sequence[int], find: FindInRow, line: Callable[[int], int], since: int) -> None:
        self._sizes, self._find, self._line, self._since = sizes, find, line, since
        # of each row the values that stand anywhere
        self._printed = [sum(bool(find(at, value, since)) for value in range(size)) for at, size in enumerate(sizes)]

    def rows(self) -> list[RowPlacement | None]:
        """Where the values of each row stand; None for a row that is nowhere."""
        ways = [_RowPath(0.0, self._since, None, None, [])]
        most = max(2, min(_WAYS, _WORK // max(1, len(self._sizes))))
        for at in range(len(self._sizes)):
            nowhere = max(_MISSING * self._printed[at] - _NOWHERE, 0.0) + _SOON / (1 + at)
            further = [_RowPath(way.cost + nowhere, way.stop, None, way, way.order) for way in ways]
            for way in ways:
                further += self._on(way, at)
            best: dict[int, _RowPath] = {}
            for one in sorted(further, key=lambda one: one.cost):
                best.setdefault(one.stop, one)
            ways = list(best.values())[:most]
        found: list[RowPlacement | None] = []
        last = ways[0]
        while last.before is not None:
            found.append(last.row)
            last = last.before
        return self._left(found[::-1])

    def _on(self, way: _RowPath, at: int) -> list[_RowPath]:
        further = []
        is_first = way.stop == self._since
        for row in self._rows(at, way.stop, _ANYWHERE if is_first else _NEXT, way.order):
            turned = (
                _TURNED * _turned(way.order, row.order) if way.order else _ANSWER * _turned(sorted(row.at), row.order)
            )
            cost = row.cost + turned
            if not is_first:
                cost += min(math.log2(1 + self._line(row.span[0]) - self._line(way.stop - 1)), _FAR)
            if way.row is not None:
                tall, before = self._tall(row), self._tall(way.row)
                cost += _UNEQUAL * (tall != before)
                cost += _SHARED * (max(tall, before) > 0 and self._line(row.span[0]) == self._line(way.stop - 1))
            further.append(_RowPath(way.cost + cost, row.span[1], row, way, row.order))
        return further

    def _tall(self, row: RowPlacement) -> int:
        return self._line(row.span[1] - 1) - self._line(row.span[0])

    def _rows(
        self, at: int, since: int, starts: int, order: Sequence[int] = (), taken: Sequence[Span] = ()
    ) -> list[RowPlacement]:
        """Ways for a row to stand behind `since`, clear of what is `taken`. `order`: of the row before."""
        ahead: list[list[Occurrence]] = []
        for value in range(self._sizes[at]):
            occurrences = self._find(at, value, since)
            if taken:
                occurrences = [one for one in occurrences if not any(_meet(one, span) for span in taken)]
            ahead.append(occurrences)
        firsts = sorted({one[0].start for occurrences in ahead for one in occurrences[:starts]})[: 2 * starts + 2]
        placements: dict[tuple[tuple[int, int], ...], RowPlacement] = {}
        whole = 0  # rows that have all their values in a line
        for first in firsts:
            for tall in _TALL:
                row = self._row(ahead, self._printed[at], order, first, self._line(first) + tall)
                placements.setdefault(tuple(sorted((value, one[0].start) for value, one in row.at.items())), row)
                if len(row.at) == sum(map(bool, ahead)):
                    whole += tall == 0
                    break
            if whole > _ENOUGH:
                break
        return [row for row in placements.values() if row.at]

    def _row(
        self, ahead: list[list[Occurrence]], printed: int, order: Sequence[int], first: int, last_line: int
    ) -> RowPlacement:
        """The values of a row that begins at `first`, each in the nearest place that is nobody's."""
        at: dict[int, Occurrence] = {}
        ranks = {value: rank for rank, value in enumerate(order)}

        def by_choice(value: int) -> tuple[int, int, int]:
            return len(ahead[value]), -_length(ahead[value]), ranks.get(value, value)

        for value in sorted(range(len(ahead)), key=by_choice):
            begin = bisect_left(ahead[value], first, key=lambda one: one[0].start)
            for one in ahead[value][begin : begin + _NEXT + 1]:
                if self._line(one[0].start) > last_line:
                    break
                if not any(one[0].start < other[-1].stop and other[0].start < one[-1].stop for other in at.values()):
                    at[value] = one
                    break
        cost = _MISSING * (printed - len(at))
        if at:
            row = RowPlacement(0.0, at)
            start, stop = row.span
            covered = sum(one[-1].stop - one[0].start for one in at.values())
            cost += math.log2(1 + self._tall(row)) + _APART * math.log2(1 + max(stop - start - covered, 0))
            cost += _ODD * sum(one[0].mismatch > 1 for one in at.values())
        return RowPlacement(cost, at)

    def _left(self, found: list[RowPlacement | None]) -> list[RowPlacement | None]:
        """Rows that stand on no way: the answer may have them in another order."""
        for at, missing in enumerate(found):
            taken = [one.span for one in found if one is not None]
            if missing is None and taken:
                rows = self._rows(at, self._since, _ANYWHERE, taken=taken)
                best = min(rows, key=lambda row: row.cost, default=None)
                if best is not None and 2 * len(best.at) > self._printed[at]:
                    found[at] = best
        return found


def _turned(before: list[int], now: list[int]) -> int:
    """Pairs that stand the other way round."""
    place = {value: at for at, value in enumerate(now)}
    both = [value for value in before if value in place]
    return sum(place[one] > place[other] for one, other in combinations(both, 2))


def _meet(occurrence: Occurrence, span: Span) -> bool:
    return occurrence[0].start < span[1] and span[0] < occurrence[-1].stop


def _length(occurrences: list[Occurrence]) -> int:
    return occurrences[0][-1].stop - occurrences[0][0].start if occurrences else 0
