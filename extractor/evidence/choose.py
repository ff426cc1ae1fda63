"""Chooses among the places where a value is printed: the one that fits its label, its row and its neighbours in the
answer. One search with one state that its parts read in turn. Which places there are value_lookup.py knows."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from extractor.evidence import row_numbers
from extractor.evidence.answer_columns import with_columns
from extractor.evidence.best_path import path as likeliest
from extractor.evidence.labels import FAR, NEAR
from extractor.evidence.list_values import ListValues
from extractor.evidence.named import NamingLabels
from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.overlap import apart, not_within
from extractor.evidence.row_owner import at_home
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.shared_cells import with_shared
from extractor.evidence.spans import Span
from extractor.evidence.structure import (
    column_of,
    counting,
    is_list,
    key_of,
    list_of,
    row_above,
    row_of,
    single,
    together,
)
from extractor.evidence.table_cells import with_cells
from extractor.evidence.table_rows import RowPlacements
from extractor.evidence.text_table import TextTable
from extractor.evidence.value_lookup import ValueLookup

_CHOICES = 12  # of places for a value, between which its neighbours decide
_ELSE = 3  # `mismatch` of what seems to say something else
_COLUMN = 12  # characters that columns of text are apart
_BACK = 3  # lines, as a power of two, that a step back is as unlikely as


class _Window(NamedTuple):
    """Of a row: from where to where it stands, and by their paths the likely places of values."""

    begin: int
    end: int
    occurrences: dict[JsonPath, Occurrence]


class _Choice(NamedTuple):
    """Where a value may stand; `object`: the path of what it is in."""

    object: JsonPath
    occurrence: Occurrence


class EvidenceSearch:
    """Chooses among the places of values."""

    def __init__(
        self,
        document: str,
        breaks: Sequence[int] = (),
        json_schema: dict[str, Any] | None = None,
        file_names: Sequence[Span] = (),
    ) -> None:
        """`breaks`: where its pages begin. `json_schema`: of the answers, whose titles and descriptions name labels.
        `file_names`: where a reader wrote what files are called: no place but for fields that ask for files."""
        self._lookup = ValueLookup(document, breaks, json_schema or {}, file_names)
        self._text, self._labels = document, self._lookup.labels
        self._ends = [at.start() for at in re.finditer("\n", document)]  # of lines
        self._offset = 0  # where the value before was found
        self._taken: set[int] = set()  # where those of the list so far were
        self._counting: set[JsonPath] = set()
        self._begins: dict[JsonPath, int] = {}  # by the path of a row, where it begins

    def of(self, found: list[Scalar]) -> list[Occurrence]:
        """Where each is printed; empty for what is not, and for null."""
        occurrences: list[Occurrence] = []
        self._lookup.begin(found)
        self._counting = counting(found)
        groups = [list(group) for _, group in groupby(found, key=row_of)]
        groups = [part for _, same in groupby(groups, key=single) for part in together(list(same))]
        for _, same in groupby(groups, key=_table):
            rows = list(same)
            windows = self._windows(rows) if _table(rows[0]) else [_Window(0, 0, {})] * len(rows)
            for several, window in zip(rows, windows, strict=True):
                occurrences += self._of_group(several, window)
        occurrences = apart(found, at_home(found, occurrences, self._is_shared, self._line))
        table, names, whole = TextTable(self._text, self._ends), self._lookup.names, self._labels.whole
        occurrences = with_cells(table, found, occurrences, lambda scalar: self._lookup.of(scalar, 0))
        occurrences = with_columns(
            self._text, self._ends, found, occurrences, names, lambda scalar: whole(key_of(scalar))
        )
        return with_shared(table, self._ends, found, occurrences, lambda scalar: self._lookup.of(scalar, 0))

    def labels(self, found: list[Scalar], occurrences: list[Occurrence]) -> NamingLabels:
        """Which printed label names each; `occurrences`: where they stand."""
        lookup = self._lookup
        return NamingLabels(lookup.printed, lookup.counted, lookup.described.descriptions, found, occurrences)

    def _is_shared(self, scalar: Scalar, occurrence: Occurrence) -> bool:
        """Whether a value may be said once for several rows. A yes or no is said of one."""
        if isinstance(scalar.value, bool) and row_of(scalar):
            return False
        if isinstance(scalar.value, str) and any(map(str.isalpha, scalar.value)):
            return True
        return self._labels.distance(self._labels.of(key_of(scalar)), occurrence[0]) <= NEAR

    def _windows(self, rows: list[list[Scalar]]) -> list[_Window]:
        """Where each row of a list stands: from the first value of it to the first of the next, whole lines where they
        are its own."""
        own = [[one for one in several if not list_of(one)] for several in rows]
        since = self._begin(row_of(rows[0][0]))
        table_rows = RowPlacements(
            [len(several) for several in own],
            lambda row, value, since: self._lookup.ahead(own[row][value], since),
            self._line,
            since,
        ).rows()
        text, edges = self._text, sorted(table_row.span for table_row in table_rows if table_row is not None)
        windows: list[_Window] = []
        for table_row, several in zip(table_rows, own, strict=True):
            if table_row is None:
                windows.append(_Window(0, 0, {}))
                continue
            (first, last), at = table_row.span, edges.index(table_row.span)
            begin = max(text.rfind("\n", 0, first) + 1, edges[at - 1][1] if at else 0)
            end = edges[at + 1][0] if at + 1 < len(edges) else text.find("\n", last) % (len(text) + 1)
            line = text.rfind("\n", last, end) + 1
            occurrences = {several[number].path: where for number, where in table_row.at.items()}
            windows.append(_Window(begin, line if last <= line < end else end, occurrences))
        return windows

    def _of_group(self, several: list[Scalar], window: _Window) -> list[Occurrence]:
        """The values of an object, and those of its lists, which stand behind each other. `window`: where it stands,
        when it is a row."""
        parts = [list(part) for _, part in groupby(several, key=list_of)]
        own = [one for part in parts if not is_list(part) for one in part]
        placed: dict[JsonPath, Occurrence] = {}
        row, bounds = row_of(several[0]), (0, len(self._text))
        if row and (not own or row_of(several[-1]) != row):  # lists in a list, or rows of one value each
            bounds = (self._begin(row), bounds[1])
        if row and row_of(several[-1]) != row:
            parts = []
            self._of_list(several, bounds, placed)
        elif row and len(own) > 1:
            bounds = self._of_row(own, window, placed)
        for part in parts:
            if is_list(part):
                self._of_list(part, bounds, placed)
            elif part[0].path not in placed:
                since = self._begins.get(row, self._begin(row)) if row else 0
                self._keep(part, self._in_order(part, since), placed)
        self._begins.setdefault(
            row, min((occurrence[0].start for occurrence in placed.values() if occurrence), default=self._offset)
        )
        return [placed[one.path] for one in several]

    def _begin(self, row: JsonPath) -> int:
        """From where on a row may stand: behind the one before it; the first within the row that it is in, the first
        of all anywhere."""
        if row[-1]:
            return self._offset
        return self._begins.get(row_above(row), 0) if any(isinstance(part, int) and part for part in row) else 0

    def _of_list(self, several: list[Scalar], bounds: Span, placed: dict[JsonPath, Occurrence]) -> None:
        labels = self._labels.of_list(key_of(several[0]))
        found = ListValues(
            self._text,
            [one.value for one in several],
            lambda at, since: self._lookup.of(several[at], since),
            lambda occurrence: self._labels.distance(labels, occurrence[0]),
            min(max(self._offset, bounds[0]), bounds[1]),
            bounds,
        ).occurrences()
        self._offset = max((occurrence[-1].stop for occurrence in found if occurrence), default=self._offset)
        self._keep(several, found, placed)

    @staticmethod
    def _keep(several: list[Scalar], found: list[Occurrence], placed: dict[JsonPath, Occurrence]) -> None:
        placed |= {one.path: occurrence for one, occurrence in zip(several, found, strict=True)}

    def _in_order(self, several: list[Scalar], since: int = 0) -> list[Occurrence]:
        """Each nearest behind its label; where that leaves a choice, as they follow each other in the document. Behind
        `since`, where they are there."""
        likely: list[list[Occurrence]] = []
        for scalar in several:
            labels = [label for label in self._lookup.labels_of(scalar) if label[0] >= since]
            candidates = self._lookup.of(scalar, labels[0][1] if labels else max(self._offset, since))
            candidates = [occurrence for occurrence in candidates if occurrence[0].start >= since] or candidates
            candidates = [one for one in candidates if self._is_spoken_for(one, labels)]
            costs = [self._from_label(occurrence, labels) for occurrence in candidates]
            likely.append(
                [occurrence for occurrence, cost in zip(candidates, costs, strict=True) if cost == min(costs)]
            )
            if likely[-1]:
                ahead = (occurrence for occurrence in likely[-1] if occurrence[0].start >= self._offset)
                self._offset = next(ahead, likely[-1][0])[-1].stop
        likely = not_within(likely)
        pairs = zip(several, likely, strict=True)
        choices = [[_Choice(one.path[:-1], each) for each in some[:_CHOICES]] for one, some in pairs if some]
        chosen = (one.occurrence for one in likeliest(choices, self._step))
        occurrences = [next(chosen) if each else () for each in likely]
        self._offset = max((occurrence[-1].stop for occurrence in occurrences[-1:] if occurrence), default=self._offset)
        return occurrences

    def _is_spoken_for(self, occurrence: Occurrence, labels: list[Span]) -> bool:
        """A number that seems to say something else has to have a label."""
        return occurrence[0].mismatch < _ELSE or self._labels.distance(labels, occurrence[0]) < FAR

    def _from_label(self, occurrence: Occurrence, labels: list[Span]) -> tuple[int, int]:
        return self._labels.distance(labels, occurrence[0]) // NEAR, occurrence[0].mismatch

    def _step(self, before: _Choice, choice: _Choice) -> float:
        """How unlikely it is that a value stands where it does when the one before it stands at `before`. Values of
        one object stand below each other, where several stand side by side."""
        (first, last, _), (start, stop, _) = before.occurrence[0], choice.occurrence[0]
        lines = self._line(start) - self._line(first)
        overlap = start < last and first < stop
        beside = bool(lines and choice.object) and before.object == choice.object
        aside = beside and abs(self._column(start) - self._column(first)) > _COLUMN
        return math.log2(1 + abs(lines)) + _BACK * (start < first) + _BACK * overlap + aside

    def _column(self, offset: int) -> int:
        line = self._line(offset)
        return offset - (self._ends[line - 1] + 1 if line else 0)

    def _line(self, offset: int) -> int:
        return bisect_right(self._ends, offset)

    def _of_row(self, several: list[Scalar], window: _Window, placed: dict[JsonPath, Occurrence]) -> Span:
        """Of an object in a list, which mostly is a row of a table, in its window; what is said of several rows stands
        outside. Texts come first, so that no number is taken for a part of one of them. From where to where it is."""
        if not row_of(several[0])[-1]:
            self._offset, self._taken = self._begin(row_of(several[0])), set()
        begin, end = window.begin, window.end
        chosen: dict[int, Occurrence] = {}
        for at in sorted(range(len(several)), key=lambda at: not isinstance(several[at].value, str)):
            texts = [fragment for occurrence in chosen.values() for fragment in occurrence]
            found = self._lookup.of(several[at], begin)
            within = [occurrence for occurrence in found if begin <= occurrence[0].start < end]
            if not within and isinstance(several[at].value, bool):
                within = self._by_row(several, at, [occurrence for occurrence in chosen.values() if occurrence])
            if not within:
                within = [occurrence for occurrence in found if self._is_shared(several[at], occurrence)]
            expected = window.occurrences.get(several[at].path)
            chosen[at] = min(
                within,
                key=lambda occurrence: (
                    self._cost(occurrence, several[at], texts),
                    occurrence != expected,
                    occurrence[0].start,
                ),
                default=(),
            )
            self._taken.update(fragment.start for fragment in chosen[at])
        stops = [
            occurrence[-1].stop for occurrence in chosen.values() if occurrence and begin <= occurrence[0].start < end
        ]
        self._offset = max([self._offset, *stops])
        self._keep(several, [chosen[at] for at in range(len(several))], placed)
        return begin, end

    def _by_row(self, several: list[Scalar], at: int, chosen: list[Occurrence]) -> list[Occurrence]:
        """Of the only yes or no of a row, whose label may be what else the row says."""
        value = several[at].value
        if not isinstance(value, bool) or sum(isinstance(one.value, bool) for one in several) > 1:
            return []
        return self._lookup.beside(
            value, [(fragment.start, fragment.stop) for occurrence in chosen for fragment in occurrence]
        )

    def _cost(self, occurrence: Occurrence, scalar: Scalar, texts: list[Fragment]) -> int:
        """How unlikely a place in the window of a row is for a value of the row."""
        start, stop, off = occurrence[0]
        within = any(
            text.start <= start and stop <= text.stop and stop - start < text.stop - text.start for text in texts
        )
        return max(off - 1, 0) + (start in self._taken) + within + self._counts_rows(occurrence[0], scalar)

    def _counts_rows(self, fragment: Fragment, scalar: Scalar) -> bool:
        """Whether it is the number of the row, which begins its line, and no such number is asked for."""
        row = row_of(scalar)[-1]
        if not isinstance(row, int) or column_of(scalar) in self._counting:
            return False
        return row_numbers.counts(self._text, fragment, row)


def _table(several: list[Scalar]) -> JsonPath:
    """The list that a row of several values is of; () for anything else."""
    own = [one for one in several if not list_of(one)]
    row = row_of(several[0])
    return row[:-1] if row and len(own) > 1 and row_of(several[-1]) == row else ()
