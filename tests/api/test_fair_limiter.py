"""Turns at what few may do at a time: nobody waits longer than a turn of each other tenant."""

from __future__ import annotations

import asyncio

import pytest

from api.submission.fair_limiter import FairLimiter, QueueFull

pytestmark = pytest.mark.anyio


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class WaitingCallers:
    """Callers that hold their turn until they are let go; `order` is who had it, in turn."""

    def __init__(self, limiter: FairLimiter) -> None:
        self.limiter, self.order, self._go = limiter, [], []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, tenant: str, count: int = 1) -> None:
        for _ in range(count):
            self.tasks.append(asyncio.create_task(self._one(tenant)))
        await settle()

    async def _one(self, tenant: str) -> None:
        async with self.limiter.slot(tenant):
            self.order.append(tenant)
            self._go.append(asyncio.Event())
            await self._go[-1].wait()

    async def go_on(self, count: int = 1) -> None:
        for _ in range(count):
            next(event for event in self._go if not event.is_set()).set()
            await settle()


async def test_tenants_take_turns_and_their_own_keep_their_order() -> None:
    line = WaitingCallers(FairLimiter(1, 100, 50))
    await line.ask("many", 20)
    await line.ask("one")
    await line.ask("two", 2)
    await line.go_on(5)
    assert line.order == ["many", "many", "one", "two", "many", "two"]
    await line.go_on(18)
    assert line.order[6:] == ["many"] * 17
    await asyncio.gather(*line.tasks)


async def test_as_many_at_once_as_may() -> None:
    line = WaitingCallers(FairLimiter(3, 100, 50))
    await line.ask("a", 5)
    assert len(line.order) == 3
    await line.go_on(2)
    assert len(line.order) == 5
    await line.go_on(3)
    await line.ask("b", 3)
    assert line.order[-3:] == ["b"] * 3


async def test_who_would_wait_behind_too_many_is_told_at_once() -> None:
    line = WaitingCallers(FairLimiter(1, 4, 2))
    await line.ask("a", 3)
    with pytest.raises(QueueFull):
        async with line.limiter.slot("a"):
            pass
    await line.ask("b", 2)
    with pytest.raises(QueueFull):
        async with line.limiter.slot("c"):
            pass
    await line.go_on(5)
    await asyncio.gather(*line.tasks)


async def test_who_goes_away_loses_nobody_a_turn() -> None:
    line = WaitingCallers(FairLimiter(1, 100, 50))
    await line.ask("a", 4)
    line.tasks[1].cancel()
    line.tasks[0].cancel()  # while it has its turn
    await settle()
    assert line.order == ["a", "a"]
    line.tasks[2].cancel()
    line.tasks[3].cancel()  # one as the turn comes to it
    await settle()
    await line.ask("b")
    assert line.order[-1] == "b"
    await line.go_on(0)
