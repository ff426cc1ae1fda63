"""Work on the event loop, done in small pieces, so that a connection that brings much of it delays itself and not the
others. Knows nothing of the work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class RoundRobin:
    """One callback in each iteration of the loop, in the order in which they were scheduled."""

    def __init__(self) -> None:
        self._scheduled: deque[Callable[[], None]] = deque()

    def schedule(self, callback: Callable[[], None]) -> None:
        """`callback` is called once, in its turn; it may schedule another."""
        self._scheduled.append(callback)
        if len(self._scheduled) == 1:
            asyncio.get_running_loop().call_soon(self._run_next)

    def _run_next(self) -> None:
        try:
            self._scheduled[0]()
        finally:
            self._scheduled.popleft()
            if self._scheduled:
                asyncio.get_running_loop().call_soon(self._run_next)
