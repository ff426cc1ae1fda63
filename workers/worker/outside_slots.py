"""What a document waits for outside of the slots, and what follows: a trial of its schema, the reading of its pictures,
after which it comes back by the queue; the reading of its windows, which ends it. Knows the runtime and its waiting
rooms."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from extractor.documents.stored import StoredDocument, dumps
from extractor.errors import BUSY, EngineError, code_of
from extractor.result import LongRead
from schemas.jsontext import written
from workers.ledger.ledger import Claim
from workers.ledger.wait_reason import Behind
from workers.observability.logs import ids_of
from workers.worker.heartbeat import ActiveJob
from workers.worker.long_documents import WindowReading
from workers.worker.pictures import PictureReading
from workers.worker.reading import DocumentReading
from workers.worker.runtime import Runtime
from workers.worker.settle import settle, write
from workers.worker.trials import Trial

log = structlog.get_logger(__name__)
_TRIAL_AGAIN_S = 2.0
_LONGEST_WAIT_S = 300.0  # for a trial, of a document that says nothing of its time


def sent_to_trial(runtime: Runtime, claim: Claim) -> bool:
    """Whether the document has to wait for a trial of its schema, for as long as it may take itself. It waits without
    being in memory."""
    if claim.json_schema is None or runtime.knows(claim.json_schema):
        return False
    job = claim.job
    if not runtime.trials.has_room(job.tenant):
        with runtime.heartbeat.hold(claim) as active:
            runtime.release(active, "many new schemas wait to be tried", delay_s=_TRIAL_AGAIN_S, counts=False)
        return True
    log.info("schema is tried", **ids_of(job), attempt=claim.attempt)
    holding = ExitStack()
    active = holding.enter_context(runtime.heartbeat.hold(replace(claim, document=b"")))
    until = time.monotonic() + float(job.options.get("timeout_s") or _LONGEST_WAIT_S)
    runtime.trials.take(Trial(active, holding, runtime.judge, partial(_after_trial, runtime), until))
    return True


def _after_trial(runtime: Runtime, active: ActiveJob, error: Exception | None) -> None:
    """Raises StoreUnavailable."""
    with structlog.contextvars.bound_contextvars(**ids_of(active.claim.job)):
        if isinstance(error, EngineError) and error.code == BUSY and not active.abort.is_set():
            runtime.release(active, error.detail, delay_s=_TRIAL_AGAIN_S, counts=False)
        elif error is not None:
            runtime.stats.attempt_ended(settle(runtime, active, error))
        elif not active.lost:
            runtime.release(active, "its schema was tried", counts=False)


def leave_pictures(runtime: Runtime, reading: DocumentReading, holding: ExitStack) -> str | None:
    """The pages that are left are read outside of the slots (None), or the job is given back: its outcome."""
    active, job = reading.active, reading.active.claim.job
    if runtime.pictures.has_room(job.tenant, reading.size):
        log.info("pictures are read", attempt=active.claim.attempt, pages=len(reading.pages_left))
        tell, then = runtime.progress_of(active, "pages"), partial(_pictures_read, runtime)
        runtime.pictures.take(PictureReading(active, holding.pop_all(), reading, tell, then))
        return None
    return _given_back(runtime, active, "pictures")


def _pictures_read(runtime: Runtime, reading: DocumentReading, error: Exception | None) -> None:
    """Raises StoreUnavailable."""
    active, job = reading.active, reading.active.claim.job
    with structlog.contextvars.bound_contextvars(**ids_of(job)):
        try:
            if error is None:
                stored = dumps(reading.end())
        except Exception as nothing:
            error = nothing
        record(runtime, reading, error)
        if error is not None:
            _ended(runtime, active, settle(runtime, active, error), error)
            return
        attempt = active.claim.attempt
        status = write(runtime, runtime.ledger.jobs.keep_read(job.tenant, job.id, attempt, stored, requeue=True))
        if status == "queued":
            runtime.queue.publish(job.tenant, job.id, job.priority)


def leave_windows(
    runtime: Runtime, active: ActiveJob, stored: StoredDocument, left: LongRead, holding: ExitStack
) -> str | None:
    """The document is read in windows outside of the slots (None), or the job is given back: its outcome."""
    if runtime.long.has_room(active.claim.job.tenant, len(stored.document.text)):
        log.info("windows are read", attempt=active.claim.attempt)
        tell, then = runtime.progress_of(active, "windows"), partial(_windows_read, runtime)
        runtime.long.take(WindowReading(active, holding.pop_all(), stored, left, runtime.stats, tell, then))
        return None
    return _given_back(runtime, active, "windows")


def _windows_read(runtime: Runtime, active: ActiveJob, found: dict[str, Any] | Exception) -> None:
    """Raises StoreUnavailable."""
    job, attempt = active.claim.job, active.claim.attempt
    with structlog.contextvars.bound_contextvars(**ids_of(job)):
        if isinstance(found, Exception):
            outcome = settle(runtime, active, found)
        else:
            marked = bool(found.get("review"))
            call = runtime.ledger.jobs.succeed(job.tenant, job.id, attempt, written(found), marked=marked)
            outcome = "succeeded" if write(runtime, call) else "dropped"
        _ended(runtime, active, outcome, found if isinstance(found, Exception) else None)


def _ended(runtime: Runtime, active: ActiveJob, outcome: str, error: Exception | None) -> None:
    """To be seen in the log and in metrics."""
    code = {} if error is None else {"code": code_of(error)}
    log.info("job", attempt=active.claim.attempt, outcome=outcome, **code)
    runtime.stats.attempt_ended(outcome)


def _given_back(runtime: Runtime, active: ActiveJob, behind: Behind) -> str:
    """To be taken up when those before it are through, by whichever worker."""
    if runtime.stopping.is_set():
        runtime.release(active, "the worker stopped", counts=False)
    else:
        why, delay_s = f"{behind} of other documents are read before it", runtime.settings.republish_after_s
        runtime.release(active, why, delay_s=delay_s, counts=False, behind=behind)
    return "released"


def record(runtime: Runtime, reading: DocumentReading, error: Exception | None) -> None:
    """A reading is over: to be seen in metrics, traces and the log."""
    outcome, seconds = reading.record(error), reading.spent_s
    runtime.stats.reading_ended(reading.format, outcome, seconds)
    attempt = reading.active.claim.attempt
    log.info("read", attempt=attempt, format=reading.format, outcome=outcome, seconds=round(seconds, 3))
