"""The ledger: the truth about every job, in Redis. Two doors to the same scripts: `Ledger` for worker threads,
`AsyncLedger` for the API. Every method raises `StoreUnavailable` in bounded time when Redis refuses, is silent, full,
loading or read-only, and nothing is tried twice here: a claim or a creation must not happen twice.

The keys are in lua/shared/keys.lua, the operations in commands.py, the notifications in events.py. Knows no Celery and
no model.
An id that is malformed, unknown or another tenant's is None (or False): nobody can tell which."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import redis
import redis.asyncio
import redis.asyncio.retry
import redis.retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from workers.config import WorkerSettings
from workers.errors import BatchClosed, IdempotencyConflict, LedgerError, OverQuota, QuotaExceeded, StoreUnavailable
from workers.ledger.batches import BatchCalls
from workers.ledger.clock import LedgerClock
from workers.ledger.commands import ALONE, Calls, is_job_id
from workers.ledger.events import Events
from workers.ledger.jobs import (
    PRIORITIES,
    STATUSES,
    TERMINAL,
    Claim,
    Created,
    Job,
    NewJob,
    Page,
    Priority,
    Renewal,
    Rewrite,
    Status,
    Survey,
    Token,
    WorkerInfo,
)
from workers.ledger.lane import Lane
from workers.ledger.scripts import Call
from workers.ledger.store import client_options, faults
from workers.ledger.watching import Stopped, Watching

__all__ = [
    "ALONE",
    "PRIORITIES",
    "STATUSES",
    "TERMINAL",
    "AsyncLedger",
    "BatchClosed",
    "Claim",
    "Created",
    "IdempotencyConflict",
    "Job",
    "Ledger",
    "LedgerError",
    "NewJob",
    "OverQuota",
    "Page",
    "Priority",
    "QuotaExceeded",
    "Renewal",
    "Rewrite",
    "Status",
    "StoreUnavailable",
    "Survey",
    "Token",
    "WorkerInfo",
]

T = TypeVar("T")
_SURVEY_TENANTS = 50
_CALLS_AT_ONCE = 32  # of one process: Redis answers one after another
_BULK_CALLS_AT_ONCE = 4
_LARGE_BYTES, _LARGE_CALLS_AT_ONCE = 1024 * 1024, 2
_NOT_NOW = ("already in progress", "Can't execute")  # said to BGREWRITEAOF: another runs, or it cannot fork


class Ledger:
    """For threads. Thread-safe; `close()` it."""

    def __init__(self, redis_url: str | None = None, settings: WorkerSettings | None = None) -> None:
        self.settings = settings or WorkerSettings()
        self._calls = Calls(self.settings)
        self._clock = LedgerClock()
        self.batches = BatchCalls(self.settings)
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
        """Runs a call made by `batches`; the methods below do the same with the calls on single jobs."""
        with faults():
            try:
                reply = self._redis.evalsha(call.script.sha1, 1, *call.sent(self._clock))
            except NoScriptError:
                reply = self._redis.eval(call.script.text, 1, *call.sent(self._clock))
        return call.answer(reply, self._clock)

    # ---- callers ----

    def create(
        self, tenant: str, job: NewJob, idempotency_key: str | None = None, request_hash: str | None = None
    ) -> Created:
        """Job and document are kept from here on. Raises IdempotencyConflict, OverQuota, QuotaExceeded,
        StoreUnavailable. Publish afterwards; if that fails the reconciler does it."""
        return self.run(self._calls.create(tenant, job, idempotency_key, request_hash))

    def get(self, tenant: str, job_id: str) -> Job | None:
        return self.run(self._calls.get(tenant, job_id)) if is_job_id(job_id) else None

    def list(
        self,
        tenant: str,
        *,
        status: str | None = None,
        schema: str | None = None,
        batch: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        return self.run(self._calls.list(tenant, status, schema, batch, cursor, limit))

    def cancel(self, tenant: str, job_id: str, reason: str = "requested") -> str | None:
        """The status the job has now: `cancelled` at once when it was queued; `running` until its worker stops."""
        return self.run(self._calls.cancel(tenant, job_id, reason)) if is_job_id(job_id) else None

    def delete(self, tenant: str, job_id: str) -> bool:
        """Erases job, document and result, also while it runs."""
        return is_job_id(job_id) and self.run(self._calls.delete(tenant, job_id))

    def counts(self, tenant: str) -> dict[str, int]:
        """accepted = succeeded + failed + cancelled (ever) + queued + running (now); and what is held, as quotas
        count: `bytes` until its documents end, `kept` until it is erased."""
        return self.run(self._calls.counts(tenant))

    # ---- workers ----

    def claim(
        self, tenant: str, job_id: str, worker: str, *, alone: bool = False, pictures: bool = True
    ) -> Claim | str | None:
        """A lease and a counted attempt, or None when there is nothing to claim, or ALONE when this is the job's last
        attempt after others died: call again with `alone=True` once nothing else runs in this process. Without
        `pictures` a document that is known to be pictures is put off."""
        return self.run(self._calls.claim(tenant, job_id, worker, alone, pictures)) if is_job_id(job_id) else None

    def read(self, tenant: str, job_id: str, attempt: int, read: bytes, *, requeue: bool = False) -> str | None:
        """Keeps what was read of a document in its place, whatever is full. With `requeue` the job goes back to the
        queue, and the attempt is not counted against it. The status it has now: `running`, `queued` (publish it) or
        `cancelled`; None when the job is not this attempt's."""
        return self.run(self._calls.read(tenant, job_id, attempt, read, requeue))

    def park(self, tenant: str, job_id: str, attempt: int, *, parked: bool) -> bool:
        """The job only waits in this worker, or no longer does: while it does, the death of the worker does not count
        against it. False when it is not this attempt's."""
        return self.run(self._calls.park(tenant, job_id, attempt, parked))

    def renew(self, tenant: str, job_id: str, attempt: int) -> Renewal:
        return self.run(self._calls.renew(tenant, job_id, attempt))

    def succeed(self, tenant: str, job_id: str, attempt: int, result: dict[str, Any] | bytes) -> bool:
        """`result` may be JSON already. False when the attempt is no longer the job's: the result is dropped."""
        return self.run(self._calls.finish(tenant, job_id, attempt, "succeeded", {"result": result}))

    def fail(self, tenant: str, job_id: str, attempt: int, error: dict[str, Any]) -> bool:
        fields = {"error": error, "reason": str(error["code"])}
        return self.run(self._calls.finish(tenant, job_id, attempt, "failed", fields))

    def cancelled(self, tenant: str, job_id: str, attempt: int, reason: str = "requested") -> bool:
        """The worker has stopped a running job that was to be cancelled."""
        return self.run(self._calls.finish(tenant, job_id, attempt, "cancelled", {"reason": reason}))

    def release(
        self,
        tenant: str,
        job_id: str,
        attempt: int,
        *,
        detail: str,
        delay_s: float = 0.0,
        counts: bool = True,
        behind: bool = False,
    ) -> str | None:
        """Gives a running job back: `queued` (publish it when there is no delay; the reconciler does it otherwise),
        `failed` as poison when that was the last attempt, `cancelled` when that was asked; None when not ours.
        `counts=False`: the job is not to blame, and the attempt is not counted against it. `behind`: its document is
        pictures, and waits behind others that are."""
        return self.run(self._calls.release(tenant, job_id, attempt, delay_s, detail, counts, behind))

    def beat(self, info: WorkerInfo) -> None:
        self.run(self._calls.beat(info))

    def leave(self, worker: str) -> None:
        self.run(self._calls.leave(worker))

    def workers(self) -> tuple[WorkerInfo, ...]:
        return self.run(self._calls.workers())

    # ---- the reconciler ----

    def verdict(self, key: str) -> bytes | None:
        """What some worker's trial found of a schema, as it was kept."""
        return self.run(self._calls.verdict(key))

    def keep_verdict(self, key: str, said: bytes, ttl_s: float) -> bool:
        return self.run(self._calls.keep_verdict(key, said, ttl_s))

    def lead(self, worker: str, lease_s: float) -> bool:
        return self.run(self._calls.lead(worker, lease_s))

    def tenants(self) -> tuple[str, ...]:
        return self.run(self._calls.tenants())

    def recover(self, tenant: str) -> tuple[tuple[Token, str], ...]:
        """Ends the leases that ran out; (token, outcome) of each job: publish the `queued` ones."""
        return self.run(self._calls.recover(tenant))

    def stale(self, tenant: str, waiting: dict[Priority, int]) -> tuple[Token, ...]:
        """The queued jobs whose message is lost or due; `waiting` says how many messages each queue holds."""
        return self.run(self._calls.stale(tenant, waiting))

    def expire(self, tenant: str) -> tuple[int, ...]:
        """(open jobs failed for their age, ended ones erased, Idempotency-Keys forgotten)"""
        return self.run(self._calls.expire(tenant))

    def rewrite(self) -> Rewrite:
        """Whether the store's file, which tells of what was erased, is to be rewritten: on `ask`, `rewrite_file`."""
        return self.run(self._calls.rewrite())

    def rewrite_file(self) -> str:
        """Asks the store to rewrite its append-only file, beside its work. Why it will not, or nothing: whether it has,
        `rewrite` says."""
        try:
            with faults():
                self._redis.bgrewriteaof()
        except ResponseError as error:
            if not any(words in str(error) for words in _NOT_NOW):
                self.run(self._calls.refused())
                return str(error)
        return ""


class AsyncLedger:
    """For the API's event loop. `await close()` it."""

    def __init__(self, redis_url: str | None = None, settings: WorkerSettings | None = None) -> None:
        self.settings = settings or WorkerSettings()
        self._calls = Calls(self.settings)
        self._clock = LedgerClock()
        self.batches = BatchCalls(self.settings)
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
        self._watching = Watching(self._events, self.get, self.settings.wait_tick_s)

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
        lies there. Who waits behind a silent store is told with the first one."""
        async with self._large.taken():
            with faults():
                async with asyncio.timeout(self.settings.redis_timeout_s + 0.5):
                    return await asyncio.to_thread(self._in_thread.run, call)

    async def run_bulk(self, call: Call[T]) -> T:
        """For calls with much in them, as the lines of an upload: few at once, so that many of them are in nobody's
        way."""
        async with self._bulk.taken():
            return await self.run(call)

    async def create(
        self, tenant: str, job: NewJob, idempotency_key: str | None = None, request_hash: str | None = None
    ) -> Created:
        """As `Ledger.create`."""
        return await self.run(self._calls.create(tenant, job, idempotency_key, request_hash))

    async def get(self, tenant: str, job_id: str) -> Job | None:
        return await self.run(self._calls.get(tenant, job_id)) if is_job_id(job_id) else None

    async def list(
        self,
        tenant: str,
        *,
        status: str | None = None,
        schema: str | None = None,
        batch: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        return await self.run(self._calls.list(tenant, status, schema, batch, cursor, limit))

    async def cancel(self, tenant: str, job_id: str, reason: str = "requested") -> str | None:
        """As `Ledger.cancel`."""
        return await self.run(self._calls.cancel(tenant, job_id, reason)) if is_job_id(job_id) else None

    async def delete(self, tenant: str, job_id: str) -> bool:
        """As `Ledger.delete`."""
        return is_job_id(job_id) and await self.run(self._calls.delete(tenant, job_id))

    async def counts(self, tenant: str) -> dict[str, int]:
        """As `Ledger.counts`."""
        return await self.run(self._calls.counts(tenant))

    async def tenants(self) -> tuple[str, ...]:
        return await self.run(self._calls.tenants())

    async def workers(self) -> tuple[WorkerInfo, ...]:
        return await self.run(self._calls.workers())

    async def survey(self) -> tuple[Survey, ...]:
        """Every tenant that has jobs, in slices that keep Redis busy for a millisecond or two each."""
        tenants = await self.tenants()
        slices = [tenants[at : at + _SURVEY_TENANTS] for at in range(0, len(tenants), _SURVEY_TENANTS)]
        return tuple([one for part in slices for one in await self.run(self._calls.survey(part))])

    async def tallies(self) -> dict[str, int]:
        """What ever happened, by kind, all tenants together (see lua/shared/keys.lua's `tally`)."""
        return await self.run(self._calls.tallies())

    async def erasing(self) -> float:
        """For how many seconds the first thing erased that the store's append-only file may still hold has been so; 0
        when there is none."""
        return await self.run(self._calls.erasing())

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
            return await self.get(tenant, job_id)
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
                return job or await self.get(tenant, job_id)
