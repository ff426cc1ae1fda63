"""Which values of a schema have to be printed. Schema → the same schema in which each such scalar says `x-printed`
with its format; nothing else says it. Pure: knows JSON Schema.
"""

from __future__ import annotations

from typing import Any

from schemas import keywords
from schemas.keywords import Mode

JSON = dict[str, Any]
PRINTED = keywords.PRINTED  # in a user's schema true, for a value or for all within an object or a list

TEXT = "text"  # of a scalar without a format
_SCALARS = frozenset({"string", "number", "integer"})
_ONE = ("items", "additionalProperties")
_MANY = ("prefixItems", "anyOf", "oneOf", "allOf")
_NAMED = ("properties", "patternProperties")


def marked(root: JSON, mode: Mode) -> JSON:
    """`declared`: as the schema says; `all`: each text and number; `none`: no value. Enums and booleans are never
    marked: what they may be the schema says."""
    return _Marking(root).whole(mode == "all") if mode != "none" else _Marking(root, deaf=True).whole(False)


def marks(schema: Any) -> bool:
    """Whether anything in it has to be printed."""
    return any(True for printed in keywords.values_of(schema, PRINTED) if printed)


class _Marking:
    """A definition that is referred to with the demand and without becomes two."""

    def __init__(self, root: JSON, *, deaf: bool = False) -> None:
        self._root, self._deaf = root, deaf
        self._names: dict[str, str] = {}
        self._defs: JSON = {}
        self._waiting: list[str] = []  # references whose definitions are still to be marked

    def whole(self, demanded: bool) -> JSON:
        top = self._node(self._root, demanded)
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            ref = self._waiting.pop()
            self._defs[self._names[ref]] = self._node(keywords.resolve(self._root, ref), True)
        kept = {key: top[key] for key in keywords.DEFINITIONS if key in top}
        return {**top, **kept, "$defs": {**top.get("$defs", {}), **self._defs}} if self._defs else top

    def _node(self, node: Any, demanded: bool) -> Any:
        if not isinstance(node, dict):
            return node
        new = {key: value for key, value in node.items() if key != PRINTED}
        if not self._deaf and isinstance(declared := node.get(PRINTED), bool):
            demanded = declared
        for key in (*_ONE, *_MANY, *_NAMED):
            if key in new:
                new[key] = self._below(key, new[key], demanded)
        if "$ref" in new and demanded:
            new["$ref"] = self._demanded(new["$ref"])
        if demanded and _is_scalar(new):
            new[PRINTED] = new.get("format") or TEXT
        for key in keywords.DEFINITIONS & new.keys():
            new[key] = {name: self._node(one, False) for name, one in new[key].items()}
        return new

    def _below(self, key: str, value: Any, demanded: bool) -> Any:
        if key in _ONE:
            return self._node(value, demanded)
        if key in _MANY:
            return [self._node(one, demanded) for one in value]
        return {name: self._node(one, demanded) for name, one in value.items()}

    def _demanded(self, ref: str) -> str:
        """The reference to a definition whose values all have to be printed."""
        if ref not in self._names:
            self._names[ref] = f"printed:{len(self._names)}"
            self._waiting.append(ref)
        return f"#/$defs/{self._names[ref]}"


def _is_scalar(node: JSON) -> bool:
    kinds = node.get("type", ())
    names = [kinds] if isinstance(kinds, str) else kinds
    return "enum" not in node and "const" not in node and not _SCALARS.isdisjoint(names)
