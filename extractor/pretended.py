"""Values that stand nowhere but in an imitation of an answer: whoever can write into a document may have written one
there for the model to copy. Knows what is known of each value; knows no model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from extractor.documents import Document
from extractor.evidence.ground import evidence_at, ground
from extractor.evidence.scalars import scalars
from extractor.evidence.spans import Span
from extractor.result import Known, Mark
from extractor.review.imitation import imitations, without
from extractor.review.missed import missed

_TOLD = 5  # pointers in a sentence


def pretended(
    text: str, document: Document, json_schema: dict[str, Any], fields: Mapping[str, Known]
) -> Iterator[Mark]:
    """Marks of the answer `text`. Where the rest of the document has something else at a label of the field, the value
    is marked, and else, once, that the document holds such a text."""
    spans = imitations(document.text, json_schema)
    if not spans:
        return
    rest = replace(document, text=without(document.text, spans))
    only = _only_there(text, rest, json_schema, fields, spans)
    elsewhere = _said_elsewhere(text, rest, json_schema, only) if only else {}
    for pointer, printed in elsewhere.items():
        place = _place(document, _spans_of(fields[pointer], spans)[0])
        detail = f"stands in text that imitates an answer of this schema ({place}); elsewhere the document prints "
        detail += repr(printed)
        yield {"pointer": pointer, "code": "pretended", "detail": detail, "severity": "high"}
    if not elsewhere:
        yield {"pointer": "", "code": "pretended", "detail": _whole(document, spans, only), "severity": "low"}


def _only_there(
    text: str, rest: Document, json_schema: dict[str, Any], fields: Mapping[str, Known], spans: list[Span]
) -> list[str]:
    """The values that stand in `spans` and nowhere else, by pointer."""
    inside = [pointer for pointer, known in fields.items() if _spans_of(known, spans)]
    found = ground(text, rest, [], [], json_schema) if inside else {}
    return [pointer for pointer in inside if pointer not in found or not found[pointer]["evidence"]]


def _spans_of(known: Known, spans: list[Span]) -> list[Span]:
    """In which of them it stands."""
    before = (bisect_right(spans, (one["start"], one["stop"])) for one in known["evidence"])
    near = zip(before, known["evidence"], strict=True)
    return [span for at, one in near for span in spans[max(0, at - 1) : at] if one["start"] < span[1]]


def _said_elsewhere(
    text: str, rest: Document, json_schema: dict[str, Any], pointers: Collection[str]
) -> dict[str, str]:
    """Of values, what the rest of the document has at a label of theirs, and they may hold: as of nulls."""
    found = ground(_with_nulls(text, frozenset(pointers)), rest, [], [], json_schema)
    return dict(missed({pointer: found[pointer] for pointer in pointers if pointer in found}, json_schema))


def _with_nulls(text: str, pointers: frozenset[str]) -> str:
    """The answer with nulls in the place of these values."""
    parts, at = [], 0
    for one in scalars(text):
        if one.pointer in pointers:
            parts += [text[at : one.start], "null"]
            at = one.stop
    return "".join([*parts, text[at:]])


def _whole(document: Document, spans: list[Span], only: list[str]) -> str:
    more = f"; {', '.join(only[:_TOLD])} stand{'s'[: len(only) == 1]} only there" if only else ""
    return f"the document holds text that imitates an answer of this schema ({_place(document, spans[0])}){more}"


def _place(document: Document, span: Span) -> str:
    page = evidence_at(document, *span)[0]["page"]
    return f"characters {span[0]} to {span[1]}{f', page {page}' if page else ''}"
