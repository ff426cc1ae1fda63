"""One document, from its message to its end: claim → read → extract → finish. The ledger decides everything that
matters: a message of a job that cannot be claimed (taken, done, erased) is dropped, and a result counts only under its
attempt.

What was read of a document is kept in its place, so it is read once however many attempts it takes. One that turns out
to be pictures of text leaves its slot until they are read (scans.py), and comes back by the queue."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

import structlog
from celery import shared_task
from celery.exceptions import Reject

from extractor.documents.stored import StoredDocument, dumps
from extractor.errors import BUSY, SILENT, Cancelled, DeadlineExceeded, EngineError, ExtractorError, OutputError
from schemas.jsontext import written
from workers.ledger.ledger import ALONE, Claim, StoreUnavailable
from workers.ledger.scripts import Call
from workers.observability import tracing
from workers.observability.logs import ids_of, place
from workers.queue.app import TASK
from workers.worker.heartbeat import Held
from workers.worker.reading import Reading, is_busy, kept_of
from workers.worker.runtime import Runtime

log = structlog.get_logger(__name__)
T = TypeVar("T")
_STORE_RETRY_S = 0.5
_TRIAL_AGAIN_S = 2.0
_LEAST_S = 0.05  # of an extraction whose time its reading took


@shared_task(name=TASK)  # type: ignore[untyped-decorator]
def run(tenant: str, job_id: str) -> None:
    runtime = Runtime.current()
    if runtime.stopping.is_set():
        raise Reject("the worker is stopping", requeue=True)
    with structlog.contextvars.bound_contextvars(job=job_id, tenant=tenant):
        try:
            process(runtime, tenant, job_id)
        except StoreUnavailable as error:
            log.warning("job left to its lease", reason=str(error))


def process(runtime: Runtime, tenant: str, job_id: str) -> None:
    """Raises StoreUnavailable: whatever the ledger did not hear of is repaired by the reconciler."""
    ledger = runtime.ledger
    with runtime.room.shared():
        asked_ns = time.time_ns()
        pictures = runtime.scans.has_room(tenant)
        claim = ledger.run(ledger.jobs.claim(tenant, job_id, runtime.id, pictures=pictures))
        if isinstance(claim, Claim) and not sent_to_trial(runtime, claim):
            work(runtime, claim, asked_ns)
    if claim == ALONE:
        with runtime.room.alone():
            asked_ns = time.time_ns()
            claim = ledger.run(ledger.jobs.claim(tenant, job_id, runtime.id, alone=True))
            if isinstance(claim, Claim) and not sent_to_trial(runtime, claim):
                work(runtime, claim, asked_ns, alone=True)


def sent_to_trial(runtime: Runtime, claim: Claim) -> bool:
    """Whether the document has to wait for a trial of its schema: it then does so outside of the slots, and comes back
    by the queue."""
    if claim.json_schema is None or runtime.knows(claim.json_schema):
        return False
    job = claim.job
    if runtime.trials.has_room(job.tenant):
        log.info("schema is tried", **ids_of(job), attempt=claim.attempt)
        runtime.try_first(claim)
        return True
    with runtime.keeper.hold(claim) as held:
        runtime.release(held, "many new schemas wait to be tried", delay_s=_TRIAL_AGAIN_S, counts=False)
    return True


def tried(runtime: Runtime, held: Held, error: Exception | None) -> None:
    """After the trial of a document's schema. Raises StoreUnavailable."""
    with structlog.contextvars.bound_contextvars(**ids_of(held.claim.job)):
        if isinstance(error, EngineError) and error.code == BUSY and not held.abort.is_set():
            runtime.release(held, error.detail, delay_s=_TRIAL_AGAIN_S, counts=False)
        elif error is not None:
            runtime.gauge.ended(settle(runtime, held, error))
        elif not held.lost:
            runtime.release(held, "its schema was tried", counts=False)


def was_read(runtime: Runtime, reading: Reading, error: Exception | None) -> None:
    """After the pictures of a document outside of the slots. Raises StoreUnavailable."""
    held, job = reading.held, reading.held.claim.job
    with structlog.contextvars.bound_contextvars(**ids_of(job)):
        try:
            if error is None:
                kept = dumps(reading.end())
        except Exception as nothing:
            error = nothing
        _record(runtime, reading, error)
        if error is not None:
            runtime.gauge.ended(settle(runtime, held, error))
            return
        attempt = held.claim.attempt
        status = _write(runtime, runtime.ledger.jobs.keep_read(job.tenant, job.id, attempt, kept, requeue=True))
        if status == "queued":
            runtime.queue.publish(job.tenant, job.id, job.priority, again=True)


def work(runtime: Runtime, claim: Claim, asked_ns: int | None = None, *, alone: bool = False) -> None:
    """From a claim to its end, under the job's ids and in its trace. `asked_ns`: when the claim was begun. `alone`:
    nothing else runs, and all of it is to be done here."""
    job, claimed_ns = claim.job, time.time_ns()
    ids = ids_of(job)
    # Thousands of documents in the one trace of their upload would be of no use to anybody: those are linked to it.
    above = {"link": job.trace} if job.batch else {"parent": job.trace}
    with (
        structlog.contextvars.bound_contextvars(**ids),
        tracing.span("document", kind="consumer", begun_ns=asked_ns or claimed_ns, **above) as spot,
    ):
        spot.set(**ids, worker=runtime.id, attempt=claim.attempt, schema=job.schema, bytes=job.size)
        with tracing.span("claim", begun_ns=asked_ns or claimed_ns):
            log.info("claimed", attempt=claim.attempt, worker=runtime.id)
        outcome = _work(runtime, claim, spot, alone)
    if outcome is not None:
        runtime.gauge.ended(outcome)


def _work(runtime: Runtime, claim: Claim, spot: tracing.Spot, alone: bool) -> str | None:
    """None: it goes on outside of the slots."""
    job, began, code = claim.job, time.monotonic(), None
    with ExitStack() as holding:
        held = holding.enter_context(runtime.keeper.hold(claim))
        if runtime.stopping.is_set():  # claimed in the very moment: give it back at once
            held.abort.set()
        reading: Reading | None = None
        try:
            document = kept_of(held, runtime.ocr)
            if document is None:
                reading = begin(runtime, held, to_its_end=alone)
                document = None if reading.left else _keep(runtime, reading)
            if document is not None:
                with tracing.span("extract") as extracting:
                    result = extract(runtime, held, document)
                    extracting.set(**tracing.figures_of(result))
                    kept = written(result)
        except Exception as error:
            code = error.code if isinstance(error, ExtractorError) else "internal_error"
            spot.failed(code)
            with tracing.span("finish"):
                outcome = settle(runtime, held, error)
        else:
            if reading is not None and reading.left:
                spot.set(outcome="reading")
                return _put_with_scans(runtime, reading, holding)
            with tracing.span("finish"):
                accepted = _write(runtime, runtime.ledger.jobs.succeed(job.tenant, job.id, claim.attempt, kept))
            outcome = "succeeded" if accepted else "dropped"
    spot.set(outcome=outcome, code=code)
    said = {"outcome": outcome, "seconds": round(time.monotonic() - began, 3), **({"code": code} if code else {})}
    log.info("job", attempt=claim.attempt, **said)
    return outcome


def begin(runtime: Runtime, held: Held, *, to_its_end: bool) -> Reading:
    """What a document's file says; its pictures too where they are not to be left to others."""
    reading = runtime.reading(held)
    try:
        reading.begin()
        while to_its_end and reading.left:
            reading.next_page()
    except Exception as error:
        _record(runtime, reading, error)
        raise
    return reading


def _record(runtime: Runtime, reading: Reading, error: Exception | None) -> None:
    """A reading is over: to be seen in metrics, traces and the log."""
    outcome, seconds = reading.record(error), reading.spent_s
    runtime.gauge.read(reading.format, outcome, seconds)
    attempt = reading.held.claim.attempt
    log.info("read", attempt=attempt, format=reading.format, outcome=outcome, seconds=round(seconds, 3))


def _put_with_scans(runtime: Runtime, reading: Reading, holding: ExitStack) -> str | None:
    job = reading.held.claim.job
    if runtime.scans.has_room(job.tenant, reading.size):
        log.info("pictures are read", attempt=reading.held.claim.attempt, pages=len(reading.left))
        runtime.scans.take(holding.pop_all(), reading)
        return None
    if runtime.stopping.is_set():
        runtime.release(reading.held, "the worker stopped", counts=False)
        return "released"
    delay_s = runtime.settings.republish_after_s
    runtime.release(reading.held, "other pictures are read before it", delay_s=delay_s, counts=False, behind=True)
    return "released"


def _keep(runtime: Runtime, reading: Reading) -> StoredDocument:
    """What was read, from here on in the place of the document. A store that is away for a moment costs a second
    reading at most, and only if this attempt fails."""
    error: Exception | None = None
    try:
        kept = reading.end()
    except ExtractorError as nothing:
        error = nothing
        raise
    finally:
        _record(runtime, reading, error)
    held, job = reading.held, reading.held.claim.job
    with suppress(StoreUnavailable):
        ledger = runtime.ledger
        if ledger.run(ledger.jobs.keep_read(job.tenant, job.id, held.claim.attempt, dumps(kept))) is None:
            held.lost = True
            raise Cancelled("the job is another's by now")
    return kept


def extract(runtime: Runtime, held: Held, kept: StoredDocument) -> dict[str, Any]:
    job = held.claim.job
    options = job.options
    if "timeout_s" in options and held.claim.form not in ("plain", "text"):  # of the work: reading was a part of it
        options = {**options, "timeout_s": max(float(options["timeout_s"]) - kept.document_s, _LEAST_S)}
    extraction = runtime.extract(kept.document, held.claim.json_schema or job.schema, options, held.abort)
    result: dict[str, Any] = extraction.as_json()
    result["usage"] = {**result["usage"], "document_s": round(kept.document_s, 4)}
    return result


def settle(runtime: Runtime, held: Held, error: Exception) -> str:
    """How a job ends, or goes on, that brought an error instead of a result."""
    job, attempt = held.claim.job, held.claim.attempt
    if held.lost or held.released:
        return "dropped"
    if held.cancelled:
        _write(runtime, runtime.ledger.jobs.cancelled(job.tenant, job.id, attempt))
        return "cancelled"
    if held.abort.is_set():  # nobody asked but this worker, which stops
        runtime.release(held, "the worker stopped", counts=False)
        return "released"
    if is_busy(error):
        said, delay_s = f"{error}", runtime.settings.retry_delay_s
        return _patiently(runtime, lambda: runtime.release(held, said, delay_s=delay_s, counts=True)) or "dropped"
    silent = isinstance(error, DeadlineExceeded) and error.code == SILENT
    if isinstance(error, ExtractorError) and (error.retryable or silent):
        guilty = runtime.answers()
        if not guilty:
            runtime.give_up()
        elif silent:  # slow, and not dead
            return _failed(runtime, held, DeadlineExceeded(error.detail))
        said, delay_s = f"{error.code}: {error.detail}", runtime.settings.retry_delay_s if guilty else 0.0
        # What brings an engine to a standstill may do it again: that counts, and the last attempt runs alone.
        counts = guilty or silent
        return _patiently(runtime, lambda: runtime.release(held, said, delay_s=delay_s, counts=counts)) or "dropped"
    return _failed(runtime, held, error)


def _failed(runtime: Runtime, held: Held, error: Exception) -> str:
    job, attempt, fault = held.claim.job, held.claim.attempt, as_fault(error)
    if fault["code"] == "internal_error":
        log.error("internal error", attempt=attempt, **place(error))
    failed = _write(runtime, runtime.ledger.jobs.fail(job.tenant, job.id, attempt, fault))
    return "failed" if failed else "dropped"


def as_fault(error: Exception) -> dict[str, Any]:
    """What the caller is told. The message of an error that is not ours may quote the document, so it is not kept."""
    if not isinstance(error, ExtractorError):
        return {
            "code": "internal_error",
            "detail": f"The worker failed on this document ({type(error).__name__}); its log says where",
            "retryable": False,
            "errors": [],
        }
    fault = {
        "code": error.code,
        "detail": error.detail,
        "retryable": error.retryable,
        "errors": [{"pointer": e.pointer, "detail": e.detail} for e in error.errors],
    }
    return {**fault, "last": error.last} if isinstance(error, OutputError) else fault


def _write(runtime: Runtime, call: Call[T]) -> T:
    """The call, patiently."""
    return _patiently(runtime, lambda: runtime.ledger.run(call))


def _patiently(runtime: Runtime, work: Callable[[], T]) -> T:
    """What was worked for is not thrown away because Redis is away for a while. Safe to repeat: the ledger accepts an
    end of an attempt once. Raises StoreUnavailable after `store_patience_s`, or at once when the worker stops."""
    deadline = time.monotonic() + runtime.settings.store_patience_s
    while True:
        try:
            return work()
        except StoreUnavailable:
            if time.monotonic() > deadline or runtime.stopping.wait(_STORE_RETRY_S):
                raise
