"""What an answer may hold where its schema does not say: no model can run away in a string of spaces or an endless row
of digits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from extractor.grammar.narrow.meeting import types
from schemas import keywords
from schemas.checks.numbers import FARTHEST, at_least, at_most, is_number

_LAST_DECIMAL = 1e-9


@dataclass(frozen=True)
class Bounds:
    """What an answer may hold where its schema does not say."""

    max_chars: int = 4_000  # of a string
    max_items: int = 1_000  # of an array, and keys of a map
    max_key_chars: int = 200  # of a key that no schema declares
    max_integer: int = 10**18
    max_number: int = 10**15
    decimals: int = 9


def counted(node: Any) -> Any:
    """`node` with whole counts: to JSON Schema 3.0 is one, to llguidance it is none."""
    if isinstance(node, list):
        return [counted(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: int(value) if key in keywords.COUNTS and isinstance(value, float) else counted(value)
        for key, value in node.items()
    }


def widened(bounds: Bounds, root: Any) -> Bounds:
    """For a schema that meets others, which may name longer texts and arrays."""
    chars = max(_stated(root, "minLength", "maxLength"), bounds.max_chars)
    return replace(bounds, max_chars=chars, max_items=max(_stated(root, "minItems", "maxItems"), bounds.max_items))


def _stated(root: Any, *keys: str) -> int:
    return max((int(value) for key in keys for value in keywords.values_of(root, key) if is_number(value)), default=0)


def bound_string(new: dict[str, Any], bounds: Bounds) -> None:
    if "string" in types(new):
        new.setdefault("maxLength", max(bounds.max_chars, new.get("minLength", 0)))


def bounds_of(node: dict[str, Any]) -> dict[str, float] | None:
    """The bounds that `node` sets to a number, each the nearest beyond it that the grammar holds. None where every
    right answer is beyond what the grammar counts to."""
    if keywords.beyond(node):
        return None
    found: dict[str, float] = {}
    for key in keywords.BOUNDS & node.keys():
        bound = node[key]
        if abs(bound) < FARTHEST:
            found[key] = at_most(bound) if "inimum" in key else at_least(bound)
    for key, opposite in (("exclusiveMinimum", "aximum"), ("exclusiveMaximum", "inimum")):
        _set_off(found, key, opposite)
    return dict(sorted(found.items()))


def _set_off(found: dict[str, float], key: str, opposite: str) -> None:
    """llguidance 1.9.1 lets a whole number that is excluded through where the other bound is less than one away: the
    bound becomes the next number of nine decimals."""
    bound = found.get(key)
    others = [other for name, other in found.items() if name.endswith(opposite)]
    if bound is None or not others or bound != math.floor(bound) or abs(others[0] - bound) >= 1:
        return
    del found[key]
    low = key == "exclusiveMinimum"
    next_float = math.nextafter(bound, math.inf if low else -math.inf)
    step = bound + (_LAST_DECIMAL if low else -_LAST_DECIMAL)
    found["minimum" if low else "maximum"] = max(next_float, step) if low else min(next_float, step)


def bound_number(new: dict[str, Any], bounds: Bounds, *, alone: bool, far: bool, decimals: int | None) -> None:
    """`far`: every right answer is beyond what the grammar counts to, so bounds of ours would rule it out.
    `decimals`: where others meet it, that may say what it is a multiple of."""
    kinds = types(new) or (["number"] if keywords.BOUNDS & new.keys() else [])
    if ("number" in kinds or "integer" in kinds) and not far:
        limit = bounds.max_number if "number" in kinds else bounds.max_integer
        limit = limit if alone else FARTHEST  # another schema may name longer ones
        low = new.get("minimum", new.get("exclusiveMinimum"))
        high = new.get("maximum", new.get("exclusiveMaximum"))
        if low is None:
            new["minimum"] = -limit if high is None else max(-FARTHEST, min(-limit, 1000 * high - limit))
        if high is None:
            new["maximum"] = limit if low is None else min(FARTHEST, max(limit, 1000 * low + limit))
    most = bounds.decimals if alone else decimals
    if "number" in kinds and most is not None:
        new.setdefault("multipleOf", 10.0**-most)
