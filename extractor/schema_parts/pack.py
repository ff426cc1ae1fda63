"""A schema → the properties of each of its parts, in its order. Pure: it is given what says whether a part fits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from extractor.schema_parts.objects import REST, OpenObject, opened
from extractor.schema_parts.part import Path, only, tree_of

JSON = dict[str, Any]
Fits = Callable[[JSON], bool]


def packed(root: JSON, fits: Fits) -> list[list[Path]]:
    """The paths of each part of a gathered schema. As many as fit go into one; what does not fit by itself, and cannot
    be cut, is one alone. None where the schema is no object that can be cut."""
    whole = opened(root, root)
    if whole is None:
        return []
    pieces = list(_pieces(root, whole, (), fits))
    found, begin = [], 0
    while begin < len(pieces):
        stop = begin + _fitting(root, pieces[begin:], fits)
        found.append(pieces[begin:stop])
        begin = stop
    return found


def _pieces(root: JSON, cut: OpenObject, above: Path, fits: Fits) -> Iterator[Path]:
    for name, node in cut.properties.items():
        path = (*above, name)
        inner = None if name is REST else opened(root, node, cut.refs)
        if inner is None or fits(only(root, tree_of([path]))):
            yield path
        else:
            yield from _pieces(root, inner, path, fits)


def _fitting(root: JSON, pieces: Sequence[Path], fits: Fits) -> int:
    """How many of them go into one part, which is one at least."""

    def too_many(count: int) -> bool:
        return not fits(only(root, tree_of(pieces[:count])))

    most = 2
    while most < len(pieces) and not too_many(most):
        most *= 2
    most = min(most, len(pieces))
    return max(1, bisect_left(range(1, most + 1), True, key=too_many))
