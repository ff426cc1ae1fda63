"""Definitions that lead back to themselves, written out to a depth: each level is a copy that refers to the next. What
no answer of that depth fits is left out where it is optional; where it is not, neither does what requires it. So a
schema that no finite answer fits is `false` as a whole.

There are as many copies as levels, however a definition branches, because all that refers to it from one level has the
same copy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from extractor.grammar.narrow.cycles import Group, groups
from extractor.grammar.narrow.meeting import KINDS, types
from schemas import keywords
from schemas.checks.recursion import references

JSON = dict[str, Any]

_LEAST = 2  # of the largest
_MOST_VALUES = 20_000  # JSON values in all copies of definitions that lead to each other: about half a second to build
_ARRAY = 10  # what an array costs beside them
_PREFIX = "#/$defs/"


def unfolded(root: JSON, parts: Collection[str], of_parts: int) -> JSON:
    """`root`, a rewritten schema all of whose references are `#/$defs/name`, without any that leads back. `parts` are
    definitions that meet others on one value: where they alone lead to each other, they go `of_parts` deep, since all
    that they branch into is written out where they meet. Those that hold themselves both in arrays and under free keys
    go less deep: each level has two places for more of them, and a model that goes on would fill them all."""
    defs: JSON = root["$defs"]
    found = groups({name: leads_to(node) for name, node in defs.items()})
    if not any(group.back for group in found):
        return root
    copies: JSON = {}
    for group in found:
        depth = _depth(group, defs)
        if depth and all(name in parts for name in group.names):
            depth = min(depth, of_parts)
        if _in_arrays_and_under_keys(group, defs):
            depth = min(depth, keywords.DEPTH_IN_TWO_WAYS)
        for level in range(depth, -1, -1):
            for name in group.names:
                copies[_copy_name(name, level)] = _fitting(defs[name], partial(_next, copies, group, name, level))
    fitting_copy = partial(_if_possible, copies)
    top = _fitting({key: value for key, value in root.items() if key != "$defs"}, fitting_copy)
    if top is False:  # so that it is told which of them rules the rest out
        fields = {name: _fitting(node, fitting_copy) for name, node in root.get("properties", {}).items()}
        top = {"type": "object", "properties": fields, "required": [name for name in fields if fields[name] is False]}
        top = top if top["required"] else {"allOf": [False]}
    return {**top, "$defs": reached(top, copies)}


def _depth(group: Group, defs: JSON) -> int:
    if not group.back:
        return 0
    values = sum(_size(defs[name]) for name in group.names)
    return max(_LEAST, min(keywords.DEPTH, _MOST_VALUES // values - 1))


def _in_arrays_and_under_keys(group: Group, defs: JSON) -> bool:
    found = (one for name in group.names for one in references(defs[name]))
    return len({way for ref, way in found if way and ref.removeprefix(_PREFIX) in group.names}) > 1


def _size(node: Any) -> int:
    """JSON values in it, arrays weighed."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = 1 + _ARRAY * (isinstance(node, dict) and "maxItems" in node)
    return own + sum(map(_size, inner))


def _copy_name(name: str, level: int) -> str:
    return f"{name}.{level}" if level else name


def _next(copies: JSON, group: Group, name: str, level: int, to: str) -> str | None:
    """The copy that `to` is, in `name` at this level; None where there is none, or nothing that fits it."""
    deeper = level + ((name, to) in group.back) if to in group.names else 0
    return _if_possible(copies, _copy_name(to, deeper))


def _if_possible(copies: JSON, name: str) -> str | None:
    return name if copies.get(name, False) is not False else None


def _fitting(node: Any, known: Callable[[str], str | None]) -> Any:
    """`node` with references to what is `known`, without what nothing fits; False where nothing fits it."""
    if not isinstance(node, dict):
        return node
    new: JSON = {}
    for key, value in node.items():
        if key == "$ref":
            name = known(value.removeprefix(_PREFIX))
            if name is None:
                return False
            value = _PREFIX + name
        elif key in keywords.ONE:
            value = _fitting(value, known)
        elif key in keywords.MANY:
            value = [_fitting(one, known) for one in value]
        elif key in keywords.NAMED:
            value = {name: _fitting(one, known) for name, one in value.items()}
        if key == "allOf" and False in value:
            return False
        if key in ("anyOf", "oneOf"):
            value = [one for one in value if one is not False]
            if not value:
                return False
        new[key] = value
    return _of_kinds_that_fit(new)


def _of_kinds_that_fit(new: JSON) -> Any:
    """Without arrays that need an item, and objects that need a property, which nothing fits."""
    never = {kind for kind, empty in (("array", _no_array(new)), ("object", _no_object(new))) if empty}
    if not never or "enum" in new or "const" in new:
        return new
    left = [kind for kind in types(new) or sorted(KINDS) if kind not in never]
    return {**new, "type": left} if left else False


def _no_array(new: JSON) -> bool:
    listed = new.get("prefixItems", [])
    possible = listed.index(False) if False in listed else len(listed)
    endless = possible == len(listed) and new.get("items") is not False
    return not endless and new.get("minItems", 0) > possible


def _no_object(new: JSON) -> bool:
    fields, closed = new.get("properties", {}), new.get("additionalProperties") is False
    others = not closed or any(one is not False for one in new.get("patternProperties", {}).values())
    if any(fields.get(name, others) is False for name in new.get("required", ())):
        return True
    return not others and new.get("minProperties", 0) > sum(one is not False for one in fields.values())


def leads_to(node: JSON) -> list[str]:
    """The definitions that a schema refers to, each once."""
    found: dict[str, None] = {}

    def note(name: str) -> str:
        found[name] = None
        return name

    _fitting(node, note)
    return list(found)


def leading_to(defs: JSON, wanted: Callable[[Any], bool]) -> set[str]:
    """The definitions that are `wanted`, or refer to one that is, however far."""
    into: dict[str, list[str]] = {}
    for name, node in defs.items():
        for other in leads_to(node):
            into.setdefault(other, []).append(name)
    found: set[str] = set()
    waiting = [name for name, node in defs.items() if wanted(node)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += into.get(name, ())
    return found


def reached(top: JSON, defs: JSON) -> JSON:
    """The definitions that are used. What refers to something else, such as the whole (`#`), refers to `top`."""
    used: JSON = {}
    waiting = leads_to(top)
    while waiting:
        name = waiting.pop()
        if name in defs and name not in used:
            used[name] = defs[name]
            waiting += leads_to(defs[name])
    return used
