"""A job as it is handed to the ledger, and how it is written: JSON for the structured fields of its hash, plain text
for the rest. Knows the names of the hash's fields; knows no Redis key and no script."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import orjson

Priority = Literal["interactive", "bulk"]
PRIORITIES: tuple[Priority, ...] = ("interactive", "bulk")
# What is kept as a job's document: the bytes of a file of plain text; a text that came as such; a file that has to be
# read; one that is known to be pictures of text; and what was read of it (extractor/documents/stored.py).
Form = Literal["plain", "text", "file", "picture", "read"]
_COMPRESS_BYTES = 256
_TRIED_WHOLE_BYTES, _PIECE_BYTES = 1024 * 1024, 32 * 1024


@dataclass(frozen=True)
class NewJob:
    """A checked submission. `schema_ref` is what a list shows and filters by ("invoice@1", "inline"); `json_schema`
    is set for an inline schema only. `document` is kept beside the job until the job is terminal, or has been read;
    so is the `password` that opens it. `request_id` and `trace` (a W3C traceparent) say by which request it came; a
    batch keeps them once for all its jobs. `webhook` (url, result): who is told of its end."""

    schema_ref: str
    document: bytes
    json_schema: dict[str, Any] | None = None
    media_type: str | None = None
    filename: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    batch: str | None = None
    priority: Priority = "interactive"
    custom_id: str | None = None
    request_id: str | None = None
    trace: str | None = None
    form: Form = "plain"
    password: str | None = field(default=None, repr=False)
    webhook: dict[str, Any] | None = None

    @cached_property
    def stored(self) -> bytes:
        """The document as the ledger keeps it: compressed where that saves a tenth. For a large one that takes a while,
        so whoever has an event loop asks for it elsewhere first."""
        if len(self.document) < _COMPRESS_BYTES or not _may_shrink(self.document):
            return self.document
        packed = zlib.compress(self.document, 1)
        return packed if len(packed) < 0.9 * len(self.document) else self.document

    def fields(self, *, shared_schema: bool = False) -> list[str | bytes]:
        """The hash fields that creation does not set by itself, as a flat list. With `shared_schema` the JSON Schema
        is kept elsewhere."""
        pairs: dict[str, str | bytes] = {
            "options": orjson.dumps(self.options),
            "metadata": orjson.dumps(self.metadata),
        }
        if self.json_schema is not None and not shared_schema:
            pairs["json_schema"] = orjson.dumps(self.json_schema)
        if self.media_type is not None:
            pairs["media_type"] = self.media_type
        if self.filename is not None:
            pairs["filename"] = self.filename
        if self.custom_id is not None:
            pairs["custom_id"] = self.custom_id
        if self.request_id is not None:
            pairs["request"] = self.request_id
        if self.trace is not None:
            pairs["trace"] = self.trace
        if self.stored is not self.document:
            pairs["coding"] = "zlib"
        if self.form != "plain":
            pairs["form"] = self.form
        if self.password is not None:
            pairs["password"] = self.password
        if self.webhook is not None:
            pairs["hook"] = orjson.dumps(self.webhook)
        return [part for name_and_value in pairs.items() for part in name_and_value]

    def weight(self, *, shared_schema: bool = False) -> int:
        """Bytes that count in its tenant's quotas until it ends: the document and its schema, as they are kept."""
        own = self.json_schema is not None and not shared_schema
        return len(self.stored) + (len(orjson.dumps(self.json_schema)) if own else 0)

    def kept(self) -> int:
        """Bytes that count until it is erased, beside its keys and what its end adds."""
        return len(self.schema_ref.encode()) + sum(
            len(part if isinstance(part, bytes) else part.encode()) for part in self.fields(shared_schema=True)[1::2]
        )


def _may_shrink(document: bytes) -> bool:
    """Most files are compressed already. Of a large one its beginning, middle and end are tried."""
    if len(document) < _TRIED_WHOLE_BYTES:
        return True
    middle = len(document) // 2
    pieces = document[:_PIECE_BYTES], document[middle : middle + _PIECE_BYTES], document[-_PIECE_BYTES:]
    return any(len(zlib.compress(piece, 1)) < 0.9 * len(piece) for piece in pieces)
