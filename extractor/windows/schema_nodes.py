"""What a JSON Schema says of one value, through `$ref` and `allOf`. Pure."""

from __future__ import annotations

from typing import Any

from schemas import keywords

JSON = dict[str, Any]

OPTIONS = ("anyOf", "oneOf")
_DEEPEST = 12  # options within options
_MOST_REFERENCES = 32  # that lead from one to the next
_CONTAINERS = frozenset({"object", "array"})


def kinds(node: JSON) -> set[str]:
    kinds = node.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def holds_lists(root: JSON, node: Any) -> bool:
    """Whether a list stands anywhere in what `node` describes."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue
        if "array" in kinds(one) or "items" in one:
            return True
        if (ref := one.get("$ref")) is not None and ref not in seen:
            seen.add(ref)
            waiting.append(keywords.resolve(root, ref))
        waiting += [*one.get("properties", {}).values(), one.get("additionalProperties")]
        waiting += [option for key in (*OPTIONS, "allOf") for option in one.get(key, ())]
    return False


def resolved(root: JSON, node: Any) -> JSON | None:
    """What `$ref`s and an `allOf` of one lead to, as far as no properties or items stand beside them."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(node, dict):
            return None
        others = beside(root, node)
        if len(others) != 1 or has_members(node):
            return node
        node = others[0]
    return None


def beside(root: JSON, node: JSON) -> list[Any]:
    """What else is said of the same value, by `$ref` and `allOf`."""
    return [*([keywords.resolve(root, node["$ref"])] if "$ref" in node else []), *node.get("allOf", ())]


def is_container(root: JSON, node: Any, depth: int = 0) -> bool:
    node = resolved(root, node)
    if node is None or depth > _DEEPEST:
        return False
    if has_members(node) or not _CONTAINERS.isdisjoint(kinds(node)):
        return True
    return any(is_container(root, one, depth + 1) for one in beside(root, node))


def has_members(node: JSON) -> bool:
    return "properties" in node or "items" in node
