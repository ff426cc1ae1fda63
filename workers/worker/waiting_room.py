"""Where documents wait for what is not done in a slot: a trial of their schema (trials.py), the reading of their
pictures (pictures.py) or of their windows (long_documents.py). Their claims are held meanwhile: leases are renewed,
cancellations are noticed. Few threads work on them, a step at a time, tenants in turn, urgent ones first. Who is
withdrawn, or has waited as long as it may, leaves at once. Knows no ledger and no model: what a step is, and what
follows, is the work's."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from extractor.errors import Cancelled
from workers.ledger.ledger import Claim
from workers.queue.fair_queue import FairQueue
from workers.worker.heartbeat import ActiveJob

log = structlog.get_logger(__name__)

MOST, MOST_OF_A_TENANT = 64, 16
_MOST_BYTES, _MOST_BYTES_OF_A_TENANT = 256 * 1024**2, 96 * 1024**2
_LOOK_S = 0.1  # how soon it is noticed that one who waits is withdrawn
_JOIN_S = 10.0
Park = Callable[[Claim, bool], Any]


@dataclass(eq=False)
class Work(ABC):
    """On one claim. `holding` is closed when the work and what follows it are over."""

    active: ActiveJob
    holding: ExitStack

    @property
    def tenant(self) -> str:
        return self.active.claim.job.tenant

    @property
    def urgent(self) -> bool:
        """Before all that are not."""
        return self.active.claim.job.priority == "interactive"

    @property
    def size(self) -> int:
        """Bytes that are held while it waits."""
        return 0

    def why_gone(self) -> Exception | None:
        """Why it is not waited for any more; None while it is."""
        return Cancelled("the extraction was cancelled") if self.active.abort.is_set() else None

    @abstractmethod
    def step(self) -> bool:
        """Whether there is another to do. Raises what ends the work."""

    @abstractmethod
    def after(self, error: Exception | None) -> None:
        """The work is over, or `error` has ended it. May raise StoreUnavailable."""


class WaitingRoom:
    """`park` is called with each claim when it begins to wait (True) and when it is worked on (False); it never
    raises."""

    def __init__(self, name: str, threads: int, park: Park) -> None:
        self._park = park
        self._changed = threading.Condition()
        self._urgent: FairQueue[Work] = FairQueue()
        self._others: FairQueue[Work] = FairQueue()
        self._at_work: set[Work] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{at}", daemon=True) for at in range(threads)]
        self._threads.append(threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def idle(self) -> bool:
        """Whether nothing waits and nothing is worked on."""
        with self._changed:
            return not self._waiting() and not self._at_work

    def has_room(self, tenant: str, size: int = 0) -> bool:
        """A flood of one tenant is not kept here, nor anyone's without end. Whoever has nothing here has room for one,
        however large."""
        with self._changed:
            waiting = self._waiting()
            own = [one.size for one in waiting if one.tenant == tenant]
            if self._closed or len(waiting) >= MOST or len(own) >= MOST_OF_A_TENANT:
                return False
            held = sum(one.size for one in waiting)
            return not own or (sum(own) + size <= _MOST_BYTES_OF_A_TENANT and held + size <= _MOST_BYTES)

    def take(self, work: Work) -> None:
        """Returns at once. Of a worker that stops it leaves again here and now."""
        self._put(work, first=False)

    def give_back(self, *, at_work: bool = True) -> None:
        """Whoever waits, and with `at_work` is worked on, leaves: the worker stops. Safe to call while it does."""
        with self._changed:
            self._closed = True
            for work in [*(self._at_work if at_work else ()), *self._waiting()]:
                work.active.abort.set()
            self._changed.notify_all()

    def stop(self) -> None:
        self.give_back()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_JOIN_S)

    def _waiting(self) -> list[Work]:
        return [*self._urgent, *self._others]

    def _queue_of(self, work: Work) -> FairQueue[Work]:
        return self._urgent if work.urgent else self._others

    def _put(self, work: Work, *, first: bool) -> None:
        self._park(work.active.claim, True)
        with self._changed:
            if not self._closed:
                self._at_work.discard(work)
                self._queue_of(work).put(work.tenant, work, first=first)
                self._changed.notify_all()
                return
        work.active.abort.set()  # nobody may be there any more who would look at what waits
        self._end(work, work.why_gone())

    def _next(self) -> Work | None:
        with self._changed:
            self._changed.wait_for(lambda: self._urgent or self._others or self._closed)
            queue = self._urgent or self._others
            if not queue:
                return None
            work = queue.take()
            self._at_work.add(work)
            return work

    def _run(self) -> None:
        while (work := self._next()) is not None:
            self._park(work.active.claim, False)
            more, error = False, None
            try:
                more = work.step()
            except Exception as raised:
                error = raised
            if more:
                self._put(work, first=True)  # its tenant's next turn goes on with the same document
            else:
                self._end(work, error)

    def _watch(self) -> None:
        """For those who wait: the threads may be busy with others for a while."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._urgent or self._others or self._closed)
                if not self._waiting():
                    return
                self._changed.wait(_LOOK_S)
                gone = [(work, why) for work in self._waiting() if (why := work.why_gone()) is not None]
                for work, _ in gone:
                    self._queue_of(work).remove(work.tenant, work)
            for work, why in gone:
                self._end(work, why)

    def _end(self, work: Work, error: Exception | None) -> None:
        with work.holding:
            try:
                work.after(error)
            except Exception as failed:  # the store, say: the lease ends, and the reconciler takes over
                log.warning("job left to its lease", reason=type(failed).__name__)
        with self._changed:
            self._at_work.discard(work)
            self._changed.notify_all()
