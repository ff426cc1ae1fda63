"""Tables with lines around their cells: what the lines say is a cell is one, however its text is broken.

Rules are told apart from decoration by their grid: two or more lying ones and one or more standing ones that meet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from extractor.documents.placement.bidi import in_reading_order
from extractor.documents.placement.glyphs import Word
from extractor.documents.placement.lines import Segment, rows_of, segment_of
from extractor.documents.placement.wrap import joined, wrapped

_NEAR = 3.0  # points: rules that are as close as that meet, or are one
_SHORTEST = 8.0  # points of a rule
_MOST_RULES = 4_000  # drawings have more
_MOST_LINES = 14  # of a cell: what holds more is a frame around a page
_STRIPE = 1.5  # of the size: what is no space between words
_FEW_ROWS = 3  # a grid of fewer rows may be frames around blocks of text


@dataclass(slots=True)
class RuledLines:
    """Lying ones as (y, left, right), standing ones as (x, top, bottom), in the coordinates of the glyphs."""

    lying: list[tuple[float, float, float]] = field(default_factory=list)
    standing: list[tuple[float, float, float]] = field(default_factory=list)

    def bars(self, top: float, bottom: float) -> list[float]:
        """Where standing rules cross the line between `top` and `bottom`."""
        middle = (top + bottom) / 2
        return [x for x, begin, end in self.standing if begin - 1 <= middle <= end + 1]

    def merged(self) -> RuledLines:
        """Pieces of one rule as one, short ones left out; none at all where there are too many to be tables."""
        if len(self.lying) + len(self.standing) > 10 * _MOST_RULES:
            return RuledLines()
        found = RuledLines(_merged(self.lying), _merged(self.standing))
        return found if len(found.lying) + len(found.standing) <= _MOST_RULES else RuledLines()


@dataclass(slots=True)
class RuledRow:
    """A row of a ruled table, as one line."""

    segments: list[Segment]


def ruled_rows(words: Sequence[Word], rules: RuledLines, leftward: bool = False) -> tuple[list[RuledRow], list[Word]]:
    """The rows of ruled tables, and the words that are in none of them. `leftward`: whether any of them is of a script
    that runs to the left."""
    rows: list[RuledRow] = []
    left = list(words)
    for grid in _grids(rules):
        inside = [word for word in left if grid.holds(word)]
        if not inside:
            continue
        found, used = grid.rows(inside, leftward)
        rows += found
        left = [word for word in left if id(word) not in used]
    return rows, left


@dataclass(slots=True)
class _Grid:
    xs: list[float]
    ys: list[float]
    cell_of: dict[tuple[int, int], tuple[int, int]]  # (row, column) → its cell's first one

    def holds(self, word: Word) -> bool:
        across = (word.left + word.right) / 2
        return self.xs[0] - 1 < across < self.xs[-1] + 1 and self.ys[0] - 1 < word.middle < self.ys[-1] + 1

    def rows(self, words: list[Word], leftward: bool) -> tuple[list[RuledRow], set[int]]:
        cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for word in words:
            column = _interval(self.xs, (word.left + word.right) / 2)
            row = _interval(self.ys, word.middle)
            cells[self.cell_of[row, column]].append(word)
        by_row: dict[int, dict[int, list[list[Word]]]] = defaultdict(dict)
        for (row, column), inside in cells.items():
            by_row[row][column] = rows_of(inside)
        found: list[RuledRow] = []
        used: set[int] = set()
        many = len(by_row) >= _FEW_ROWS
        for row in sorted(by_row):
            lines = by_row[row]
            if not self._is_one_row(row, lines, many):
                continue
            ordered = [lines[column] for column in sorted(lines)]
            beside = [part for each in ordered for part in _beside(each)]
            read = [[in_reading_order(line, leftward) for line in part] for part in beside]
            found.append(_row([segment_of(joined(part), cell=True) for part in read]))
            used |= {id(word) for each in ordered for line in each for word in line}
        return found, used

    def _is_one_row(self, row: int, lines: dict[int, list[list[Word]]], many: bool) -> bool:
        """Whether what stands between two lying rules is one row, or lines below each other."""
        columns = {self.cell_of[row, column] for column in range(len(self.xs) - 1)}
        if len(columns) < 2:
            return False
        longest = max(len(each) for each in lines.values())
        if longest == 1:
            return True
        if longest > _MOST_LINES:
            return False
        broken = {column: each for column, each in lines.items() if len(each) > 1}
        if all(wrapped(each, *self._sides(row, column)) for column, each in broken.items()):
            return True
        listed = sum(_is_list(each) for each in broken.values())
        if listed >= 2 and (longest >= 3 or not many):
            return False
        return many

    def _sides(self, row: int, column: int) -> tuple[float, float]:
        cell = self.cell_of[row, column]
        last = max(at for at in range(len(self.xs) - 1) if self.cell_of[row, at] == cell)
        return self.xs[column], self.xs[last + 1]


def _beside(lines: list[list[Word]]) -> list[list[list[Word]]]:
    """The lines of a cell; where white stripes run down through all of them (a price and its discount in one cell),
    those between them. Where few lines have words on both sides, they were set wide to be equally long."""
    parts: list[list[Word]] = []
    right = -math.inf
    for word in sorted((word for line in lines for word in line), key=lambda word: word.left):
        if word.left - right > _STRIPE * word.size:
            parts.append([])
        parts[-1].append(word)
        right = max(right, word.right)
    first = {id(word) for word in parts[0]}
    both = sum(0 < sum(id(word) in first for word in line) < len(line) for line in lines)
    return [rows_of(part) for part in parts] if len(parts) > 1 and (not both or 2 * both > len(lines)) else [lines]


def _row(segments: list[Segment]) -> RuledRow:
    """All on the first line of the row."""
    base = min(segment.top + 0.8 * segment.size for segment in segments)
    for segment in segments:
        segment.base = base
    return RuledRow(segments)


def _is_list(lines: list[list[Word]]) -> bool:
    """Values below each other rather than one text: most lines have a figure and few words."""
    numbers = sum(len(line) <= 3 and any(char.isdigit() for word in line for char in word.text) for line in lines)
    return numbers * 3 >= len(lines) * 2


def _grids(rules: RuledLines) -> list[_Grid]:
    """Groups of rules that meet."""
    lying, standing = rules.lying, rules.standing
    group = list(range(len(lying) + len(standing)))

    def find(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for number, (y, left, right) in enumerate(lying):
        for other, (x, top, bottom) in enumerate(standing):
            if left - _NEAR <= x <= right + _NEAR and top - _NEAR <= y <= bottom + _NEAR:
                group[find(number)] = find(len(lying) + other)
    members: dict[int, list[int]] = defaultdict(list)
    for at in range(len(group)):
        members[find(at)].append(at)
    grids = []
    for ats in members.values():
        flat = [lying[at] for at in ats if at < len(lying)]
        upright = [standing[at - len(lying)] for at in ats if at >= len(lying)]
        if len(flat) >= 2 and upright:
            grids.append(_grid(flat, upright))
    return grids


def _grid(lying: list[tuple[float, float, float]], standing: list[tuple[float, float, float]]) -> _Grid:
    """Open sides are closed: many tables have no rule at their left and right."""
    ys = _places([y for y, _, _ in lying] + [end for _, top, bottom in standing for end in (top, bottom)])
    xs = _places([x for x, _, _ in standing] + [end for _, left, right in lying for end in (left, right)])
    cell_of: dict[tuple[int, int], tuple[int, int]] = {}
    for row in range(len(ys) - 1):
        for column in range(len(xs) - 1):
            across, down = (xs[column] + xs[column + 1]) / 2, (ys[row] + ys[row + 1]) / 2
            above = row > 0 and not any(
                abs(y - ys[row]) <= _NEAR and left <= across <= right for y, left, right in lying
            )
            before = column > 0 and not any(
                abs(x - xs[column]) <= _NEAR and top <= down <= bottom for x, top, bottom in standing
            )
            if above and (not before or cell_of[row - 1, column] == cell_of.get((row, column - 1))):
                cell_of[row, column] = cell_of[row - 1, column]
            elif before:
                cell_of[row, column] = cell_of[row, column - 1]
            else:
                cell_of[row, column] = (row, column)
    return _Grid(xs, ys, cell_of)


def _places(numbers: Iterable[float]) -> list[float]:
    """Without those that are nearly the same."""
    found: list[float] = []
    for number in sorted(numbers):
        if not found or number - found[-1] > _NEAR:
            found.append(number)
    return found


def _interval(edges: list[float], at: float) -> int:
    return max(0, min(len(edges) - 2, sum(edge <= at for edge in edges) - 1))


def _merged(rules: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Rules of one height that touch are one."""
    found: list[list[float]] = []
    open_: list[list[float]] = []
    for at, begin, end in sorted(rules):
        open_ = [one for one in open_ if at - one[0] <= 1.5]
        for one in open_:
            if begin <= one[2] + _NEAR and end >= one[1] - _NEAR:
                one[1], one[2] = min(begin, one[1]), max(end, one[2])
                break
        else:
            open_.append([at, begin, end])
            found.append(open_[-1])
    return [(at, begin, end) for at, begin, end in found if end - begin >= _SHORTEST]
