"""What a JSON Schema says of a place in an answer, as far as comparing needs it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas import keywords
from schemas.checks.compiled import matches

JSON = dict[str, Any]
_DEEPEST = 64  # references and alternatives within each other


@dataclass(frozen=True)
class SchemaShape:
    """`own_nodes`: what the schema says of a place; `nodes`: these, their references and their alternatives."""

    root: JSON
    own_nodes: tuple[JSON, ...]
    nodes: tuple[JSON, ...]

    @classmethod
    def of(cls, root: JSON) -> SchemaShape:
        return cls(root, (root,), tuple(_flat(root, root, 0)))

    @property
    def names(self) -> frozenset[str]:
        """The keys that are declared here."""
        return frozenset(name for node in self.nodes for name in node.get("properties", {}))

    @property
    def fixed(self) -> int:
        """How many of the first items of a list have a meaning by their place."""
        return max((len(node.get("prefixItems", ())) for node in self.nodes), default=0)

    @property
    def listed(self) -> bool:
        """Whether the schema lists the values that may stand here: an enum, a constant."""
        return any("enum" in node or "const" in node for node in self.nodes)

    def takes(self, kind: str) -> bool:
        """Whether a value of this kind (`object`, `array`) may stand here."""
        types = [node["type"] for node in self.nodes if "type" in node]
        return not types or any(kind == one or (isinstance(one, list) and kind in one) for one in types)

    def knows(self, key: str) -> bool:
        """Whether an object here may have the key. Nobody who says nothing of other keys means them."""
        if key in self.names:
            return True
        others = [node["additionalProperties"] for node in self.nodes if "additionalProperties" in node]
        return any(others) or any("patternProperties" in node for node in self.nodes) or not self.names

    def below(self, key: str | int) -> SchemaShape:
        """Of a key's value, or of an item."""
        found = tuple(one for node in self.nodes for one in _step(node, key) if isinstance(one, dict))
        return SchemaShape(self.root, found, tuple(flat for one in found for flat in _flat(one, self.root, 0)))


def _step(node: JSON, key: str | int) -> Iterator[Any]:
    if isinstance(key, int):
        first = node.get("prefixItems", ())
        yield first[key] if key < len(first) else node.get("items")
    else:
        named = node.get("properties", {})
        if key in named or "additionalProperties" in node:
            yield named.get(key, node.get("additionalProperties"))
        yield from (one for pattern, one in node.get("patternProperties", {}).items() if matches(pattern, key))


def _flat(node: Any, root: JSON, depth: int) -> Iterator[JSON]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    yield node
    if "$ref" in node:
        yield from _flat(keywords.resolve(root, node["$ref"]), root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        for one in node.get(key, ()):
            yield from _flat(one, root, depth + 1)
