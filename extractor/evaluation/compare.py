"""An answer beside the right one, leaf by leaf. Pure: knows JSON values and the schema they are of.

A leaf is a scalar, or a list without items. Items of lists are matched by best assignment (rows.py): their order says
nothing, and each leaf is judged in the item it belongs to. Where a schema gives the first items a meaning by their
place (`prefixItems`), the place decides. What the right answer does not name is not judged: the fields of an object
that a schema declares, and in a list the fields that none of the right items has. Keys that no schema declares are
data: one too many is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from extractor.evaluation.normal import exact_key, normal_key
from extractor.evaluation.rows import pairs, paths
from extractor.evaluation.shape import JSON, SchemaShape
from schemas.errors import pointer as pointer_to

Kind = Literal["exact", "normalised", "wrong", "missing", "invented", "null_right"]
KINDS: tuple[Kind, ...] = ("exact", "normalised", "wrong", "missing", "invented", "null_right")
_NO_PATHS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What became of one leaf. `kind`:

    `exact`       the same value (20 and 20.0 are)
    `normalised`  the same but for case, white space, quotes, or the notation of a day, time or number
    `wrong`       another value
    `missing`     null, an empty list or nothing, where there is a value
    `invented`    a value where the right answer has null, an empty list or nothing
    `null_right`  null, an empty list or nothing, as it should be

    Pointers are RFC 6901, of the leaf or, where that side has nothing there, of the null or empty list above it; None
    where it has none. `gold` and `value` are the scalars (`[]` for a list without items, None for nothing)."""

    pointer_in_answer: str | None
    pointer_in_gold: str | None
    kind: Kind
    gold: Any
    value: Any

    @property
    def right(self) -> bool:
        return self.kind in ("exact", "normalised", "null_right")


def compare(json_schema: JSON, gold: Any, answer: Any) -> list[Outcome]:
    """In the order of `gold`; what is invented beside its items comes behind them. Both are JSON as Python; numbers may
    be Decimals or `jsontext.Number`s."""
    return list(_compared(SchemaShape.of(json_schema), gold, answer, "", ""))


@dataclass(frozen=True)
class _Absent:
    """Stands for a key that an answer does not have."""


_ABSENT = _Absent()


def _compared(shape: SchemaShape, gold: Any, answer: Any, in_gold: str, in_answer: str | None) -> Iterator[Outcome]:
    if _is_empty(gold):
        yield from _against_nothing(gold, answer, in_gold, in_answer)
    elif _is_empty(answer):
        yield from _missing(gold, None if answer is _ABSENT else answer, in_gold, in_answer)
    elif isinstance(gold, dict) and isinstance(answer, dict):
        yield from _objects(shape, gold, answer, in_gold, in_answer or "")
    elif isinstance(gold, list) and isinstance(answer, list):
        yield from _lists(shape, gold, answer, in_gold, in_answer or "")
    elif isinstance(gold, dict | list) or isinstance(answer, dict | list):  # the schema lets it be either
        yield from _missing(gold, None, in_gold, None)
        yield from _invented(answer, None, None, in_answer or "")
    else:
        kind: Kind = "exact" if exact_key(gold) == exact_key(answer) else "normalised"
        if kind == "normalised" and normal_key(gold) != normal_key(answer):
            kind = "wrong"
        yield Outcome(in_answer, in_gold, kind, gold, answer)


def _objects(shape: SchemaShape, gold: JSON, answer: JSON, in_gold: str, in_answer: str) -> Iterator[Outcome]:
    for key, value in gold.items():
        step = pointer_to(key)
        given = answer.get(key, _ABSENT)
        yield from _compared(
            shape.below(key), value, given, in_gold + step, None if given is _ABSENT else in_answer + step
        )
    more = [key for key in answer if key not in gold]
    declared = shape.names if more else frozenset()
    for key in (key for key in more if key not in declared):
        yield from _invented(answer[key], None, None, in_answer + pointer_to(key))


def _lists(shape: SchemaShape, gold: list[Any], answer: list[Any], in_gold: str, in_answer: str) -> Iterator[Outcome]:
    fixed = shape.fixed
    places = [at if at < len(answer) else None for at in range(min(fixed, len(gold)))]
    places += [None if place is None else place + fixed for place in pairs(gold[fixed:], answer[fixed:])]
    for at, place in enumerate(places):
        if place is None:
            yield from _missing(gold[at], None, f"{in_gold}/{at}", None)
        else:
            yield from _compared(shape.below(at), gold[at], answer[place], f"{in_gold}/{at}", f"{in_answer}/{place}")
    known = frozenset(path for item in gold for path in paths(item))
    for place in sorted(set(range(len(answer))) - set(places)):
        yield from _invented(answer[place], None, None, f"{in_answer}/{place}", known)


def _against_nothing(gold: Any, answer: Any, in_gold: str, in_answer: str | None) -> Iterator[Outcome]:
    found = [] if _is_empty(answer) else list(_invented(answer, gold, in_gold, in_answer or ""))
    if found:
        yield from found
    else:
        yield Outcome(in_answer, in_gold, "null_right", gold, answer if isinstance(answer, list) else None)


def _missing(gold: Any, answer: Any, in_gold: str, in_answer: str | None) -> Iterator[Outcome]:
    """Of every value in `gold`."""
    for where, value, _ in _values(gold):
        yield Outcome(in_answer, in_gold + where, "missing", value, answer)


def _invented(
    answer: Any, gold: Any, in_gold: str | None, in_answer: str, known: frozenset[str] = _NO_PATHS
) -> Iterator[Outcome]:
    """Of every value in `answer` that stands on one of the paths `known`, where there are any."""
    for where, value, path in _values(answer):
        if not known or path in known:
            yield Outcome(in_answer + where, in_gold, "invented", gold, value)


def _values(node: Any) -> Iterator[tuple[str, Any, str]]:
    """Each scalar but null, with its pointer and its path (rows.py), in order."""
    stack: list[tuple[str, Any, str]] = [("", node, "")]
    while stack:
        where, value, path = stack.pop()
        if isinstance(value, dict):
            steps = [(pointer_to(key), one, f"/{key}") for key, one in value.items()]
        elif isinstance(value, list):
            steps = [(f"/{at}", one, "/*") for at, one in enumerate(value)]
        else:
            if value is not None:
                yield where, value, path
            continue
        stack += [(where + step, one, path + further) for step, one, further in reversed(steps)]


def _is_empty(value: Any) -> bool:
    return value is None or value is _ABSENT or (isinstance(value, list) and not value)
