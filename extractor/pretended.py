"""Values that stand nowhere but in an imitation of an answer: whoever can write into a document may have written one
there for the model to copy. Knows what is known of each value; knows no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from extractor.documents import Document
from extractor.evidence.ground import evidence_at, ground
from extractor.evidence.scalars import scalars
from extractor.evidence.spans import Span, overlap
from extractor.result import Known, Mark
from extractor.review.imitation import imitations, without

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
        where = next(span for span in spans if _stands_in(fields[pointer], [span]))
        detail = (
            f"stands in text that imitates an answer of this schema ({_place(document, where)}); elsewhere the "
            f"document prints {printed!r}"
        )
        yield {"pointer": pointer, "code": "pretended", "detail": detail, "severity": "high"}
    if not elsewhere:
        yield {"pointer": "", "code": "pretended", "detail": _whole(document, spans, only), "severity": "low"}


def _only_there(
    text: str, rest: Document, json_schema: dict[str, Any], fields: Mapping[str, Known], spans: list[Span]
) -> list[str]:
    """The values that stand in `spans` and nowhere else, by pointer."""
    inside = [pointer for pointer, known in fields.items() if _stands_in(known, spans)]
    found = ground(text, rest, [], [], json_schema) if inside else {}
    return [pointer for pointer in inside if pointer not in found or not found[pointer]["evidence"]]


def _stands_in(known: Known, spans: Iterable[Span]) -> bool:
    return any(overlap((one["start"], one["stop"]), span) for one in known["evidence"] for span in spans)


def _said_elsewhere(text: str, rest: Document, json_schema: dict[str, Any], pointers: list[str]) -> dict[str, str]:
    """Of values, what the rest of the document has at a label of theirs: as of nulls."""
    for one in reversed([one for one in scalars(text) if one.pointer in pointers]):
        text = f"{text[: one.start]}null{text[one.stop :]}"
    found = ground(text, rest, [], [], json_schema)
    labels = {pointer: found[pointer]["label"] for pointer in pointers if pointer in found}
    return {
        pointer: f"{label['text']}: {label['behind']['text']}"
        for pointer, label in labels.items()
        if label is not None and label["behind"] is not None
    }


def _whole(document: Document, spans: list[Span], only: list[str]) -> str:
    more = f"; {', '.join(only[:_TOLD])} stand{'s'[: len(only) == 1]} only there" if only else ""
    return f"the document holds text that imitates an answer of this schema ({_place(document, spans[0])}){more}"


def _place(document: Document, span: Span) -> str:
    page = evidence_at(document, *span)[0]["page"]
    return f"characters {span[0]} to {span[1]}{f', page {page}' if page else ''}"
