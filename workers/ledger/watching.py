"""Waiting for jobs, in one process. However many wait for a job, it is read once for all of them: after a notification,
at a slow interval, and for each newcomer. Knows no key and no connection; the ledger passes in the function that
reads."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from workers.ledger.events import Events
from workers.ledger.jobs import Job, Version

Read = Callable[[str, str], Awaitable[Job | None]]
_TICKS_PER_S = 200  # of all watched jobs together: where there are more, each is looked at less often
_WOKEN_AT_ONCE = 20  # then others have their turn


class Stopped(Exception):
    """The process is about to end; nobody waits any longer."""


class Watching:
    """`of(tenant, job_id)` gives a `Watched`, shared by all who wait for that job."""

    def __init__(self, events: Events, read: Read, tick_s: float) -> None:
        self._events = events
        self._read = read
        self._tick_s = tick_s
        self._watched: dict[tuple[str, str], Watched] = {}
        self._stopped = False

    @asynccontextmanager
    async def of(self, tenant: str, job_id: str) -> AsyncIterator[Watched]:
        key = (tenant, job_id)
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = Watched(stopped=self._stopped)
            watched.task = asyncio.create_task(self._follow(key, watched), name="watch")
        watched.seats += 1
        try:
            yield watched
        finally:
            watched.seats -= 1
            if not watched.seats:
                del self._watched[key]
                watched.task.cancel()

    def stop(self) -> None:
        self._stopped = True
        for watched in self._watched.values():
            watched.stop()

    async def _follow(self, key: tuple[str, str], watched: Watched) -> None:
        with self._events.of(*key) as news:
            watched.news = news
            while True:
                news.clear()
                asking = watched.asking()
                found: Job | Exception | None
                try:
                    found = await self._read(*key)
                except Exception as error:  # theirs, who asked; the next look may be luckier
                    found = error
                await watched.deliver(asking, found)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(self._tick_s, len(self._watched) / _TICKS_PER_S)):
                        await news.wait()


class Watched:
    """One job, and those who wait for it to change."""

    task: asyncio.Task[None]

    def __init__(self, *, stopped: bool = False) -> None:
        self.seats = 0
        self.news = asyncio.Event()
        self._asking: dict[asyncio.Future[Job | None], Version | None] = {}
        self._last: Job | None = None
        self._stopped = stopped

    async def next(self, seen: Job | None, timeout_s: float | None = None) -> Job | None:
        """The job as soon as it differs from `seen`. Without `seen`: the job as a read finds it that begins now or
        later. None when it is unknown or erased. Raises TimeoutError, Stopped, and what the reading raises."""
        if self._stopped:
            raise Stopped
        if seen is None:
            self.news.set()
        elif self._last is None or self._last.version != seen.version:
            return self._last
        future: asyncio.Future[Job | None] = asyncio.get_running_loop().create_future()
        self._asking[future] = None if seen is None else seen.version
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        finally:
            self._asking.pop(future, None)
            if future.done() and not future.cancelled():
                future.exception()  # it may have come together with the end of the waiting: then nobody wants it

    def asking(self) -> dict[asyncio.Future[Job | None], Version | None]:
        """Takes out those who wait now, with the version each has seen."""
        asking, self._asking = self._asking, {}
        return asking

    async def deliver(
        self, asking: dict[asyncio.Future[Job | None], Version | None], found: Job | Exception | None
    ) -> None:
        """Gives what was found to those to whom it is new; the others go on waiting. A failed read is given to
        everybody, also to those who came during it: otherwise they would wait for another timeout of the same store."""
        if isinstance(found, Exception):
            asking, self._asking = {**asking, **self._asking}, {}
        else:
            self._last = found
            # Whoever has asked while it was read, knowing the state before: nobody else would give them this one.
            late = {future: seen for future, seen in self._asking.items() if seen is not None}
            self._asking = {future: seen for future, seen in self._asking.items() if seen is None}
            asking = {**asking, **late}
        for number, (future, seen) in enumerate(asking.items(), start=1):
            if future.done():
                continue
            if isinstance(found, Exception):
                future.set_exception(copy.copy(found))  # each that is raised grows a traceback of its own
            elif found is not None and found.version == seen:
                self._asking[future] = seen
            else:
                future.set_result(found)
                if number % _WOKEN_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def stop(self) -> None:
        self._stopped = True
        for future in self._asking:
            if not future.done():
                future.set_exception(Stopped())
