"""Decimals that llguidance 1.9.1 leaves out of a range. It lets `-0.50` through under none that leads over zero, and
`0.50` under none that excludes it; where it has only one side of zero to write, it takes them. So a number is written
as two options, one of each side. Of a far end such as 99.99 it leaves out `99.9`, which is written as a value, and
`99.990`, which is not. `-0.00`, which some print, is no number here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from extractor.grammar.narrow.meeting import types
from schemas import keywords

JSON = dict[str, Any]

NUMBERS = frozenset({"number", "integer"})
_LEAST = 1e-9  # the nearest to zero that is written: no number has more decimals
EITHER_SIDE: JSON = {"anyOf": [{"minimum": 0}, {"maximum": -_LEAST}]}  # of a number on which several schemas meet
_LITERAL = frozenset({"enum", "const", keywords.PRINTED})
_SPOKEN_OF = frozenset({"$ref", "allOf", "anyOf", "oneOf", *_LITERAL})
_OF_NUMBERS = keywords.BOUNDS | {"multipleOf"}


def on_both_sides(new: Any, *, options: bool = True) -> Any:
    """A rewritten schema that alone decides about a value, of numbers within bounds. `options`: whether its own may be
    given others beside them."""
    if not isinstance(new, dict) or "number" not in types(new):
        return new
    if _SPOKEN_OF & new.keys():
        given = options and NUMBERS.issuperset(types(new)) and not _LITERAL & new.keys()
        return {**new, "allOf": [*new.get("allOf", ()), EITHER_SIDE]} if given else new
    sides = _sides(new)
    shorter = {"enum": _shorter(new)}
    every = [*sides, shorter] if shorter["enum"] else sides
    return {"anyOf": every} if len(every) > 1 else every[0]


def _sides(new: JSON) -> list[JSON]:
    """The first with all that is said of other values."""
    bounds = {key: value for key, value in new.items() if key in keywords.BOUNDS}
    if bounds.get("exclusiveMinimum") == 0:
        bounds = {**_without(bounds, "inimum"), "minimum": _LEAST}
    if bounds.get("exclusiveMaximum") == 0:
        bounds = {**_without(bounds, "aximum"), "maximum": -_LEAST}
    rest = {key: value for key, value in new.items() if key not in keywords.BOUNDS}
    low, high = _end(bounds, "inimum"), _end(bounds, "aximum")
    if low is None or high is None or low >= 0 or high < 0:
        return [{**rest, **bounds}]
    above = {**rest, **_without(bounds, "inimum"), "minimum": 0}
    if low >= -_LEAST:
        return [above]
    own = {key: value for key, value in rest.items() if key in _OF_NUMBERS}
    return [above, {"type": "number", **own, **_without(bounds, "aximum"), "maximum": -_LEAST}]


def _shorter(new: JSON) -> list[float]:
    """The far ends of a range without their last digits, where these are within it."""
    low, high = _end(new, "inimum"), _end(new, "aximum")
    if low is None or high is None:
        return []
    found: list[float] = []
    for end in {Decimal(repr(end)) for end, far in ((high, high > 0), (low, low < 0)) if far}:
        written = format(end, "f")
        whole, _, fraction = written.partition(".")
        shorter = [Decimal(f"{whole}.{fraction[:count]}") for count in range(1, len(fraction))]
        found += [float(one) for one in shorter if one % 1 and _within(one, low, high, new)]
    return list(dict.fromkeys(found))


def _within(value: Decimal, low: float, high: float, new: JSON) -> bool:
    multiple = Decimal(repr(new.get("multipleOf", _LEAST)))
    return Decimal(repr(low)) < value < Decimal(repr(high)) and value % multiple == 0


def _without(bounds: JSON, end: str) -> JSON:
    return {key: value for key, value in bounds.items() if not key.endswith(end)}


def _end(bounds: JSON, end: str) -> float | None:
    return next((value for key, value in bounds.items() if key in keywords.BOUNDS and key.endswith(end)), None)
