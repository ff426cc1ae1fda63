"""Rows of a list whose values stand in another's row. What a document prints once for several rows (a heading, a
currency below the table) is theirs together; a cell is of one row only, and a row that has none of its own is not
printed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extractor.evidence.occurrence import Occurrence
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.structure import row_of


@dataclass(frozen=True)
class RowCell:
    """A value of a row and where it stands; `shared`: one that may be said for several rows at once: words, or a number
    that has its label beside it."""

    row: int
    occurrence: Occurrence
    shared: bool

    @property
    def start(self) -> int:
        return self.occurrence[0].start


def at_home(
    found: Sequence[Scalar],
    occurrences: Sequence[Occurrence],
    is_shared: Callable[[Scalar, Occurrence], bool],
    line: Callable[[int], int],
) -> list[Occurrence]:
    """`occurrences` without what stands in the place of another row of its list. `is_shared`: whether a value may be
    said once for several rows; `line` of an offset."""
    lists: dict[JsonPath, list[int]] = {}
    for at, one in enumerate(found):
        if occurrences[at] and row_of(one):
            lists.setdefault(tuple(part for part in row_of(one) if isinstance(part, str)), []).append(at)
    kept, rows = list(occurrences), {row: at for at, row in enumerate(dict.fromkeys(map(row_of, found)))}
    for several in lists.values():
        cells = [
            RowCell(rows[row_of(found[at])], occurrences[at], is_shared(found[at], occurrences[at])) for at in several
        ]
        for at, is_foreign in zip(several, foreign(cells, line), strict=True):
            kept[at] = () if is_foreign else occurrences[at]
    return kept


def foreign(cells: Sequence[RowCell], line: Callable[[int], int]) -> list[bool]:
    """Of each whether it stands in another row's place. Rows in the order of the answer; `line` of an offset."""
    lines: defaultdict[int, Counter[int]] = defaultdict(Counter)
    whose: dict[int, int] = {}  # by an offset, the first row that stands there
    for cell in cells:
        lines[cell.row][line(cell.start)] += 1
        whose.setdefault(cell.start, cell.row)
    at_home: defaultdict[int, set[int]] = defaultdict(set)  # by a line, the rows that have two values or more in it
    for row, counts in lines.items():
        for at, count in counts.items():
            if count > 1:
                at_home[at].add(row)
    cells_of: defaultdict[int, list[int]] = defaultdict(list)  # by a row, where the most of it stands
    for cell in cells:
        if lines[cell.row][line(cell.start)] == max(lines[cell.row].values()):
            cells_of[cell.row].append(cell.start)
    edges = {row: (min(each), max(each)) for row, each in cells_of.items()}

    def is_foreign(cell: RowCell) -> bool:
        at, first, own = line(cell.start), whose[cell.start], lines[cell.row]
        if own[at] == 1 < len(own) and at_home[at] - {cell.row}:
            return True
        if first == cell.row:
            return False
        return not cell.shared or lines[first][at] > 1 or edges[first][0] < cell.start < edges[first][1]

    found = [is_foreign(cell) for cell in cells]
    printed = {cell.row for cell, no in zip(cells, found, strict=True) if not no and whose[cell.start] == cell.row}
    return [no or cell.row not in printed for cell, no in zip(cells, found, strict=True)]
