"""How many windows of all documents are with the engine at a time: those that wait go on in the order they came."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from extractor.errors import Cancelled, DeadlineExceeded

_POLL_S = 0.05  # how soon a withdrawal is noticed


class Turns:
    def __init__(self, most: int) -> None:
        self._left = most
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, until: float, withdrawn: threading.Event) -> Iterator[None]:
        """Within it the turn is the caller's. Raises DeadlineExceeded at `until` (monotonic), Cancelled."""
        self._wait(until, withdrawn)
        try:
            yield
        finally:
            with self._changed:
                self._left += 1
                self._changed.notify_all()

    def _wait(self, until: float, withdrawn: threading.Event) -> None:
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                while not self._left or self._waiting[0] is not me:
                    if withdrawn.is_set():
                        raise Cancelled("the extraction was cancelled")
                    if time.monotonic() >= until:
                        raise DeadlineExceeded("there was no time left to read it")
                    self._changed.wait(_POLL_S)
                self._left -= 1
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
