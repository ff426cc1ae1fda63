"""The ledger's time as one process follows it. The store's clock may be set back or forward, so each caller measures by
its own monotonic clock how much time has passed since its last answer; lua/shared/clock.lua combines the two. Knows no
connection."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # also counts while the machine sleeps


class LedgerClock:
    """Thread-safe: its state is one tuple."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def learn(self, now_ms: int) -> None:
        """Notes the ledger's time, which comes with every answer."""
        self._last = (now_ms, time.clock_gettime(_CLOCK))

    def expected(self) -> str:
        """The ledger's time now in ms, at the earliest; empty before the first answer."""
        if self._last is None:
            return ""
        now_ms, at = self._last
        return str(now_ms + int((time.clock_gettime(_CLOCK) - at) * 1000))
