"""What goes wrong again and again is told when it begins and then now and then, with how often it was meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Repeated:
    """Of one kind of trouble. Thread-safe."""

    def __init__(self, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._clock = every_s, clock
        self._lock = threading.Lock()
        self._reports: dict[str, tuple[float, int]] = {}  # by its reason: when it was told last, how often it was since

    def untold(self, reason: str) -> int | None:
        """It has happened. How often it had since it was told last, where it is to be told now; else None."""
        with self._lock:
            now = self._clock()
            at, since = self._reports.get(reason, (now - self._every_s, 0))
            due = now - at >= self._every_s
            self._reports[reason] = (now, 0) if due else (at, since + 1)
            return since if due else None
