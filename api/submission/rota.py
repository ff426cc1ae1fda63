"""Whose turn it is at something few may do at a time: tenants take turns. Knows nothing of what it is that is done;
lives in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from extractor.fair_queue import FairQueue


class Full(Exception):
    """As many of this tenant, or of all together, wait as may."""


class Rota:
    def __init__(self, at_once: int, waiting: int, waiting_of_one: int) -> None:
        self._free = at_once
        self._most, self._most_of_one = waiting, waiting_of_one
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Waits until it is this one's turn. Raises Full at once instead of waiting behind too many."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(tenant)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, tenant: str) -> None:
        if self._waiting.waiting(tenant) >= self._most_of_one or len(self._waiting) >= self._most:
            raise Full
        mine = asyncio.get_running_loop().create_future()
        self._waiting.put(tenant, mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it had just become this one's turn
                self._pass_on()
            else:
                self._waiting.remove(tenant, mine)
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            following = self._waiting.take()
            if not following.done():
                following.set_result(None)
                return
        self._free += 1
