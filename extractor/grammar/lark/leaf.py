"""A value that has to be printed and on which several schemas meet, as one schema of a scalar. Pure: knows JSON
Schema."""

from __future__ import annotations

from typing import Any

from extractor.grammar.narrow.marks import FILE, KEYS, LARK, LIKE, PRINTED, TEXT, WITHIN
from schemas import keywords

JSON = dict[str, Any]

SCALAR = keywords.BOUNDS | {"type", "minLength", "maxLength", "pattern", "format", "multipleOf", PRINTED, LARK}
_OF_OBJECTS = frozenset({"properties", "patternProperties", "additionalProperties", KEYS, WITHIN})
_OF_OTHERS = _OF_OBJECTS | {"items", "maxItems"}  # says nothing of a scalar
_KINDS = frozenset({"string", "number", "integer", "boolean", "null"})


def leaf_of(node: JSON, root: JSON) -> JSON | None:
    """`type` (a list), `x-printed` and, in `allOf`, all that `node`, its `allOf` and what it refers to say beside
    these. None where something else is said of the value, or nothing prints it."""
    parts, waiting = [], [(node, 0)]
    while waiting:
        one, depth = waiting.pop()
        if not isinstance(one, dict) or one.keys() - SCALAR - _OF_OTHERS - {"allOf", "$ref"} or depth > keywords.DEPTH:
            return None
        parts.append({key: value for key, value in one.items() if key in SCALAR})
        waiting += [(below, depth + 1) for below in one.get("allOf", ())]
        if "$ref" in one:
            waiting.append((keywords.resolve(root, one["$ref"]), depth + 1))
    kinds = _kinds(parts)
    if not kinds or not kinds <= _KINDS:
        return None
    formats = sorted({one.pop(PRINTED) for one in parts if PRINTED in one}, key=_rank)
    if not formats:
        return None
    constraints = [{key: value for key, value in one.items() if key != "type"} for one in parts]
    return {"type": sorted(kinds), PRINTED: formats[0], "allOf": [one for one in constraints if one]}


def _rank(format_: str) -> tuple[bool, bool, bool, str]:
    """By how much it says: of several the first is kept."""
    return format_ == TEXT, format_ == FILE, format_.startswith(LIKE), format_


def _kinds(parts: list[JSON]) -> set[str]:
    """Those that all of them take."""
    each = [{one["type"]} if isinstance(one["type"], str) else set(one["type"]) for one in parts if "type" in one]
    wide = [kinds | ({"integer"} if "number" in kinds else set()) for kinds in each]
    common = set.intersection(*wide) if wide else set()
    return common - {"integer"} if "number" in common else common
