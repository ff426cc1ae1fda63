"""What a schema says of one place of an answer: each alternative, and each definition it refers to, by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.keywords import resolve

_ALTERNATIVES = ("anyOf", "oneOf", "allOf")

Node = dict[str, Any]


def nodes_at(root: Node, path: Sequence[str | int]) -> list[Node]:
    """Those of the value at `path` (keys, and numbers within lists), outermost first, none twice; empty where `root`
    says nothing of it. Raises KeyError for a reference to nothing. Time is linear in the schema for each step."""
    nodes = _with_alternatives(root, [root])
    for part in path:
        nodes = _with_alternatives(root, [below for node in nodes for below in _below(node, part)])
    return nodes


def _with_alternatives(root: Node, nodes: Iterable[Any]) -> list[Node]:
    """`nodes`, their alternatives and what they refer to."""
    found: dict[int, Node] = {}
    due = list(nodes)
    for node in due:  # grows
        if isinstance(node, dict) and id(node) not in found:
            found[id(node)] = node
            if "$ref" in node:
                due.append(resolve(root, node["$ref"]))
            for key in _ALTERNATIVES:
                due.extend(node.get(key, ()))
    return list(found.values())


def _below(node: Node, part: str | int) -> Iterator[Any]:
    if isinstance(part, str):
        properties = node.get("properties", {})
        if part in properties:
            yield properties[part]
        return
    first = node.get("prefixItems", ())
    yield first[part] if part < len(first) else node.get("items")
