"""Whether an answer may have keys that its schema does not name. Pure: knows JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas import keywords

_OTHERS = ("patternProperties", "propertyNames", "unevaluatedProperties")
_ELSEWHERE = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum", "const"})  # what else says what a value is


def has_free_keys(schema: dict[str, Any]) -> bool:
    """Of a schema that `schemas.check` has passed. Where that is not plain, true."""
    return any(_is_open(node) for node in _nodes(schema))


def _is_open(node: Any) -> bool:
    if not isinstance(node, dict):
        return node is not False
    if node.get("additionalProperties", False) is not False or any(key in node for key in _OTHERS):
        return True
    if not _ELSEWHERE.isdisjoint(node):
        return False
    kinds, fields = node.get("type", ["object", "array"]), node.get("properties", {})
    if "array" in kinds and "items" not in node:
        return True
    closed = "additionalProperties" in node or fields
    return "object" in kinds and (not closed or not set(node.get("required", ())) <= set(fields))


def _nodes(schema: Any) -> Iterator[Any]:
    """It, and all schemas within it."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, dict):
            continue
        waiting += [node[key] for key in keywords.ONE & node.keys() if key != "additionalProperties"]
        waiting += [one for key in keywords.MANY & node.keys() for one in node[key]]
        waiting += [one for key in keywords.NAMED & node.keys() for one in node[key].values()]
