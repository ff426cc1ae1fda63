"""A job of the ledger as the API shows it. A result is put in as its worker wrote it, byte by byte, so a number keeps
the digits of the model (4.50 stays 4.50). Knows no route."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from cachetools import LRUCache
from starlette.responses import Response

from schemas.jsontext import written
from workers.ledger.batches import BatchRecord, line_of
from workers.ledger.ledger import Created, Job, JobPage, NewJob
from workers.ledger.wait_reason import WaitState

_RECENT: LRUCache[int, tuple[weakref.ref[Job], bytes]] = LRUCache(8)
_ERROR_FIELDS = ("code", "detail", "retryable", "errors", "last", "data", "fields", "review", "usage")


def extraction(job: Job) -> dict[str, Any]:
    """models.extractions.Extraction."""
    return {
        **_common(job),
        "options": job.options,
        "result": None if job.result_json is None else orjson.Fragment(job.result_json),
        "error": None if job.error is None else {"errors": [], **_error_fields(job.error)},
        "reviewed": job.reviewed,
    }


def summary(job: Job) -> dict[str, Any]:
    """models.extractions.ExtractionSummary."""
    code = None if job.error is None else job.error.get("code")
    return {**_common(job), "error_code": code, "reviewed": job.reviewed is not None}


def extraction_json(job: Job) -> bytes:
    """models.extractions.Extraction as JSON, written once for all who wait for the same job."""
    recent = _RECENT.get(id(job))
    if recent is not None and recent[0]() is job:
        return recent[1]
    body = written(extraction(job))
    _RECENT[id(job)] = (weakref.ref(job), body)
    return body


def server_sent_event(job: Job) -> bytes:
    """As a server-sent event: the status, and the extraction, which is one line."""
    return b"event: %s\r\ndata: %s\r\n\r\n" % (job.status.encode(), extraction_json(job))


def extraction_response(job: Job, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(extraction_json(job), status, headers=headers, media_type="application/json")


def batch(one: BatchRecord) -> dict[str, Any]:
    """models.batches.BatchDetail."""
    rate, left = one.documents_per_s, one.seconds_left
    return {
        "id": one.id,
        "status": one.status,
        "created_at": time_text(one.created_at),
        "started_at": time_text(one.started_at),
        "received_at": time_text(one.received_at),
        "finished_at": time_text(one.finished_at),
        "expires_at": time_text(one.expires_at),
        "schema": one.schema,
        "lines": one.lines,
        "refused": one.refused,
        "counts": dict(one.counts),
        "documents_per_s": None if rate is None else round(rate, 2),
        "seconds_left": None if left is None else round(left, 1),
        "reason": one.reason,
        "request_id": one.request_id,
    }


def result_lines(jobs: Iterable[Job]) -> bytes:
    """JSONL of models.batches.BatchResult."""
    return b"".join(written({"line": line_of(job.id), **extraction(job)}) + b"\n" for job in jobs)


def page_response(found: JobPage) -> Response:
    return json_response({"data": [summary(job) for job in found.jobs], "next_cursor": found.cursor})


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(written(value), status, headers=headers, media_type="application/json")


def accepted_job(tenant: str, created: Created, new: NewJob) -> Job:
    """The job just created, without asking the ledger again."""
    return Job(
        id=created.job_id, tenant=tenant, status="queued", schema=new.schema_ref,
        created_at=created.at or datetime.now(UTC),
        started_at=None, finished_at=None, expires_at=None, attempt=0, priority=new.priority,
        options=new.options, metadata=new.metadata, batch=new.batch, custom_id=new.custom_id, media_type=new.media_type,
        filename=new.filename, size=len(new.document), result_json=None, error=None, reason=None,
        cancel_requested=False, request_id=new.request_id,
    )  # fmt: skip


def _error_fields(error: dict[str, Any]) -> dict[str, Any]:
    return {key: error[key] for key in _ERROR_FIELDS if key in error}


def time_text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reason(job: Job) -> str | None:
    """None only where the status says it all: running, succeeded."""
    waits = job.waiting.reason if job.waiting is not None else "queued" if job.status == "queued" else None
    failed = str((job.error or {}).get("code") or "failed") if job.status == "failed" else None
    return job.reason or ("cancel_requested" if job.cancel_requested else None) or waits or failed


def _waiting(one: WaitState) -> dict[str, Any]:
    """models.extractions.Waiting."""
    return {"detail": one.detail, "ahead": one.ahead, "until": time_text(one.until), "last_fault": one.last_fault}


def _common(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "status": job.status,
        "schema": job.schema,
        "priority": job.priority,
        "created_at": time_text(job.created_at),
        "started_at": time_text(job.started_at),
        "finished_at": time_text(job.finished_at),
        "expires_at": time_text(job.expires_at),
        "attempt": job.attempt,
        "reason": _reason(job),
        "waiting": None if job.waiting is None else _waiting(job.waiting),
        "progress": None if job.progress is None else asdict(job.progress),
        "request_id": job.request_id,
        "batch": job.batch,
        "custom_id": job.custom_id,
        "document": {"filename": job.filename, "media_type": job.media_type, "bytes": job.size},
        "metadata": job.metadata,
        "needs_review": job.marked and job.reviewed is None,
    }
