"""Which box belongs to which label. Forms put boxes before their labels (`☑ Newsletter ☐ Terms`) or behind them
(`Newsletter ☑ Terms ☐`), ask with a box for yes and one for no (`Newsletter: ☐ yes ☑ no`), or have a column for each.
A line tells by how it begins and ends; one that does not, by the others. What stays doubtful belongs to nobody: the
neighbour's box is worse evidence than none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import NamedTuple

from extractor.evidence.checkboxes import Checkbox, checkboxes
from extractor.evidence.form_lines import NO, WORD, YES, BoxRow, FormLines, YesNoColumn
from extractor.evidence.spans import Span

_ABOVE = 30  # lines that a table's head may be above a row
_OFF = 4  # characters a mark may stand beside the word of its column
_HANGING = 3  # lines a label may go on for
_EMPTY = (0, 0)


class CheckboxAnswer(NamedTuple):
    """`says` is what the box `text[start:stop]` answers to the label or the question `text[slice(*label)]`."""

    start: int
    stop: int
    says: bool
    label: Span


class Option(NamedTuple):
    """A box for yes or for no. `word` is where that begins, `rest` what else stands on its side of the box."""

    mark: Checkbox
    says: bool
    word: int
    rest: Span


class CheckboxLabels:
    """The boxes of one document."""

    def __init__(self, text: str) -> None:
        self.answers: list[CheckboxAnswer] = []
        found = checkboxes(text)
        self._starts = [(mark.start, mark.stop) for mark in found]
        self._lines = FormLines(text, found)
        self._rows = [self._lines.rows(at) for at in range(len(self._lines.lines))]
        self._words: set[int] = set(self._lines.words)  # where a yes or a no begins that stands by a box
        sides = Counter(side for rows in self._rows for row in rows if (side := self._side_of(row)))
        self._usual = next(iter(sides)) if len(sides) == 1 else ""
        self._group: list[Option] = []  # of one question,
        self._questions: list[Span] = []  # which is the first of these
        self._head: tuple[int, list[YesNoColumn]] = (-_ABOVE, [])
        for at in range(len(self._rows)):
            self._line(at)
        self._ask()

    def covers(self, start: int) -> bool:
        """Whether what begins there is a box, or the yes or no beside one."""
        at = bisect_left(self._starts, (start + 1, 0)) - 1
        return start in self._words or (at >= 0 and start < self._starts[at][1])

    def within(self, start: int, stop: int) -> list[Span]:
        """The boxes that begin there."""
        return self._starts[bisect_left(self._starts, (start, 0)) : bisect_left(self._starts, (stop, 0))]

    def _line(self, at: int) -> None:
        rows = self._rows[at]
        if not rows:
            self._ask()
            if columns := self._lines.columns(at):
                self._head = (at, columns)
            elif self._lines.is_empty(at):  # where a table ends
                self._head = (-_ABOVE, [])
            return
        if at - self._head[0] < _ABOVE and self._by_column(rows, *self._head):
            return
        for row in rows:
            self._row(row)

    def _row(self, row: BoxRow) -> None:
        options = self._options(row)
        if options:
            self._choose(row, options)
            return
        self._ask()
        side = self._side_of(row) or self._side_by_lines(row) or self._usual
        if self._is_alone(row) and row.line and self._lines.leaves_answer_below(row.line - 1):
            side = "after"
        for at, mark in enumerate(row.marks):
            if mark.ticked is None:
                continue
            for label in self._labels(row, at, side):
                self.answers.append(CheckboxAnswer(mark.start, mark.stop, mark.ticked, label))

    def _labels(self, row: BoxRow, at: int, side: str) -> list[Span]:
        left, right = row.texts[at], row.texts[at + 1]
        if side == "before":
            return [self._hanging(row, right)] if _is(right) else self._alone(row, 1)
        if side == "after":
            return [left] if _is(left) else self._alone(row, -1)
        if len(row.marks) == 1:  # it is the only one in its line or cell: whose else?
            return [text for text in (left, right) if _is(text)]
        return []

    def _alone(self, row: BoxRow, step: int) -> list[Span]:
        """The label of a box that has its line for itself."""
        there = self._lines.plain(row.line + step) if self._is_alone(row) else None
        return [there] if there else []

    def _is_alone(self, row: BoxRow) -> bool:
        return len(row.marks) == 1 and not any(map(_is, (*row.texts, row.left, row.right)))

    def _hanging(self, row: BoxRow, label: Span) -> Span:
        """A label that goes on in the next lines, as far in as it began."""
        several = len(row.marks) > 1 or len(self._rows[row.line]) > 1
        if several or self._lines.text[row.marks[0].start].isalpha():  # who writes a letter leaves blank what is not
            return label
        within = label[0] - self._lines.lines[row.line][0]
        for at in range(row.line + 1, row.line + 1 + _HANGING):
            more = self._lines.plain(at)
            if more is None or more[0] - self._lines.lines[at][0] < within:
                break
            label = (label[0], more[1])
        return label

    # Before their labels, or behind them

    def _side_of(self, row: BoxRow) -> str:
        """Which of both a row shows by itself; empty where it does not."""
        if not all(map(_is, row.texts[1:-1])):
            return ""
        first, last = _is(row.texts[0]), _is(row.texts[-1])
        if first is not last:
            return "after" if first else "before"
        if not first:
            return ""
        text, nearer = self._lines.text, set()
        if len(row.marks) > 1 and any(char in ":?" for char in text[row.texts[0][1] : row.marks[0].start]):
            return "before"  # `By: ☑ post ☐ mail`
        for mark, left, right in zip(row.marks, row.texts, row.texts[1:], strict=False):
            ahead, behind = _spaces(text[left[1] : mark.start]), _spaces(text[mark.stop : right[0]])
            nearer.add("before" if behind < ahead else "after" if ahead < behind else "")
        return nearer.pop() if len(nearer) == 1 else ""

    def _side_by_lines(self, row: BoxRow) -> str:
        """Of a row that begins and ends with a box, or is one: by where the block that it is in begins and ends."""
        if _is(row.texts[0]) or _is(row.texts[-1]) or not all(map(_is, row.texts[1:-1])):
            return ""
        first = last = row.line
        while self._filled(first - 1) and row.line - first < _ABOVE:
            first -= 1
        while self._filled(last + 1) and last - row.line < _ABOVE:
            last += 1
        opening, closing = self._rows[first], self._rows[last]
        begins = bool(opening) and not _is(opening[0].left) and not _is(opening[0].texts[0])
        ends = bool(closing) and not _is(closing[-1].right) and not _is(closing[-1].texts[-1])
        return "" if begins is ends else "before" if begins else "after"

    def _filled(self, at: int) -> bool:
        return 0 <= at < len(self._rows) and (bool(self._rows[at]) or self._lines.plain(at) is not None)

    # A box for yes and a box for no

    def _options(self, row: BoxRow) -> list[Option]:
        """Of a row whose boxes all are a yes or a no."""
        for which, texts, outside in (0, row.texts[1:], row.texts[0]), (-1, row.texts[:-1], row.texts[-1]):
            found = [self._option(mark, text, which) for mark, text in zip(row.marks, texts, strict=True)]
            if all(found) and not self._option(row.marks[-1 if which else 0], outside, -1 - which):
                return [one for one in found if one]
        return []

    def _option(self, mark: Checkbox, text: Span, which: int) -> Option | None:
        """The yes or no that `text` begins (0) or ends (-1) with."""
        words = list(WORD.finditer(self._lines.text, *text))
        if not words or mark.start in self._lines.words or words[which].group().lower() not in YES | NO:
            return None
        word = words[which]
        rest = (word.end(), text[1]) if which == 0 else (text[0], word.start())
        return Option(mark, word.group().lower() in YES, word.start(), self._lines.stripped(*rest))

    def _choose(self, row: BoxRow, options: list[Option]) -> None:
        """Into groups: a group ends where the next question is, or where a yes comes the second time."""
        behind = options[0].word > options[0].mark.start
        ahead = [row.texts[0], *(one.rest for one in options[:-1])] if behind else [one.rest for one in options]
        for at, (option, question) in enumerate(zip(options, ahead, strict=True)):
            question = question if _is(question) or at else row.left
            if _is(question) or option.says in {one.says for one in self._group}:
                self._ask()
            if not self._group:
                first = at == 0 and row is self._rows[row.line][0]
                self._questions = [question, (self._lines.plain(row.line - 1) if first else None) or _EMPTY]
            self._group.append(option)
            self._words.add(option.word)
        tail = options[-1].rest if behind and _is(options[-1].rest) else row.right
        if _is(tail) and (row is self._rows[row.line][-1] or _is(options[-1].rest)):
            if not _is(self._questions[0]):
                self._questions[0] = tail
            self._ask()

    def _ask(self) -> None:
        """The group is whole: what does it say?"""
        group, self._group = self._group, []
        question = next(filter(_is, self._questions), None) if group else None
        if question is None or any(one.mark.ticked is None for one in group):
            return
        ticked = [one for one in group if one.mark.ticked]
        if len(ticked) == 1:
            self.answers.append(CheckboxAnswer(ticked[0].mark.start, ticked[0].mark.stop, ticked[0].says, question))
        elif len(group) == 1 and group[0].says:  # `Paid: ☐ yes`
            self.answers.append(CheckboxAnswer(group[0].mark.start, group[0].mark.stop, False, question))

    def _by_column(self, rows: list[BoxRow], head: int, columns: list[YesNoColumn]) -> bool:
        """Whether a row is of a table with columns for yes and no; then what it says."""
        row = rows[0]
        label = next(filter(_is, row.texts), None) or (self._lines.heads(head) if columns else None)
        if len(rows) > 1 or label is None or self._options(row):
            return False
        start, stop = self._lines.lines[row.line]
        ruled = any(char in "|\t" for char in self._lines.text[start:stop])
        answered: list[tuple[Checkbox, bool]] = []
        for mark in row.marks:
            cell, middle = self._lines.cell_of(row.line, mark.start), (mark.start + mark.stop) / 2 - start
            near = [one for one in columns if (one.cell == cell if ruled else abs(one.middle - middle) <= _OFF)]
            answered += [(mark, min(near, key=lambda one: abs(one.middle - middle)).says)] if near else []
        if len(answered) < len(row.marks) == len(columns):
            answered = [(mark, column.says) for mark, column in zip(row.marks, columns, strict=True)]
        self._words.update(column.start for column in columns if answered)
        ticked = [(mark, says) for mark, says in answered if mark.ticked]
        if len(ticked) == 1 and all(mark.ticked is not None for mark, _ in answered):
            self.answers.append(CheckboxAnswer(ticked[0][0].start, ticked[0][0].stop, ticked[0][1], label))
        return bool(answered)


def _is(span: Span) -> bool:
    return span[1] > span[0]


def _spaces(text: str) -> int:
    return sum(map(str.isspace, text))
