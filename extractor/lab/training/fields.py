"""The parts a document and its answer share: leaves, groups, tables and lists, and their JSON Schema and JSON text.

A part knows its key, its label in the document and its value. Knows nothing of how a document is laid out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from extractor.lab.training.sources import Origin
from extractor.lab.training.values import PrintedValue

JSON = dict[str, Any]


@dataclass
class Leaf:
    """One value. `value` None: the document does not say, the answer is null."""

    key: str
    kind: str
    label: str
    value: PrintedValue | None
    type: JSON = field(default_factory=lambda: {"type": "string"})
    note: str = ""
    nullable: bool = False
    bare: bool = False  # printed without its label
    shown: bool = True  # False: told by the document in another way

    def schema(self) -> JSON:
        schema = {"anyOf": [self.type, {"type": "null"}]} if self.nullable else dict(self.type)
        return {**schema, "description": self.note} if self.note else schema

    def answer(self) -> str:
        return self.value.json if self.value else "null"

    def origins(self) -> list[Origin | None]:
        return [Origin(self.value.printed, self.value.json, self.label) if self.value else None]


@dataclass
class FieldGroup:
    key: str
    label: str
    children: list[Leaf]
    note: str = ""
    nullable: bool = False
    absent: bool = False

    def schema(self) -> JSON:
        schema = object_schema(self.children)
        schema = {"anyOf": [schema, {"type": "null"}]} if self.nullable else schema
        return {**schema, "description": self.note} if self.note else schema

    def answer(self) -> str:
        return "null" if self.absent else object_answer(self.children)

    def origins(self) -> list[Origin | None]:
        return [None] if self.absent else object_origins(self.children)


@dataclass
class RowsPart:
    """An array of objects: `columns` are leaves without values, `rows` hold a value (or None) for each."""

    key: str
    label: str
    columns: list[Leaf]
    rows: list[list[PrintedValue | None]]
    note: str = ""

    def schema(self) -> JSON:
        schema: JSON = {"type": "array", "items": object_schema(self.columns)}
        return {**schema, "description": self.note} if self.note else schema

    def answer(self) -> str:
        return f"[{','.join(self._row(row) for row in self.rows)}]"

    def origins(self) -> list[Origin | None]:
        return [Origin(v.printed, v.json, row=i) if v else None for i, row in enumerate(self.rows) for v in row]

    def _row(self, row: list[PrintedValue | None]) -> str:
        pairs = zip(self.columns, row, strict=True)
        return "{" + ",".join(f"{quote(c.key)}:{v.json if v else 'null'}" for c, v in pairs) + "}"


@dataclass
class Listing:
    """An array of strings."""

    key: str
    label: str
    items: list[PrintedValue]
    note: str = ""

    def schema(self) -> JSON:
        schema: JSON = {"type": "array", "items": {"type": "string"}}
        return {**schema, "description": self.note} if self.note else schema

    def answer(self) -> str:
        return f"[{','.join(item.json for item in self.items)}]"

    def origins(self) -> list[Origin | None]:
        return [Origin(item.printed, item.json, self.label) for item in self.items]


AnswerPart = Leaf | FieldGroup | RowsPart | Listing


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def object_schema(parts: list[Leaf] | list[AnswerPart]) -> JSON:
    return {
        "type": "object",
        "properties": {part.key: part.schema() for part in parts},
        "required": [part.key for part in parts],
        "additionalProperties": False,
    }


def object_answer(parts: list[Leaf] | list[AnswerPart]) -> str:
    return "{" + ",".join(f"{quote(part.key)}:{part.answer()}" for part in parts) + "}"


def object_origins(parts: list[Leaf] | list[AnswerPart]) -> list[Origin | None]:
    """What each scalar of `object_answer` comes from, in its order."""
    return [one for part in parts for one in part.origins()]
