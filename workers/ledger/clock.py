"""The ledger's time as one process follows it. The store's clock may be set back or forward; how much time has passed
each caller's own monotonic clock says, and lua/shared/clock.lua puts the two together. Knows no connection."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # also counts while the machine sleeps


class LedgerClock:
    """Thread-safe: what is kept is one tuple."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def learn(self, now_ms: int) -> None:
        """The ledger has just answered what time it is."""
        self._last = (now_ms, time.clock_gettime(_CLOCK))

    def expected(self) -> str:
        """What time it should be there now (ms), at the earliest; empty before its first answer."""
        if self._last is None:
            return ""
        now_ms, at = self._last
        return str(now_ms + int((time.clock_gettime(_CLOCK) - at) * 1000))
