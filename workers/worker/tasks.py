"""One document, from a message to its end: turn → claim → read → extract → finish. The ledger decides everything that
matters: whose turn it is, which is not the message's own job but the fairest; a message that finds nobody in line is
dropped, and a result counts only under its attempt.

What was read of a document is kept in its place, so it is read once however many attempts it takes. One that has to
wait for something leaves its slot meanwhile (outside_slots.py)."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Task, shared_task
from celery.exceptions import Reject

from extractor.documents.stored import StoredDocument, dumps
from extractor.errors import Cancelled, ExtractorError, code_of
from extractor.result import LongRead
from schemas.jsontext import written
from workers.ledger.ledger import ALONE, Claim, Priority, StoreUnavailable
from workers.observability import tracing
from workers.observability.logs import ids_of
from workers.queue.app import TASK, priority_of
from workers.worker.heartbeat import ActiveJob
from workers.worker.outside_slots import leave_pictures, leave_windows, record, sent_to_trial
from workers.worker.reading import DocumentReading, result_of, stored_of
from workers.worker.runtime import Runtime
from workers.worker.settle import settle, write

log = structlog.get_logger(__name__)
_LEAST_S = 0.05  # of an extraction whose time its reading took


@dataclass(frozen=True)
class _Result:
    """Of an extraction: the result as JSON, and whether something of it is marked for review."""

    json: bytes
    marked: bool


@dataclass(frozen=True)
class _Windows:
    """A document that was read, and what is left of its extraction: it does not fit the context."""

    document: StoredDocument
    left: LongRead


@shared_task(name=TASK, bind=True)  # type: ignore[untyped-decorator]
def run(self: Task, tenant: str, job_id: str) -> None:  # noqa: ARG001 -- the id is for workers of earlier versions
    runtime = Runtime.current()
    if runtime.stopping.is_set():
        raise Reject("the worker is stopping", requeue=True)
    try:
        process(runtime, tenant, priority_of(self.request.delivery_info["routing_key"]))
    except StoreUnavailable as error:
        log.warning("job left to its lease", reason=str(error))


def process(runtime: Runtime, tenant: str, priority: Priority) -> None:
    """One turn, by a message of this tenant; the job may be another's. Raises StoreUnavailable: whatever the ledger did
    not hear of is repaired by the reconciler."""
    ledger = runtime.ledger
    with runtime.gate.shared():
        begun_ns = time.time_ns()
        turn = ledger.run(ledger.jobs.turn(tenant, priority))
        if turn is None:
            return
        claim = _claimed(runtime, *turn, begun_ns)
    if claim == ALONE:
        with runtime.gate.alone():
            _claimed(runtime, *turn, time.time_ns(), alone=True)


def _claimed(runtime: Runtime, tenant: str, job_id: str, begun_ns: int, *, alone: bool = False) -> Claim | str | None:
    """Claims it, and works on what it got."""
    with structlog.contextvars.bound_contextvars(job=job_id, tenant=tenant):
        pictures = alone or runtime.pictures.has_room(tenant)
        jobs = runtime.ledger.jobs
        claim = runtime.ledger.run(jobs.claim(tenant, job_id, runtime.id, alone=alone, pictures=pictures))
        if isinstance(claim, Claim) and not sent_to_trial(runtime, claim):
            work(runtime, claim, begun_ns, alone=alone)
    return claim


def work(runtime: Runtime, claim: Claim, begun_ns: int | None = None, *, alone: bool = False) -> None:
    """From a claim to its end, under the job's ids and in its trace. `begun_ns`: when the claim was begun. `alone`:
    nothing else runs, and all of it is to be done here."""
    job, claimed_ns = claim.job, time.time_ns()
    ids = ids_of(job)
    above = tracing.above(job.trace, in_batch=bool(job.batch))
    with (
        structlog.contextvars.bound_contextvars(**ids),
        tracing.span("document", kind="consumer", begun_ns=begun_ns or claimed_ns, **above) as span,
    ):
        span.set(**ids, worker=runtime.id, attempt=claim.attempt, schema=job.schema, bytes=job.size)
        with tracing.span("claim", begun_ns=begun_ns or claimed_ns):
            log.info("claimed", attempt=claim.attempt, worker=runtime.id)
        outcome = _work(runtime, claim, span, alone)
    if outcome is not None:
        runtime.stats.attempt_ended(outcome)


def _work(runtime: Runtime, claim: Claim, span: tracing.Span, alone: bool) -> str | None:
    """None: it goes on outside of the slots."""
    began, code = time.monotonic(), None
    with ExitStack() as holding:
        active = holding.enter_context(runtime.heartbeat.hold(claim))
        if runtime.stopping.is_set():  # claimed in the very moment: give it back at once
            active.abort.set()
        try:
            found = _result_or_rest(runtime, active, alone)
        except Exception as error:
            code = code_of(error)
            span.failed(code)
            with tracing.span("finish"):
                outcome = settle(runtime, active, error)
        else:
            if isinstance(found, DocumentReading):
                span.set(outcome="reading")
                return leave_pictures(runtime, found, holding)
            if isinstance(found, _Windows):
                span.set(outcome="windows")
                return leave_windows(runtime, active, found.document, found.left, holding)
            with tracing.span("finish"):
                outcome = _succeed(runtime, claim, found)
    span.set(outcome=outcome, code=code)
    more = {"outcome": outcome, "seconds": round(time.monotonic() - began, 3), **({"code": code} if code else {})}
    log.info("job", attempt=claim.attempt, **more)
    return outcome


def _result_or_rest(runtime: Runtime, active: ActiveJob, alone: bool) -> _Result | DocumentReading | _Windows:
    """What was extracted; or what is left to be done outside of the slots, which never is where nothing else runs
    (`alone`): a reading with pages left, or windows. Raises what ends the attempt."""
    document = stored_of(active, runtime.ocr)
    if document is None:
        reading = _begin(runtime, active, to_its_end=alone)
        if reading.pages_left:
            return reading
        document = _keep(runtime, reading)
    with tracing.span("extract") as extracting:
        found = extract(runtime, active, document, to_its_end=alone)
        if isinstance(found, LongRead):
            return _Windows(document, found)
        extracting.set(**tracing.stats_of(found))
        return _Result(written(found), bool(found.get("review")))


def _succeed(runtime: Runtime, claim: Claim, result: _Result) -> str:
    """Hands the result to the ledger, which may refuse it as too late. The outcome."""
    job, jobs = claim.job, runtime.ledger.jobs
    call = jobs.succeed(job.tenant, job.id, claim.attempt, result.json, marked=result.marked)
    return "succeeded" if write(runtime, call) else "dropped"


def _begin(runtime: Runtime, active: ActiveJob, *, to_its_end: bool) -> DocumentReading:
    """What a document's file says; its pictures too where they are not to be left to others."""
    reading = runtime.reading(active)
    try:
        reading.begin()
        while to_its_end and reading.pages_left:
            reading.next_page()
    except Exception as error:
        record(runtime, reading, error)
        raise
    return reading


def _keep(runtime: Runtime, reading: DocumentReading) -> StoredDocument:
    """What was read, from here on in the place of the document. A store that is away for a moment costs a second
    reading at most, and only if this attempt fails."""
    error: Exception | None = None
    try:
        stored = reading.end()
    except ExtractorError as nothing:
        error = nothing
        raise
    finally:
        record(runtime, reading, error)
    active, job, ledger = reading.active, reading.active.claim.job, runtime.ledger
    with suppress(StoreUnavailable):
        if ledger.run(ledger.jobs.keep_read(job.tenant, job.id, active.claim.attempt, dumps(stored))) is None:
            active.lost = True
            raise Cancelled("the job is another's by now")
    return stored


def extract(
    runtime: Runtime, active: ActiveJob, stored: StoredDocument, *, to_its_end: bool
) -> dict[str, Any] | LongRead:
    """`to_its_end`: its windows too where it is long."""
    claim, options = active.claim, active.claim.job.options
    if "timeout_s" in options and claim.form not in ("plain", "text"):  # of the work: reading was a part of it
        options = {**options, "timeout_s": max(float(options["timeout_s"]) - stored.document_s, _LEAST_S)}
    schema = claim.json_schema or claim.job.schema

    def decode() -> Any:
        found = runtime.extractor.begin(stored.document, schema, options, active.abort)
        return found.finish() if isinstance(found, LongRead) and to_its_end else found

    found = runtime.stats.timed_decoding(claim.job.priority, decode)
    return found if isinstance(found, LongRead) else result_of(found, stored)
