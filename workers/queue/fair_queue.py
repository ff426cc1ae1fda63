"""A queue in which tenants take turns; within a tenant the order is first come, first served. A tenant that puts in a
thousand items delays another by one item a turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Not locked: threads that share it hold a lock of their own."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()  # in the order of their turns, none of them empty
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        """Everything, not in the order of turns."""
        return (item for line in self._lines.values() for item in line)

    def waiting(self, tenant: str) -> int:
        return len(self._lines.get(tenant, ()))

    def put(self, tenant: str, item: T, *, first: bool = False) -> None:
        """Behind the tenant's other items, or before them."""
        line = self._lines.setdefault(tenant, deque())
        line.appendleft(item) if first else line.append(item)
        self._count += 1

    def take(self) -> T:
        """The next item in turn. Raises KeyError when nothing waits."""
        tenant = next(iter(self._lines), "")
        item = self._lines[tenant].popleft()
        self._lines.move_to_end(tenant)  # the others' turn
        self._count_down(tenant)
        return item

    def remove(self, tenant: str, item: T) -> bool:
        """Takes it out; whether it was waiting."""
        try:
            self._lines[tenant].remove(item)
        except (KeyError, ValueError):
            return False
        self._count_down(tenant)
        return True

    def _count_down(self, tenant: str) -> None:
        self._count -= 1
        if not self._lines[tenant]:
            del self._lines[tenant]
