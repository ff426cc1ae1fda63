"""The reading of a document's pictures, as work of a waiting room: a page of them takes seconds, so it is not done in a
slot. A step is a page. Knows a document's reading (reading.py); knows no ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from extractor.result import Tell
from workers.worker.reading import DocumentReading
from workers.worker.waiting_room import Work


@dataclass(eq=False)
class PictureReading(Work):
    """`then` is called with the reading when it is over, and with what ended it; `tell` with how many pages are read,
    of how many."""

    reading: DocumentReading
    tell: Tell
    then: Callable[[DocumentReading, Exception | None], Any]

    _pages: int = field(init=False)

    def __post_init__(self) -> None:
        self._pages = len(self.reading.pages_left)

    @property
    def size(self) -> int:
        return self.reading.size

    def step(self) -> bool:
        self.tell(self._pages - len(self.reading.pages_left), self._pages)
        self.reading.next_page()
        return bool(self.reading.pages_left)

    def after(self, error: Exception | None) -> None:
        self.then(self.reading, error)
