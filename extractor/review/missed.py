"""Nulls that look like misses: the document prints a label like the field's name, something stands behind it, no other
value of the answer stands there, and it is what the field may hold. Knows what is known of each value; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from extractor.notation import currency, field_names, find
from extractor.notation.key_words import key_words
from extractor.result import Known
from schemas.errors import parts_of
from schemas.nodes import nodes_at

_WORDS = 12  # of what stands behind a label; more are a text about something
_PHONE_DIGITS = 5
_PERCENT = re.compile(r"[ \u00a0\u202f]?[%％]")
_SHARES = frozenset(
    "rate percent percentage pct share satz prozent taux tasso aliquota sats stawka sazba tarief".split()
)
_CODE = re.compile(r"\b[A-Z]{3}\b")
_NAMED_NUMBERS = frozenset("number no nr num id iban code sku".split())


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
        return _has_number(text, key) and not find.date_spans(text)
    return "string" in kinds and _may_be_text(text, key, node.get("format", ""))


def _has_number(text: str, key: str) -> bool:
    """Whether it says one that a field of that name may be: `VAT 20%` says no amount."""
    spans = [span for spans in find.number_spans(text).values() for span in spans]
    is_share = not _SHARES.isdisjoint(word.lower() for word in key_words(key))
    return any(is_share or not _PERCENT.match(text, stop) for _, stop in spans)


def _may_be_text(text: str, key: str, format: str) -> bool:
    words = [word.lower() for word in key_words(key)]
    name = _FORMATS.get(format) or field_names.kind(words)
    if name not in _LOOKS and words:
        last = name.split()[-1]
        name = "number" if last in _NAMED_NUMBERS else last
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
    "currency": lambda text: _CODE.search(text) is not None or any(currency.codes(text)),
}
