"""The lines of a form as boxes and what stands between them. Knows where things stand; not what belongs together."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from extractor.evidence.checkboxes import Checkbox
from extractor.evidence.spans import Span

YES = frozenset("yes y ja j oui sì sí si sim true".split())
NO = frozenset("no n nein non não nee false".split())
WORD = re.compile(r"[^\W_]+")

_CUT = re.compile(r"\t|\||[ \u00a0]{2,}")
_EDGES = " \t\u00a0.:;,-–—*•·|()?!/>=_"
_ASKING = re.compile(r"[:?][ \t]*$|^[ \t]*(?:#+|Q[.:)])[ \t]")
_NUMBERED = re.compile(r"[ \t]*(?:\d{1,3}|[A-Za-z])[.)][ \t]+")
_LEADING = re.compile(r"[ \t]*(?:[-*•·][ \t]+)?([^\W\d_]{1,5})(?:[ \t]*[|:–-][ \t]*|[ \t]+)(?=[^\W_])")


@dataclass(frozen=True)
class BoxRow:
    """Boxes that stand together: of line `line`, or of one cell of it. `texts` are between them, one more than those,
    empty where nothing is; `left` and `right` what stands beside it in its line, as far as the next row."""

    line: int
    marks: tuple[Checkbox, ...]
    texts: tuple[Span, ...]
    left: Span
    right: Span


@dataclass(frozen=True)
class YesNoColumn:
    """Of a table's head: a yes or a no, and where it stands in its line."""

    says: bool
    start: int
    cell: int
    middle: float


class FormLines:
    """`text`, by lines."""

    def __init__(self, text: str, found: list[Checkbox]) -> None:
        self.text = text
        self.words: set[int] = set()  # where the words begin that are read as boxes
        self._starts = [mark.start for mark in found]
        self._marks = found
        self.lines: list[Span] = []
        start = 0
        for line in text.split("\n"):
            self.lines.append((start, start + len(line)))
            start += len(line) + 1

    def rows(self, at: int) -> list[BoxRow]:
        """Those of line `at`, from left to right."""
        start, stop = self.lines[at]
        if number := _NUMBERED.match(self.text, start, stop):
            start = number.end()
        mine = self._marks[bisect_left(self._starts, start) : bisect_left(self._starts, stop)]
        mine = mine or self._spoken(at)
        if not mine:
            return []
        rows, since = [], start
        mixed = self._mixed(start, stop, mine) or [(start, stop)]
        for at_cell, (first, last) in enumerate(mixed):
            until = mixed[at_cell + 1][0] if at_cell + 1 < len(mixed) else stop
            if alone := [mark for mark in mine if since <= mark.start < first]:
                rows.append(self._row(at, (since, first), alone, since, first))
                since = first
            inside = [mark for mark in mine if first <= mark.start < last]
            rows.append(self._row(at, (first, last), inside, since, until))
            since = last
        if rest := [mark for mark in mine if mark.start >= since]:
            rows.append(self._row(at, (since, stop), rest, since, stop))
        return rows

    def columns(self, at: int) -> list[YesNoColumn]:
        """Of a line that heads columns for yes and no; empty for any other."""
        start, stop = self.lines[at]
        found = [
            YesNoColumn(word.group().lower() in YES, word.start(), cell, (word.start() + word.end()) / 2 - start)
            for cell, (first, last) in enumerate(self.cells(start, stop))
            for word in self._only_answers(first, last)
        ]
        return found if {column.says for column in found} == {True, False} else []

    def heads(self, at: int) -> Span | None:
        """What else the head says: `Paid   yes   no` above the boxes of a single question."""
        cells = (self.stripped(*cell) for cell in self.cells(*self.lines[at]) if not self._only_answers(*cell))
        return next((cell for cell in cells if cell[1] > cell[0]), None)

    def cell_of(self, at: int, place: int) -> int:
        start, stop = self.lines[at]
        return next((cell for cell, (_, last) in enumerate(self.cells(start, stop)) if place < last), 0)

    def cells(self, start: int, stop: int) -> list[Span]:
        edges = [start]
        for gap in _CUT.finditer(self.text, start, stop):
            if not self._in_mark(gap.start()):  # `[   ]`
                edges += gap.span()
        edges.append(stop)
        return list(zip(edges[::2], edges[1::2], strict=True))

    def is_empty(self, at: int) -> bool:
        return not self.text[slice(*self.lines[at])].strip()

    def leaves_answer_below(self, at: int) -> bool:
        """Whether line `at` leaves its answer to the next: it says so, is a heading, or the next is farther in."""
        if self.plain(at) is None:
            return False
        line, below = self.text[slice(*self.lines[at])], self.text[slice(*self.lines[at + 1])]
        return _ASKING.search(line) is not None or _indent(line) < _indent(below)

    def stripped(self, start: int, stop: int) -> Span:
        """Without what stands around words."""
        while start < stop and self.text[start] in _EDGES:
            start += 1
        while stop > start and self.text[stop - 1] in _EDGES:
            stop -= 1
        return start, stop

    def plain(self, at: int) -> Span | None:
        """The text of a line without boxes; None for an empty one, one with boxes, and where there is none."""
        if not 0 <= at < len(self.lines) or self.rows(at):
            return None
        start, stop = self.stripped(*self.lines[at])
        return (start, stop) if stop > start else None

    def _in_mark(self, place: int) -> bool:
        at = bisect_left(self._starts, place + 1) - 1
        return at >= 0 and place < self._marks[at].stop

    def _row(self, line: int, cells: Span, mine: list[Checkbox], since: int, until: int) -> BoxRow:
        edges = [cells[0], *(edge for mark in mine for edge in (mark.start, mark.stop)), cells[1]]
        texts = tuple(self.stripped(*edge) for edge in zip(edges[::2], edges[1::2], strict=True))
        return BoxRow(line, tuple(mine), texts, self.stripped(since, cells[0]), self.stripped(cells[1], until))

    def _mixed(self, start: int, stop: int, mine: list[Checkbox]) -> list[Span]:
        """The cells that hold boxes and text."""
        found = []
        for first, last in self.cells(start, stop):
            inside = [mark for mark in mine if first <= mark.start < last]
            if inside and any(stop > start for start, stop in self._row(0, (first, last), inside, first, last).texts):
                found.append((first, last))
        return found

    def _only_answers(self, start: int, stop: int) -> list[re.Match[str]]:
        words = list(WORD.finditer(self.text, start, stop))
        return words if all(word.group().lower() in YES | NO for word in words) else []

    def _spoken(self, at: int) -> list[Checkbox]:
        """`Yes  Newsletter   No  Terms`: a line that begins with a yes or a no, before what it is said of. It is not
        the answer to a question of the line above."""
        start, stop = self.lines[at]
        first = _LEADING.match(self.text, start, stop)
        if first is None or first[1].lower() not in YES | NO or self.columns(at):
            return []
        if at and self.text[slice(*self.lines[at - 1])].rstrip().endswith(("?", ":")):
            return []
        found = [word for word in WORD.finditer(self.text, start, stop) if word.group().lower() in YES | NO]
        self.words.update(word.start() for word in found)
        return [Checkbox(*word.span(), word.group().lower() in YES) for word in found]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
