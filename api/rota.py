"""Whose turn it is at something few may do at a time: tenants take turns, and one tenant's own come in their order. So
who asks a thousand times makes himself wait, and nobody else for more than a turn of each. Knows nothing of what it
is that is done; lives in one event loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Full(Exception):
    """As many of this tenant, or of all together, wait as may."""


class Rota:
    def __init__(self, at_once: int, waiting: int, waiting_of_one: int) -> None:
        self._free = at_once
        self._most, self._most_of_one = waiting, waiting_of_one
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # in the order of their turns

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
        line = self._waiting.get(tenant, ())
        if len(line) >= self._most_of_one or sum(map(len, self._waiting.values())) >= self._most:
            raise Full
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it had just become this one's turn
                self._pass_on()
            else:
                self._leave(tenant, mine)
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            tenant, line = next(iter(self._waiting.items()))
            self._waiting.move_to_end(tenant)
            next_one = line.popleft()
            if not line:
                del self._waiting[tenant]
            if not next_one.done():
                next_one.set_result(None)
                return
        self._free += 1

    def _leave(self, tenant: str, mine: asyncio.Future[None]) -> None:
        with suppress(KeyError, ValueError):
            self._waiting[tenant].remove(mine)
            if not self._waiting[tenant]:
                del self._waiting[tenant]
