"""So many at once, the others wait for their turn. Knows what a silent store is called, and no store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workers.errors import StoreUnavailable


class Lane:
    """First come, first served. Who waits behind somebody for whom the store was silent hears so, rather than find out
    for himself: however many wait, all of them know in the time that one needs."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._failures = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Raises StoreUnavailable."""
        before = self._failures
        async with self._free:
            if self._failures > before:
                raise StoreUnavailable("Redis did not answer those who asked before")
            try:
                yield
            except StoreUnavailable:
                self._failures += 1
                raise
