"""Threads for work that takes time and waits for nothing: parsing, deciding, writing large answers. Each kind of work
has threads of its own, so that uploads, however many, keep no reader waiting. Nothing that asks a store runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

T = TypeVar("T")


@dataclass(frozen=True)
class ThreadPools:
    """So many threads for each kind."""

    _submissions: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(8))
    _uploads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    _answers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))

    async def submission(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._submissions)

    async def upload(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._uploads)

    async def answer(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._answers)
