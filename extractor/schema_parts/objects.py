"""Objects of a schema that can be cut: which they are, and one of them with some of its properties only. Pure: knows
JSON Schema.

An object may be cut where it stands as it is, behind a `$ref`, or as the one kind beside null. Never through the items
of a list, where there are several kinds of object, or where a definition leads back to itself. What ties properties
together (`if`, `dependentRequired`, `minProperties`, …) is not asked of a part: the whole answer is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from schemas import keywords

JSON = dict[str, Any]
Refs = tuple[str, ...]
Name = str | None  # of a property; None: all that no property is declared for, where a prompt tells of such

REST = None
_SAYING = keywords.ENFORCED | keywords.VALIDATED
_OPTIONS = ("anyOf", "oneOf")
_OF_REST = frozenset({"additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"})
_TYING = frozenset(
    "allOf anyOf oneOf not if then else dependentRequired dependentSchemas minProperties maxProperties".split()
)


@dataclass(frozen=True)
class OpenObject:
    """An object that can be cut. `properties`: those it declares or requires, and `REST` where it says of others what
    they are, in the schema's order. `refs`: the references that lead to it."""

    node: JSON
    properties: dict[Name, Any]
    refs: Refs
    _around: Callable[[JSON], JSON]

    def with_only(self, properties: dict[Name, Any]) -> JSON:
        """The schema that leads to it, with these of its properties."""
        dropped = _TYING if REST in properties else _TYING | _OF_REST
        new = {key: value for key, value in self.node.items() if key not in dropped}
        new["properties"] = {name: one for name, one in properties.items() if name is not REST}
        if "required" in new:
            new["required"] = [name for name in new["required"] if name in properties]
        return self._around(new)


def opened(root: JSON, node: Any, refs: Refs = ()) -> OpenObject | None:
    """`node` as an object that can be cut; None where it is none. `refs`: those that led here."""
    if not isinstance(node, dict):
        return None
    about = {key: value for key, value in node.items() if key not in _SAYING}
    saying = node.keys() & _SAYING
    if saying == {"$ref"} and node["$ref"] not in refs:
        target = opened(root, keywords.resolve(root, node["$ref"]), (*refs, node["$ref"]))
        return _within(target, lambda inner: {**inner, **about})
    if saying == {"allOf"} and len(node["allOf"]) == 1:
        return _within(opened(root, node["allOf"][0], refs), lambda inner: {**inner, **about})
    for key in _OPTIONS:
        if saying == {key}:
            return _beside_null(root, node, key, refs)
    return _plain_object(root, node, refs)


def _within(target: OpenObject | None, around: Callable[[JSON], JSON]) -> OpenObject | None:
    if target is None:
        return None
    inner = target._around
    return replace(target, _around=lambda new: around(inner(new)))


def _beside_null(root: JSON, node: JSON, key: str, refs: Refs) -> OpenObject | None:
    """The one option that is not null."""
    options = node[key]
    others = [at for at, one in enumerate(options) if not _is_null(one)]
    if len(others) != 1:
        return None
    (at,) = others

    def around(inner: JSON) -> JSON:
        return {**node, key: [inner if place == at else one for place, one in enumerate(options)]}

    return _within(opened(root, options[at], refs), around)


def _is_null(node: Any) -> bool:
    return isinstance(node, dict) and node.get("type") in ("null", ["null"])


def _plain_object(root: JSON, node: JSON, refs: Refs) -> OpenObject | None:
    kinds = node.get("type", "object")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    declared = node.get("properties")
    if not declared or not kinds <= {"object", "null"} or "object" not in kinds or "$ref" in node:
        return None
    if "enum" in node or "const" in node or not _names_below(root, node) <= declared.keys():
        return None
    others = node.get("additionalProperties")
    of_others = others if isinstance(others, dict) else {}
    undeclared = [name for name in node.get("required", ()) if name not in declared]
    properties: dict[Name, Any] = {**declared, **dict.fromkeys(undeclared, of_others)}
    if of_others or node.get("patternProperties"):
        properties[REST] = of_others
    return OpenObject(node, properties, refs, dict)


def _names_below(root: JSON, node: JSON, seen: Collection[str] = ()) -> set[str]:
    """The properties that what meets an object names."""
    found: set[str] = set()
    for key in ("allOf", *_OPTIONS):
        for one in node.get(key, ()):
            if not isinstance(one, dict):
                continue
            found |= one.get("properties", {}).keys()
            ref = one.get("$ref")
            if ref is not None and ref not in seen:
                target = keywords.resolve(root, ref)
                if isinstance(target, dict):
                    found |= target.get("properties", {}).keys() | _names_below(root, target, (*seen, ref))
            found |= _names_below(root, one, seen)
    return found
