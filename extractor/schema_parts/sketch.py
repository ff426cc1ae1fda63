"""What an answer to a schema is at least: all its keys, a row of each list, and null for every value. Pure."""

from __future__ import annotations

from typing import Any

from schemas import keywords
from schemas.jsontext import dumps

JSON = dict[str, Any]

_DEEPEST = 12


def least_answer(json_schema: JSON, *, required: bool = False) -> tuple[str, int]:
    """As compact JSON, with how many values it has. `required`: without what may be left out."""
    return _Sketch(json_schema, required).whole()


class _Sketch:
    def __init__(self, root: JSON, required: bool) -> None:
        self._root, self._required = root, required
        self._values = 0

    def whole(self) -> tuple[str, int]:
        answer = self._answer(self._root, (), 0)
        return dumps(answer), self._values

    def _answer(self, node: Any, refs: tuple[str, ...], depth: int) -> Any:
        while isinstance(node, dict):
            if (ref := node.get("$ref")) is not None and not node.get("properties"):
                if ref in refs:
                    break
                refs, node = (*refs, ref), keywords.resolve(self._root, ref)
            elif below := [one for key in ("allOf", "anyOf", "oneOf") for one in node.get(key, ()) if _says(one)]:
                if node.get("properties"):
                    break
                node = below[0]
            else:
                break
        if isinstance(node, dict) and depth < _DEEPEST:
            if node.get("properties"):
                needed = node.get("required", ()) if self._required else node["properties"]
                some = {name: one for name, one in node["properties"].items() if name in needed}
                return {name: self._answer(one, refs, depth + 1) for name, one in some.items()}
            if "items" in node or node.get("type") == "array":
                return [] if self._required else [self._answer(node.get("items"), refs, depth + 1)]
        self._values += 1
        return None


def _says(node: Any) -> bool:
    return isinstance(node, dict) and node.get("type") != "null"
