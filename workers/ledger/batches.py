"""Batches in the ledger: what one is, and every operation on one as a `Call` (see commands.py). Knows how lines are
handed to the scripts; knows no JSONL, no upload and no connection.

A batch's jobs have ids made of the batch and the line, and the ledger keeps how many lines it has decided on and the
digest of them: that is what makes a broken upload safe to repeat."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from workers.config import WorkerSettings
from workers.errors import BatchClosed, IdempotencyConflict, QuotaExceeded
from workers.ledger.commands import check_weight, ms, over_quota, prefix, quotas
from workers.ledger.jobs import Job, NewJob, decode_job, moment, pairs, when
from workers.ledger.scripts import Arg, Call, script
from workers.ledger.waiting import no_worker

COUNTS = ("accepted", "queued", "running", "succeeded", "failed", "cancelled")
PAGE_JOBS = 100
PAGE_BYTES = 1024 * 1024
BatchStatus = Literal["receiving", "running", "cancelling", "completed", "cancelled"]
Order = Literal["input", "finished"]
_BATCH_ID = re.compile(r"[0-9a-f]{24}0{8}")


@dataclass(frozen=True)
class Line:
    """One line of an upload, decided: a job, or what is wrong with it (JSON, as `/errors` shows it). `digest` is that
    of the upload up to here."""

    number: int
    digest: str
    content: NewJob | bytes


@dataclass(frozen=True)
class Opened:
    """`upload` is the fence of everything this upload writes; `lines` were decided on before, with this digest.
    `received`: the batch was uploaded whole already."""

    batch_id: str
    upload: int
    lines: int
    digest: str
    received: bool


@dataclass(frozen=True)
class Added:
    """The jobs made, and up to which line; `refused` is the quota that the line after it did not fit into."""

    job_ids: tuple[str, ...]
    lines: int
    refused: QuotaExceeded | None


@dataclass(frozen=True)
class Batch:
    """`counts` has accepted = queued + running + succeeded + failed + cancelled; `refused` lines are in none of them.
    `recent` and `recent_since` say how many of the last documents ended since when. `workers` are those alive."""

    id: str
    created_at: datetime
    started_at: datetime | None
    received_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    schema: str | None
    lines: int
    refused: int
    counts: Mapping[str, int]
    cancel: str | None
    recent: int
    recent_since: datetime | None
    now: datetime
    request_id: str | None = None
    workers: int = 1
    workers_ready: int = 1

    @property
    def open(self) -> int:
        return self.counts["queued"] + self.counts["running"]

    @property
    def status(self) -> BatchStatus:
        if self.cancel is not None:
            return "cancelled" if self.finished_at is not None else "cancelling"
        if self.finished_at is not None:
            return "completed"
        return "running" if self.received_at is not None else "receiving"

    @property
    def reason(self) -> str | None:
        """Why it was withdrawn, or why none of its documents is started."""
        nobody = no_worker(self.workers, self.workers_ready) if self.counts["queued"] else None
        return self.cancel or (nobody[0] if nobody else None)

    @property
    def documents_per_s(self) -> float | None:
        """Of the last 200 documents while it runs, of all of them once it has ended."""
        if self.started_at is None:
            return None
        since, until, ended = self.started_at, self.finished_at or self.now, self.counts["accepted"] - self.open
        if self.finished_at is None and self.recent_since is not None and self.recent < ended:
            since, ended = self.recent_since, self.recent
        seconds = (until - since).total_seconds()
        return ended / seconds if ended and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """At the present speed, of what has been received so far."""
        if self.finished_at is not None:
            return 0.0
        rate = self.documents_per_s
        return self.open / rate if rate else None


@dataclass(frozen=True)
class Results:
    """Jobs that have ended, and where to go on (None: that was all)."""

    jobs: tuple[Job, ...]
    after: int | None


def is_batch_id(text: str) -> bool:
    return _BATCH_ID.fullmatch(text) is not None


def line_of(job_id: str) -> int:
    """The line of its batch that a job stands for."""
    return int(job_id[24:], 16)


class BatchCalls:
    """The operations under one set of settings. Each method touches nothing. Ids are those of `is_batch_id`."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings

    def open(
        self, tenant: str, key: str | None, asked: str, schema: str | None, request_id: str = "", trace: str = ""
    ) -> Call[Opened]:
        """`asked` tells one set of parameters from another under the same key. Raises IdempotencyConflict,
        BatchClosed, QuotaExceeded."""
        s = self._settings

        def decode(reply: Sequence[bytes]) -> Opened:
            outcome, batch_id = reply[0].decode(), reply[1].decode()
            if outcome.startswith("quota"):
                raise over_quota(outcome, batch_id, s)
            if outcome == "conflict":
                raise IdempotencyConflict(batch_id)
            if outcome == "cancelled":
                raise BatchClosed("cancelled", batch_id)
            return Opened(batch_id, int(reply[2]), int(reply[3]), reply[4].decode(), outcome == "received")

        digest = hashlib.sha256(f"batch\0{key}".encode()).hexdigest() if key else ""
        args = (
            secrets.token_hex(6), digest, hashlib.sha256(asked.encode()).hexdigest(), ms(s.idempotency_ttl_s),
            ms(s.result_ttl_s), tenant, schema or "", request_id, trace, s.quota_kept_bytes, str(s.quota_share),
        )  # fmt: skip
        return Call(script("batch_open"), prefix(tenant), args, decode)

    def check(self, job: NewJob) -> None:
        """Raises OverQuota for a line that no quota would ever have room for."""
        check_weight(job, self._settings)

    def add(self, tenant: str, opened: Opened, lines: Iterable[Line]) -> Call[Added]:
        """Lines after those the batch has, in their order; all or none of them are in it afterwards, but for a quota.
        Raises BatchClosed."""
        s = self._settings

        def decode(reply: Sequence[bytes]) -> Added:
            outcome = reply[0].decode()
            if len(reply) == 1:
                raise BatchClosed(outcome, opened.batch_id)
            refused = over_quota(outcome, reply[1].decode(), s) if outcome.startswith("quota") else None
            return Added(tuple(job_id.decode() for job_id in reply[3:]), int(reply[2]), refused)

        schemas: dict[str, bytes] = {}
        flat: list[Arg] = []
        for line in lines:
            flat += (line.number, line.digest)
            flat += _flat(line.content, schemas) if isinstance(line.content, NewJob) else ("error", line.content)
        args: list[Arg] = [
            opened.batch_id, opened.upload, *quotas(s), ms(s.republish_after_s), ms(s.open_ttl_s), len(schemas),
            *(part for pair in schemas.items() for part in pair), *flat,
        ]  # fmt: skip
        return Call(script("batch_add"), prefix(tenant), tuple(args), decode)

    def seal(self, tenant: str, opened: Opened) -> Call[None]:
        """The upload is whole. Raises BatchClosed."""

        def decode(reply: bytes) -> None:
            if reply != b"received":
                raise BatchClosed(reply.decode(), opened.batch_id)

        return Call(script("batch_seal"), prefix(tenant), (opened.batch_id, opened.upload), decode)

    def get(self, tenant: str, batch_id: str) -> Call[Batch | None]:
        args = (batch_id, ms(self._settings.heartbeat_ttl_s))
        return Call(script("batch_get"), prefix(tenant), args, lambda reply: _batch(reply) if reply else None)

    def ids(self, tenant: str, cursor: str | None, limit: int) -> Call[list[str]]:
        """Newest first, after the cursor (an id)."""
        args = (cursor or "", limit)
        return Call(script("batch_list"), prefix(tenant), args, lambda reply: [batch_id.decode() for batch_id in reply])

    def results(self, tenant: str, batch_id: str, order: Order, after: int) -> Call[Results]:
        """A page; `after` is a line for the order `input` and a number of jobs for `finished`."""

        def decode(reply: Sequence[Any]) -> Results:
            jobs = tuple(decode_job(tenant, pairs(flat)) for flat in reply[1:])
            return Results(jobs, int(reply[0]) if reply[0] else None)

        args = (batch_id, order, after, PAGE_JOBS, PAGE_BYTES)
        return Call(script("batch_results"), prefix(tenant), args, decode)

    def errors(self, tenant: str, batch_id: str, after: int) -> Call[list[tuple[int, bytes]]]:
        """(line, what is wrong with it as JSON) after the line `after`, a page of them."""

        def decode(reply: Sequence[bytes]) -> list[tuple[int, bytes]]:
            return [(int(float(line)), said) for said, line in zip(reply[::2], reply[1::2], strict=True)]

        return Call(script("batch_errors"), prefix(tenant), (batch_id, after, 1000), decode)

    def end(self, tenant: str, batch_id: str, how: Literal["cancel", "erase"], reason: str) -> Call[str | None]:
        """From here on none of its jobs is started; None, `finished` (too late) or `ending`. `sweep` does the rest."""
        args = (batch_id, how, reason)
        return Call(script("batch_end"), prefix(tenant), args, lambda reply: reply.decode() if reply else None)

    def sweep(self, tenant: str, batch_id: str | None) -> Call[bool]:
        """A slice of the work on a batch that ends (or of the first that is due): whether there may be more."""
        args = (batch_id or "", self._settings.reconcile_batch)
        return Call(script("batch_sweep"), prefix(tenant), args, bool)


def _flat(job: NewJob, schemas: dict[str, bytes]) -> list[Arg]:
    """As batch_add reads a job. Its JSON Schema is kept once for the batch, under its name."""
    if job.schema_ref not in schemas:
        schemas[job.schema_ref] = orjson.dumps(job.json_schema) if job.json_schema is not None else b""
    more = job.fields(shared_schema=True)
    head: list[Arg] = [
        "job",
        job.custom_id or "",
        job.schema_ref,
        len(job.document),
        job.stored,
        job.priority,
        job.weight(shared_schema=True),
        job.kept(),
        len(more),
    ]
    return [*head, *more]


def _batch(reply: Sequence[Any]) -> Batch:
    raw = pairs(reply[0])

    def text(name: str) -> str | None:
        return raw[name].decode() if raw.get(name) else None

    return Batch(
        id=raw["id"].decode(),
        created_at=moment(raw["created"]),
        started_at=when(raw, "started"),
        received_at=when(raw, "received"),
        finished_at=when(raw, "finished"),
        expires_at=when(raw, "expires"),
        schema=text("schema"),
        lines=int(raw["lines"]),
        refused=int(raw["refused"]),
        counts={name: int(raw[name]) for name in COUNTS},
        cancel=text("cancel"),
        recent=int(reply[1]),
        recent_since=moment(reply[2]) if reply[2] else None,
        now=moment(reply[3]),
        request_id=text("request"),
        workers=int(reply[4]),
        workers_ready=int(reply[5]),
    )
