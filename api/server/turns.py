"""Work on the event loop that is to be done in small pieces, so that whoever brings much of it delays himself and not
the others. Knows nothing of the work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """One piece a turn of the loop, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, piece: Callable[[], None]) -> None:
        """`piece` is called once, in its turn; it may ask for another."""
        self._waiting.append(piece)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        try:
            self._waiting[0]()
        finally:
            self._waiting.popleft()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._next)
