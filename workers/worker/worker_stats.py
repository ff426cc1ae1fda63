"""What a worker counts of its own: how its documents ended, how long it took to read them, and how fast its engine
writes. Thread-safe; knows no job."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from typing import Any

READING_BOUNDS_S = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_LEAST_S = 0.5  # a shorter window says more about the clock than about the engine


class WorkerStats:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: Counter[str] = Counter()
        self._readings: dict[tuple[str, str], tuple[list[int], float]] = {}
        self._at = time.monotonic()
        self._tokens = 0
        self._rate = 0.0

    def attempt_ended(self, outcome: str) -> None:
        """Succeeded, failed, cancelled, queued (to be tried again), released or dropped."""
        with self._lock:
            self._documents[outcome] += 1

    def documents(self) -> dict[str, int]:
        with self._lock:
            return dict(self._documents)

    def reading_ended(self, format_: str, outcome: str, seconds: float) -> None:
        """`outcome`: `read`, or the code of what it ended with."""
        with self._lock:
            buckets, total = self._readings.get((format_, outcome), ([0] * (len(READING_BOUNDS_S) + 1), 0.0))
            buckets[bisect_left(READING_BOUNDS_S, seconds)] += 1
            self._readings[format_, outcome] = buckets, total + seconds

    def readings(self) -> dict[str, Any]:
        """Of each format and outcome how many took how long: counts between the bounds, and seconds in all."""
        with self._lock:
            each = [
                {"format": format_, "outcome": outcome, "buckets": list(buckets), "seconds": round(total, 3)}
                for (format_, outcome), (buckets, total) in self._readings.items()
            ]
        return {"bounds_s": READING_BOUNDS_S, "each": each}

    def tokens_per_s(self, engine: dict[str, Any]) -> float:
        """Output tokens of the time since this was asked last. `engine`: its stats, {} where it has none yet."""
        with self._lock:
            now, tokens = time.monotonic(), int(engine.get("output_tokens", 0))
            if now - self._at >= _LEAST_S:
                self._rate = max(0, tokens - self._tokens) / (now - self._at)  # less than before: another engine
                self._at, self._tokens = now, tokens
            return round(self._rate, 1)
