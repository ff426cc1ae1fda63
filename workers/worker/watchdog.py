"""A watchdog over the parts of this worker. Each part says itself that it has moved; the heartbeat's file is written
only while none of them has stood still for longer than it may, so that whoever watches the file replaces a worker that
lives and does nothing. Thread-safe; knows no part by more than its name."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import structlog

from extractor.heartbeat import HeartbeatFile

log = structlog.get_logger(__name__)


class Watchdog:
    """`file` empty: nobody watches. `silent_s`: how long a beat is good for."""

    def __init__(self, file: str = "", silent_s: float = 20.0) -> None:
        self._file = HeartbeatFile(Path(file)) if file else None
        self._silent_s = silent_s
        self._lock = threading.Lock()
        self._parts: dict[str, tuple[float, float]] = {}  # until when it is believed, and for how long after each move
        self._complained = ""

    def expect(self, part: str, within_s: float) -> None:
        """From now on the part moves at least so often, until it rests."""
        with self._lock:
            self._parts[part] = time.monotonic() + within_s, within_s

    def moved(self, part: str) -> None:
        with self._lock:
            if part in self._parts:
                within_s = self._parts[part][1]
                self._parts[part] = time.monotonic() + within_s, within_s

    def rest(self, part: str) -> None:
        with self._lock:
            self._parts.pop(part, None)

    def stuck(self) -> str:
        """The part that has stood still for too long; empty when none has."""
        now = time.monotonic()
        with self._lock:
            return next((part for part, (until, _) in self._parts.items() if now > until), "")

    def beat(self, state: str, why: str = "", *, good_for_s: float | None = None) -> None:
        """Unless a part is stuck. A file that cannot be written is logged once: the work goes on."""
        stuck = self.stuck()
        if stuck:
            self._complain(f"{stuck} has stood still for too long; this worker no longer says that it is alive")
        elif self._file is not None:
            try:
                self._file.beat(state, good_for_s or self._silent_s, why)
            except OSError as error:
                self._complain(f"{self._file.path} cannot be written: {error.strerror}")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _complain(self, what: str) -> None:
        if what != self._complained:
            self._complained = what
            log.error("heartbeat", detail=what)
