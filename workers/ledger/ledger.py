"""The ledger: the truth about every job, in Redis. An operation is a `Call` that `jobs`, `batches`, `workers`,
`verdicts` or `upkeep` makes (commands.py), and there are two ways to run it: `Ledger` for worker threads,
`AsyncLedger` for the API's event loop.

    created = ledger.run(ledger.jobs.create(tenant, job))
    created = await async_ledger.run(async_ledger.jobs.create(tenant, job))

Both raise `StoreUnavailable` in bounded time when Redis refuses, is silent, full, loading or read-only, and nothing is
tried twice here: a claim or a creation must not happen twice.

The keys are in lua/shared/keys.lua, the notifications in events.py. Knows no Celery and no model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

import redis
import redis.asyncio
import redis.asyncio.retry
import redis.retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from workers.config import WorkerSettings
from workers.errors import BatchClosed, IdempotencyConflict, LedgerError, OverQuota, QuotaExceeded, StoreUnavailable
from workers.ledger.clock import LedgerClock
from workers.ledger.commands import Commands
from workers.ledger.events import Events
from workers.ledger.job_commands import ALONE
from workers.ledger.jobs import STATUSES, TERMINAL, Claim, Created, Job, JobPage, Renewal, Status
from workers.ledger.keyspace import is_job_id
from workers.ledger.lane import Lane
from workers.ledger.new_job import PRIORITIES, Form, NewJob, Priority
from workers.ledger.scripts import Call
from workers.ledger.store import client_options, faults
from workers.ledger.upkeep import Duration, Message, Rewrite, StoreMemory, Survey
from workers.ledger.watching import Stopped, Watching
from workers.ledger.workers import WorkerInfo

__all__ = [
    "ALONE",
    "PRIORITIES",
    "STATUSES",
    "TERMINAL",
    "AsyncLedger",
    "BatchClosed",
    "Claim",
    "Created",
    "Duration",
    "Form",
    "IdempotencyConflict",
    "Job",
    "JobPage",
    "Ledger",
    "LedgerError",
    "Message",
    "NewJob",
    "OverQuota",
    "Priority",
    "QuotaExceeded",
    "Renewal",
    "Rewrite",
    "Status",
    "StoreMemory",
    "StoreUnavailable",
    "Survey",
    "WorkerInfo",
]

T = TypeVar("T")
_SURVEY_TENANTS = 50
_CALLS_AT_ONCE = 32  # of one process: Redis answers one after another
_BULK_CALLS_AT_ONCE = 4
_LARGE_BYTES, _LARGE_CALLS_AT_ONCE = 1024 * 1024, 2
_NOT_NOW = ("already in progress", "Can't execute")  # said to BGREWRITEAOF: another runs, or it cannot fork


class Ledger(Commands):
    """For threads. Thread-safe; `close()` it."""

    def __init__(self, redis_url: str | None = None, settings: WorkerSettings | None = None) -> None:
        super().__init__(settings or WorkerSettings())
        self._clock = LedgerClock()
        url = redis_url or self.settings.redis_url
        self._redis = redis.Redis.from_url(
            url,
            retry=redis.retry.Retry(NoBackoff(), 0),
            **client_options(self.settings, url),
        )

    def close(self) -> None:
        self._redis.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, call: Call[T]) -> T:
        if call.script is None:
            return call.decode(None)
        with faults():
            try:
                reply = self._redis.evalsha(call.script.sha1, 1, *call.sent(self._clock))
            except NoScriptError:
                reply = self._redis.eval(call.script.text, 1, *call.sent(self._clock))
        return call.answer(reply, self._clock)

    def rewrite_file(self) -> str:
        """Asks the store to rewrite its append-only file, beside its work. Why it will not, or nothing: whether it has,
        `upkeep.rewrite` says."""
        try:
            with faults():
                self._redis.bgrewriteaof()
        except ResponseError as error:
            if not any(words in str(error) for words in _NOT_NOW):
                self.run(self.upkeep.rewrite_refused())
                return str(error)
        return ""


class AsyncLedger(Commands):
    """For the API's event loop. `await close()` it."""

    def __init__(self, redis_url: str | None = None, settings: WorkerSettings | None = None) -> None:
        super().__init__(settings or WorkerSettings())
        self._clock = LedgerClock()
        url = redis_url or self.settings.redis_url
        self._redis = redis.asyncio.Redis.from_url(
            url,
            retry=redis.asyncio.retry.Retry(NoBackoff(), 0),
            **client_options(self.settings, url),
        )
        self._events = Events(self._redis)
        self._turns = asyncio.Semaphore(min(_CALLS_AT_ONCE, max(1, self.settings.redis_connections - 1)))
        self._bulk, self._large = Lane(_BULK_CALLS_AT_ONCE), Lane(_LARGE_CALLS_AT_ONCE)
        self._in_thread = Ledger(redis_url, self.settings)
        self._watching = Watching(self._events, self._get, self.settings.wait_tick_s)

    def stop_waiting(self) -> None:
        """Every `wait` and `watch` ends now, with what it has seen: the process is about to end."""
        self._watching.stop()

    async def close(self) -> None:
        await self._events.close()
        await self._redis.aclose()
        self._in_thread.close()

    async def __aenter__(self) -> AsyncLedger:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, call: Call[T]) -> T:
        """As `Ledger.run`. So many calls at once; the others wait, and the wait counts in the time a call has."""
        if call.script is None:
            return call.decode(None)
        if call.size >= _LARGE_BYTES:
            return await self._run_large(call)
        with faults():
            # Connecting, its handshake and the answer each have a limit; this one holds for all of them together.
            async with asyncio.timeout(self.settings.redis_timeout_s + 0.5), self._turns:
                try:
                    reply = await self._redis.evalsha(call.script.sha1, 1, *call.sent(self._clock))
                except NoScriptError:
                    reply = await self._redis.eval(call.script.text, 1, *call.sent(self._clock))
        return call.answer(reply, self._clock)

    async def _run_large(self, call: Call[T]) -> T:
        """With a large document in it: a loop would copy it more than once on its way out, a thread sends it as it
        lies there. Who waits behind a silent store fails together with the first one."""
        async with self._large.taken():
            with faults():
                async with asyncio.timeout(self.settings.redis_timeout_s + 0.5):
                    return await asyncio.to_thread(self._in_thread.run, call)

    async def run_bulk(self, call: Call[T]) -> T:
        """For calls with much in them, as the lines of an upload: few at once, so that many of them are in nobody's
        way."""
        async with self._bulk.taken():
            return await self.run(call)

    async def survey(self) -> tuple[Survey, ...]:
        """Every tenant that has jobs, in slices that keep Redis busy for a millisecond or two each."""
        tenants = await self.run(self.upkeep.tenants())
        slices = [tenants[at : at + _SURVEY_TENANTS] for at in range(0, len(tenants), _SURVEY_TENANTS)]
        return tuple([one for part in slices for one in await self.run(self.upkeep.survey(part))])

    async def watch(self, tenant: str, job_id: str) -> AsyncIterator[Job]:
        """The job now, and again after each change, until it is terminal or gone. A lost notification costs
        `wait_tick_s` (or longer, where many wait), not the change. Changes between two looks are seen as one."""
        if not is_job_id(job_id):
            return
        async with self._watching.of(tenant, job_id) as watched:
            job: Job | None = None
            with contextlib.suppress(Stopped):
                while job := await watched.next(job):
                    yield job
                    if job.done:
                        return

    async def wait(self, tenant: str, job_id: str, timeout_s: float) -> Job | None:
        """The job once it is terminal, or as it is after `timeout_s`; None as soon as it is unknown or erased."""
        if timeout_s <= 0 or not is_job_id(job_id):
            return await self._get(tenant, job_id)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        async with self._watching.of(tenant, job_id) as watched:
            job: Job | None = None
            try:
                while (job := await watched.next(job, deadline - loop.time())) is not None and not job.done:
                    continue
                return job
            except TimeoutError:
                return await watched.next(None)
            except Stopped:
                return job or await self._get(tenant, job_id)

    async def _get(self, tenant: str, job_id: str) -> Job | None:
        return await self.run(self.jobs.get(tenant, job_id))
