"""One document, from its token to its end: claim → extract → finish. The ledger decides everything that matters: a
token of a job that cannot be claimed (taken, done, erased) is dropped, and a result counts only under its attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from celery import shared_task
from celery.exceptions import Reject

from extractor.documents import read
from extractor.errors import BUSY, SILENT, DeadlineExceeded, EngineError, ExtractorError, OutputError
from schemas.jsontext import written
from workers import tracing
from workers.app import TASK
from workers.keeper import Held
from workers.ledger import ALONE, Claim, StoreUnavailable
from workers.logs import ids_of, place
from workers.runtime import Runtime

log = structlog.get_logger(__name__)
T = TypeVar("T")
_STORE_RETRY_S = 0.5
_TRIAL_AGAIN_S = 2.0


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
    with runtime.room.shared():
        asked_ns = time.time_ns()
        claim = runtime.ledger.claim(tenant, job_id, runtime.id)
        if isinstance(claim, Claim) and not sent_to_trial(runtime, claim):
            work(runtime, claim, asked_ns)
    if claim == ALONE:
        with runtime.room.alone():
            asked_ns = time.time_ns()
            claim = runtime.ledger.claim(tenant, job_id, runtime.id, alone=True)
            if isinstance(claim, Claim) and not sent_to_trial(runtime, claim):
                work(runtime, claim, asked_ns)


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


def work(runtime: Runtime, claim: Claim, asked_ns: int | None = None) -> None:
    """From a claim to its end, under the job's ids and in its trace. `asked_ns`: when the claim was begun."""
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
        outcome = _work(runtime, claim, spot)
    runtime.gauge.ended(outcome)


def _work(runtime: Runtime, claim: Claim, spot: tracing.Spot) -> str:
    job, began, code = claim.job, time.monotonic(), None
    with runtime.keeper.hold(claim) as held:
        if runtime.stopping.is_set():  # claimed in the very moment: give it back at once
            held.abort.set()
        try:
            with tracing.span("extract") as extracting:
                result = extract(runtime, held)
                extracting.set(**tracing.figures_of(result))
                kept = written(result)
        except Exception as error:
            code = error.code if isinstance(error, ExtractorError) else "internal_error"
            spot.failed(code)
            with tracing.span("finish"):
                outcome = settle(runtime, held, error)
        else:
            with tracing.span("finish"):
                accepted = _patiently(runtime, lambda: runtime.ledger.succeed(job.tenant, job.id, claim.attempt, kept))
            outcome = "succeeded" if accepted else "dropped"
    spot.set(outcome=outcome, code=code)
    said = {"outcome": outcome, "seconds": round(time.monotonic() - began, 3), **({"code": code} if code else {})}
    log.info("job", attempt=claim.attempt, **said)
    return outcome


def extract(runtime: Runtime, held: Held) -> dict[str, Any]:
    job = held.claim.job
    content = held.claim.document  # its size was checked at the door
    document = read(content, media_type=job.media_type, filename=job.filename, max_bytes=max(1, len(content)))
    extraction = runtime.extract(document, held.claim.json_schema or job.schema, job.options, held.abort)
    result: dict[str, Any] = extraction.as_json()
    return result


def settle(runtime: Runtime, held: Held, error: Exception) -> str:
    """How a job ends, or goes on, that brought an error instead of a result."""
    ledger, job, attempt = runtime.ledger, held.claim.job, held.claim.attempt
    if held.lost or held.released:
        return "dropped"
    if held.cancelled:
        _patiently(runtime, lambda: ledger.cancelled(job.tenant, job.id, attempt))
        return "cancelled"
    if held.abort.is_set():  # nobody asked but this worker, which stops
        runtime.release(held, "the worker stopped", counts=False)
        return "released"
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
    failed = _patiently(runtime, lambda: runtime.ledger.fail(job.tenant, job.id, attempt, fault))
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


def _patiently(runtime: Runtime, call: Callable[[], T]) -> T:
    """What was worked for is not thrown away because Redis is away for a while. Safe to repeat: the ledger accepts an
    end of an attempt once. Raises StoreUnavailable after `store_patience_s`, or at once when the worker stops."""
    deadline = time.monotonic() + runtime.settings.store_patience_s
    while True:
        try:
            return call()
        except StoreUnavailable:
            if time.monotonic() > deadline or runtime.stopping.wait(_STORE_RETRY_S):
                raise
