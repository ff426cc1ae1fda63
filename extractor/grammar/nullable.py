"""A schema of values that may be null, with some that may not. Pure: knows JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.keywords import resolve

Node = dict[str, Any]

_SCALARS = frozenset(("string", "number", "integer", "boolean"))


def without_null(root: Node, node: Node) -> Node | None:
    """What a value that may be null is otherwise, title and description kept; None where that is not plainly one
    scalar. `root`: where references of `node` lead to."""
    if "$ref" in node:
        return _scalar({**resolve(root, node["$ref"]), **_but(node, "$ref")})
    if "anyOf" in node:
        others = [one for one in node["anyOf"] if isinstance(one, dict) and one.get("type") != "null"]
        return without_null(root, {**others[0], **_but(node, "anyOf")}) if len(others) == 1 else None
    return _scalar(node)


def required_at(root: Node, paths: Iterable[Sequence[str]]) -> Node:
    """`root` in which the scalars at `paths`, the keys of objects, may not be null. One that can be nothing else, or
    that more than one node of the schema speaks of, stays as it is; so does whatever else refers to the same
    definition."""
    changed = root
    for path in paths:
        changed = _changed(root, changed, path) or changed
    return changed


def _changed(root: Node, node: Node, path: Sequence[str]) -> Node | None:
    """None where nothing can be said of `path`."""
    if not path:
        return without_null(root, node)
    if "$ref" in node:
        return _changed(root, {**resolve(root, node["$ref"]), **_but(node, "$ref")}, path)
    if "anyOf" in node:
        return _one_changed(root, node, path)
    below = node.get("properties", {}).get(path[0])
    new = _changed(root, below, path[1:]) if isinstance(below, dict) else None
    return new and {**node, "properties": {**node["properties"], path[0]: new}}


def _one_changed(root: Node, node: Node, path: Sequence[str]) -> Node | None:
    """Of alternatives that can be changed at `path`, where there is one."""
    changed = [_changed(root, one, path) if isinstance(one, dict) else None for one in node["anyOf"]]
    if sum(one is not None for one in changed) != 1:
        return None
    return {**node, "anyOf": [new or old for new, old in zip(changed, node["anyOf"], strict=True)]}


def _scalar(node: Node) -> Node | None:
    if "enum" in node:
        values = [one for one in node["enum"] if one is not None]
        return _typed({**node, "enum": values}) if values else None
    return _typed(node) if "type" in node else None


def _typed(node: Node) -> Node | None:
    kinds = node.get("type", [])
    others = [one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"]
    if len(others) != 1 or others[0] not in _SCALARS:
        return node if "enum" in node and "type" not in node else None
    bare = _but(node, "default") if node.get("default", 0) is None else node
    return {**bare, "type": others[0]}


def _but(node: Node, key: str) -> Node:
    return {name: value for name, value in node.items() if name != key}
