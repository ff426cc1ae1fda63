"""The ledger and the queue as the routes see them: every fault of theirs is a Problem here. A publish runs in a
thread of its own kind and never fails a request: the ledger has the job, and the reconciler publishes what was not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from api.config import ApiSettings
from api.ledger_errors import ledger_errors_as_problems
from api.observability.metrics import Metrics
from api.observability.stats import StoreSnapshot
from api.problems import Problem
from extractor.processes.heartbeat import ended
from workers.config import WorkerSettings
from workers.ledger.keyspace import is_job_id
from workers.ledger.ledger import AsyncLedger, Created, Job, JobPage, NewJob, Priority, WorkerInfo
from workers.ledger.scripts import Call
from workers.queue.publish import JobQueue

log = logging.getLogger("extractor.api")
T = TypeVar("T")
Publish = Callable[[str, str, Priority], object]
PublishAll = Callable[[str, Sequence[str], Priority], object]
_PUBLISHERS = 4
_MAX_PENDING = 100


@dataclass
class PendingPublishes:
    """Messages that threads have been given and have not sent yet."""

    count: int = 0


@dataclass(frozen=True)
class JobStore:
    """Made by `open`, for the time of the lifespan."""

    ledger: AsyncLedger
    publish: Publish
    publish_all: PublishAll
    threads: ThreadPoolExecutor
    metrics: Metrics
    publish_timeout_s: float
    background: set[asyncio.Task[None]] = field(default_factory=set)
    pending: PendingPublishes = field(default_factory=PendingPublishes)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: ApiSettings, redis_settings: WorkerSettings, metrics: Metrics, publish: Publish | None
    ) -> AsyncIterator[JobStore]:
        """Connects lazily: a Redis that is down does not keep the API from starting (and from answering 503).
        `publish` stands in for the Celery queue where given."""
        threads = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="publish")
        queue = JobQueue(redis_settings)
        send, send_all = (queue.publish, queue.publish_all) if publish is None else (publish, _one_by_one(publish))
        try:
            async with AsyncLedger(settings=redis_settings) as ledger:
                store = cls(ledger, send, send_all, threads, metrics, settings.publish_timeout_s)
                try:
                    yield store
                finally:
                    for task in list(store.background):
                        task.cancel()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            queue.close()

    async def create(self, tenant: str, job: NewJob, key: str | None, request_hash: str) -> Created:
        """Kept, then published. Raises Problem: 422 for a reused key, 429, 503."""
        with ledger_errors_as_problems():  # a job over a quota that no waiting helps is refused before it is sent
            created = await self.ledger.run(self.ledger.jobs.create(tenant, job, key, request_hash))
        if not created.existing:
            await self._publish(partial(self.publish, tenant, created.job_id, job.priority), {"job": created.job_id})
        return created

    async def run(self, call: Call[T]) -> T:
        """A call of the ledger. Raises Problem."""
        with ledger_errors_as_problems():
            return await self.ledger.run(call)

    async def publish_bulk(self, tenant: str, job_ids: Sequence[str]) -> None:
        """Whatever is not published here the reconciler publishes."""
        await self._publish(partial(self.publish_all, tenant, job_ids, "bulk"), {"jobs": len(job_ids)})

    async def get(self, tenant: str, job_id: str) -> Job | None:
        return await self.run(self.ledger.jobs.get(tenant, job_id))

    async def wait(self, tenant: str, job_id: str, seconds: float) -> Job | None:
        """The job when it is finished, or as it is after `seconds` or when the server stops."""
        with ledger_errors_as_problems():
            return await self.ledger.wait(tenant, job_id, seconds)

    async def changes(self, tenant: str, job_id: str, seconds: float) -> AsyncGenerator[Job, None]:
        """The job now and after each change, to its end or for `seconds`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        watching = cast("AsyncGenerator[Job, None]", self.ledger.watch(tenant, job_id))  # which it is
        async with contextlib.aclosing(watching) as jobs:
            while True:
                try:
                    with ledger_errors_as_problems():
                        async with asyncio.timeout_at(deadline):
                            job = await anext(jobs)
                except (StopAsyncIteration, TimeoutError):
                    return
                yield job

    async def page(
        self,
        tenant: str,
        *,
        status: str | None,
        schema: str | None,
        batch: str | None,
        review: str | None,
        cursor: str | None,
        limit: int,
    ) -> JobPage:
        if cursor and not is_job_id(cursor):
            detail = "Give next_cursor of a page as it was"
            raise Problem("invalid_cursor", detail, errors=[("/query/cursor", detail)])
        return await self.run(
            self.ledger.jobs.list(
                tenant, status=status, schema=schema, batch=batch, review=review, cursor=cursor or None, limit=limit
            )
        )

    async def cancel(self, tenant: str, job_id: str) -> str | None:
        return await self.run(self.ledger.jobs.cancel(tenant, job_id))

    async def review(self, tenant: str, job_id: str, found: dict[str, Any]) -> str | None:
        """`kept`, or the status of one that has not ended; None for an unknown one."""
        return await self.run(self.ledger.jobs.review(tenant, job_id, found))

    async def delete(self, tenant: str, job_id: str) -> bool:
        return await self.run(self.ledger.jobs.delete(tenant, job_id))

    async def snapshot(self, named_tenants: int | None) -> StoreSnapshot:
        """For /metrics: a few short scripts, whatever the number of jobs."""
        with ledger_errors_as_problems():
            surveys, upkeep = await self.ledger.survey(), self.ledger.upkeep
        tallies, workers = await self.run(upkeep.tallies()), await self.workers()
        erasing_s, durations = await self.run(upkeep.erasing()), await self.run(upkeep.durations())
        memory = await self.run(upkeep.memory())
        return StoreSnapshot(surveys, tallies, workers, named_tenants, erasing_s, durations, memory)

    async def workers(self) -> Sequence[WorkerInfo]:
        """Those whose last heartbeat is within its TTL, but for those of this machine that have ended since."""
        alive = await self.run(self.ledger.workers.alive())
        return [worker for worker in alive if not ended(worker.machine, worker.pid, worker.born)]

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Behind the answer; what has not ended when the process does is dropped."""
        task = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def _publish(self, send: Callable[[], object], about: dict[str, Any]) -> None:
        """In a thread, which may take longer than is waited for."""
        if self.pending.count >= _MAX_PENDING:  # a queue that hangs: no memory is spent on waiting for it
            self._failed(about, "busy")
            return
        self.pending.count += 1
        sent = asyncio.get_running_loop().run_in_executor(self.threads, send)
        sent.add_done_callback(lambda done: self._published(about, done))
        await asyncio.wait([sent], timeout=self.publish_timeout_s)

    def _published(self, about: dict[str, Any], done: asyncio.Future[object]) -> None:
        self.pending.count -= 1
        error = None if done.cancelled() else done.exception()
        if error is not None or done.cancelled():
            self._failed(about, type(error).__name__)

    def _failed(self, about: dict[str, Any], why: str) -> None:
        self.metrics.publish_failed()
        log.warning("publish failed; the reconciler will", extra={**about, "error": why})


def _one_by_one(publish: Publish) -> PublishAll:
    def publish_all(tenant: str, job_ids: Sequence[str], priority: Priority) -> None:
        for job_id in job_ids:
            publish(tenant, job_id, priority)

    return publish_all
