"""Memory for the bodies of requests: so much in all, of which a tenant has as much as is still free. Whoever wants more
waits, before his body is read, and the others do not notice. Knows no HTTP and no body."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from api.problems import Problem

SMALL_BYTES = 64 * 1024
_SMALL_ROOM_BYTES = 32 * 1024 * 1024
_MOST_WAITING = 64  # of a tenant; each of them holds a connection, and what has come of its body


@dataclass(eq=False)
class _Waiting:
    tenant: str
    size: int
    granted: asyncio.Future[None]


class Room:
    """`take` and `give` bytes. Who holds some gets more while he then has no more than is still free: half of all at
    most, a third when two want all they can have, and so on. So who holds nothing finds some, and that he may have,
    however much it is."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._of: Counter[str] = Counter()
        self._waiting: list[_Waiting] = []

    async def take(self, tenant: str, size: int, patience_s: float) -> None:
        """Returns when they are this tenant's. Raises Problem (429) after that long, or when many wait already."""
        mine = [one for one in self._waiting if one.tenant == tenant]
        if not mine and self._fits(tenant, size):
            self._move(tenant, size)
            return
        if len(mine) >= _MOST_WAITING:
            raise _full()
        one = _Waiting(tenant, size, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        try:
            async with asyncio.timeout(patience_s):
                await one.granted
        except BaseException as error:
            if one in self._waiting:
                self._waiting.remove(one)
            elif not one.granted.cancelled():  # granted at the moment at which it was given up
                self._move(tenant, -size)
            self._grant()
            if isinstance(error, TimeoutError):
                raise _full() from None
            raise

    def give(self, tenant: str, size: int) -> None:
        self._move(tenant, -size)
        self._grant()

    def _fits(self, tenant: str, size: int) -> bool:
        mine = self._of[tenant]
        return mine + size <= self._free - size or (not mine and size <= self._free)

    def _move(self, tenant: str, size: int) -> None:
        self._free -= size
        self._of[tenant] += size
        if not self._of[tenant]:
            del self._of[tenant]

    def _grant(self) -> None:
        """First come, first served within a tenant."""
        held_up: set[str] = set()
        for one in list(self._waiting):
            if one.granted.cancelled():
                self._waiting.remove(one)
                continue
            if one.tenant in held_up or not self._fits(one.tenant, one.size):
                held_up.add(one.tenant)
                continue
            self._waiting.remove(one)
            self._move(one.tenant, one.size)
            one.granted.set_result(None)


class Held:
    """What one body holds of the rooms; it begins with nothing."""

    def __init__(self, rooms: Rooms, tenant: str) -> None:
        self._rooms = rooms
        self._tenant = tenant
        self._room, self._size = rooms.small, 0
        self._turn: asyncio.Semaphore | None = None

    async def cover(self, size: int) -> None:
        """Waits until there is room for `size` bytes. Whoever does not know how many will come takes SMALL_BYTES and
        beyond those all he may need: two that grow side by side would wait for each other. Raises Problem 429."""
        if size <= self._size:
            return
        self.release()
        room, size = (self._rooms.small, size) if size <= SMALL_BYTES else (self._rooms.large, size)
        await room.take(self._tenant, size, self._rooms.patience_s)
        self._room, self._size = room, size

    def release(self) -> None:
        self.rest()
        if self._size:
            self._room.give(self._tenant, self._size)
            self._size = 0

    async def work(self, turn: asyncio.Semaphore | None = None) -> None:
        """Waits for its turn until `rest`, where it is large: taking a body apart costs several times its size."""
        if self._size and self._room is self._rooms.large and self._turn is None:
            turn = turn or self._rooms.submissions
            await turn.acquire()
            self._turn = turn

    def rest(self) -> None:
        if self._turn is not None:
            self._turn.release()
            self._turn = None


class Rooms:
    """One for bodies up to SMALL_BYTES, one for larger ones, so that a large one keeps no small one waiting."""

    def __init__(self, largest: int, patience_s: float) -> None:
        """`largest`: what a body may have. Two tenants find room for one of those each."""
        self.largest = largest
        self.patience_s = patience_s
        self.small = Room(_SMALL_ROOM_BYTES)
        self.large = Room(2 * largest + SMALL_BYTES)
        self.submissions, self.uploads = asyncio.Semaphore(1), asyncio.Semaphore(1)  # large ones, in turn

    @contextlib.contextmanager
    def held(self, tenant: str) -> Iterator[Held]:
        one = Held(self, tenant)
        try:
            yield one
        finally:
            one.release()


def _full() -> Problem:
    detail = "The bodies of your requests wait for memory that others of yours hold: send fewer at once, or later"
    return Problem("too_many_bodies", detail, headers={"Retry-After": "2", "Connection": "close"})
