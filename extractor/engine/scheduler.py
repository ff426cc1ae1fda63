"""Who runs and who waits. Knows no torch."""

from __future__ import annotations

import threading
from collections import deque

from extractor.engine.sequence import Finish, Sequence


class Scheduler:
    """First come, first served. `submit`, `close` and `depth` may be called from any thread, the others from the
    engine's own."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._waiting: deque[Sequence] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.running: list[Sequence] = []

    def submit(self, sequence: Sequence) -> bool:
        """False once closed."""
        with self._changed:
            if self._closed:
                return False
            self._waiting.append(sequence)
            self._changed.notify()
            return True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until there is work or the scheduler is closed; True while there is something to do."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.running or self._closed, timeout_s)
            return not self._closed

    def close(self) -> list[Sequence]:
        """No more work: returns everyone who was waiting. Those that run are the engine's thread's."""
        with self._changed:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
            return left

    def withdrawn(self, now: float) -> list[tuple[Sequence, Finish]]:
        """Takes those that were aborted or are past their deadline out of the queue, each with the reason."""
        with self._changed:
            out = [(sequence, reason) for sequence in self._waiting if (reason := sequence.withdrawn(now)) is not None]
            for sequence, _ in out:
                self._waiting.remove(sequence)
            return out

    def next(self) -> Sequence | None:
        """The next one to admit, if a slot is free; `start` it then."""
        with self._changed:
            if len(self.running) < self._slots and self._waiting:
                return self._waiting.popleft()
            return None

    def start(self, sequence: Sequence) -> None:
        self.running.append(sequence)

    def ready(self) -> list[Sequence]:
        """The rows that decode, in the order of their slots: under load these lie side by side in the cache."""
        return sorted((row for row in self.running if row.ready), key=lambda row: row.slot)

    def retire(self, row: Sequence) -> None:
        self.running.remove(row)

    def depth(self) -> tuple[int, int]:
        """(running, waiting)."""
        with self._changed:
            return len(self.running), len(self._waiting)
