"""What a worker counts of its own: how its documents ended, how long it took to read and to decode them, and how fast
its engine writes. Thread-safe; knows no job."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from extractor.errors import code_of
from extractor.result import LongRead

T = TypeVar("T")

READING_BOUNDS_S = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
DECODING_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
_LEAST_S = 0.5  # a shorter window says more about the clock than about the engine


class Durations:
    """Histograms of seconds, one for each set of labels. Not thread-safe."""

    def __init__(self, bounds_s: tuple[float, ...], *labels: str) -> None:
        self._bounds_s = bounds_s
        self._labels = labels
        self._each: dict[tuple[str, ...], tuple[list[int], float]] = {}

    def add(self, seconds: float, *labels: str) -> None:
        buckets, total = self._each.get(labels, ([0] * (len(self._bounds_s) + 1), 0.0))
        buckets[bisect_left(self._bounds_s, seconds)] += 1
        self._each[labels] = buckets, total + seconds

    def as_json(self) -> dict[str, Any]:
        """Of each set of labels how many took how long: counts between the bounds, and seconds in all."""
        each = [
            {**dict(zip(self._labels, labels, strict=True)), "buckets": list(buckets), "seconds": round(total, 3)}
            for labels, (buckets, total) in self._each.items()
        ]
        return {"bounds_s": self._bounds_s, "each": each}


class WorkerStats:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: Counter[str] = Counter()
        self._readings = Durations(READING_BOUNDS_S, "format", "outcome")
        self._decodings = Durations(DECODING_BOUNDS_S, "priority", "outcome")
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
            self._readings.add(seconds, format_, outcome)

    def timed_decoding(self, priority: str, decode: Callable[[], T]) -> T:
        """What `decode` returns or raises; counts how long it took, with the code of what it raised. A long document
        that it leaves to be read in windows is counted when those are."""
        began, outcome, found = time.monotonic(), "decoded", None
        try:
            found = decode()
            return found
        except Exception as error:
            outcome = code_of(error)
            raise
        finally:
            if not isinstance(found, LongRead):
                with self._lock:
                    self._decodings.add(time.monotonic() - began, priority, outcome)

    def durations(self) -> dict[str, Any]:
        """`readings` and `decodings`, as `Durations.as_json`."""
        with self._lock:
            return {"readings": self._readings.as_json(), "decodings": self._decodings.as_json()}

    def tokens_per_s(self, engine: dict[str, Any]) -> float:
        """Output tokens of the time since this was asked last. `engine`: its stats, {} where it has none yet."""
        with self._lock:
            now, tokens = time.monotonic(), int(engine.get("output_tokens", 0))
            if now - self._at >= _LEAST_S:
                self._rate = max(0, tokens - self._tokens) / (now - self._at)  # less than before: another engine
                self._at, self._tokens = now, tokens
            return round(self._rate, 1)
