"""What a window may leave out: a schema → the same schema in which every value may be null and every list empty. Pure:
knows JSON Schema.

What a window does not print is not to be made up there because another window prints it. Rows of a list stay as they
are: a row is written by the window that shows it. A record with lists of its own may go on in the next window, which
does not print its name again, so it is made like the whole. What speaks of several values at once (`if`, `contains`,
`uniqueItems`, …) is asked of the merged answer only.
"""

from __future__ import annotations

from typing import Any

from extractor.grammar.narrow.meeting import admits_null
from extractor.windows.schema_nodes import OPTIONS, holds_lists, is_container, resolved
from schemas import keywords

JSON = dict[str, Any]

_OF_SEVERAL = keywords.VALIDATED | {"minItems", "minProperties"}


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
        if resolved(self._root, node) is None or admits_null(self._root, node) or is_container(self._root, node):
            return self._inside(node)
        if node.keys() & {"$ref", "allOf", *OPTIONS}:
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
        for key in OPTIONS:
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


def _or_null(node: JSON) -> JSON:
    """What describes it stays outside."""
    about = {key: node[key] for key in ("description", "title", keywords.PRINTED) if key in node}
    return {**about, "anyOf": [{key: value for key, value in node.items() if key not in about}, {"type": "null"}]}
