"""Which items of two lists are the same one, by best assignment: as many equal values as can be, then as many equal
words. Items with nothing in common stay alone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from extractor.evaluation.assignment import assign
from extractor.evaluation.normal import NULL, Key, exact_key, normal_key, words

Cell = tuple[Key, frozenset[str]]  # of one path in one item: what it says, and in which words
_MOST_CELLS = 1_000_000  # pairs of items that are looked at; longer lists are paired stretch by stretch
_NULL_OFF = 0.5  # how far null is from a value
_WORD_OFF = 0.1  # of the distance of two texts, what their words decide
_OUT_OF_ORDER = 1e-6  # between equals the order decides


def pairs(gold: Sequence[Any], answer: Sequence[Any]) -> list[int | None]:
    """For each gold item the place of the answer's item. Those that are alike in every letter belong to each other;
    that is part of a best assignment, for the distance between items is a metric."""
    partners: list[int | None] = [None] * len(gold)
    same: defaultdict[Any, list[int]] = defaultdict(list)
    for at in reversed(range(len(answer))):
        same[_frozen(answer[at])].append(at)
    for at, item in enumerate(gold):
        if found := same.get(_frozen(item)):
            partners[at] = found.pop()
    taken = set(partners)
    left = [at for at, place in enumerate(partners) if place is None]
    unpaired = [at for at in range(len(answer)) if at not in taken]
    for some, others in _windows(left, unpaired):
        wanted, given = _cells([gold[at] for at in some], [answer[at] for at in others])
        for row, column in enumerate(assign(_costs(wanted, given))):
            if column is not None and _share_something(wanted[row], given[column]):
                partners[some[row]] = others[column]
    return partners


def paths(item: Any) -> dict[str, list[Any]]:
    """The scalars of an item by where they stand; places in lists within it are not told apart."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    stack = [("", item)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{path}/{key}", one) for key, one in value.items()]
        elif isinstance(value, list):
            stack += [(f"{path}/*", one) for one in value]
        else:
            found[path].append(value)
    return found


def _windows(left: list[int], unpaired: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """All against all where that is few; else stretches of both."""
    parts = 1
    while len(left) * len(unpaired) / parts > _MOST_CELLS:
        parts += 1
    for part in range(parts):
        some = left[len(left) * part // parts : len(left) * (part + 1) // parts]
        others = unpaired[len(unpaired) * part // parts : len(unpaired) * (part + 1) // parts]
        if some and others:
            yield some, others


def _cells(gold: list[Any], answer: list[Any]) -> tuple[list[list[Cell | None]], list[list[Cell]]]:
    """What gold items say on each of their paths, None where one says nothing of a path; and what the others say
    there."""
    rows, columns = [paths(item) for item in gold], [paths(item) for item in answer]
    of_columns = list(dict.fromkeys(path for row in rows for path in row))
    wanted = [[_cell(row[path]) if path in row else None for path in of_columns] for row in rows]
    return wanted, [[_cell(column.get(path, [None])) for path in of_columns] for column in columns]


def _costs(wanted: list[list[Cell | None]], given: list[list[Cell]]) -> list[list[float]]:
    """Between 0, the same, and 1, nothing in common."""
    slope = _OUT_OF_ORDER / max(len(wanted), len(given))
    known: dict[tuple[Cell, Cell], float] = {}
    return [
        [
            _off(some, other, known) + abs(row / len(wanted) - column / len(given)) * slope
            for column, other in enumerate(given)
        ]
        for row, some in enumerate(wanted)
    ]


def _share_something(some: list[Cell | None], other: list[Cell]) -> bool:
    """A value, or a word of one."""
    both = [(one, two) for one, two in zip(some, other, strict=True) if one is not None and one[0] != NULL]
    return any(one[0] == two[0] or one[1] & two[1] for one, two in both)


def _off(some: list[Cell | None], other: list[Cell], known: dict[tuple[Cell, Cell], float]) -> float:
    total = count = 0.0
    for one, two in zip(some, other, strict=True):
        if one is None:
            continue
        count += 1
        if one[0] == two[0]:
            continue
        if not one[1] or not two[1]:
            total += _NULL_OFF if one[0] == NULL or two[0] == NULL else 1
            continue
        if (one, two) not in known:
            known[one, two] = 1 - _WORD_OFF * len(one[1] & two[1]) / len(one[1] | two[1])
        total += known[one, two]
    return total / count if count else 1.0


def _cell(values: list[Any]) -> Cell:
    """What several values say together does not depend on their order."""
    if len(values) == 1:
        return normal_key(values[0]), words(values[0])
    keys = sorted(map(normal_key, values), key=repr)
    return ("several", tuple(keys)), frozenset(map(repr, keys))


def _frozen(item: Any) -> Any:
    if isinstance(item, Mapping):
        return frozenset((key, _frozen(one)) for key, one in item.items())
    return tuple(map(_frozen, item)) if isinstance(item, list) else exact_key(item)
