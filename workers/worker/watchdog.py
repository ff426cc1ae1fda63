"""The watchdog of a worker's threads. Each part reports when it moves. The heartbeat's file is written only while every
part has reported in time, so whoever watches the file replaces a worker that lives and does nothing. Thread-safe; knows
the parts by name only."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import structlog

from extractor.processes.heartbeat import HeartbeatFile

log = structlog.get_logger(__name__)


class Watchdog:
    """With an empty `file` nothing is written. `silent_s`: for how long a beat is to be believed."""

    def __init__(self, file: str = "", silent_s: float = 20.0) -> None:
        self._file = HeartbeatFile(Path(file)) if file else None
        self._silent_s = silent_s
        self._lock = threading.Lock()
        self._parts: dict[str, tuple[float, float]] = {}  # until when it is believed, and for how long after each move
        self._complained = ""

    def expect(self, part: str, within_s: float) -> None:
        """From now on the part reports at least every `within_s`, until it rests."""
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
        """The name of a part that has not reported in time; empty when there is none."""
        now = time.monotonic()
        with self._lock:
            return next((part for part, (until, _) in self._parts.items() if now > until), "")

    def beat(self, state: str, why: str = "", *, good_for_s: float | None = None) -> None:
        """Writes the file, unless a part is stuck. A file that cannot be written is logged once, and the work goes
        on."""
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
