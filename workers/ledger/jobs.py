"""What the ledger holds, as Python values, and how they are written: JSON for the structured fields of a hash, plain
text for the rest. Knows the names of the hash's fields; knows no Redis key and no script."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import orjson

from schemas.jsontext import read
from workers.ledger.waiting import Waiting, waiting_of

Priority = Literal["interactive", "bulk"]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
# What is kept as a job's document: the bytes of a file of plain text; a text that came as such; a file that has to be
# read; one that is known to be pictures of text; and what was read of it (extractor/documents/stored.py).
Form = Literal["plain", "text", "file", "picture", "read"]
PRIORITIES: tuple[Priority, ...] = ("interactive", "bulk")
STATUSES: tuple[Status, ...] = ("queued", "running", "succeeded", "failed", "cancelled")
TERMINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
_COMPRESS_BYTES = 256
_TRIED_WHOLE_BYTES, _PIECE_BYTES = 1024 * 1024, 32 * 1024


@dataclass(frozen=True)
class NewJob:
    """A checked submission. `schema_ref` is what a list shows and filters by ("invoice@1", "inline"); `json_schema`
    is set for an inline schema only. `document` is kept beside the job until the job is terminal, or has been read;
    so is the `password` that opens it. `request_id` and `trace` (a W3C traceparent) say by which request it came; a
    batch keeps them once for all its jobs."""

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
        return [part for pair in pairs.items() for part in pair]

    def weight(self, *, shared_schema: bool = False) -> int:
        """Bytes that count in its tenant's quotas until it ends: the document and its schema, as they are kept."""
        own = self.json_schema is not None and not shared_schema
        return len(self.stored) + (len(orjson.dumps(self.json_schema)) if own else 0)

    def kept(self) -> int:
        """Bytes that count until it is erased, beside its keys and what its end adds."""
        return len(self.schema_ref.encode()) + sum(
            len(part if isinstance(part, bytes) else part.encode()) for part in self.fields(shared_schema=True)[1::2]
        )


@dataclass(frozen=True)
class Created:
    """`existing`: the idempotency key was used before with the same request, and this is the job it made then; `at`
    is not known of such a one."""

    job_id: str
    existing: bool
    at: datetime | None = None


@dataclass(frozen=True)
class Job:
    """A job as anyone of its tenant may see it. `attempt` counts claims. `error` has code, detail, retryable and
    may have errors (a list of pointer and detail) and last; `result_json` is what the worker wrote of
    `Extraction.as_json()`, and nobody writes it anew: a number keeps its digits.
    `cancel_requested` is true while a running job has not stopped yet; `waiting` says why a queued one waits, where
    that was asked."""

    id: str
    tenant: str
    status: Status
    schema: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    attempt: int
    priority: Priority
    options: dict[str, Any]
    metadata: dict[str, Any]
    batch: str | None
    custom_id: str | None
    media_type: str | None
    filename: str | None
    size: int
    result_json: bytes | None
    error: dict[str, Any] | None
    reason: str | None
    cancel_requested: bool
    request_id: str | None = None
    trace: str | None = None
    waiting: Waiting | None = None

    @property
    def done(self) -> bool:
        return self.status in TERMINAL

    @property
    def result(self) -> dict[str, Any] | None:
        """`result_json`, read; numbers know how they are written (`jsontext.Number`)."""
        result: dict[str, Any] | None = None if self.result_json is None else read(self.result_json)
        return result

    @property
    def version(self) -> tuple[str, int, bool]:
        """Differs whenever something happened that a watcher is told of."""
        return self.status, self.attempt, self.cancel_requested


@dataclass(frozen=True)
class Claim:
    """A job that is this worker's until its lease ends; `job.attempt` is the fence of everything it writes. `form` says
    what `document` is."""

    job: Job
    json_schema: dict[str, Any] | None
    document: bytes = field(repr=False)
    form: Form = "plain"
    password: str | None = field(default=None, repr=False)

    @property
    def attempt(self) -> int:
        return self.job.attempt


@dataclass(frozen=True)
class Renewal:
    """`ok` is false when the lease is another's or the job is terminal or gone: stop and drop the result."""

    ok: bool
    cancel_requested: bool


@dataclass(frozen=True)
class Page:
    """Newest first; without results. `cursor` is None on the last page; a page may be short and have a cursor."""

    jobs: list[Job]
    cursor: str | None


@dataclass(frozen=True)
class Token:
    """A message to publish: which job, in which queue."""

    tenant: str
    job_id: str
    priority: Priority
    request_id: str | None = None


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker says of itself. `ready`: its model is loaded and has answered; `state` says where it stands
    (loading, ready, recovering, reconnecting, stopping) and `why`, where that needs a reason. `figures` are what it and
    its engine have counted since they started, `tokens_per_s` the output tokens of its last pulse. By `machine` and
    `born` (as extractor.heartbeat has them) others of its machine can tell that it has ended before it is
    missed."""

    id: str
    host: str
    pid: int
    ready: bool
    state: str
    slots: int
    busy: int
    loaded_at: float | None
    model: dict[str, Any]
    started_at: float | None = None
    tokens_per_s: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    machine: str = ""
    born: int = 0
    age_s: float = 0.0

    @classmethod
    def of(cls, said: Mapping[str, Any], age_s: float) -> WorkerInfo:
        """What a worker of another version says and this one does not know is left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in said.items() if name in known} | {"age_s": age_s})


@dataclass(frozen=True)
class Rewrite:
    """What is to be done about the store's append-only file, or was (lua/rewrite.lua); and for how long the first thing
    erased that it may still hold has been in it (0: there is none)."""

    outcome: str
    oldest_s: float


@dataclass(frozen=True)
class Depth:
    """How many jobs wait, and how long the first of them has; None where none does."""

    jobs: int
    oldest_s: float | None


@dataclass(frozen=True)
class Survey:
    """One tenant at a moment: jobs in the ledger by status, batches, and what waits by priority."""

    tenant: str
    jobs: dict[Status, int]
    batches: int
    waiting: dict[Priority, Depth]


def _may_shrink(document: bytes) -> bool:
    """Most files are packed already. Told by pieces of one that takes long to try: at its begin, middle and end."""
    if len(document) < _TRIED_WHOLE_BYTES:
        return True
    middle = len(document) // 2
    pieces = document[:_PIECE_BYTES], document[middle : middle + _PIECE_BYTES], document[-_PIECE_BYTES:]
    return any(len(zlib.compress(piece, 1)) < 0.9 * len(piece) for piece in pieces)


def pairs(flat: Iterable[bytes]) -> dict[str, bytes]:
    """A flat list of names and values, as Lua returns a hash."""
    items = list(flat)
    return {name.decode(): value for name, value in zip(items[::2], items[1::2], strict=True)}


def decode_job(tenant: str, raw: Mapping[str, bytes]) -> Job:
    """The job in a hash (or the part of one that a list reads)."""
    return Job(
        id=raw["id"].decode(),
        tenant=tenant,
        status=_text(raw, "status"),  # type: ignore[arg-type]
        schema=raw["schema"].decode(),
        created_at=moment(raw["created"]),
        started_at=when(raw, "started"),
        finished_at=when(raw, "finished"),
        expires_at=when(raw, "expires"),
        attempt=int(raw["attempt"]),
        priority=_text(raw, "priority"),  # type: ignore[arg-type]
        options=_json(raw, "options") or {},
        metadata=_json(raw, "metadata") or {},
        batch=_text(raw, "batch"),
        custom_id=_text(raw, "custom_id"),
        media_type=_text(raw, "media_type"),
        filename=_text(raw, "filename"),
        size=int(raw["size"]),
        result_json=raw.get("result") or None,
        error=_json(raw, "error"),
        reason=_text(raw, "reason"),
        cancel_requested="cancel" in raw,
        request_id=_text(raw, "request"),
        trace=_text(raw, "trace"),
        waiting=waiting_of(raw) if "ready" in raw else None,
    )


def decode_claim(tenant: str, raw: Mapping[str, bytes], stored: bytes, shared_schema: bytes) -> Claim:
    """`shared_schema`: the JSON Schema that the job's batch keeps for it, where it does."""
    json_schema = orjson.loads(shared_schema) if shared_schema else _json(raw, "json_schema")
    document = zlib.decompress(stored) if "coding" in raw else stored
    form: Form = _text(raw, "form") or "plain"  # type: ignore[assignment]
    return Claim(decode_job(tenant, raw), json_schema, document, form, _text(raw, "password"))


def _text(raw: Mapping[str, bytes], name: str) -> str | None:
    value = raw.get(name)
    return value.decode() if value else None


def _json(raw: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    value = raw.get(name)
    return orjson.loads(value) if value else None


def moment(ms: bytes) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)


def when(raw: Mapping[str, bytes], name: str) -> datetime | None:
    """A time in milliseconds, where there is one."""
    return moment(raw[name]) if raw.get(name) else None
