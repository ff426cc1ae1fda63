"""Everybody in one process who waits for a job: it is looked at once for all of them, after a notification, on a slow
tick, and for whoever has just come. Knows no key and no connection; the ledger gives it the reading."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from workers.ledger.events import Events
from workers.ledger.jobs import Job

Read = Callable[[str, str], Awaitable[Job | None]]
Version = tuple[str, int, bool]
_TICKS_PER_S = 200  # of all watched jobs together: where there are more, each is looked at less often
_WOKEN_AT_ONCE = 20  # then others have their turn


class Stopped(Exception):
    """Nobody waits any longer: the process is about to end."""


class Watching:
    """`of` a job gives a `Watched`, for as long as somebody is there."""

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
    """One job, and those who want to hear of it."""

    task: asyncio.Task[None]

    def __init__(self, *, stopped: bool = False) -> None:
        self.seats = 0
        self.news = asyncio.Event()
        self._asking: dict[asyncio.Future[Job | None], Version | None] = {}
        self._last: Job | None = None
        self._stopped = stopped

    async def next(self, seen: Job | None, timeout_s: float | None = None) -> Job | None:
        """The job as soon as it is another than `seen`; without that, as a look that begins now or later finds it. None
        when it is unknown or erased. Raises TimeoutError, Stopped, and what the reading raises."""
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
        """Those who have asked up to now, and what they have seen."""
        asking, self._asking = self._asking, {}
        return asking

    async def deliver(
        self, asking: dict[asyncio.Future[Job | None], Version | None], found: Job | Exception | None
    ) -> None:
        """What has been found, to those to whom it is new; the others go on asking. That nothing could be read
        also those learn who came meanwhile: behind a silent store they would wait for another silence."""
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
