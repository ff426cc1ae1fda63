"""What a document prints once for several rows of a list: a cell that goes on below itself, a heading over rows, the
head of a column or of a line with several numbers. It is the place of its value in each of these rows.

Only of texts, days and years: that a number stands once for several rows cannot be told from a row that has none, but
where its label stands beside it (row_owner.py)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.spans import Span
from extractor.evidence.structure import column_of, row_of
from extractor.evidence.text_table import TextTable

_YEAR = re.compile(r"(?:19|20)\d\d")
_ROWS = 200  # of one list, that are looked at for one value
_PLACES = 32  # of a value


def with_shared(
    table: TextTable,
    ends: Sequence[int],
    found: Sequence[Scalar],
    occurrences: Sequence[Occurrence],
    find: Callable[[Scalar], Sequence[Occurrence]],
) -> list[Occurrence]:
    """`occurrences`, and for values of rows that have none the cell that they share. `ends`: of the lines of the text;
    `find`: all places of a value."""
    kept = list(occurrences)
    columns: dict[JsonPath, list[int]] = {}
    rows: dict[JsonPath, list[int]] = {}
    for at, one in enumerate(found):
        if row := row_of(one):
            columns.setdefault(column_of(one), []).append(at)
            rows.setdefault(row, []).append(at)
    if any(not occurrences[at] and _is_shareable(found[at].value) for several in columns.values() for at in several):
        lists = _AnswerRows(table, ends, found, occurrences, rows)
        for several in columns.values():
            for number, at in enumerate(several):
                if not occurrences[at] and _is_shareable(found[at].value):
                    kept[at] = lists.shared(several, number, find) or ()
    return kept


def _is_shareable(value: object) -> bool:
    if isinstance(value, str):
        return value != ""
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and bool(_YEAR.fullmatch(str(value)))


class _AnswerRows:
    """Of one answer, and where their values stand."""

    def __init__(
        self,
        table: TextTable,
        ends: Sequence[int],
        found: Sequence[Scalar],
        occurrences: Sequence[Occurrence],
        rows: dict[JsonPath, list[int]],
    ) -> None:
        self._table, self._ends, self._found, self._occurrences = table, ends, found, occurrences
        self._rows = rows

    def shared(
        self, column: Sequence[int], number: int, find: Callable[[Scalar], Sequence[Occurrence]]
    ) -> Occurrence | None:
        """Where value `number` of a column stands that another row has too, or that is the head above its numbers."""
        at = column[number]
        own = [span for span in self._beside(at) if span]
        if not own:
            return None
        for other in self._equal(column, number):
            if self._heads_line(other, own) or self._goes_on(column, other, own):
                return self._occurrences[other]
        places = find(self._found[at])
        heads = [one for one in places[:_PLACES] if any(self._table.is_head_of(_span(one), cell) for cell in own)]
        return heads[0] if len(heads) == 1 else None

    def _equal(self, column: Sequence[int], number: int) -> Iterator[int]:
        """Those of the rows before and behind that say the same and have a place, the nearest first; each once."""
        value = self._found[column[number]].value
        before = column[max(0, number - _ROWS) : number][::-1]
        seen: set[int] = set()
        for other in (*before, *column[number + 1 : number + _ROWS]):
            where = self._occurrences[other]
            if where and self._found[other].value == value and where[0].start not in seen:
                seen.add(where[0].start)
                yield other

    def _beside(self, at: int) -> list[Span]:
        """Where the other values of its row stand."""
        others = self._rows[row_of(self._found[at])]
        return [_span(self._occurrences[other]) for other in others if other != at and self._occurrences[other]]

    def _heads_line(self, other: int, own: Sequence[Span]) -> bool:
        """Whether the place of `other` leads the line that the rest of both rows stands in."""
        start = self._occurrences[other][0].start
        line = self._line(start)
        theirs = [span for span in self._beside(other) if self._line(span[0]) == line]
        ours = [span for span in own if self._line(span[0]) == line]
        return bool(theirs and ours) and all(start < span[0] for span in (*theirs, *ours))

    def _goes_on(self, column: Sequence[int], other: int, own: Sequence[Span]) -> bool:
        """Whether the place of `other` stands above the row and nothing of its column between: blank below it to the
        row's line, or alone in its own line with no other heading behind it."""
        place = _span(self._occurrences[other])
        first = min(own)
        line, above = self._line(first[0]), self._line(place[0])
        if line <= above:
            return False
        if self._table.is_blank_below(place, line):
            return True
        if not self._table.is_alone(place) or any(self._line(span[0]) == above for span in self._beside(other)):
            return False
        between = (self._occurrences[one] for one in column if one != other)
        return not any(one and place[1] <= one[0].start < first[0] for one in between)

    def _line(self, offset: int) -> int:
        return bisect_left(self._ends, offset)


def _span(occurrence: Occurrence) -> Span:
    return occurrence[0].start, occurrence[-1].stop
