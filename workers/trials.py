"""Documents whose schema nobody has tried wait here, and not in a slot: their claims are held (their leases renewed,
their cancels heard) while few threads have the schemas tried, tenant by tenant in turn. Knows the extractor's `judge`
and no ledger: what follows a trial is the caller's."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import structlog

from workers.keeper import Held

log = structlog.get_logger(__name__)

THREADS = 2
MOST, MOST_OF_A_TENANT = 64, 16

Judge = Callable[[Held], None]
After = Callable[[Held, Exception | None], Any]


class Trials:
    """`judge` raises what is wrong with a schema; `after` is told, in a thread of ours, and the claim let go then."""

    def __init__(self, judge: Judge, after: After) -> None:
        self._judge, self._after = judge, after
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, deque[tuple[AbstractContextManager[Held], Held]]] = OrderedDict()
        self._count = 0
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"trial-{at}", daemon=True) for at in range(THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def has_room(self, tenant: str) -> bool:
        """A flood of new schemas of one tenant is not kept here, nor anyone's without end."""
        with self._changed:
            return self._count < MOST and len(self._waiting.get(tenant, ())) < MOST_OF_A_TENANT

    def take(self, holding: AbstractContextManager[Held]) -> None:
        """Enters `holding` and leaves it when the trial and what follows it are over. Returns at once."""
        held = holding.__enter__()
        with self._changed:
            self._waiting.setdefault(held.claim.job.tenant, deque()).append((holding, held))
            self._count += 1
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=10)

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            holding, held = taken
            error: Exception | None = None
            try:
                self._judge(held)
            except Exception as refusal:
                error = refusal
            try:
                self._after(held, error)
            except Exception as failed:  # the store, say: the lease ends, and the reconciler takes over
                log.warning("job left to its lease", reason=type(failed).__name__)
            finally:
                holding.__exit__(None, None, None)

    def _next(self) -> tuple[AbstractContextManager[Held], Held] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._count or self._closed)
            if not self._count:
                return None
            tenant, line = self._waiting.popitem(last=False)
            taken = line.popleft()
            if line:
                self._waiting[tenant] = line  # at the end: the others' turn
            self._count -= 1
            return taken
