"""How the answers of windows are merged, by path: what a schema says of lists and objects that concerns more than one
window. Pure: knows JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from extractor.grammar.narrow.meeting import admits_null
from extractor.windows.schema_nodes import OPTIONS, beside, is_container, resolved

JSON = dict[str, Any]

_DEEPEST = 12  # levels of a schema that are looked at
_MOST_LOOKS = 20_000  # at its nodes
ANY = "*"  # in the path of a shape: any item of a list, any key that no schema names
Steps = tuple[str, ...]


@dataclass(frozen=True)
class Shapes:
    """Of a schema, by path: what is taken whole, lists in which nothing stands twice, keys that are left out where
    nothing is said, because null is no answer there, how many items of a list or members of an object there are at
    most, the properties that are declared, and objects of which all others are alike."""

    whole: frozenset[Steps] = field(default_factory=frozenset)
    unique: frozenset[Steps] = field(default_factory=frozenset)
    optional: frozenset[Steps] = field(default_factory=frozenset)
    most: Mapping[Steps, int] = field(default_factory=dict)
    declared: frozenset[Steps] = field(default_factory=frozenset)
    open: frozenset[Steps] = field(default_factory=frozenset)


def shapes(json_schema: JSON) -> Shapes:
    """How answers to a schema are merged, to a depth that no document needs."""
    return _ShapeFinder(json_schema).found()


class _ShapeFinder:
    def __init__(self, root: JSON) -> None:
        self._root = root
        self._whole, self._unique, self._open = set[Steps](), set[Steps](), set[Steps]()
        self._declared, self._required, self._never_null = set[Steps](), set[Steps](), set[Steps]()
        self._most: dict[Steps, int] = {}
        self._waiting: list[tuple[Any, Steps, int]] = [(root, (), 0)]  # the outermost first

    def found(self) -> Shapes:
        for given, path, depth in self._waiting:  # which grows, without end where a schema refers to itself
            if depth <= _DEEPEST and (node := resolved(self._root, given)) is not None:
                self._look(given, node, path, depth + 1)
            if max(len(self._waiting), len(self._declared)) > _MOST_LOOKS:
                break
        return Shapes(
            frozenset(self._whole), frozenset(self._unique), frozenset(self._never_null - self._required), self._most,
            frozenset(self._declared), frozenset(self._open),
        )  # fmt: skip

    def _look(self, given: Any, node: JSON, path: Steps, below: int) -> None:
        """`node`: what `given` leads to; what stands within it is `below` levels deep."""
        containers = [one for key in OPTIONS for one in node.get(key, ()) if is_container(self._root, one)]
        if "prefixItems" in node or len(containers) > 1:
            self._whole.add(path)
            return
        if node.get("uniqueItems") is True:
            self._unique.add(path)
        for one, key in product((given, node), ("maxItems", "maxProperties")):
            if key in one:
                self._most[path] = min(int(one[key]), self._most.get(path, int(one[key])))
        self._waiting += [(one, path, below) for one in (*containers, *beside(self._root, node))]
        self._look_at_members(node, path, below)

    def _look_at_members(self, node: JSON, path: Steps, below: int) -> None:
        self._required.update((*path, name) for name in node.get("required", ()))
        for name, one in node.get("properties", {}).items():
            self._declared.add((*path, name))
            if not admits_null(self._root, one):
                self._never_null.add((*path, name))
            self._waiting.append((one, (*path, name), below))
        if "items" in node:
            self._waiting.append((node["items"], (*path, ANY), below))
        elif (free := _free_member(node)) is not None:
            self._open.add(path)
            self._waiting.append((free, (*path, ANY), below))


def _free_member(node: JSON) -> JSON | None:
    """What an object says of all members that it does not name; None where that differs by their keys."""
    kinds = (node.get("additionalProperties", False), *node.get("patternProperties", {}).values())
    several = [one for one in kinds if one is not False]
    return several[0] if len(several) == 1 and isinstance(several[0], dict) else None
