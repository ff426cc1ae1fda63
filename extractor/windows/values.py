"""What several windows say of one value → one of them, with the others beside it. Pure.

Nothing said loses against something said. A value that the document prints wins over one that it does not, then the one
that the windows are surer of. What two windows read at the same place, or in the same words, counts once. Its
confidence is that of all of them together: windows that agree make it surer, others less sure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from extractor.result import Known
from extractor.windows.tree import ValueNode, ValueOrigin
from extractor.windows.window import Piece

_UNKNOWN = 0.5  # how sure a model was where that is not known
_SUREST = 0.99  # two that are quite sure are surer than one
_GUESSES = 2  # at most, that count for a value which stands nowhere: what a model concludes it concludes everywhere
MOST_OTHERS = 5


def merged_value(leaves: Sequence[ValueNode]) -> ValueNode:
    """`leaves`: of windows in their order, at least one."""
    if len(leaves) == 1:
        return leaves[0]
    values = [leaf for leaf in leaves if leaf.value is not None]
    if not values:
        least = min(leaves, key=lambda leaf: (not _passed_over(leaf), _sure(leaf)))
        return replace(_counted(least, agree=len(leaves), disagree=0, empty=0), origins=_origins(leaves))
    values = _longest(values)
    groups: dict[Any, list[ValueNode]] = {}
    for leaf in values:
        groups.setdefault(_key(leaf.value), []).append(leaf)
    ranked = sorted(groups.values(), key=_weight, reverse=True)  # the first of equals stays first
    first = _best(ranked[0])
    agree = sum(_key(leaf.value) == _key(first.value) for leaf in values)
    best = _counted(first, agree=agree, disagree=len(values) - agree, empty=sum(leaf.value is None for leaf in leaves))
    others = [_best(group) for group in ranked[1:]]
    if first.places:  # a guess is no contradiction to what is printed
        others = [other for other in others if other.places]
    if len(values) > 1 and best.known is not None and best.known["confidence"] is not None:
        rivals = [group for group in ranked[1:] if _best(group) in others]
        best = replace(best, known={**best.known, "confidence": _together_sure(ranked[0], rivals)})
    origins = _origins(leaf for leaf in values if _key(leaf.value) == _key(first.value))
    return replace(best, others=tuple(others[:MOST_OTHERS]), unprinted=first.unprinted, origins=origins)


def _origins(leaves: Iterable[ValueNode]) -> tuple[ValueOrigin, ...]:
    return tuple(origin for leaf in leaves for origin in leaf.origins)


def _together_sure(group: list[ValueNode], rivals: Sequence[list[ValueNode]]) -> float:
    """The chance that a value is right that the windows of `group` gave, where at most one of it and what the `rivals`
    gave is, and each window errs on its own; of windows that read nothing of the kind, a few do."""
    logs = [-_few(_wrong(one, _own_confidence), one) for one in (group, *rivals)]
    # The odds that not all windows of a group are wrong, e^log - 1, and the 1 beside them, are all divided by the
    # largest e^log: of a few hundred windows that is beyond a float.
    most = max(logs)
    odds = [math.exp(log - most) - math.exp(-most) for log in logs]
    sure = odds[0] / (math.exp(-most) + math.fsum(odds))
    return sure if rivals else max(sure, _own_confidence(_best(group)))


def same(one: Any, other: Any) -> bool:
    return bool(_key(one) == _key(other))


def _key(value: Any) -> Any:
    """Texts are the same whatever their white space and case, numbers however they are written; true is not 1."""
    if isinstance(value, str):
        return " ".join(value.split()).casefold()
    return (type(value), value) if isinstance(value, bool) else value


def overlapping(some: Sequence[Piece], others: Sequence[Piece]) -> bool:
    """Whether they have characters in common."""
    return any(one.start < other.stop and other.start < one.stop for one in some for other in others)


def _longest(values: list[ValueNode]) -> list[ValueNode]:
    """Without those that a seam cut off: another window read more at the same place."""
    return [leaf for leaf in values if not any(_part_of(leaf, other) for other in values)]


def _part_of(leaf: ValueNode, other: ValueNode) -> bool:
    mine, theirs = _size(leaf), _size(other)
    return mine < theirs and not same(leaf.value, other.value) and overlapping(leaf.places, other.places)


def _size(leaf: ValueNode) -> int:
    return sum(place.stop - place.start for place in leaf.places)


def _weight(group: list[ValueNode]) -> tuple[bool, float]:
    """Whether it is printed, and the chance that not all of its windows are wrong."""
    return any(leaf.places for leaf in group), -math.fsum(_wrong(group, _sure))


def _few(wrong: Sequence[float], group: list[ValueNode]) -> float:
    """The logarithm of the chance that all windows of a group are wrong."""
    printed = any(leaf.places for leaf in group)
    return math.fsum(wrong) * (1 if printed else min(1, _GUESSES / len(wrong)))


def _wrong(group: list[ValueNode], sure: Callable[[ValueNode], float]) -> list[float]:
    """The logarithms of the chances that its windows are, of each that counts. What is not printed is nothing beside
    what is."""
    seen: list[Piece] = []
    passages: set[str] = set()
    wrong: list[float] = []
    printed = any(leaf.places for leaf in group)
    for leaf in sorted(group, key=sure, reverse=True):
        if (printed and not leaf.places) or leaf.passage in passages or overlapping(leaf.places, seen):
            continue
        seen += leaf.places
        passages |= {leaf.passage} if leaf.passage else set()
        wrong.append(math.log1p(-min(sure(leaf), _SUREST)))
    return wrong


def _best(group: list[ValueNode]) -> ValueNode:
    return max(group, key=lambda leaf: (bool(leaf.places), _sure(leaf)))


def _sure(leaf: ValueNode) -> float:
    """A value that stands at its own name is half as doubtful as one that is printed somewhere."""
    sure = _own_confidence(leaf)
    named = leaf.known is not None and leaf.known["label"] is not None
    return (1 + sure) / 2 if leaf.value is not None and named else sure


def _own_confidence(leaf: ValueNode) -> float:
    confidence = leaf.known["confidence"] if leaf.known is not None else None
    return _UNKNOWN if confidence is None else float(confidence)


def _passed_over(leaf: ValueNode) -> bool:
    """Whether it is a null although its name is printed, with something behind it."""
    label = leaf.known["label"] if leaf.known else None
    return label is not None and label["behind"] is not None


def _counted(leaf: ValueNode, *, agree: int, disagree: int, empty: int) -> ValueNode:
    known: Known = leaf.known or {"evidence": [], "label": None, "confidence": None}
    return replace(leaf, known={**known, "windows": {"agree": agree, "disagree": disagree, "empty": empty}})
