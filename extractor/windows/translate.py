"""What is known of a window's values, said of the whole document: its offsets, pages and boxes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractor.documents import Document
from extractor.evidence.ground import evidence_at
from extractor.result import Evidence, Known, Label, Other
from extractor.windows.window import Piece, Window


def translated(
    fields: Mapping[str, Known], window: Window, document: Document
) -> tuple[dict[str, Known], dict[str, tuple[Piece, ...]]]:
    """`fields` as they are of the document, and where its values stand, by pointer."""
    known: dict[str, Known] = {}
    places: dict[str, tuple[Piece, ...]] = {}
    for pointer, field in fields.items():
        where = [piece for one in field["evidence"] for piece in window.places(one["start"], one["stop"])]
        evidence: list[Evidence] = [one for piece in where for one in evidence_at(document, piece.start, piece.stop)]
        known[pointer] = {**field, "evidence": evidence, "label": _label(field["label"], window, document)}
        places[pointer] = tuple(where)
    return known, places


def others_of(again: Sequence[Other], window: Window, document: Document) -> list[Other]:
    """The same of other values of a key."""
    fields: dict[str, Known] = {
        str(at): {"evidence": one["evidence"], "label": None, "confidence": one["confidence"]}
        for at, one in enumerate(again)
    }
    known, _ = translated(fields, window, document)
    return [{**one, "evidence": known[str(at)]["evidence"]} for at, one in enumerate(again)]


def _label(label: Label | None, window: Window, document: Document) -> Label | None:
    if label is None or (shown := _first(label, window, document)) is None:
        return None
    behind = None if label["behind"] is None else _first(label["behind"], window, document)
    return {**shown, "behind": behind}


def _first(place: Evidence, window: Window, document: Document) -> Evidence | None:
    """On its first page."""
    for piece in window.places(place["start"], place["stop"]):
        return evidence_at(document, piece.start, piece.stop)[0]
    return None
