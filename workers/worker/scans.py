"""Documents that are pictures of text are read here, and not in a slot: pages of them take seconds. Their claims are
held (their leases renewed, their cancels heard) while few threads read them, a page at a time, tenants in turn and
interactive documents first. Knows a document's steps (reading.py) and no ledger: what follows is the caller's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from extractor.errors import Cancelled
from extractor.fair_queue import FairQueue
from workers.worker.reading import Reading

log = structlog.get_logger(__name__)

MOST, MOST_OF_A_TENANT = 64, 16
_MOST_BYTES, _MOST_BYTES_OF_A_TENANT = 256 * 1024**2, 96 * 1024**2
_LOOK_S = 0.1  # how soon it is noticed that one who waits is withdrawn
_JOIN_S = 10.0
Park = Callable[[Reading, bool], Any]
After = Callable[[Reading, Exception | None], Any]


@dataclass(eq=False)
class _Waiting:
    holding: ExitStack
    reading: Reading

    @property
    def tenant(self) -> str:
        return self.reading.held.claim.job.tenant

    @property
    def withdrawn(self) -> bool:
        return self.reading.held.abort.is_set()


class Scans:
    """`park` is told of each when it begins to wait (True) and when a page of it is read (False); it never raises.
    `after` is told of each that has been read or has failed, in a thread of ours, and its claim is let go then."""

    def __init__(self, park: Park, after: After, threads: int) -> None:
        self._park, self._after = park, after
        self._changed = threading.Condition()
        self._interactive: FairQueue[_Waiting] = FairQueue()
        self._bulk: FairQueue[_Waiting] = FairQueue()
        self._read: set[_Waiting] = set()  # just now
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"scans-{at}", daemon=True) for at in range(threads)]
        self._threads.append(threading.Thread(target=self._watch, name="scans-watch", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def has_room(self, tenant: str, size: int = 0) -> bool:
        """A flood of one tenant is not kept here, nor anyone's without end. Whoever has nothing here has room for one,
        however large."""
        with self._changed:
            sizes = [(one.tenant, one.reading.size) for one in self._all()]
            own = [held for whose, held in sizes if whose == tenant]
            if self._closed or len(sizes) >= MOST or len(own) >= MOST_OF_A_TENANT:
                return False
            held = sum(size for _, size in sizes)
            return not own or (sum(own) + size <= _MOST_BYTES_OF_A_TENANT and held + size <= _MOST_BYTES)

    def take(self, holding: ExitStack, reading: Reading) -> None:
        """`holding` is closed when the reading and what follows it are over. Returns at once."""
        self._put(_Waiting(holding, reading), first=False)

    def give_back(self) -> None:
        """Whoever waits or is read leaves: the worker stops. Safe to call while it does."""
        with self._changed:
            self._closed = True
            for one in [*self._read, *self._all()]:
                one.reading.held.abort.set()
            self._changed.notify_all()

    def stop(self) -> None:
        self.give_back()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_JOIN_S)

    def _all(self) -> list[_Waiting]:
        return [*self._interactive, *self._bulk]

    def _queue_of(self, one: _Waiting) -> FairQueue[_Waiting]:
        return self._interactive if one.reading.held.claim.job.priority == "interactive" else self._bulk

    def _put(self, one: _Waiting, *, first: bool) -> None:
        self._park(one.reading, True)
        with self._changed:
            self._read.discard(one)
            self._queue_of(one).put(one.tenant, one, first=first)
            self._changed.notify_all()

    def _next(self) -> _Waiting | None:
        with self._changed:
            self._changed.wait_for(lambda: self._interactive or self._bulk or self._closed)
            queue = self._interactive or self._bulk
            if not queue:
                return None
            taken = queue.take()
            self._read.add(taken)
            return taken

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            self._park(taken.reading, False)
            try:
                taken.reading.next_page()
            except Exception as error:
                self._end(taken, error)
                continue
            if taken.reading.left:
                self._put(taken, first=True)  # its tenant's next page is of the same document
            else:
                self._end(taken, None)

    def _watch(self) -> None:
        """For those who wait: the threads may be busy with others for a while."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._interactive or self._bulk or self._closed)
                if not self._all():
                    return
                self._changed.wait(_LOOK_S)
                gone = [one for one in self._all() if one.withdrawn]
                for one in gone:
                    self._queue_of(one).remove(one.tenant, one)
            for one in gone:
                self._end(one, Cancelled("the extraction was cancelled"))

    def _end(self, one: _Waiting, error: Exception | None) -> None:
        with self._changed:
            self._read.discard(one)
        with one.holding:
            try:
                self._after(one.reading, error)
            except Exception as failed:  # the store, say: the lease ends, and the reconciler takes over
                log.warning("job left to its lease", reason=type(failed).__name__)
