"""What a JSON Schema says of a place in an answer, as far as comparing needs it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas import keywords

JSON = dict[str, Any]
_DEEPEST = 64  # references and alternatives within each other


@dataclass(frozen=True)
class Shape:
    """`nodes`: the schemas that may hold at a place, each without its references and alternatives."""

    root: JSON
    nodes: tuple[JSON, ...]

    @classmethod
    def of(cls, root: JSON) -> Shape:
        return cls(root, tuple(_flat(root, root, 0)))

    @property
    def names(self) -> frozenset[str]:
        """The keys that are declared here."""
        return frozenset(name for node in self.nodes for name in node.get("properties", {}))

    @property
    def fixed(self) -> int:
        """How many of the first items of a list have a meaning by their place."""
        return max((len(node.get("prefixItems", ())) for node in self.nodes), default=0)

    def below(self, key: str | int) -> Shape:
        """Of a key's value, or of an item."""
        found = [one for node in self.nodes for one in _step(node, key)]
        return Shape(self.root, tuple(flat for one in found for flat in _flat(one, self.root, 0)))


def _step(node: JSON, key: str | int) -> Iterator[Any]:
    if isinstance(key, int):
        first = node.get("prefixItems", ())
        yield first[key] if key < len(first) else node.get("items", {})
    else:
        yield node.get("properties", {}).get(key, node.get("additionalProperties", {}))


def _flat(node: Any, root: JSON, depth: int) -> Iterator[JSON]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    yield node
    if "$ref" in node:
        yield from _flat(keywords.resolve(root, node["$ref"]), root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        for one in node.get(key, ()):
            yield from _flat(one, root, depth + 1)
