"""A Document as bytes to be kept, and back: what a worker has read of a file and another may go on with.

Places are most of it, and compress well once they lie as tables do, column by column: letters of a line have their top
and bottom in common. `deflate` of one byte after another would see none of that.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import accumulate, pairwise

import orjson

from extractor.documents import wire
from extractor.documents.document import Document

_LENGTH_BYTES = 8
_CHARACTER = 16  # bytes of a character's four fractions


@dataclass(frozen=True)
class Kept:
    """`document_s`: how long it took to read."""

    document: Document
    document_s: float = 0.0


def dumps(kept: Kept) -> bytes:
    value, blobs = wire.pack(kept.document)
    blobs = [blobs[0], *(_columns(blob) for blob in blobs[1:])]
    head = orjson.dumps({"document": value, "document_s": kept.document_s, "sizes": [len(blob) for blob in blobs]})
    return zlib.compress(b"".join([len(head).to_bytes(_LENGTH_BYTES), head, *blobs]), 1)


def loads(data: bytes) -> Kept:
    """Of what `dumps` made. Raises ValueError, TypeError, KeyError or zlib.error for anything else."""
    whole = zlib.decompress(data)
    start = _LENGTH_BYTES + int.from_bytes(whole[:_LENGTH_BYTES])
    head = orjson.loads(whole[_LENGTH_BYTES:start])
    ends = accumulate(head["sizes"], initial=start)
    text, *places = (whole[begin:end] for begin, end in pairwise(ends))
    return Kept(wire.unpack(head["document"], [text, *map(_rows, places)]), head["document_s"])


def _columns(places: bytes) -> bytes:
    return b"".join(places[at::_CHARACTER] for at in range(_CHARACTER))


def _rows(columns: bytes) -> bytes:
    rows, count = bytearray(len(columns)), len(columns) // _CHARACTER
    for at in range(_CHARACTER):
        rows[at::_CHARACTER] = columns[at * count : (at + 1) * count]
    return bytes(rows)
