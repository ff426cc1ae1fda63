"""Batches as the ledger gives them. A batch's jobs have ids made of the batch and the line, and the ledger keeps how
many lines it has decided on and the digest of them: that is what makes a broken upload safe to repeat. Knows no JSONL,
no upload and no script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from workers.errors import QuotaExceeded
from workers.ledger.jobs import Job, moment, pairs, when
from workers.ledger.new_job import NewJob
from workers.ledger.wait_reason import no_worker

COUNTS = ("accepted", "queued", "running", "succeeded", "failed", "cancelled")
BatchStatus = Literal["receiving", "running", "cancelling", "completed", "cancelled"]
Order = Literal["input", "finished"]
_BATCH_ID = re.compile(r"[0-9a-f]{24}0{8}")


@dataclass(frozen=True)
class DecidedLine:
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
class BatchRecord:
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


def decode_batch(reply: Sequence[Any]) -> BatchRecord:
    raw = pairs(reply[0])

    def text(name: str) -> str | None:
        return raw[name].decode() if raw.get(name) else None

    return BatchRecord(
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
