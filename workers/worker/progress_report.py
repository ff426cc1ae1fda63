"""Says in the ledger how far the reading of a claimed document is. Knows the ledger; what is read is its caller's."""

from __future__ import annotations

import time

from workers.ledger.ledger import Claim, Ledger, StoreUnavailable
from workers.ledger.progress import ReadingProgress, Unit

_EVERY_S = 1.0
_AWAY_S = 10.0  # a store that is away is asked less often: the reading waits for its answer


class ProgressReport:
    """Call it whenever there may be news: it writes what has changed, once a second at most. What cannot be written is
    not told, and nothing else."""

    def __init__(self, ledger: Ledger, claim: Claim, unit: Unit) -> None:
        self._ledger, self._claim, self._unit = ledger, claim, unit
        self._last_written: ReadingProgress | None = None
        self._not_before = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = ReadingProgress(done, total, self._unit)
        if now == self._last_written or time.monotonic() < self._not_before:
            return
        job, pause_s = self._claim.job, _EVERY_S
        try:
            self._ledger.run(self._ledger.jobs.progress(job.tenant, job.id, self._claim.attempt, now))
            self._last_written = now
        except StoreUnavailable:
            pause_s = _AWAY_S
        self._not_before = time.monotonic() + pause_s
