"""A Document as bytes to be stored, and back: what a worker has read of a file and another may go on with, one of a
later version too. So all has its name: what a version does not know it leaves out, what it misses has a default.

Places are most of it, and compress well once they lie as tables do, column by column: letters of a line have their top
and bottom in common. `deflate` of one byte after another would see none of that.
"""

from __future__ import annotations

import zlib
from array import array
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import Any

import orjson

from extractor.documents.document import LISTS, Document

_LENGTH_BYTES = 8
_CHARACTER = 16  # bytes of a character's four fractions


@dataclass(frozen=True)
class StoredDocument:
    """`document_s`: how long it took to read."""

    document: Document
    document_s: float = 0.0


def dumps(stored: StoredDocument) -> bytes:
    document = stored.document
    blobs = [document.text.encode(), *(_columns(places.tobytes()) for places in document.places.values())]
    head = orjson.dumps(
        {
            "document_s": stored.document_s,
            "media_type": document.media_type,
            "filename": document.filename,
            "warnings": document.warnings,
            "places": list(document.places),
            "sizes": [len(blob) for blob in blobs],
            **{name: _table(kind, getattr(document, name)) for name, kind in LISTS.items()},
        }
    )
    return zlib.compress(b"".join([len(head).to_bytes(_LENGTH_BYTES), head, *blobs]), 1)


def loads(data: bytes) -> StoredDocument:
    """Of what `dumps` made. Raises ValueError, TypeError, KeyError or zlib.error for anything else."""
    whole = zlib.decompress(data)
    start = _LENGTH_BYTES + int.from_bytes(whole[:_LENGTH_BYTES])
    head = orjson.loads(whole[_LENGTH_BYTES:start])
    ends = accumulate(head["sizes"], initial=start)
    text, *places = (whole[begin:end] for begin, end in pairwise(ends))
    document = Document(
        text=text.decode(),
        media_type=head["media_type"],
        filename=head["filename"],
        warnings=tuple(head["warnings"]),
        places={number: array("f", _rows(one)) for number, one in zip(head["places"], places, strict=True)},
        **{name: _instances(kind, head.get(name, {})) for name, kind in LISTS.items()},
    )
    return StoredDocument(document, head["document_s"])


def _table(kind: type[Any], rows: tuple[Any, ...]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(kind)}


def _instances(kind: type[Any], table: dict[str, list[Any]]) -> tuple[Any, ...]:
    columns = [field.name for field in fields(kind) if field.name in table]
    rows = zip(*(table[name] for name in columns), strict=True)
    return tuple(
        kind(**{name: tuple(one) if isinstance(one, list) else one for name, one in zip(columns, row, strict=True)})
        for row in rows
    )


def _columns(places: bytes) -> bytes:
    return b"".join(places[at::_CHARACTER] for at in range(_CHARACTER))


def _rows(columns: bytes) -> bytes:
    rows, count = bytearray(len(columns)), len(columns) // _CHARACTER
    for at in range(_CHARACTER):
        rows[at::_CHARACTER] = columns[at * count : (at + 1) * count]
    return bytes(rows)
