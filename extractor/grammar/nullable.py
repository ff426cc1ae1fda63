"""A schema of values that may be null, with some that may not. Pure: knows JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.keywords import resolve

Node = dict[str, Any]

_SCALARS = frozenset(("string", "number", "integer", "boolean"))


def without_null(root: Node, node: Node) -> Node | None:
    """What a value that may be null is otherwise, title and description kept; None where that is nothing, or may be no
    scalar. `root`: where references of `node` lead to."""
    if "$ref" in node:
        return without_null(root, {**resolve(root, node["$ref"]), **_but(node, "$ref")})
    if "anyOf" in node:
        return _alternatives(root, node)
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


def _alternatives(root: Node, node: Node) -> Node | None:
    others = [one for one in node["anyOf"] if not (isinstance(one, dict) and one.get("type") == "null")]
    left = [without_null(root, one) if isinstance(one, dict) else None for one in others]
    if not left or None in left:
        return None
    beside = _but(node, "anyOf", _null_default(node))
    return {**beside, "anyOf": left} if len(left) > 1 else {**(left[0] or {}), **beside}


def _scalar(node: Node) -> Node | None:
    """None where it is not said that it is a scalar."""
    bare = _but(node, _null_default(node))
    if "enum" in bare:
        bare["enum"] = [one for one in bare["enum"] if one is not None]
    kinds = bare.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else [one for one in kinds if one != "null"]
    if "type" in bare:
        bare["type"] = kinds[0] if len(kinds) == 1 else kinds
    choices = bare.get("enum") if "type" not in bare else kinds
    return bare if choices and bare.get("enum", True) and _SCALARS.issuperset(kinds) else None


def _null_default(node: Node) -> str:
    """The keyword of a default that is null; no keyword where it is another."""
    return "default" if node.get("default", "") is None else ""


def _but(node: Node, *keys: str) -> Node:
    return {name: value for name, value in node.items() if name not in keys}
