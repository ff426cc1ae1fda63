"""How long an answer may be, by the grammar alone: one that was cut off may be longer than its limit of tokens, or else
something is without a bound that should have one."""

from __future__ import annotations

import json
import math
from typing import Any

from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.narrow.marks import LARK, OTHERS
from schemas.checks.formats import PATTERNS

_BYTES = 12  # of a character as JSON: two escapes
_FORMAT = 2_048  # characters of a text that a format ends
_KEY = 1_100  # of a key that nobody declares
_NUMBER = 420  # of a number as text, at most
_VALUES = ("enum", "const")


def longest(json_schema: dict[str, Any], bounds: Bounds) -> float:
    """Bytes of the longest answer at most; infinity where only the engine ends it (extractor/engine/limits/)."""
    whole = NarrowedSchema(json_schema, bounds).whole()
    return _Longest(whole["$defs"]).of(whole)


class _Longest:
    """Definitions do not lead back to themselves: each is looked at once."""

    def __init__(self, defs: dict[str, Any]) -> None:
        self._defs, self._known = defs, dict[str, float]()

    def of(self, node: Any) -> float:
        if isinstance(node, bool):
            return math.inf if node else 0
        found = [self._own(node)]
        found += [self.of(one) for one in node.get("allOf", ())]
        found += [max(map(self.of, node[key])) for key in ("anyOf", "oneOf") if node.get(key)]
        if "$ref" in node:
            found.append(self._definition(node["$ref"].removeprefix("#/$defs/")))
        return min(found)

    def _definition(self, name: str) -> float:
        if name not in self._known:
            self._known[name] = self.of(self._defs[name])
        return self._known[name]

    def _own(self, node: dict[str, Any]) -> float:
        if LARK in node:
            return max(_NUMBER, len(node[LARK]))
        if listed := [one for key in _VALUES if key in node for one in (node[key] if key == "enum" else [node[key]])]:
            return max(len(json.dumps(one)) for one in listed)
        if "type" not in node:
            return math.inf
        kinds = [node["type"]] if isinstance(node["type"], str) else node["type"]
        return max((getattr(self, f"_{kind}")(node) for kind in kinds), default=0)

    def _null(self, _: dict[str, Any]) -> float:
        return len("false")

    _boolean = _null

    def _number(self, node: dict[str, Any]) -> float:
        sides = all(any(f"{kind}{side}imum" in node for kind in ("m", "exclusiveM")) for side in ("in", "ax"))
        return 40 if sides else math.inf

    _integer = _number

    def _string(self, node: dict[str, Any]) -> float:
        ends = "format" in node or node.get("pattern") in PATTERNS.values()
        most = node.get("maxLength", _FORMAT if ends else math.inf)
        return 2 + _BYTES * float(most)

    def _array(self, node: dict[str, Any]) -> float:
        first, most = node.get("prefixItems", [])[: node.get("maxItems")], float(node.get("maxItems", math.inf))
        more = most - len(first) if node.get("items") is not False else 0
        return 2 + sum(1 + self.of(one) for one in first) + (more and more * (1 + self.of(node.get("items", True))))

    def _object(self, node: dict[str, Any]) -> float:
        fields, patterns = node.get("properties", {}), node.get("patternProperties", {})
        own = sum(4 + _BYTES * len(name) + self.of(one) for name, one in fields.items())
        others = [one for one in (*patterns.values(), node.get("additionalProperties", True)) if one is not False]
        if not others:
            return 2 + own
        most = node[OTHERS]["most"] if OTHERS in node else node.get("maxProperties", math.inf)
        return 2 + own + float(most) * (4 + _BYTES * _KEY + max(map(self.of, others)))
