"""What is said of one value by all the schemas that meet there: through `$ref`, `allOf`, `anyOf` and `oneOf`."""

from __future__ import annotations

from typing import Any

from schemas import keywords

JSON = dict[str, Any]

KINDS = frozenset({"null", "boolean", "number", "string", "array", "object"})
SAID = ("additionalProperties", "patternProperties")  # of keys that `properties` does not name
PRESENCE = ("not", "if", "dependentRequired", "dependentSchemas", "maxProperties")


class Counts(dict[str, int]):
    """Of the schemas that meet on one value, how many declare each property. `forbids`: whether they may forbid a key
    for what else there is or is not; then none is asked for that need not be."""

    forbids = False

    def __repr__(self) -> str:
        return f"{super().__repr__()} {self.forbids}"


def types(node: JSON) -> list[str]:
    """The names that `type` lists."""
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def forbids_keys(root: JSON, node: Any, seen: tuple[str, ...] = ()) -> bool:
    """Whether `node`, or a schema that meets it, makes it depend on other keys whether a key may be there."""
    if not isinstance(node, dict):
        return False
    if any(key in node for key in PRESENCE):
        return True
    if any(isinstance(one, dict) and "required" in one for one in node.get("oneOf", ())):
        return True
    below = [one for key in ("allOf", "anyOf", "oneOf") for one in node.get(key, ())]
    if "$ref" in node and node["$ref"] not in seen:
        seen = (*seen, node["$ref"])
        below.append(keywords.resolve(root, node["$ref"]))
    return any(forbids_keys(root, one, seen) for one in below)


def declared(root: JSON, node: Any, seen: tuple[str, ...] = ()) -> Counts | None:
    """The properties declared for one value by all the schemas that meet there, in order, each with how many
    declare it (alternatives do not meet); None when one of them speaks of undeclared ones itself."""
    counts = Counts()
    if not isinstance(node, dict):
        return counts
    if any(key in node for key in SAID) or node.get("unevaluatedProperties", False) is not False:
        return None
    for key, value in node.items():
        below: list[Any] = []
        if key == "$ref" and value not in seen:
            seen = (*seen, value)
            below = [keywords.resolve(root, value)]
        elif key in ("allOf", "anyOf", "oneOf"):
            below = value
        elif key in ("properties", "required"):
            for name in value:
                counts[name] = counts.get(name, 0) + (key == "properties")
        together = Counts()
        for one in below:
            found = declared(root, one, seen)
            if found is None:
                return None
            for name, times in found.items():
                before = together.get(name, 0)
                together[name] = max(before, times) if key in ("anyOf", "oneOf") else before + times
        for name, times in together.items():
            counts[name] = counts.get(name, 0) + times
    return counts


def named(root: JSON, node: Any, seen: tuple[str, ...] = ()) -> list[str]:
    """Every property that is declared."""
    if not isinstance(node, dict):
        return []
    found = list(node.get("properties", ()))
    if "$ref" in node and node["$ref"] not in seen:
        seen = (*seen, node["$ref"])
        found += named(root, keywords.resolve(root, node["$ref"]), seen)
    for key in ("allOf", "anyOf", "oneOf"):
        for one in node.get(key, ()):
            found += named(root, one, seen)
    return found


def admits_null(root: JSON, node: Any, seen: tuple[str, ...] = ()) -> bool:
    """Whether null is an answer to `node`, by what a grammar sees of it."""
    if isinstance(node, bool):
        return node
    if "$ref" in node and (
        node["$ref"] in seen or not admits_null(root, keywords.resolve(root, node["$ref"]), (*seen, node["$ref"]))
    ):
        return False
    if "type" in node and "null" not in types(node):
        return False
    if ("enum" in node and None not in node["enum"]) or node.get("const") is not None:
        return False
    if not all(admits_null(root, item, seen) for item in node.get("allOf", ())):
        return False
    return all(any(admits_null(root, one, seen) for one in node[key]) for key in ("anyOf", "oneOf") if key in node)


def kinds(root: JSON, node: Any, seen: tuple[str, ...] = ()) -> frozenset[str]:
    """Of the `KINDS`, those that the value may be."""
    if not isinstance(node, dict):
        return KINDS if node else frozenset()
    found = KINDS
    if "type" in node:
        found &= frozenset("number" if name == "integer" else name for name in types(node))
    for key in ("enum", "const"):
        if key in node:
            found &= frozenset(map(_kind, node[key] if key == "enum" else [node[key]]))
    if "$ref" in node and node["$ref"] not in seen:
        seen = (*seen, node["$ref"])
        found &= kinds(root, keywords.resolve(root, node["$ref"]), seen)
    for one in node.get("allOf", ()):
        found &= kinds(root, one, seen)
    for key in ("anyOf", "oneOf"):
        if key in node:
            found &= frozenset().union(*(kinds(root, one, seen) for one in node[key]))
    return found


def _kind(value: Any) -> str:
    named = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return named.get(type(value), "null")
