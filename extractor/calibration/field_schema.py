"""What a schema says of the values at a path: enough to tell their kind. Knows JSON Schema; no document."""

from __future__ import annotations

from typing import Any, NamedTuple

from extractor.evidence.scalars import JsonPath
from extractor.notation import find
from extractor.notation.field_looks import looks_like
from schemas import keywords

JSON = dict[str, Any]
_DEEPEST = 48  # references, alternatives and levels behind each other


class FieldSchema(NamedTuple):
    """`kind`: `text`, `number`, `date` (a time too) or `choice` (of an enum, yes or no). `printed`: the schema demands
    that the value stands in the document."""

    kind: str
    format: str
    printed: bool

    def may_hold(self, key: str, text: str) -> bool:
        """Whether `text`, what stands behind a label, may be a value of it. `key`: the field's."""
        if self.kind == "date":
            return bool(find.date_spans(text) or find.time_spans(text))
        if self.kind == "number":
            return any(map(str.isdecimal, text))
        return any(map(str.isalnum, text)) and (self.kind != "text" or looks_like(key, self.format, text))


_UNKNOWN = FieldSchema("text", "", False)


class FieldSchemas:
    """Of one schema; each path is looked up once, whatever its places in lists."""

    def __init__(self, root: JSON) -> None:
        self._root = root
        self._found: dict[JsonPath, FieldSchema] = {}

    def at(self, path: JsonPath) -> FieldSchema:
        anywhere = tuple(0 if isinstance(part, int) else part for part in path)
        if anywhere not in self._found:
            self._found[anywhere] = self._field(self._root, path, False, 0) or _UNKNOWN
        return self._found[anywhere]

    def _field(self, node: Any, path: JsonPath, printed: bool, depth: int) -> FieldSchema | None:
        """The first alternative but null that has something there; None where the schema does not say."""
        if not isinstance(node, dict) or depth > _DEEPEST:
            return None
        printed = node[keywords.PRINTED] is True if keywords.PRINTED in node else printed
        if "$ref" in node:
            try:
                return self._field(keywords.resolve(self._root, node["$ref"]), path, printed, depth + 1)
            except KeyError:
                return None
        for key in ("anyOf", "oneOf", "allOf"):
            for one in node.get(key, ()):
                found = self._field(one, path, printed, depth + 1)
                if found is not None:
                    return found
        if not path:
            return _leaf(node, printed)
        first, rest = path[0], path[1:]
        if isinstance(first, int):
            prefix = node.get("prefixItems", [])
            below = prefix[first] if first < len(prefix) else node.get("items")
        else:
            below = node.get("properties", {}).get(first, node.get("additionalProperties"))
        return self._field(below, rest, printed, depth + 1)


def _leaf(node: JSON, printed: bool) -> FieldSchema | None:
    declared = node.get("type", "string")
    kinds = {declared} if isinstance(declared, str) else set(declared)
    format = str(node.get("format", ""))
    if kinds == {"null"}:
        return None
    if "enum" in node or "const" in node or "boolean" in kinds:
        return FieldSchema("choice", format, False)
    if kinds & {"number", "integer"}:
        return FieldSchema("number", format, printed)
    return FieldSchema("date" if format.startswith(("date", "time")) else "text", format, printed)
