"""The ledger and the queue as the routes see them: every fault of theirs is a Problem here. A publish runs in a
thread of its own kind and never fails a request: the ledger has the job, and the reconciler publishes what was not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from api.config import ApiSettings
from api.observability.metrics import Metrics
from api.observability.stats import Reading
from api.problems import Problem, limited, unavailable
from extractor.heartbeat import ended
from workers.config import WorkerSettings
from workers.ledger.keyspace import is_job_id
from workers.ledger.ledger import (
    AsyncLedger,
    BatchClosed,
    Created,
    IdempotencyConflict,
    Job,
    NewJob,
    OverQuota,
    Page,
    Priority,
    QuotaExceeded,
    StoreUnavailable,
    WorkerInfo,
)
from workers.ledger.scripts import Call
from workers.queue.publish import Queue

log = logging.getLogger("extractor.api")
T = TypeVar("T")
Publish = Callable[[str, str, Priority], object]
PublishAll = Callable[[str, Sequence[str], Priority], object]
_PUBLISHERS = 4
_MOST_UNSENT = 100
_RETRY_QUOTA_S = {"quota_jobs": 10, "quota_bytes": 10, "quota_kept_bytes": 60, "quota_share": 60}
_CLOSED = {
    "superseded": "A later upload with the same Idempotency-Key goes on with this batch",
    "cancelled": "The batch has been cancelled",
    "gone": "The batch has been erased",
}
_QUOTAS = {
    "quota_jobs": "At most {} queued and running documents; {} are open",
    "quota_bytes": "At most {} bytes of queued and running documents and their schemas; {} are open",
    "quota_kept_bytes": "At most {} bytes of results, metadata and other things that are kept until they are erased; "
    "{} are. Erase what is no longer needed (DELETE), or wait until it expires",
    "quota_share": "At most {} bytes just now, for the store is filling up; {} are held. Erase what is no longer "
    "needed (DELETE), or wait until it expires",
    "quota_rate_per_minute": "At most {} documents a minute",
}


@dataclass
class Unsent:
    """Messages that threads have been given and have not sent yet."""

    value: int = 0


@dataclass(frozen=True)
class Store:
    """Made by `open`, for the time of the lifespan."""

    ledger: AsyncLedger
    publish: Publish
    publish_all: PublishAll
    threads: ThreadPoolExecutor
    metrics: Metrics
    publish_timeout_s: float
    behind: set[asyncio.Task[None]] = field(default_factory=set)
    unsent: Unsent = field(default_factory=Unsent)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: ApiSettings, stored_at: WorkerSettings, metrics: Metrics, publish: Publish | None
    ) -> AsyncIterator[Store]:
        """Connects lazily: a Redis that is down does not keep the API from starting (and from answering 503).
        `publish` stands in for the Celery queue where given."""
        threads = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="publish")
        queue = Queue(stored_at)
        send, send_all = (queue.publish, queue.publish_all) if publish is None else (publish, _each(publish))
        try:
            async with AsyncLedger(settings=stored_at) as ledger:
                store = cls(ledger, send, send_all, threads, metrics, settings.publish_timeout_s)
                try:
                    yield store
                finally:
                    for task in list(store.behind):
                        task.cancel()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            queue.close()

    async def create(self, tenant: str, job: NewJob, key: str | None, request_hash: str) -> Created:
        """Kept, then published. Raises Problem: 422 for a reused key, 429, 503."""
        with as_problems():
            created = await self.ledger.run(self.ledger.jobs.create(tenant, job, key, request_hash))
        if not created.existing:
            await self._sent(partial(self.publish, tenant, created.job_id, job.priority), {"job": created.job_id})
        return created

    async def run(self, call: Call[T]) -> T:
        """A call on batches."""
        with as_problems():
            return await self.ledger.run(call)

    async def publish_bulk(self, tenant: str, job_ids: Sequence[str]) -> None:
        """Whatever is not published here the reconciler publishes."""
        await self._sent(partial(self.publish_all, tenant, job_ids, "bulk"), {"jobs": len(job_ids)})

    async def get(self, tenant: str, job_id: str) -> Job | None:
        with as_problems():
            return await self.ledger.run(self.ledger.jobs.get(tenant, job_id))

    async def wait(self, tenant: str, job_id: str, seconds: float) -> Job | None:
        """The job when it is finished, or as it is after `seconds` or when the server stops."""
        with as_problems():
            return await self.ledger.wait(tenant, job_id, seconds)

    async def changes(self, tenant: str, job_id: str, seconds: float) -> AsyncGenerator[Job, None]:
        """The job now and after each change, to its end or for `seconds`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        watching = cast("AsyncGenerator[Job, None]", self.ledger.watch(tenant, job_id))  # which it is
        async with contextlib.aclosing(watching) as jobs:
            while True:
                try:
                    with as_problems():
                        async with asyncio.timeout_at(deadline):
                            job = await anext(jobs)
                except (StopAsyncIteration, TimeoutError):
                    return
                yield job

    async def page(
        self, tenant: str, *, status: str | None, schema: str | None, batch: str | None, cursor: str | None, limit: int
    ) -> Page:
        if cursor and not is_job_id(cursor):
            detail = "Give next_cursor of a page as it was"
            raise Problem("invalid_cursor", detail, errors=[("/query/cursor", detail)])
        with as_problems():
            return await self.ledger.run(
                self.ledger.jobs.list(
                    tenant, status=status, schema=schema, batch=batch, cursor=cursor or None, limit=limit
                )
            )

    async def cancel(self, tenant: str, job_id: str) -> str | None:
        with as_problems():
            return await self.ledger.run(self.ledger.jobs.cancel(tenant, job_id))

    async def delete(self, tenant: str, job_id: str) -> bool:
        with as_problems():
            return await self.ledger.run(self.ledger.jobs.delete(tenant, job_id))

    async def reading(self, named: int | None) -> Reading:
        """For /metrics: a few short scripts, whatever the number of jobs."""
        with as_problems():
            upkeep = self.ledger.upkeep
            surveys, tallies = await self.ledger.survey(), await self.ledger.run(upkeep.tallies())
            return Reading(surveys, tallies, await self.workers(), named, await self.ledger.run(upkeep.erasing()))

    async def workers(self) -> Sequence[WorkerInfo]:
        """Those heard of within the heartbeat's TTL, but for those of this machine that have ended since."""
        with as_problems():
            known = await self.ledger.run(self.ledger.workers.alive())
        return [worker for worker in known if not ended(worker.machine, worker.pid, worker.born)]

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Behind the answer; what has not ended when the process does is dropped."""
        task = asyncio.create_task(work)
        self.behind.add(task)
        task.add_done_callback(self.behind.discard)

    async def _sent(self, send: Callable[[], object], about: dict[str, Any]) -> None:
        """In a thread, which may take longer than is waited for."""
        if self.unsent.value >= _MOST_UNSENT:  # a queue that hangs: no memory is spent on waiting for it
            self._failed(about, "busy")
            return
        self.unsent.value += 1
        sent = asyncio.get_running_loop().run_in_executor(self.threads, send)
        sent.add_done_callback(lambda done: self._ended(about, done))
        await asyncio.wait([sent], timeout=self.publish_timeout_s)

    def _ended(self, about: dict[str, Any], done: asyncio.Future[object]) -> None:
        self.unsent.value -= 1
        error = None if done.cancelled() else done.exception()
        if error is not None or done.cancelled():
            self._failed(about, type(error).__name__)

    def _failed(self, about: dict[str, Any], why: str) -> None:
        self.metrics.publish_failed()
        log.warning("publish failed; the reconciler will", extra={**about, "error": why})


def _each(publish: Publish) -> PublishAll:
    def publish_all(tenant: str, job_ids: Sequence[str], priority: Priority) -> None:
        for job_id in job_ids:
            publish(tenant, job_id, priority)

    return publish_all


@contextlib.contextmanager
def as_problems() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        log.warning("store unavailable", extra={"reason": str(error)})
        raise unavailable() from None
    except QuotaExceeded as error:
        raise Problem(
            "quota_exceeded",
            _QUOTAS[error.limit].format(error.allowed, error.current),
            headers={"Retry-After": str(math.ceil(error.retry_after_s or _RETRY_QUOTA_S[error.limit]))},
            extra=limited(error.limit, error.allowed),
        ) from None
    except OverQuota as error:
        detail = "A document with its schema and metadata may take {} bytes; this one takes {}"
        raise Problem(
            "document_too_large",
            detail.format(error.allowed, error.size),
            errors=[("/document", f"over the limit of {error.allowed} bytes")],
            extra=limited(error.limit, error.allowed),
        ) from None
    except BatchClosed as error:
        raise Problem("batch_closed", _CLOSED[error.why], extra={"batch": error.batch_id}) from None
    except IdempotencyConflict:
        detail = "This Idempotency-Key came before with another request"
        raise Problem("idempotency_key_reused", detail, errors=[("/header/Idempotency-Key", detail)]) from None
