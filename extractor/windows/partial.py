"""What a window may leave out: a schema → the same schema in which every value may be null and every list empty, and
how its answers are merged. Pure: knows JSON Schema.

What a window does not print is not to be made up there because another window prints it. Rows of a list stay as they
are: a row is written by the window that shows it. A record with lists of its own may go on in the next window, which
does not print its name again, so it is made like the whole. What speaks of several values at once (`if`, `contains`,
`uniqueItems`, …) is asked of the merged answer only.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from extractor.grammar.narrow.meeting import admits_null
from extractor.windows.merge import ANY, Shapes, Steps
from schemas import keywords

JSON = dict[str, Any]

_OF_SEVERAL = keywords.VALIDATED | {"minItems", "minProperties"}
_DEEPEST = 12  # levels of a schema that are looked at for shapes
_MOST_LOOKS = 20_000  # at its nodes
_MOST_REFERENCES = 32  # that lead from one to the next
_OPTIONS = ("anyOf", "oneOf")
_CONTAINERS = frozenset({"object", "array"})


def partial(json_schema: JSON) -> JSON:
    """Keys keep their order, and what is required stays: as null, where the window says nothing."""
    return _Partial(json_schema).whole()


class _Partial:
    """A definition that is referred to becomes two, one as it was and one that may say nothing."""

    def __init__(self, root: JSON) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._waiting: list[str] = []
        self._defs: JSON = {}

    def whole(self) -> JSON:
        top = self._resolved_object(self._root)
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            ref = self._waiting.pop()
            self._defs[self._names[ref]] = self._nullable(keywords.resolve(self._root, ref))
        kept = {key: self._root[key] for key in keywords.DEFINITIONS if key in self._root}
        return {**top, **kept, "$defs": {**kept.get("$defs", {}), **self._defs}} if self._defs or kept else top

    def _resolved_object(self, node: Any) -> JSON:
        """An object that is the answer itself, which is never null."""
        while isinstance(node, dict) and "$ref" in node and not node.get("properties"):
            node = {**{key: value for key, value in node.items() if key != "$ref"}, **self._target(node["$ref"])}
        return self._object(node)

    def _target(self, ref: str) -> JSON:
        target: JSON = keywords.resolve(self._root, ref)
        return target

    def _nullable(self, node: Any) -> Any:
        """`node` where a window may have nothing to say: an object of nulls, an empty list, null."""
        if _plain(self._root, node) is None or admits_null(self._root, node) or _is_container(self._root, node):
            return self._inside(node)
        if node.keys() & {"$ref", "allOf", *_OPTIONS}:
            return _or_null(self._inside(node))
        if "const" in node:
            rest = {key: value for key, value in node.items() if key not in ("const", "type")}
            return {**rest, "enum": [node["const"], None]}
        rewritten = dict(node)
        if "enum" in rewritten:
            rewritten["enum"] = [*rewritten["enum"], None]
        if "type" in rewritten:
            rewritten["type"] = [
                *([rewritten["type"]] if isinstance(rewritten["type"], str) else rewritten["type"]),
                "null",
            ]
        return rewritten

    def _inside(self, node: Any) -> Any:
        """What stands within it made so, and not itself."""
        if not isinstance(node, dict):
            return node
        rewritten = self._object(node)
        for key in _OPTIONS:
            if key in node and sum(one != {"type": "null"} for one in node[key]) == 1:
                rewritten[key] = [one if one == {"type": "null"} else self._inside(one) for one in node[key]]
        return rewritten  # of options of several kinds, each stays what it is

    def _object(self, node: JSON) -> JSON:
        rewritten = {
            key: value for key, value in node.items() if key not in _OF_SEVERAL and key not in keywords.DEFINITIONS
        }
        if "$ref" in rewritten:
            rewritten["$ref"] = self._ref(rewritten["$ref"])
        if "allOf" in rewritten:
            rewritten["allOf"] = [self._inside(one) for one in rewritten["allOf"]]
        if isinstance(rewritten.get("properties"), dict):
            rewritten["properties"] = {name: self._nullable(one) for name, one in rewritten["properties"].items()}
        if "items" in rewritten and "prefixItems" not in rewritten and holds_lists(self._root, rewritten["items"]):
            rewritten["items"] = self._inside(rewritten["items"])
        return rewritten

    def _ref(self, ref: str) -> str:
        if ref not in self._names:
            name = f"partial:{len(self._names)}"
            self._names[ref] = name
            self._waiting.append(ref)
        return f"#/$defs/{self._names[ref]}"


def _kinds(node: JSON) -> set[str]:
    kinds = node.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _or_null(node: JSON) -> JSON:
    """What describes it stays outside."""
    about = {key: node[key] for key in ("description", "title", keywords.PRINTED) if key in node}
    return {**about, "anyOf": [{key: value for key, value in node.items() if key not in about}, {"type": "null"}]}


def holds_lists(root: JSON, node: Any) -> bool:
    """Whether a list stands anywhere in what `node` describes."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict):
            continue
        if "array" in _kinds(one) or "items" in one:
            return True
        if (ref := one.get("$ref")) is not None and ref not in seen:
            seen.add(ref)
            waiting.append(keywords.resolve(root, ref))
        waiting += [*one.get("properties", {}).values(), one.get("additionalProperties")]
        waiting += [option for key in (*_OPTIONS, "allOf") for option in one.get(key, ())]
    return False


def shapes(json_schema: JSON) -> Shapes:
    """How answers to a schema are merged, to a depth that no document needs."""
    whole: set[Steps] = set()
    unique: set[Steps] = set()
    optional: set[Steps] = set()
    required: set[Steps] = set()
    declared: set[Steps] = set()
    opened: set[Steps] = set()
    most: dict[Steps, int] = {}
    waiting: list[tuple[Any, Steps, int]] = [(json_schema, (), 0)]  # the outermost first

    def look(given: Any, path: Steps, depth: int) -> None:
        node = _plain(json_schema, given)
        if node is None or depth > _DEEPEST:
            return
        options = [one for key in _OPTIONS for one in node.get(key, ())]
        containers = [one for one in options if _is_container(json_schema, one)]
        if "prefixItems" in node or len(containers) > 1:
            whole.add(path)
            return
        if node.get("uniqueItems") is True:
            unique.add(path)
        for one, key in product((given, node), ("maxItems", "maxProperties")):
            if key in one:
                most[path] = min(int(one[key]), most.get(path, int(one[key])))
        for one in (*containers, *_beside(json_schema, node)):
            waiting.append((one, path, depth + 1))
        required.update((*path, name) for name in node.get("required", ()))
        for name, one in node.get("properties", {}).items():
            declared.add((*path, name))
            if not admits_null(json_schema, one):
                optional.add((*path, name))
            waiting.append((one, (*path, name), depth + 1))
        if "items" in node:
            waiting.append((node["items"], (*path, ANY), depth + 1))
        elif (free := _free_member(node)) is not None:
            opened.add(path)
            waiting.append((free, (*path, ANY), depth + 1))

    for one in waiting:  # which grows, without end where a schema refers to itself
        look(*one)
        if max(len(waiting), len(declared)) > _MOST_LOOKS:
            break
    free = frozenset(opened)
    return Shapes(frozenset(whole), frozenset(unique), frozenset(optional - required), most, frozenset(declared), free)


def _free_member(node: JSON) -> JSON | None:
    """What an object says of all members that it does not name; None where that differs by their keys."""
    kinds = (node.get("additionalProperties", False), *node.get("patternProperties", {}).values())
    several = [one for one in kinds if one is not False]
    return several[0] if len(several) == 1 and isinstance(several[0], dict) else None


def _plain(root: JSON, node: Any) -> JSON | None:
    """What `$ref`s and an `allOf` of one lead to, as far as no properties or items stand beside them."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(node, dict):
            return None
        beside = _beside(root, node)
        if len(beside) != 1 or _has_members(node):
            return node
        node = beside[0]
    return None


def _beside(root: JSON, node: JSON) -> list[Any]:
    """What else is said of the same value, by `$ref` and `allOf`."""
    return [*([keywords.resolve(root, node["$ref"])] if "$ref" in node else []), *node.get("allOf", ())]


def _is_container(root: JSON, node: Any, depth: int = 0) -> bool:
    node = _plain(root, node)
    if node is None or depth > _DEEPEST:
        return False
    if _has_members(node) or not _CONTAINERS.isdisjoint(_kinds(node)):
        return True
    return any(_is_container(root, one, depth + 1) for one in _beside(root, node))


def _has_members(node: JSON) -> bool:
    return "properties" in node or "items" in node
