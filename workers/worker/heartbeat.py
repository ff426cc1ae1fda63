"""The heartbeat of a worker: a thread that says in the ledger that the process lives, and renews the lease of every
active job. It is the only one to learn that a job was cancelled or is another's by now, and passes that on by the job's
abort event. With every beat the heartbeat's file is written too, whether the store answers or not: that says that this
process lives. Knows the ledger; knows no queue and no model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from workers.ledger.ledger import Claim, Ledger, StoreUnavailable, WorkerInfo
from workers.observability.logs import ids_of
from workers.observability.repeated import Repeated
from workers.worker.watchdog import Watchdog

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class ActiveJob:
    """A job that this process has claimed and works on. `abort` is set when the work is to stop, and then one of the
    flags says why; none: the worker stops."""

    claim: Claim
    abort: threading.Event = field(default_factory=threading.Event)
    lost: bool = False
    cancelled: bool = False
    released: bool = False


class WorkerHeartbeat:
    """`start` and `stop` the thread, which beats every `every_s`; `hold` a claim while its work runs."""

    def __init__(self, ledger: Ledger, info: Callable[[], WorkerInfo], every_s: float, watchdog: Watchdog) -> None:
        self._ledger = ledger
        self._info = info
        self._watchdog = watchdog
        self._every_s = every_s
        self._active: set[ActiveJob] = set()
        self._lock = threading.Lock()
        self._store_away = Repeated()
        self._stop = threading.Event()
        self._now = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._now.set()
        if self._thread.ident is not None:
            self._thread.join()

    def beat_now(self) -> None:
        """Something about the worker has changed."""
        self._now.set()

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[ActiveJob]:
        active = ActiveJob(claim)
        with self._lock:
            self._active.add(active)
        try:
            yield active
        finally:
            with self._lock:
                self._active.discard(active)

    def active(self) -> list[ActiveJob]:
        with self._lock:
            return list(self._active)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._now.clear()
            try:
                info = self._info()
                self._watchdog.beat(info.state, info.why)
                self._ledger.run(self._ledger.workers.beat(info))
                for active in self.active():
                    self._renew(active)
                    self._watchdog.beat(info.state, info.why)  # a slow store, and many to renew
            except StoreUnavailable as error:
                # The work goes on: until another worker claims the job, its result still counts.
                if (unlogged := self._store_away.unlogged(str(error))) is not None:
                    log.warning("leases not renewed", reason=str(error), jobs=len(self.active()), untold=unlogged)
            except Exception as error:  # this thread must outlive any fault of ours: without it every lease ends
                log.error("heartbeat", exc_info=error)
            self._now.wait(self._every_s)

    def _renew(self, active: ActiveJob) -> None:
        job = active.claim.job
        if active.abort.is_set():
            return
        renewal = self._ledger.run(self._ledger.jobs.renew(job.tenant, job.id, active.claim.attempt))
        if renewal.ok and not renewal.cancel_requested:
            return
        if active not in self.active():  # it ended while we asked
            return
        active.lost = not renewal.ok
        active.cancelled = renewal.cancel_requested
        active.abort.set()
        log.info("abort", **ids_of(job), attempt=active.claim.attempt, lost=active.lost, cancelled=active.cancelled)
