"""One answer as a whole: its rows and columns, where its values were taken from, and what of the document nothing was
taken from. Knows values and spans; no model."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from extractor.calibration.tokens import Sureness
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.spans import Span
from extractor.evidence.structure import column_of, key_of, row_of
from extractor.result import Known

_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d[\d.,]*")
_MOST_NUMBERS = 400  # of a document, that are looked at
_SAYING = re.compile(r"[^\n]*\w[^\n]*")  # a line
_SIGN = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


class RowView(NamedTuple):
    """An object of a list: the natural logarithm of its least sure value, the share of its values that the document
    does not print, and the lines that the others stand in."""

    worst: float
    bare: float
    lines: frozenset[Span]


_NO_ROW = RowView(0.0, 0.0, frozenset())


class AnswerView:
    """`found` are the values of an answer to `text`, `sure` how sure the model was of each."""

    def __init__(self, text: str, found: list[Scalar], sure: list[Sureness], fields: Mapping[str, Known]) -> None:
        self.found, self.sure = found, sure
        self._text, self._fields = text, fields
        self._spans = sorted((*span, at) for at, one in enumerate(found) for span in self._places(one))
        self.worst = min(each.least for each in sure)
        values = [one for one in found if one.value is not None]
        self.nulls = 1 - len(values) / len(found)
        self.bare = self._bare(found)
        self._in_gaps: dict[Span, int] = {}
        self._counts = Counter((key_of(one), str(one.value)) for one in values)

    @cached_property
    def unread(self) -> float:
        """The share of the document's lines that nothing was taken from."""
        lines = [found.span() for found in _SAYING.finditer(self._text)]
        return sum(not self.taken(line) for line in lines) / max(1, len(lines))

    @cached_property
    def labelled(self) -> float:
        """The share of the values outside of lists that stand at a label."""
        values = [one for one in self.found if one.value is not None and not row_of(one)]
        return sum(self._fields[one.pointer].get("label") is not None for one in values) / max(1, len(values))

    @cached_property
    def numbers_free(self) -> float:
        """The share of the document's numbers that nothing was taken from."""
        numbers = [found.span() for found in islice(_NUMBER.finditer(self._text), _MOST_NUMBERS)]
        return sum(not self.taken(number) for number in numbers) / max(1, len(numbers))

    @cached_property
    def order(self) -> float:
        """How far the answer follows the document: the share of its printed values that stand behind the one before,
        less a half; 0 where it is no more than by chance."""
        begins = [places[0][0] for places in map(self._places, self.found) if places]
        ahead = sum(one <= other for one, other in pairwise(begins))
        return max(0.0, ahead / (len(begins) - 1) - 0.5) if len(begins) > 1 else 0.0

    def gap(self, at: int) -> int:
        """How many letters and digits that nothing was taken from stand between the printed values before and behind
        the `at`-th; 0 where the later one is printed first."""
        span = self._gaps[at]
        if span not in self._in_gaps:
            parts = self._unused(span) if span[0] < span[1] else ()
            self._in_gaps[span] = sum(len(_SIGN.findall(part)) for part in parts)
        return self._in_gaps[span]

    def says(self, key: str, value: str) -> int:
        """How often the answer has the value under such a key."""
        return self._counts[key, value]

    def row(self, one: Scalar) -> RowView:
        """The row it is in; one of nothing where it is in none."""
        return self._rows.get(row_of(one), _NO_ROW) if row_of(one) else _NO_ROW

    def out_of_line(self, at: int) -> bool:
        """Whether the `at`-th value is of a row and stands in a line of its own, and that of another row of its list
        does not."""
        return self._off.get(at, 0) != 0 and column_of(self.found[at]) in self._in_line

    def filled(self, one: Scalar) -> float:
        """The share of its column that has values; 0 of what is in no row."""
        values, count = self._columns.get(column_of(one), (0, 0)) if row_of(one) else (0, 0)
        return values / count if count else 0.0

    def row_has_free(self, one: Scalar, *, numbers: bool) -> bool:
        """Whether the lines of its row have a number, or else words, that nothing was taken from."""
        wanted = _DIGIT if numbers else _LETTERS
        return any(wanted.search(part) for line in self.row(one).lines for part in self._unused(line))

    def taken(self, span: Span, own: int = -1) -> bool:
        """Whether a value, but the `own`-th, stands there."""
        return any(at != own for _, _, at in self._within(span))

    def _within(self, span: Span) -> Iterator[tuple[int, int, int]]:
        first = bisect_left(self._spans, (span[0], 0, 0))
        for start, stop, at in self._spans[max(0, first - 2) :]:
            if start >= span[1]:
                return
            if stop > span[0]:
                yield start, stop, at

    def _unused(self, line: Span) -> Iterator[str]:
        since = line[0]
        for start, stop, _ in self._within(line):
            yield self._text[since : max(since, start)]
            since = max(since, stop)
        yield self._text[since : line[1]]

    def _places(self, one: Scalar) -> list[Span]:
        return [(each["start"], each["stop"]) for each in self._fields[one.pointer]["evidence"]]

    def _bare(self, some: list[Scalar]) -> float:
        values = [one for one in some if one.value is not None and not isinstance(one.value, bool)]
        return sum(not self._fields[one.pointer]["evidence"] for one in values) / max(1, len(values))

    @cached_property
    def _rows(self) -> dict[JsonPath, RowView]:
        several: defaultdict[JsonPath, list[int]] = defaultdict(list)
        for at, one in enumerate(self.found):
            if row_of(one):
                several[row_of(one)].append(at)
        return {
            row: RowView(
                min(self.sure[at].least for at in own),
                self._bare([self.found[at] for at in own]),
                frozenset(self._line(span[0]) for at in own for span in self._places(self.found[at])),
            )
            for row, own in several.items()
        }

    @cached_property
    def _off(self) -> dict[int, int]:
        """How many lines each printed value of a row is from the nearest other of that row."""
        begins = [found.start() for found in _SAYING.finditer(self._text)]
        rows: defaultdict[JsonPath, dict[int, int]] = defaultdict(dict)
        for at, one in enumerate(self.found):
            if row_of(one) and (places := self._places(one)):
                rows[row_of(one)][at] = bisect_right(begins, places[0][0])
        return {
            at: min((abs(line - lines[other]) for other in lines if other != at), default=0)
            for lines in rows.values()
            for at, line in lines.items()
        }

    @cached_property
    def _in_line(self) -> set[JsonPath]:
        """The columns that have a value in one line with others of its row."""
        return {column_of(self.found[at]) for at, off in self._off.items() if off == 0}

    @cached_property
    def _columns(self) -> dict[JsonPath, tuple[int, int]]:
        """Of each column how many cells have values, and how many there are."""
        columns: dict[JsonPath, tuple[int, int]] = {}
        for one in self.found:
            if row_of(one):
                values, count = columns.get(column_of(one), (0, 0))
                columns[column_of(one)] = values + (one.value is not None), count + 1
        return columns

    @cached_property
    def _gaps(self) -> list[Span]:
        """Of each value where the printed one before it ends, and where the next one begins."""
        places = [self._places(one) for one in self.found]
        ends = accumulate(places, lambda end, own: own[-1][1] if own else end, initial=0)
        begins = accumulate(reversed(places), lambda at, own: own[0][0] if own else at, initial=len(self._text))
        return list(zip(list(ends)[:-1], list(begins)[-2::-1], strict=True))

    def _line(self, offset: int) -> Span:
        end = self._text.find("\n", offset)
        return self._text.rfind("\n", 0, offset) + 1, end if end >= 0 else len(self._text)
