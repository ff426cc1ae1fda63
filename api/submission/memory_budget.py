"""Memory for the bodies of requests: a budget for all, of which a tenant may have as much as is still free. A request
that needs more waits before its body is read, and other tenants do not notice. Knows no HTTP and no body."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from api.problems import Problem

SMALL_BYTES = 64 * 1024
_SMALL_BUDGET_BYTES = 32 * 1024 * 1024
_MAX_WAITING = 64  # of a tenant; each of them holds a connection, and what has come of its body


@dataclass(eq=False)
class _Waiter:
    tenant: str
    size: int
    granted: asyncio.Future[None]


class MemoryBudget:
    """`acquire` and `release` bytes. A tenant that has some gets more while it then has no more than is still free:
    half of the budget at most, a third when two want all they can have, and so on. So a tenant that has none always
    gets some, and its first request is granted whatever its size."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._used: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []

    async def acquire(self, tenant: str, size: int, timeout_s: float) -> None:
        """Returns when they are this tenant's. Raises Problem (429) after that long, or when many wait already."""
        waiting = [waiter for waiter in self._waiters if waiter.tenant == tenant]
        if not waiting and self._fits(tenant, size):
            self._move(tenant, size)
            return
        if len(waiting) >= _MAX_WAITING:
            raise _too_many_bodies()
        waiter = _Waiter(tenant, size, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter.granted
        except BaseException as error:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif not waiter.granted.cancelled():  # granted at the moment at which it was given up
                self._move(tenant, -size)
            self._grant()
            if isinstance(error, TimeoutError):
                raise _too_many_bodies() from None
            raise

    def release(self, tenant: str, size: int) -> None:
        self._move(tenant, -size)
        self._grant()

    def _fits(self, tenant: str, size: int) -> bool:
        used = self._used[tenant]
        return used + size <= self._left - size or (not used and size <= self._left)

    def _move(self, tenant: str, size: int) -> None:
        self._left -= size
        self._used[tenant] += size
        if not self._used[tenant]:
            del self._used[tenant]

    def _grant(self) -> None:
        """First come, first served within a tenant."""
        blocked: set[str] = set()
        for waiter in list(self._waiters):
            if waiter.granted.cancelled():
                self._waiters.remove(waiter)
                continue
            if waiter.tenant in blocked or not self._fits(waiter.tenant, waiter.size):
                blocked.add(waiter.tenant)
                continue
            self._waiters.remove(waiter)
            self._move(waiter.tenant, waiter.size)
            waiter.granted.set_result(None)


class BodyReservation:
    """What one body has of the budgets; it begins with nothing."""

    def __init__(self, memory: BodyMemory, tenant: str) -> None:
        self._memory = memory
        self._tenant = tenant
        self._budget, self._size = memory.small, 0
        self._lock: asyncio.Semaphore | None = None

    async def reserve(self, size: int) -> None:
        """Waits until `size` bytes are reserved. Who does not know how many will come reserves SMALL_BYTES, and beyond
        those all that may be needed: two that grow side by side would wait for each other. Raises Problem 429."""
        if size <= self._size:
            return
        self.release()
        budget = self._memory.small if size <= SMALL_BYTES else self._memory.large
        await budget.acquire(self._tenant, size, self._memory.timeout_s)
        self._budget, self._size = budget, size

    def release(self) -> None:
        self.end_work()
        if self._size:
            self._budget.release(self._tenant, self._size)
            self._size = 0

    async def start_work(self, lock: asyncio.Semaphore | None = None) -> None:
        """A large body is worked on alone until `end_work`: taking it apart costs several times its size. Waits until
        no other is, of those under the same lock (of submissions, unless another is given)."""
        if self._size and self._budget is self._memory.large and self._lock is None:
            lock = lock or self._memory.submission_lock
            await lock.acquire()
            self._lock = lock

    def end_work(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class BodyMemory:
    """A budget for bodies up to SMALL_BYTES and one for larger ones, so that a large one keeps no small one waiting."""

    def __init__(self, max_body_bytes: int, timeout_s: float) -> None:
        """Of bodies of that size two tenants can have one each at a time."""
        self.max_body_bytes = max_body_bytes
        self.timeout_s = timeout_s
        self.small = MemoryBudget(_SMALL_BUDGET_BYTES)
        self.large = MemoryBudget(2 * max_body_bytes + SMALL_BYTES)
        self.submission_lock, self.upload_lock = asyncio.Semaphore(1), asyncio.Semaphore(1)

    @contextlib.contextmanager
    def reservation(self, tenant: str) -> Iterator[BodyReservation]:
        reservation = BodyReservation(self, tenant)
        try:
            yield reservation
        finally:
            reservation.release()


def _too_many_bodies() -> Problem:
    detail = "The bodies of your requests wait for memory that others of yours hold: send fewer at once, or later"
    return Problem("too_many_bodies", detail, headers={"Retry-After": "2", "Connection": "close"})
