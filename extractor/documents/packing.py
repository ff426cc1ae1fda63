"""A Document as JSON and bytes, and back: how it comes out of the process that read it."""

from __future__ import annotations

from array import array
from dataclasses import asdict, fields
from typing import Any

from extractor.documents.document import LISTS, Document


def pack(document: Document) -> tuple[dict[str, Any], list[bytes]]:
    """The first blob is the text, then one for each page with places."""
    value: dict[str, Any] = {name: [list(asdict(each).values()) for each in getattr(document, name)] for name in LISTS}
    value |= {"media_type": document.media_type, "filename": document.filename, "warnings": document.warnings}
    value["places"] = list(document.places)
    return value, [document.text.encode(), *(places.tobytes() for places in document.places.values())]


def unpack(value: dict[str, Any], blobs: list[bytes]) -> Document:
    """Raises ValueError, TypeError or KeyError for what `pack` did not make."""
    lists = {name: tuple(_instance(kind, row) for row in value[name]) for name, kind in LISTS.items()}
    places = {number: array("f", blob) for number, blob in zip(value["places"], blobs[1:], strict=True)}
    return Document(
        text=blobs[0].decode(),
        media_type=value["media_type"],
        filename=value["filename"],
        warnings=tuple(value["warnings"]),
        places=places,
        **lists,
    )


def _instance(kind: type[Any], row: list[Any]) -> Any:
    names = [each.name for each in fields(kind)]
    return kind(**{name: tuple(one) if isinstance(one, list) else one for name, one in zip(names, row, strict=True)})
