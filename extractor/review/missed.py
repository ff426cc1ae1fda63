"""Nulls that look like misses: the document prints a label like the field's name, something stands behind it, no other
value of the answer stands there, and it is what the field may hold. Knows what is known of each value; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from extractor.notation import field_names, find
from extractor.notation.key_words import key_words
from extractor.result import Known
from schemas.errors import parts_of
from schemas.nodes import nodes_at

_WORDS = 12  # of what stands behind a label; more are a text about something
_PHONE_DIGITS = 5
_NAMED_NUMBERS = frozenset("number no nr num id iban code sku".split())


def missed(fields: Mapping[str, Known], json_schema: dict[str, Any]) -> list[tuple[str, str]]:
    """(pointer, what stands behind the label) of each."""
    found = []
    for pointer, known in fields.items():
        label = known["label"]
        if label is not None and (behind := label["behind"]) is not None:
            nodes = nodes_at(json_schema, parts_of(pointer))
            if any(_may_be(behind["text"], parts_of(pointer)[-1], node) for node in nodes):
                found.append((pointer, f"{label['text']}: {behind['text']}"))
    return found


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
        return bool(find.number_spans(text)) and not find.date_spans(text)
    return "string" in kinds and _may_be_text(text, key, node.get("format", ""))


def _may_be_text(text: str, key: str, format: str) -> bool:
    words = [word.lower() for word in key_words(key)]
    name = _FORMATS.get(format) or field_names.kind(words)
    if name not in _LOOKS and words:
        name = "number" if words[-1] in _NAMED_NUMBERS else words[-1]
    return _LOOKS[name](text) if name in _LOOKS else any(map(str.isalnum, text))


def _is_day(text: str) -> bool:
    return bool(find.date_spans(text) or find.yearless_date_spans(text))


def _has_digits(least: int) -> Callable[[str], bool]:
    return lambda text: sum(map(str.isdecimal, text)) >= least


_FORMATS = {"date": "date", "date-time": "date", "time": "time", "email": "email", "uri": "website"}
_LOOKS: dict[str, Callable[[str], bool]] = {
    "email": lambda text: re.search(r"\S@\S", text) is not None,
    "website": lambda text: re.search(r"\w\.\w", text) is not None,
    "date": _is_day,
    "due date": _is_day,
    "time": lambda text: bool(find.time_spans(text)),
    "phone": _has_digits(_PHONE_DIGITS),
    "mobile": _has_digits(_PHONE_DIGITS),
    "fax": _has_digits(_PHONE_DIGITS),
    "number": _has_digits(1),
    "tax id": _has_digits(1),
    "iban": _has_digits(1),
}
