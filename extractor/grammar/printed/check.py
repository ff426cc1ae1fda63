"""Compares a finished answer with what the document prints, where no grammar has: the demand stands where a grammar
cannot follow it, or the document is longer than a grammar may be."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from decimal import Decimal
from typing import Any

from extractor.grammar.narrow.marks import KEYS, WITHIN
from extractor.grammar.printed.mark import PRINTED, anything
from extractor.grammar.printed.reading import PrintedDocument
from extractor.result import Unprinted
from schemas import keywords
from schemas.checks.compiled import matches
from schemas.errors import pointer as pointer_to

JSON = dict[str, Any]
_DEEPEST = 64
_LISTED = frozenset({"enum", "const"})
_OTHERS = ("additionalProperties", "unevaluatedProperties")
_OPTIONS = ("anyOf", "oneOf")


def not_printed(answer: Any, schema: JSON, document: PrintedDocument, found: Container[str] = ()) -> list[Unprinted]:
    """What of an answer to a marked schema the document does not print, in the answer's order. Values whose pointers
    are `found` there are not looked for."""
    return list(dict.fromkeys(_Comparison(schema, document, found).of(answer, [schema], "", 0)))


class _Comparison:
    """What is said of one value is said by all nodes that meet there: one without a type demands nothing of a value
    that another lists."""

    def __init__(self, root: JSON, document: PrintedDocument, found: Container[str]) -> None:
        self._root, self._document, self._found = root, document, found

    def of(self, value: Any, nodes: list[Any], pointer: str, depth: int) -> Iterator[Unprinted]:
        if depth > _DEEPEST:
            return
        met = _met(self._root, nodes)
        at, key = next(((at, key) for at, one in enumerate(met) for key in _OPTIONS if key in one), (0, ""))
        if key:  # whichever option it was: one that finds nothing amiss will do
            rest = [*met[:at], {name: one for name, one in met[at].items() if name != key}, *met[at + 1 :]]
            options = [one for one in met[at][key] if _may_be(value, one, self._root)]
            ways = [list(self.of(value, [*rest, one], pointer, depth + 1)) for one in options]
            yield from min(ways, key=len, default=[])
        elif isinstance(value, dict):
            yield from self._object(value, met, pointer, depth)
        elif isinstance(value, list):
            for at, one in enumerate(value):
                yield from self.of(one, _items(met, at), f"{pointer}/{at}", depth + 1)
        elif isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
            yield from self._scalar(value, met, pointer)

    def _scalar(self, value: str | float | Decimal, met: list[JSON], pointer: str) -> Iterator[Unprinted]:
        listed = any(_LISTED & one.keys() for one in met)
        demands = [one for one in met if PRINTED in one and ("type" in one or not listed)]
        if demands and pointer not in self._found and not all(self._document.prints(value, one) for one in demands):
            yield Unprinted(pointer)

    def _object(self, value: JSON, met: list[JSON], pointer: str, depth: int) -> Iterator[Unprinted]:
        named = {name for one in met for name in (*one.get("properties", ()), *one.get("required", ()))}
        within = _within(met)
        for name, member in value.items():
            below, where = [one for node in met for one in _members(node, name)], pointer + pointer_to(name)
            if name not in named and not all(self._prints_key(name, one) for one in met if KEYS in one):
                yield Unprinted(where, key=True)
            yield from self.of(member, below or within, where, depth + 1)

    def _prints_key(self, name: str, node: JSON) -> bool:
        patterned = "patternProperties" in node or "propertyNames" in node
        leaf = {PRINTED: node[KEYS], KEYS: True, **({"pattern": ""} if patterned else {})}
        return self._document.prints(name, leaf)


def _met(root: JSON, nodes: list[Any]) -> list[JSON]:
    """All that is said of one value, options apart, through references too."""
    found, waiting = [], [(node, 0) for node in reversed(nodes)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict) or depth > _DEEPEST:
            continue
        found.append({key: value for key, value in node.items() if key not in ("$ref", "allOf")})
        below = [keywords.resolve(root, node["$ref"])] if "$ref" in node else []
        waiting += [(one, depth + 1) for one in reversed([*below, *node.get("allOf", ())])]
    return found


def _members(node: JSON, name: str) -> list[Any]:
    """What an object says of a member."""
    if name in node.get("properties", ()):
        return [node["properties"][name]]
    if by_pattern := [one for pattern, one in node.get("patternProperties", {}).items() if matches(pattern, name)]:
        return by_pattern
    return [node[key] for key in _OTHERS if key in node][:1]


def _items(met: list[JSON], at: int) -> list[Any]:
    """What lists say of an item."""
    found: list[Any] = []
    for node in met:
        first = node.get("prefixItems", [])
        found += first[at : at + 1] or [node["items"] for _ in range("items" in node)]
    return found or _within(met)


def _within(met: list[JSON]) -> list[Any]:
    """What is said of a value within of which nobody says anything."""
    return [anything(node[WITHIN]) for node in met if WITHIN in node][:1]


def _may_be(value: Any, node: Any, root: JSON) -> bool:
    """Whether the kind of `value` is one that `node` takes."""
    for _ in range(_DEEPEST):
        if not isinstance(node, dict) or "$ref" not in node:
            break
        node = keywords.resolve(root, node["$ref"])
    if not isinstance(node, dict):
        return bool(node)
    if "enum" in node or "const" in node:
        return value in node.get("enum", [node.get("const")])
    kinds = node.get("type", ())
    names = [kinds] if isinstance(kinds, str) else kinds
    return not names or any(_IS[name](value) for name in names)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_IS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value % 1 == 0,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
