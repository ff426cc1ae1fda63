"""Jobs as the ledger gives them: to whoever looks at one, and to the worker that has claimed it. Knows the names of a
hash's fields; knows no Redis key and no script."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from schemas.jsontext import read
from workers.ledger.new_job import Form, Priority
from workers.ledger.progress import ReadingProgress
from workers.ledger.wait_reason import WaitState, wait_state_of

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("queued", "running", "succeeded", "failed", "cancelled")
Version = tuple[Status, int, bool, ReadingProgress | None]
TERMINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


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
    that was asked. `marked`: something of it is to be looked at; `reviewed` is what a person found who did.
    `progress`: how far the reading of a running one is, where that is told."""

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
    waiting: WaitState | None = None
    marked: bool = False
    reviewed: dict[str, Any] | None = None
    progress: ReadingProgress | None = None

    @property
    def done(self) -> bool:
        return self.status in TERMINAL

    @property
    def result(self) -> dict[str, Any] | None:
        """`result_json`, read; numbers know how they are written (`jsontext.Number`)."""
        result: dict[str, Any] | None = None if self.result_json is None else read(self.result_json)
        return result

    @property
    def version(self) -> Version:
        """Differs whenever something happened that a watcher is to see."""
        return self.status, self.attempt, self.cancel_requested, self.progress


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
class JobPage:
    """Newest first; without results. `cursor` is None on the last page; a page may be short and have a cursor."""

    jobs: list[Job]
    cursor: str | None


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
        waiting=wait_state_of(raw) if "ready" in raw else None,
        marked="marked" in raw,
        reviewed=None if "reviewed" not in raw else read(raw["reviewed"]),
        progress=None if "progress" not in raw else ReadingProgress.read(raw["progress"].decode()),
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
