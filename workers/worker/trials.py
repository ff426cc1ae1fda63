"""Documents whose schema nobody has tried wait here, and not in a slot: their claims are held (their leases renewed,
their cancels heard) while few threads have the schemas tried, tenant by tenant in turn. Who is withdrawn, or has waited
as long as he would, leaves at once. Knows the extractor's `judge` and no ledger: what follows a trial is another's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import structlog

from extractor.errors import Cancelled, DeadlineExceeded
from extractor.fair_queue import FairQueue
from workers.worker.heartbeat import Held

log = structlog.get_logger(__name__)

THREADS = 2
MOST, MOST_OF_A_TENANT = 64, 16
_LOOK_S = 0.1  # how soon it is noticed that somebody leaves

Judge = Callable[[Held], None]
After = Callable[[Held, Exception | None], Any]


@dataclass(eq=False)
class _Waiting:
    holding: AbstractContextManager[Held]
    held: Held
    until: float

    def gone(self) -> Exception | None:
        """Why it is not to be tried any more."""
        if self.held.abort.is_set():
            return Cancelled("the extraction was cancelled")
        if time.monotonic() >= self.until:
            return DeadlineExceeded("the schema was not tried within the extraction's time: many others are")
        return None


class Trials:
    """`judge` raises what is wrong with a schema; `after` is told, in a thread of ours, and the claim let go then."""

    def __init__(self, judge: Judge, after: After) -> None:
        self._judge, self._after = judge, after
        self._changed = threading.Condition()
        self._waiting: FairQueue[_Waiting] = FairQueue()
        self._tried: set[Held] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"trial-{at}", daemon=True) for at in range(THREADS)]
        self._threads.append(threading.Thread(target=self._watch, name="trial-watch", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def idle(self) -> bool:
        """Whether a trial that begins now has no other beside it."""
        with self._changed:
            return not self._waiting and not self._tried

    def has_room(self, tenant: str) -> bool:
        """A flood of new schemas of one tenant is not kept here, nor anyone's without end."""
        with self._changed:
            room = len(self._waiting) < MOST and self._waiting.waiting(tenant) < MOST_OF_A_TENANT
            return room and not self._closed

    def take(self, holding: AbstractContextManager[Held], wait_s: float) -> None:
        """Enters `holding` and leaves it when the trial and what follows it are over, or `wait_s` have passed before
        it began. Returns at once."""
        held = holding.__enter__()
        with self._changed:
            self._waiting.put(held.claim.job.tenant, _Waiting(holding, held, time.monotonic() + wait_s))
            self._changed.notify_all()

    def give_back(self) -> None:
        """Whoever waits or is tried leaves: the worker stops. Safe to call while it does."""
        with self._changed:
            self._closed = True
            for held in [*self._tried, *(one.held for one in self._waiting)]:
                held.abort.set()
            self._changed.notify_all()

    def stop(self) -> None:
        self.give_back()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=10)

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            error: Exception | None = None
            try:
                self._judge(taken.held)
            except Exception as refusal:
                error = refusal
            self._end(taken, error)
            with self._changed:
                self._tried.discard(taken.held)
                self._changed.notify_all()

    def _watch(self) -> None:
        """For those who wait: the threads may be busy with others for a while."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                self._changed.wait(_LOOK_S)
                gone = [one for one in self._waiting if one.gone()]
                for one in gone:
                    self._waiting.remove(one.held.claim.job.tenant, one)
            for one in gone:
                self._end(one, one.gone())

    def _end(self, taken: _Waiting, error: Exception | None) -> None:
        try:
            self._after(taken.held, error)
        except Exception as failed:  # the store, say: the lease ends, and the reconciler takes over
            log.warning("job left to its lease", reason=type(failed).__name__)
        finally:
            taken.holding.__exit__(None, None, None)

    def _next(self) -> _Waiting | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            taken = self._waiting.take()
            self._tried.add(taken.held)
            return taken
