"""A limit on how many do something at a time, fair to tenants: those that wait take turns. Knows nothing of what is
done; lives in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workers.queue.fair_queue import FairQueue


class QueueFull(Exception):
    """As many of this tenant, or of all together, wait as may."""


class FairLimiter:
    def __init__(self, at_once: int, max_waiting: int, max_waiting_per_tenant: int) -> None:
        self._open = at_once
        self._max_waiting, self._max_waiting_per_tenant = max_waiting, max_waiting_per_tenant
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    @asynccontextmanager
    async def slot(self, tenant: str) -> AsyncIterator[None]:
        """Waits for a slot. Raises QueueFull at once instead of waiting behind too many."""
        if self._open:
            self._open -= 1
        else:
            await self._wait(tenant)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tenant: str) -> None:
        per_tenant = self._waiting.waiting(tenant)
        if per_tenant >= self._max_waiting_per_tenant or len(self._waiting) >= self._max_waiting:
            raise QueueFull
        granted = asyncio.get_running_loop().create_future()
        self._waiting.put(tenant, granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # at the moment at which it was given up
                self._pass_on()
            else:
                self._waiting.remove(tenant, granted)
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            following = self._waiting.take()
            if not following.done():
                following.set_result(None)
                return
        self._open += 1
