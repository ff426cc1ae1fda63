"""What a sheet hides. It is left out, as a reader does not see it, and that is said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from extractor.documents.sheets.grid import COLUMNS

_NAMED = 5


class Hidden:
    """Counts what was left out of one sheet; `formulas` those that have no stored value."""

    def __init__(self) -> None:
        self.rows = self.formulas = 0
        self._ranges: list[tuple[int, int]] = []
        self._left_out: set[int] = set()

    def columns(self, first: int, last: int) -> None:
        """Those from `first` to `last` are; ranges come in their order, as in the file."""
        first, last = max(0, first), min(last, COLUMNS)
        if first <= last and (not self._ranges or first > self._ranges[-1][1]):
            self._ranges.append((first, last))

    def hides(self, column: int) -> bool:
        """Whether the column is hidden; counts it, since something was to be shown there."""
        at = bisect_right(self._ranges, (column, COLUMNS)) - 1
        if at < 0 or column > self._ranges[at][1]:
            return False
        self._left_out.add(column)
        return True

    def warnings(self) -> Iterator[str]:
        if self.rows:
            yield f"{_counted(self.rows, 'hidden row')} left out"
        if self._left_out:
            yield f"{_counted(len(self._left_out), 'hidden column')} left out"
        if self.formulas:
            counted = _counted(self.formulas, "formula", "has", "have")
            yield f"{counted} no stored value: open and save the file where it is calculated"


def _counted(count: int, what: str, one: str = "was", more: str = "were") -> str:
    return f"{count:,} {what} {one}" if count == 1 else f"{count:,} {what}s {more}"


def said_of_sheets(names: Sequence[str]) -> str:
    named = ", ".join(repr(name[:40]) for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return f"{_counted(len(names), 'hidden sheet')} left out ({named})"
