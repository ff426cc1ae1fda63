"""Calls that run a few at a time; the others wait for their turn. Knows StoreUnavailable, and no store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workers.errors import StoreUnavailable


class Lane:
    """First come, first served. When the store does not answer one call, those that waited behind it fail with it
    instead of waiting for a timeout each."""

    def __init__(self, at_once: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._failures = 0

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Raises StoreUnavailable."""
        before = self._failures
        async with self._slots:
            if self._failures > before:
                raise StoreUnavailable("Redis did not answer those who asked before")
            try:
                yield
            except StoreUnavailable:
                self._failures += 1
                raise
