"""Repairs the ledger: jobs whose lease ended, jobs whose message was lost, entries whose time is over. It also has the
store's file rewritten while erased documents still stand in it. It is a thread of every worker, and a lease in the
ledger lets one of them work at a time; each tick does bounded work. It is the only cure for a message lost between the
queue and the worker (docs/recovery.md). Knows no job's content."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog

from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger, Message, StoreUnavailable
from workers.observability.repeated import Repeated
from workers.queue.publish import JobQueue
from workers.worker.erasing import Erasing
from workers.worker.keeping import Keeping
from workers.worker.watchdog import Watchdog

log = structlog.get_logger(__name__)
PART = "the reconciler"
_STILL_S = 120.0  # for one tenant, at a store that answers slowly
_TIDY_S = 1.0  # of every tick, for what is cancelled (its jobs are refused at once) or erased


class Reconciler:
    def __init__(
        self, ledger: Ledger, queue: JobQueue, settings: WorkerSettings, worker: str, watchdog: Watchdog | None = None
    ) -> None:
        self._ledger = ledger
        self._upkeep = ledger.upkeep
        self._queue = queue
        self._settings = settings
        self._worker = worker
        self._watchdog = watchdog or Watchdog()
        self._erasing, self._keeping = Erasing(ledger), Keeping(ledger)
        self._store_away = Repeated()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._last = time.monotonic()
        self._patient_until = 0.0
        self._owed: list[Message] = []  # jobs that count as published and are not, because the broker was away

    def start(self) -> None:
        self._last = time.monotonic()
        self._watchdog.expect(PART, _STILL_S + self._settings.reconcile_s)
        self._thread.start()

    def stop(self) -> None:
        self._watchdog.rest(PART)
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._settings.reconcile_s):
            self._watchdog.moved(PART)
            try:
                if self._ledger.run(self._upkeep.lead(self._worker, 3 * self._settings.reconcile_s)):
                    self._erasing.look()  # needs no queue
                    self._keeping.look()
                    self.tick()
                self._answered()
            except StoreUnavailable as error:
                if (unlogged := self._store_away.unlogged(str(error))) is not None:
                    log.warning("not reconciled", reason=str(error), untold=unlogged)
            except Exception as error:  # the next tick is the cure; a dead reconciler is none
                log.error("reconciler", exc_info=error)

    def tick(self) -> None:
        """One pass over the ledger. Raises StoreUnavailable."""
        now = time.monotonic()
        if now - self._last > self._settings.reconcile_s + self._settings.redis_timeout_s:
            # Redis (or this process) was away, and nobody could renew: let the living do so first.
            self._patient_until = now + 3 * self._settings.pulse_s
        self._publish()
        missing = self._ledger.run(self._upkeep.missing(self._queue.waiting()))
        self._owe(missing.messages)
        tenants = self._ledger.run(self._upkeep.tenants())
        for tenant in tenants:
            self._watchdog.moved(PART)
            if now >= self._patient_until:
                for message, outcome in self._ledger.run(self._upkeep.recover(tenant)):
                    log.warning("lease ended", **_ids(message), outcome=outcome)
                    if outcome == "queued":
                        self._owed.append(message)
            back = self._ledger.run(self._upkeep.stale(tenant, missing.surplus))
            self._owe(back)
        self._tidy(tenants)

    def _owe(self, messages: Sequence[Message]) -> None:
        for message in messages:
            log.info("republished", **_ids(message))
        self._owed += messages
        self._publish()

    def _tidy(self, tenants: Sequence[str]) -> None:
        """A slice of each tenant's work in turn, while any tenant has more and there is time."""
        until, left = time.monotonic() + _TIDY_S, list(tenants)
        while left:
            left = [tenant for tenant in left if self._tidy_one(tenant)]
            if time.monotonic() > until:
                break

    def _tidy_one(self, tenant: str) -> bool:
        """One slice; whether there may be more."""
        full = self._settings.reconcile_batch in self._ledger.run(self._upkeep.expire(tenant))
        return self._ledger.run(self._ledger.batches.sweep(tenant, None)) or full

    def _answered(self) -> None:
        self._last = time.monotonic()

    def _publish(self) -> None:
        """Publishes all owed messages; those that the broker does not take stay owed."""
        while self._owed:
            first = self._owed[0]
            queue = (first.tenant, first.priority)
            ids = [one.job_id for one in self._owed if (one.tenant, one.priority) == queue]
            self._queue.publish_all(first.tenant, ids, first.priority)
            self._owed = [one for one in self._owed if (one.tenant, one.priority) != queue]


def _ids(message: Message) -> dict[str, str]:
    named = {"job": message.job_id, "tenant": message.tenant, "request_id": message.request_id}
    return {name: value for name, value in named.items() if value is not None}
