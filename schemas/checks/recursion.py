"""In which ways a definition holds itself: in arrays, and under keys that it does not name. One that holds itself in
both has on each level two places for as many more of it as there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas import keywords

_WAYS = {"items": "array", "additionalProperties": "keys", "patternProperties": "keys", "properties": ""}


def references(node: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """Each reference below, with the way in which it stands there: as one of as many as there may be in an `array` or
    under free `keys`, or else the empty one."""
    if isinstance(node, list):
        for one in node:
            yield from references(one, way)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("$ref"), str):
        yield node["$ref"], way
    for key, value in node.items():
        inside = _WAYS.get(key, way)
        if key in keywords.NAMED and key not in keywords.DEFINITIONS and isinstance(value, dict):
            for one in value.values():
                yield from references(one, inside)
        elif key in keywords.ONE or key in keywords.MANY:
            yield from references(value, inside)


class Recursion:
    """Of the definitions of one schema, all of whose references lead somewhere."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._below: dict[str, list[tuple[str, str]]] = {}
        self._depths: dict[str, int] = {}

    def depth(self, ref: str) -> int:
        """How often at most what `ref` names may stand within itself."""
        if ref not in self._depths:
            group = [one for one in self._reached(ref) if ref in self._reached(one)]
            ways = {way for one in group for to, way in self._references(one) if to in group and way}
            depth = keywords.DEPTH_IN_TWO_WAYS if len(ways) > 1 else keywords.DEPTH
            self._depths |= dict.fromkeys([ref, *group], depth)
        return self._depths[ref]

    def _reached(self, ref: str) -> set[str]:
        found, left = set[str](), [ref]
        while left:
            new = {to for to, _ in self._references(left.pop())} - found
            found |= new
            left += new
        return found

    def _references(self, ref: str) -> list[tuple[str, str]]:
        if ref not in self._below:
            self._below[ref] = list(references(keywords.resolve(self._root, ref)))
        return self._below[ref]
