"""Any JSON value, within bounds, for values of which a schema says nothing: definitions that name each other."""

from __future__ import annotations

import re
from typing import Any

from extractor.grammar.narrow.bounds import Bounds
from extractor.grammar.narrow.marks import KEYS, PRINTED
from extractor.grammar.narrow.zeros import on_both_sides
from schemas.checks.numbers import FARTHEST

JSON = dict[str, Any]

_ANY_KEY = "^(?s:.{0,%d})$"
LEVELS = 6  # of arrays and objects in one another; where two such values meet, llguidance takes 2 ** LEVELS ms


def definitions(name: str, bounds: Bounds, decimals: int | None, printed: str | None = None) -> JSON:
    """By their names, the last of which is any value. `decimals`: of its numbers, as many as there may be. `printed`:
    that all of it has to be printed, as marks.py says of a text without a format."""
    scalar = {} if printed is None else {PRINTED: printed}
    keys = {} if printed is None else {KEYS: printed}
    number: JSON = {"type": "number", "minimum": -FARTHEST, "maximum": FARTHEST, **scalar}
    if decimals is not None:
        number["multipleOf"] = 10.0**-decimals
    plain = [
        {"type": "null"},
        {"type": "boolean"},
        on_both_sides(number),
        {"type": "string", "maxLength": bounds.max_chars, **scalar},
    ]
    defs: JSON = {f"{name}0": {"anyOf": plain}}
    for level in range(1, LEVELS + 1):
        below = {"$ref": f"#/$defs/{name}{level - 1}"}
        array = {"type": "array", "items": below, "maxItems": bounds.max_items}
        defs[f"{name}{level}"] = {"anyOf": [*plain, array, {"type": "object", **a_map(below, bounds), **keys}]}
    return defs


def a_map(values: Any, bounds: Bounds, least: int = 0) -> JSON:
    """The keywords of an object of keys that nobody declares."""
    return {
        "patternProperties": {_ANY_KEY % bounds.max_key_chars: values},
        "additionalProperties": False,
        "maxProperties": max(bounds.max_items, least),
    }


def is_any_key(pattern: str) -> bool:
    """Whether it is the one of `a_map`."""
    return re.fullmatch(r"\^\(\?s:\.\{0,\d+\}\)\$", pattern) is not None
