"""The trial of a schema that no worker knows, as work of a waiting room: it may take seconds, and its document waits
for it outside of the slots. Knows the extractor's `judge` by what it is given; knows no ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from extractor.errors import DeadlineExceeded
from workers.worker.heartbeat import ActiveJob
from workers.worker.waiting_room import Work

THREADS = 2


@dataclass(eq=False)
class Trial(Work):
    """`judge` raises what is wrong with the schema; `then` is called with what ended it (None: it passed). It has to
    begin before `until` (`time.monotonic()`)."""

    judge: Callable[[ActiveJob], None]
    then: Callable[[ActiveJob, Exception | None], Any]
    until: float

    @property
    def urgent(self) -> bool:
        """All of them: a trial takes little beside the document that waits for it."""
        return True

    def why_gone(self) -> Exception | None:
        if (withdrawn := super().why_gone()) is not None:
            return withdrawn
        if time.monotonic() >= self.until:
            return DeadlineExceeded("the schema was not tried within the extraction's time: many others are")
        return None

    def step(self) -> bool:
        self.judge(self.active)
        return False

    def after(self, error: Exception | None) -> None:
        self.then(self.active, error)
