"""Keeps what a worker has taken: a thread that beats for the process and renews the lease of every running job. It is
the only one to learn that a job was cancelled or is another's by now, and it tells the job by its abort event. With
every beat the heartbeat's file is written too, whether the store answers or not: that says that this process lives.
Knows the ledger; knows no queue and no model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from workers.ledger.ledger import Claim, Ledger, StoreUnavailable, WorkerInfo
from workers.observability.logs import ids_of
from workers.worker.vitals import Vitals

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Held:
    """A claim in this process. `abort` is set when the work is to stop, and then one of the flags says why."""

    claim: Claim
    abort: threading.Event = field(default_factory=threading.Event)
    lost: bool = False
    cancelled: bool = False
    released: bool = False


class Keeper:
    """`start` and `stop` the thread; `hold` a claim while its work runs."""

    def __init__(self, ledger: Ledger, info: Callable[[], WorkerInfo], pulse_s: float, vitals: Vitals) -> None:
        self._ledger = ledger
        self._info = info
        self._vitals = vitals
        self._pulse_s = pulse_s
        self._held: set[Held] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._now = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._now.set()
        if self._thread.ident is not None:
            self._thread.join()

    def pulse(self) -> None:
        """Beat now: something about the worker has changed."""
        self._now.set()

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[Held]:
        held = Held(claim)
        with self._lock:
            self._held.add(held)
        try:
            yield held
        finally:
            with self._lock:
                self._held.discard(held)

    def holding(self) -> list[Held]:
        with self._lock:
            return list(self._held)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._now.clear()
            try:
                info = self._info()
                self._vitals.beat(info.state, info.why)
                self._ledger.run(self._ledger.workers.beat(info))
                for held in self.holding():
                    self._renew(held)
                    self._vitals.beat(info.state, info.why)  # a slow store, and many to renew
            except StoreUnavailable as error:
                # The work goes on: until another worker claims the job, its result still counts.
                log.warning("leases not renewed", reason=str(error), jobs=len(self.holding()))
            except Exception as error:  # this thread must outlive any fault of ours: without it every lease ends
                log.error("keeper", exc_info=error)
            self._now.wait(self._pulse_s)

    def _renew(self, held: Held) -> None:
        job = held.claim.job
        if held.abort.is_set():
            return
        renewal = self._ledger.run(self._ledger.jobs.renew(job.tenant, job.id, held.claim.attempt))
        if renewal.ok and not renewal.cancel_requested:
            return
        if held not in self.holding():  # it ended while we asked
            return
        held.lost = not renewal.ok
        held.cancelled = renewal.cancel_requested
        held.abort.set()
        log.info("abort", **ids_of(job), attempt=held.claim.attempt, lost=held.lost, cancelled=held.cancelled)
