"""A fault that repeats is logged when it begins, then at intervals, with how often it happened in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Repeated:
    """Faults of one kind, by their reasons. Thread-safe."""

    def __init__(self, every_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._clock = every_s, clock
        self._lock = threading.Lock()
        self._reports: dict[
            str, tuple[float, int]
        ] = {}  # by reason: when it was logged last, how often it happened since

    def unlogged(self, reason: str) -> int | None:
        """Counts it. If it is due to be logged now: how often it has happened since it was logged last; else None."""
        with self._lock:
            now = self._clock()
            at, since = self._reports.get(reason, (now - self._every_s, 0))
            due = now - at >= self._every_s
            self._reports[reason] = (now, 0) if due else (at, since + 1)
            return since if due else None
