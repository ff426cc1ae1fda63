"""The reading of a document's pictures, as work of a waiting room: a page of them takes seconds, so it is not done in a
slot. A step is a page. Knows a document's reading (reading.py); knows no ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workers.worker.reading import DocumentReading
from workers.worker.waiting_room import Work


@dataclass(eq=False)
class PictureReading(Work):
    """`then` is called with the reading when it is over, and with what ended it."""

    reading: DocumentReading
    then: Callable[[DocumentReading, Exception | None], Any]

    @property
    def size(self) -> int:
        return self.reading.size

    def step(self) -> bool:
        self.reading.next_page()
        return bool(self.reading.pages_left)

    def after(self, error: Exception | None) -> None:
        self.then(self.reading, error)
