"""How a job ends, or goes on, that brought an error instead of a result; and how an end is written though the store is
away for a while. Knows the runtime; knows no document."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from extractor.errors import SILENT, DeadlineExceeded, ExtractorError, SchemaError, code_of
from schemas.errors import UnknownSchema
from workers.ledger.ledger import StoreUnavailable
from workers.ledger.scripts import Call
from workers.observability.logs import where_raised
from workers.worker.heartbeat import ActiveJob
from workers.worker.reading import is_busy
from workers.worker.runtime import Runtime

log = structlog.get_logger(__name__)
T = TypeVar("T")
_STORE_RETRY_S = 0.5
_CLAIMS = 30  # of a document whose schema its workers lack


def settle(runtime: Runtime, active: ActiveJob, error: Exception) -> str:
    """The outcome, as worker_stats.py counts them. Raises StoreUnavailable."""
    job, attempt = active.claim.job, active.claim.attempt
    if active.lost or active.released:
        return "dropped"
    if active.cancelled:
        write(runtime, runtime.ledger.jobs.cancelled(job.tenant, job.id, attempt))
        return "cancelled"
    if active.abort.is_set():  # nobody asked but this worker, which stops
        runtime.release(active, "the worker stopped", counts=False)
        return "released"
    if is_busy(error):
        return _again(runtime, active, f"{error}", runtime.settings.retry_delay_s, counts=True)
    if _others_may_know(runtime, active, error):
        detail = f"{error}; another worker may have it"
        return _again(runtime, active, detail, runtime.settings.retry_delay_s, counts=False)
    silent = isinstance(error, DeadlineExceeded) and error.code == SILENT
    if not (isinstance(error, ExtractorError) and (error.retryable or silent)):
        return _failed(runtime, active, error)
    guilty = runtime.extractor.answers()
    if not guilty:
        runtime.give_up()
    elif silent:  # slow, and not dead
        return _failed(runtime, active, DeadlineExceeded(error.detail))
    delay_s = runtime.settings.retry_delay_s if guilty else 0.0
    # What brings an engine to a standstill may do it again: that counts, and the last attempt runs alone.
    return _again(runtime, active, f"{error.code}: {error.detail}", delay_s, counts=guilty or silent)


def _others_may_know(runtime: Runtime, active: ActiveJob, error: Exception) -> bool:
    """Whether the schema that this worker lacks may be another's: while workers are exchanged one by one, those before
    and those after a change run side by side. So many claims are enough to meet one that has it, if there is one."""
    if not isinstance(error, SchemaError) or error.code != UnknownSchema.code or active.claim.attempt >= _CLAIMS:
        return False
    return any(one.id != runtime.id for one in runtime.ledger.run(runtime.ledger.workers.alive()))


def write(runtime: Runtime, call: Call[T]) -> T:
    """Runs a call of the ledger that ends an attempt, patiently. Raises StoreUnavailable."""
    return _patiently(runtime, lambda: runtime.ledger.run(call))


def fault_of(error: Exception) -> dict[str, Any]:
    """The error that the caller gets. The message of one that is not ours may quote the document, so it is not kept."""
    if not isinstance(error, ExtractorError):
        return {
            "code": code_of(error),
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
    return {**fault, "last": error.last, **error.kept} if error.last or error.kept else fault


def _again(runtime: Runtime, active: ActiveJob, detail: str, delay_s: float, *, counts: bool) -> str:
    def release() -> str | None:
        return runtime.release(active, detail, delay_s=delay_s, counts=counts)

    return _patiently(runtime, release) or "dropped"


def _failed(runtime: Runtime, active: ActiveJob, error: Exception) -> str:
    job, attempt, fault = active.claim.job, active.claim.attempt, fault_of(error)
    if fault["code"] == "internal_error":
        log.error("internal error", attempt=attempt, **where_raised(error))
    return "failed" if write(runtime, runtime.ledger.jobs.fail(job.tenant, job.id, attempt, fault)) else "dropped"


def _patiently(runtime: Runtime, attempt: Callable[[], T]) -> T:
    """What was worked for is not thrown away because Redis is away for a while. Safe to repeat: the ledger accepts an
    end of an attempt once. Raises StoreUnavailable after `store_patience_s`, or at once when the worker stops."""
    deadline = time.monotonic() + runtime.settings.store_patience_s
    while True:
        try:
            return attempt()
        except StoreUnavailable:
            if time.monotonic() > deadline or runtime.stopping.wait(_STORE_RETRY_S):
                raise
