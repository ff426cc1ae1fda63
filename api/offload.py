"""Threads for what takes time and no waiting: parsing, deciding, writing large answers. Each kind of work has threads
of its own, so those who upload, however many, keep nobody waiting who reads. Nothing that asks a store runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

T = TypeVar("T")


@dataclass(frozen=True)
class Offload:
    """Of each kind so many at once."""

    _submissions: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(8))
    _uploads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    _answers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))

    async def submission(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._submissions)

    async def upload(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._uploads)

    async def answer(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._answers)
