"""Compares a finished answer with what the document prints, where no grammar has: the demand stands where a grammar
cannot follow it, or the document is longer than a grammar may be."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from decimal import Decimal
from typing import Any

from extractor.errors import FieldError
from extractor.grammar.printed.mark import PRINTED
from extractor.grammar.printed.reading import PrintedDocument
from schemas import keywords
from schemas.errors import pointer as pointer_to

JSON = dict[str, Any]
Missing = Callable[[Any, JSON, str], bool]  # whether the document does not print a value of a node, at a pointer
_DEEPEST = 64


def not_printed(answer: Any, schema: JSON, document: PrintedDocument, found: Container[str] = ()) -> list[FieldError]:
    """The values of an answer to a marked schema that the document does not print, in the answer's order. Pointers that
    are `found` there are not looked for."""

    def missing(value: Any, node: JSON, pointer: str) -> bool:
        return pointer not in found and not document.prints(value, node)

    pointers = dict.fromkeys(_places(answer, schema, schema, missing, "", 0))
    return [FieldError(pointer, "is not printed in the document") for pointer in pointers]


def _places(value: Any, node: Any, root: JSON, missing: Missing, pointer: str, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    if PRINTED in node and isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        if missing(value, node, pointer):
            yield pointer
        return
    inner: list[tuple[Any, Any, str]] = []
    if "$ref" in node:
        inner.append((value, keywords.resolve(root, node["$ref"]), ""))
    inner += [(value, one, "") for one in node.get("allOf", ())]
    if isinstance(value, dict):
        fields = node.get("properties", {})
        others = node.get("additionalProperties", {})
        inner += [(one, fields.get(name, others), pointer_to(name)) for name, one in value.items()]
        for rule in node.get("patternProperties", {}).values():
            inner += [(one, rule, pointer_to(name)) for name, one in value.items() if name not in fields]
    if isinstance(value, list):
        first, more = node.get("prefixItems", []), node.get("items", {})
        inner += [(one, first[at] if at < len(first) else more, f"/{at}") for at, one in enumerate(value)]
    for one, below, step in inner:
        yield from _places(one, below, root, missing, pointer + step, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in node:  # whichever option it was: one that finds nothing amiss will do
            options = [
                list(_places(value, one, root, missing, pointer, depth + 1))
                for one in node[key]
                if _may_be(value, one, root)
            ]
            yield from min(options, key=len, default=[])


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
