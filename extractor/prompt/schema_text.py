"""A JSON Schema as a model reads it best: one line a field, types in a short notation, descriptions behind `#`.

    number: string # printed on the invoice
    issued: date | null
    status: "open" | "paid"
    items: [
      name: string
      price: number
    ]

Pure text in, text out: the prompt and the recipe that trains the bundled pair both call it, so it always
reads exactly what it was taught. Knows nothing of tokenizers or models.
"""

from __future__ import annotations

import json
import re
from typing import Any

from schemas import keywords
from schemas.models.keys import KEY_TYPES

JSON = dict[str, Any]

_FORMATS = {
    "date": "date",
    "date-time": "datetime",
    "date-time-local": "datetime",
    "time": "time",
    "time-local": "time",
    "email": "email",
    "uri": "url",
    "uuid": "uuid",
}
_INDENT = "  "


def render_schema(schema: JSON) -> str:
    """The fields of `schema` (a JSON Schema whose `$ref`s stay inside it), one a line, no trailing newline."""
    return _Renderer(schema).root()


class _Renderer:
    def __init__(self, root: JSON) -> None:
        self._root = root
        self._open: list[str] = []  # `$ref`s being rendered: a recursive type is written by name the second time

    def root(self) -> str:
        schema = self._resolve(self._root)
        if schema.get("properties"):
            return "\n".join(self._fields(schema, ""))
        return self._type(self._root, "")

    def _fields(self, schema: JSON, indent: str) -> list[str]:
        lines = []
        for name, field in schema.get("properties", {}).items():
            description = self._description(field)
            note = f" # {description}" if description else ""
            head, brace, body = f"{indent}{name}: {self._type(field, indent)}".partition("\n")
            lines.append(head + note + brace + body)
        undeclared = [key for key in ("patternProperties", "additionalProperties") if isinstance(schema.get(key), dict)]
        if undeclared:
            rest = {key: value for key, value in schema.items() if key in (*undeclared, "propertyNames")}
            lines += [f"{indent}{key}: {values}" for key, values in self._map(rest, indent)]
        return lines

    def _map(self, schema: JSON, indent: str) -> list[tuple[str, str]]:
        """What keys that nobody declares may be, and their values."""
        patterns = schema.get("patternProperties", {})
        shown = [(f"/{pattern}/", self._type(values, indent)) for pattern, values in patterns.items()]
        values = schema.get("additionalProperties", not patterns)
        if values is not False:
            shown.append((self._key(schema.get("propertyNames", True)), self._type(values, indent)))
        return shown

    def _key(self, names: Any) -> str:
        if isinstance(names, bool):
            return "key"
        names = self._resolve(names)
        if "pattern" in names:
            return KEY_TYPES.get(names["pattern"], f"/{names['pattern']}/")
        shown = self._type({"type": "string", **names}, "") if names.keys() & {"enum", "const", "format"} else ""
        if "anyOf" in names:
            shown = self._union([self._key(one) for one in names["anyOf"]])
        return shown if shown not in ("", "string") else "key"

    def _description(self, field: Any) -> str:
        if isinstance(field, bool):
            return ""
        text = field.get("description") or self._resolve(field).get("description") or ""
        return " ".join(str(text).split())

    def _resolve(self, schema: Any) -> JSON:
        """Follow `$ref` (and an `allOf` of one, where no properties stand beside it) to the schema it means; true and
        false say nothing about a value."""
        seen = 0
        while seen < 32 and isinstance(schema, dict):
            if "$ref" in schema:
                schema = keywords.resolve(self._root, schema["$ref"])
            elif _stands_for_another(schema):
                schema = schema["allOf"][0]
            else:
                return schema
            seen += 1
        return {}

    def _type(self, schema: Any, indent: str) -> str:
        if isinstance(schema, bool):
            return "any"
        ref = schema.get("$ref")
        if ref is not None:
            if ref in self._open:
                return str(ref).rsplit("/", 1)[-1]
            self._open.append(ref)
            try:
                return self._type(self._resolve(schema), indent)
            finally:
                self._open.pop()
        if "const" in schema:
            return json.dumps(schema["const"], ensure_ascii=False)
        if "enum" in schema:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._union([self._type(option, indent) for option in schema[union]])
        if _stands_for_another(schema):
            return self._type(schema["allOf"][0], indent)
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([self._type({**schema, "type": one}, indent) for one in kind])
        return self._plain(kind, schema, indent)

    def _union(self, options: list[str]) -> str:
        """Each option once, null last."""
        ordered = list(dict.fromkeys(option for option in options if option != "null"))
        return " | ".join([*ordered, "null"] if "null" in options else ordered)

    def _plain(self, kind: str | None, schema: JSON, indent: str) -> str:
        if kind == "object" or (kind is None and "properties" in schema):
            if not schema.get("properties"):
                return "{" + "; ".join(f"{key}: {values}" for key, values in self._map(schema, indent)) + "}"
            return "\n".join(["{", *self._fields(schema, indent + _INDENT), indent + "}"])
        if kind == "array":
            items = schema.get("items", {})
            resolved = self._resolve(items)
            while isinstance(items, dict) and "$ref" not in items and len(items.get("allOf", ())) == 1:
                items = items["allOf"][0]
            opened = items.get("$ref") if isinstance(items, dict) else None
            if resolved.get("properties") and opened not in self._open:
                if opened:
                    self._open.append(opened)
                lines = self._fields(resolved, indent + _INDENT)
                if opened:
                    self._open.pop()
                return "\n".join(["[", *lines, indent + "]"])
            return f"[{self._type(items, indent)}]"
        if kind == "string":
            return _FORMATS.get(schema.get("format", ""), "string")
        return kind or "any"


def _stands_for_another(schema: JSON) -> bool:
    """Whether it is an `allOf` of one, and not an object that this one only says more of (`if`, `required`)."""
    return len(schema.get("allOf", ())) == 1 and "properties" not in schema


def render_task(name: str, description: str, schema: JSON, examples: list[tuple[str, str]]) -> str:
    """What comes before the document: the same text for every document of a schema, so its KV can be shared.

    `examples` are (document, answer as compact JSON) pairs.
    """
    about = " ".join(description.split())
    head = (
        "Extract the data of the schema from the document. Answer with JSON. "
        "Use null for what the document does not say.\n\n"
        f"Schema {name}{': ' + about if about else ''}\n{render_schema(schema)}\n\n"
    )
    shown = (f"Example document:\n{''.join(fence(text))}\nExample answer:\n{answer}\n\n" for text, answer in examples)
    return head + "".join(shown) + "Document:\n"


def fence(text: str) -> tuple[str, str, str]:
    """(opening, text, closing): the document as data, behind a fence that does not occur in it.

    A line of tildes longer than any run in the text, as CommonMark closes a code block: no document can end its own.
    """
    longest = max((len(run) for run in re.findall(r"~+", text)), default=0)
    bar = "~" * max(3, longest + 1)
    return f"{bar}\n", text, f"\n{bar}"
