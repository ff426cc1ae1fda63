"""Yes and no in the columns of a table. A cell that says one of both is no evidence by itself: the table is full of
them. A whole column that says what the answer says, row by row, is; of several the one whose head names the key.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from extractor.evidence.checkboxes import checkboxes
from extractor.evidence.form_lines import NO, WORD, YES
from extractor.evidence.key_match import match
from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.spans import Span
from extractor.evidence.structure import column_of, key_of, row_of
from extractor.evidence.word_index import plain
from extractor.notation.key_words import key_words

_CUT = re.compile(r"[ \u00a0]*(?:\|\||//|[|│┃║;\t])[ \u00a0]*|[ \u00a0]{2,}|[ \u00a0]+[~*•·/][ \u00a0]+|,(?! )")
_RULER = re.compile(r"[^\w\n]*$")
_LINE = 2_000  # characters of a line, and
_HEADS = 3  # lines above the first row, that are looked at
_BOX = 12  # characters of a cell that is a box
_DASHES = frozenset("-–—")


def says(text: str) -> bool | None:
    """What a cell says when it says nothing but yes or no."""
    word = text.strip().lower()
    if word in YES or word in ("on", "true", "x"):
        return True
    if word in NO or word in ("off", "false") or word in _DASHES:
        return False
    boxes = checkboxes(word) if len(word) < _BOX else []
    return boxes[0].ticked if len(boxes) == 1 and boxes[0][:2] == (0, len(word)) else None


def with_columns(
    text: str,
    ends: Sequence[int],
    found: Sequence[Scalar],
    occurrences: Sequence[Occurrence],
    names: Callable[[JsonPath, Sequence[str]], bool],
    labels: Callable[[Scalar], Sequence[Span]],
) -> list[Occurrence]:
    """`occurrences`, and for each yes and no of rows the cell of its column. `ends`: of the lines of `text`; `names`:
    whether words of a head are what the schema calls the field at a path; `labels`: where the document prints a key."""
    lists: dict[JsonPath, list[int]] = {}
    for at, one in enumerate(found):
        if row := row_of(one):
            lists.setdefault(row[:-1], []).append(at)
    kept = list(occurrences)
    for several in lists.values():
        rows_by_key = _answers_by_row(several, found)
        starts = _by_other_values(ends, several, found, occurrences)
        if not starts and rows_by_key:
            rows = list(dict.fromkeys(row_of(found[at]) for at in several))
            heads = [bisect_right(ends, start) for start, _ in labels(found[several[0]])]
            if all(len(each) == len(rows) for each in rows_by_key.values()):
                starts = _under(text, ends, heads, rows)
        if not rows_by_key or not starts or len(set(starts.values())) < len(starts):
            continue
        table = AnswerColumns(text, list(starts.values()))
        placed = {
            key: {number: each[row] for number, row in enumerate(starts) if row in each}
            for key, each in rows_by_key.items()
        }
        named = {key: partial(names, found[next(iter(each.values()))].path) for key, each in rows_by_key.items()}
        values = {
            key: {number: found[at].value is True for number, at in by_row.items()} for key, by_row in placed.items()
        }
        cells = table.places(values, named)
        for key, at_rows in placed.items():
            for number, at in at_rows.items():
                if key in cells:
                    kept[at] = (Fragment(*cells[key][number], 2),)
                elif table.answers(number) > 1 and kept[at] and text[kept[at][0].start].isalpha():
                    kept[at] = ()  # whose the word is cannot be told
    return kept


def _answers_by_row(several: Sequence[int], found: Sequence[Scalar]) -> dict[str, dict[JsonPath, int]]:
    """The numbers of a list's values that are a yes or no: by their keys, then by the row they are of."""
    answers: dict[JsonPath, list[int]] = {}
    for at in several:
        if isinstance(found[at].value, bool):
            answers.setdefault(column_of(found[at]), []).append(at)
    return {key_of(found[each[0]]): {row_of(found[at]): at for at in each} for each in answers.values()}


def _by_other_values(
    ends: Sequence[int], several: Sequence[int], found: Sequence[Scalar], occurrences: Sequence[Occurrence]
) -> dict[JsonPath, int]:
    """By a row of the list, where the line begins that most of its values stand in that are no yes or no."""
    lines: dict[JsonPath, Counter[int]] = {}
    for at in several:
        if occurrences[at] and not isinstance(found[at].value, bool):
            lines.setdefault(row_of(found[at]), Counter())[bisect_right(ends, occurrences[at][0].start)] += 1
    return {row: ends[line - 1] + 1 if (line := counts.most_common(1)[0][0]) else 0 for row, counts in lines.items()}


def _under(text: str, ends: Sequence[int], heads: Sequence[int], rows: Sequence[JsonPath]) -> dict[JsonPath, int]:
    """Where rows begin that say nothing but yes and no: below the first of the lines `heads` below which as many such
    lines stand and no more."""
    for head in heads:
        below = [ends[line - 1] + 1 for line in range(head + 1, min(head + 3 + len(rows), len(ends) + 1))]
        if below and _RULER.match(text[below[0] : below[0] + _LINE].split("\n", 1)[0]):
            below = below[1:]
        table = AnswerColumns(text, below[: len(rows) + 1])
        answering = [table.answers(row) > 0 for row in range(min(len(below), len(rows) + 1))]
        if answering[: len(rows)] == [True] * len(rows) and not any(answering[len(rows) :]):
            return dict(zip(rows, below, strict=False))
    return {}


class AnswerColumns:
    """Of one table of one text: `lines` are where its rows begin, in order."""

    def __init__(self, text: str, lines: Sequence[int]) -> None:
        self._text = text
        self._rows = [self._cells(start) for start in lines]
        self._answers = [[says(text[slice(*cell)]) for cell in row] for row in self._rows]
        self._head = self._heads(lines[0]) if lines else []

    def places(
        self, columns: Mapping[str, Mapping[int, bool]], named: Mapping[str, Callable[[Sequence[str]], bool]]
    ) -> dict[str, dict[int, Span]]:
        """By its key, of each column of the answer that has one, the cell in each row. `columns`: what the rows
        say, by their numbers; `named`: whether words of a head are what the schema calls a key."""
        fitting = {key: self._fitting(values) for key, values in columns.items()}
        cells: dict[str, dict[int, Span]] = {}
        taken: set[int] = set()
        for key, fits in fitting.items():
            rivals = [other for other, others in fitting.items() if others == fits]
            by_key = [at for at in fits if self._names(at, key)]
            by_name = by_key or [at for at in fits if named[key](self._head_words(at))]
            if len(by_name) == 1:
                chosen = by_name[0]
            elif len(rivals) == len(fits) and (len(columns[key]) > 1 or len(fits) == self.answers(0)):
                chosen = fits[rivals.index(key)]  # in the order of the answer
            else:
                continue
            if chosen not in taken:
                taken.add(chosen)
                cells[key] = {number: self._rows[number][chosen] for number in columns[key]}
        return cells

    def _fitting(self, values: Mapping[int, bool]) -> list[int]:
        """The columns of the table that say what one of the answer does."""
        width = min((len(self._rows[number]) for number in values), default=0)
        return [
            at for at in range(width) if all(self._answers[number][at] is value for number, value in values.items())
        ]

    def answers(self, row: int) -> int:
        """How many of its cells say yes or no."""
        return sum(one is not None for one in self._answers[row])

    def _names(self, at: int, key: str) -> bool:
        return match([plain(word) for word in key_words(key)], self._head_words(at)) is not None

    def _head_words(self, at: int) -> list[str]:
        return (
            [plain(word) for word in WORD.findall(self._text[slice(*self._head[at])])] if at < len(self._head) else []
        )

    def _heads(self, first: int) -> list[Span]:
        """The cells of the line above the rows."""
        for _ in range(_HEADS):
            first = self._text.rfind("\n", max(0, first - 1 - _LINE), max(0, first - 1)) + 1 if first else 0
            if not _RULER.match(self._text[first : first + _LINE].split("\n", 1)[0]):
                return self._cells(first)
            if not first:
                break
        return []

    def _cells(self, start: int) -> list[Span]:
        end = self._text.find("\n", start, start + _LINE)
        end = min(len(self._text), start + _LINE) if end < 0 else end
        cells, since = [], start
        for gap in _CUT.finditer(self._text, start, end):
            cells.append((since, gap.start()))
            since = gap.end()
        return [*cells, (since, end)]
