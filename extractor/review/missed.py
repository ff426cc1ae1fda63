"""Nulls that look like misses: the document prints a label like the field's name, something stands behind it, no other
value of the answer stands there, and it is what the field may hold. Knows what is known of each value; knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extractor.notation import find
from extractor.notation.field_looks import number_at_label, text_at_label
from extractor.notation.looks import LOOKS
from extractor.result import Known
from schemas.errors import parts_of
from schemas.nodes import nodes_at

_WORDS = 12  # of what stands behind a label; more are a text about something


def missed(fields: Mapping[str, Known], json_schema: dict[str, Any]) -> list[tuple[str, str]]:
    """(pointer, what stands behind the label) of each."""
    found = []
    for pointer, known in fields.items():
        label = known["label"]
        behind = label["behind"] if label is not None else None
        if label is not None and behind is not None and may_hold(json_schema, pointer, behind["text"]):
            found.append((pointer, f"{label['text']}: {behind['text']}"))
    return found


def may_hold(json_schema: dict[str, Any], pointer: str, text: str) -> bool:
    """Whether the field at `pointer` may hold what `text` says."""
    path = parts_of(pointer)
    return any(_may_be(text, path[-1], node) for node in nodes_at(json_schema, path))


def _may_be(text: str, key: str, node: dict[str, Any]) -> bool:
    """Whether a field of that name and schema may hold what `text` says."""
    if len(text.split()) > _WORDS:
        return False
    if "enum" in node or "const" in node:
        low = text.casefold()
        return any(str(one).casefold() in low for one in node.get("enum", [node.get("const")]) if one is not None)
    kinds = node.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if kinds & {"number", "integer"}:
        return LOOKS[number_at_label(key)].may_be(text) and not find.date_spans(text)
    return "string" in kinds and _may_be_text(text, key, node.get("format", ""))


def _may_be_text(text: str, key: str, format: str) -> bool:
    look = text_at_label(key, format)
    return LOOKS[look].may_be(text) if look else any(map(str.isalnum, text))
