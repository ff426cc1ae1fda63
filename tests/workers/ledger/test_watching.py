"""One look for all who wait for a job, and a lane to a store that may be silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from api.serializers import accepted_job
from workers.errors import StoreUnavailable
from workers.ledger.lane import Lane
from workers.ledger.ledger import Created, Job, NewJob
from workers.ledger.watching import Stopped, Watched, Watching

JOB = accepted_job("acme", Created("0" * 32, existing=False), NewJob("invoice@1", b"x"))


class ScriptedStore:
    """Stands for the notifications and the store: `job` is what a look finds, after `slow_s`."""

    def __init__(self) -> None:
        self.job: Job | Exception | None = JOB
        self.looks = 0
        self.slow_s = 0.0
        self.news: list[asyncio.Event] = []

    @contextmanager
    def of(self, *_: str) -> Any:
        event = asyncio.Event()
        self.news.append(event)
        try:
            yield event
        finally:
            self.news.remove(event)

    async def read(self, *_: str) -> Job | None:
        self.looks += 1
        found = self.job
        await asyncio.sleep(self.slow_s)
        if isinstance(found, Exception):
            raise found
        return found

    def change(self, job: Job | Exception | None) -> None:
        self.job = job
        for event in self.news:
            event.set()


@asynccontextmanager
async def watched(store: ScriptedStore, tick_s: float = 60.0) -> AsyncIterator[Watched]:
    watching = Watching(store, store.read, tick_s)  # type: ignore[arg-type]
    async with watching.of("acme", JOB.id) as one:
        yield one


def test_many_share_a_look() -> None:
    async def story() -> None:
        store = ScriptedStore()
        async with watched(store) as one:
            first = await asyncio.gather(*(one.next(None) for _ in range(1000)))
            assert first == [JOB] * 1000
            assert store.looks <= 2, "one for the first, one for those who came after it began"
            waiting = [asyncio.create_task(one.next(JOB)) for _ in range(1000)]
            await asyncio.sleep(0.01)
            assert not any(task.done() for task in waiting)
            running = replace(JOB, status="running", attempt=1)
            store.change(running)
            assert await asyncio.gather(*waiting) == [running] * 1000
            assert store.looks <= 3

    asyncio.run(story())


def test_nobody_gets_what_was_read_before_he_asked() -> None:
    async def story() -> None:
        store = ScriptedStore()
        store.slow_s = 0.05
        async with watched(store) as one:
            early = asyncio.create_task(one.next(None))
            await asyncio.sleep(0.02)  # its look is under way, and has read
            running = replace(JOB, status="running", attempt=1)
            store.job = running
            assert await one.next(None) == running
            assert (await early) in (JOB, running)

    asyncio.run(story())


def test_a_change_while_somebody_was_busy_is_not_missed() -> None:
    async def story() -> None:
        store = ScriptedStore()
        async with watched(store) as one, watched_again(one) as other:
            seen = await one.next(None)
            running = replace(JOB, status="running", attempt=1)
            ahead = asyncio.create_task(other.next(JOB))
            await asyncio.sleep(0.01)
            store.change(running)
            assert await ahead == running
            assert await asyncio.wait_for(one.next(seen), 5) == running, "at once: it is known already"

    asyncio.run(story())


@asynccontextmanager
async def watched_again(one: Watched) -> AsyncIterator[Watched]:
    yield one


def test_a_tick_wakes_nobody_for_nothing() -> None:
    async def story() -> None:
        store = ScriptedStore()
        async with watched(store, tick_s=0.02) as one:
            await one.next(None)
            waiting = asyncio.create_task(one.next(JOB, 10))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            assert store.looks > 2
            store.job = None  # erased, and nobody said so
            assert await asyncio.wait_for(waiting, 5) is None

    asyncio.run(story())


def test_a_silent_store_is_everybodys() -> None:
    async def story() -> None:
        store = ScriptedStore()
        store.job = StoreUnavailable("gone")
        async with watched(store) as one:
            outcomes = await asyncio.gather(*(one.next(None) for _ in range(10)), return_exceptions=True)
            assert [type(one) for one in outcomes] == [StoreUnavailable] * 10
            assert len({id(one) for one in outcomes}) == 10
            store.job = JOB
            assert await asyncio.wait_for(one.next(None), 5) == JOB, "the next look may be luckier"

    asyncio.run(story())


def test_who_comes_while_the_store_is_silent_waits_for_one_silence() -> None:
    async def story() -> None:
        store = ScriptedStore()
        store.job, store.slow_s = StoreUnavailable("silent"), 0.2
        async with watched(store) as one:
            first = asyncio.create_task(one.next(None))
            await asyncio.sleep(0.1)
            late = asyncio.create_task(one.next(None))
            store.slow_s = 60.0  # the next look is no help to anybody
            for asked in (first, late):
                with pytest.raises(StoreUnavailable):
                    await asyncio.wait_for(asked, 20)

    asyncio.run(story())


def test_waiting_ends_in_time_and_when_the_process_does() -> None:
    async def story() -> None:
        store = ScriptedStore()
        watching = Watching(store, store.read, 60.0)  # type: ignore[arg-type]
        async with watching.of("acme", JOB.id) as one:
            seen = await one.next(None)
            with pytest.raises(TimeoutError):
                await one.next(seen, 0.05)
            waiting = asyncio.create_task(one.next(seen))
            await asyncio.sleep(0.01)
            watching.stop()
            with pytest.raises(Stopped):
                await waiting
        async with watching.of("acme", "1" * 32) as late:
            with pytest.raises(Stopped):
                await late.next(None)
        await asyncio.sleep(0.05)
        assert store.news == [], "nothing is left behind"

    asyncio.run(story())


def test_turns_of_a_lane_are_taken_in_order_and_few_at_once() -> None:
    async def story() -> None:
        lane, inside, most, order = Lane(3), 0, 0, []

        async def one(number: int) -> None:
            nonlocal inside, most
            async with lane.taken():
                inside += 1
                most = max(most, inside)
                order.append(number)
                await asyncio.sleep(0.001)
                inside -= 1

        await asyncio.gather(*map(one, range(30)))
        assert (most, order) == (3, list(range(30)))

    asyncio.run(story())


def test_who_waited_behind_a_silence_hears_of_it() -> None:
    async def story() -> None:
        lane, calls = Lane(1), 0

        async def one() -> None:
            nonlocal calls
            async with lane.taken():
                calls += 1
                await asyncio.sleep(0.05)
                raise StoreUnavailable("silent")

        outcomes = await asyncio.gather(*(one() for _ in range(50)), return_exceptions=True)
        assert {type(error) for error in outcomes} == {StoreUnavailable}
        assert calls == 1
        async with lane.taken():
            pass  # whoever comes afterwards tries for himself

    asyncio.run(story())
