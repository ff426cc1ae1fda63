"""How the values of an answer belong together: rows of lists, columns of rows, lists of values. Knows paths only."""

from __future__ import annotations

from extractor.evidence.scalars import JsonPath, Scalar
from extractor.notation.key_words import key_words

_NUMBERS = frozenset("id no nr num number pos position line row item index rank n".split())


def key_of(scalar: Scalar) -> str:
    """The name of its field, or of the list that it is in."""
    return next((part for part in reversed(scalar.path) if isinstance(part, str)), "")


def list_of(scalar: Scalar) -> JsonPath:
    """The path of the list that it is a value of; () where it is none."""
    return scalar.path[:-1] if isinstance(scalar.path[-1], int) else ()


def is_list(part: list[Scalar]) -> bool:
    return len(part) > 1 and bool(list_of(part[0]))


def row_of(scalar: Scalar) -> JsonPath:
    """The path of the innermost object of a list it is in; () for none."""
    return row_above(scalar.path)


def row_above(path: JsonPath) -> JsonPath:
    """As `row_of`; of a row itself the row that it is in."""
    last = max((at for at, part in enumerate(path[:-1]) if isinstance(part, int)), default=-1)
    return path[: last + 1]


def single(several: list[Scalar]) -> JsonPath:
    """The column of a row that has one value; () for another."""
    return column_of(several[0]) if len(several) == 1 and row_of(several[0]) and not list_of(several[0]) else ()


def together(groups: list[list[Scalar]]) -> list[list[Scalar]]:
    """Rows of one value each are a list of those."""
    return [[one for group in groups for one in group]] if single(groups[0]) else groups


def column_of(scalar: Scalar) -> JsonPath:
    """The path of what it is in every row of its list."""
    row = row_of(scalar)
    return (*row[:-1], "", *scalar.path[len(row) :])


def counting(found: list[Scalar]) -> set[JsonPath]:
    """Of lists of two rows or more, the columns that say 1, 2, 3, …; of two rows only one that is called a number."""
    columns: dict[JsonPath, list[object]] = {}
    for one in found:
        if row_of(one):
            columns.setdefault(column_of(one), []).append(one.value)
    return {
        column
        for column, values in columns.items()
        if len(values) > (1 if _NUMBERS.intersection(key_words(str(column[-1]).lower())) else 2)
        and values == list(range(1, len(values) + 1))
    }
