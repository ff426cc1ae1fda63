"""A document that is read in windows, as work of a waiting room: it takes as long as many extractions, so it is not
done in a slot. A step is all of it; the windows of all such documents share half of the engine's slots. Knows no
ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from extractor.documents.stored import StoredDocument
from extractor.result import LongRead, Tell
from workers.observability import tracing
from workers.observability.logs import ids_of
from workers.worker.heartbeat import ActiveJob
from workers.worker.reading import result_of
from workers.worker.waiting_room import Work
from workers.worker.worker_stats import WorkerStats

THREADS = 2  # documents at a time: of two tenants neither waits for all of the other's


@dataclass(eq=False)
class WindowReading(Work):
    """`then` is called with the result, or with what ended it; `tell` with how far it is."""

    stored: StoredDocument
    left: LongRead
    stats: WorkerStats
    tell: Tell
    then: Callable[[ActiveJob, dict[str, Any] | Exception], Any]
    result: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        return len(self.stored.document.text)

    def step(self) -> bool:
        job = self.active.claim.job
        with (
            structlog.contextvars.bound_contextvars(**ids_of(job)),
            tracing.span("windows", kind="consumer", **tracing.above(job.trace, in_batch=bool(job.batch))) as span,
        ):
            finish = partial(self.left.finish, self.tell)
            self.result = result_of(self.stats.timed_decoding(job.priority, finish), self.stored)
            span.set(**tracing.stats_of(self.result))
        return False

    def after(self, error: Exception | None) -> None:
        found = error or self.result
        assert found is not None
        self.then(self.active, found)
