"""What a worker counts of its own: how its documents ended, and how fast its engine writes. Thread-safe; knows no
job."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

_LEAST_S = 0.5  # a shorter window says more about the clock than about the engine


class Gauge:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: Counter[str] = Counter()
        self._at = time.monotonic()
        self._tokens = 0
        self._rate = 0.0

    def ended(self, outcome: str) -> None:
        """An attempt is over: succeeded, failed, cancelled, queued (to be tried again), released or dropped."""
        with self._lock:
            self._documents[outcome] += 1

    def documents(self) -> dict[str, int]:
        with self._lock:
            return dict(self._documents)

    def tokens_per_s(self, engine: dict[str, Any]) -> float:
        """Output tokens of the time since this was asked last. `engine`: its figures, {} where it has none yet."""
        with self._lock:
            now, tokens = time.monotonic(), int(engine.get("output_tokens", 0))
            if now - self._at >= _LEAST_S:
                self._rate = max(0, tokens - self._tokens) / (now - self._at)  # less than before: another engine
                self._at, self._tokens = now, tokens
            return round(self._rate, 1)
