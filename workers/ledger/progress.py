"""How far the reading of a running job is, as its hash keeps it. Knows no key and no connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["windows", "pages"]


@dataclass(frozen=True)
class ReadingProgress:
    """`done` of `total` windows of a long document, or pages that are pictures. `total` grows where a window is read in
    two."""

    done: int
    total: int
    unit: Unit

    def written(self) -> str:
        return f"{self.done} {self.total} {self.unit}"

    @classmethod
    def read(cls, written: str) -> ReadingProgress:
        done, total, unit = written.split()
        return cls(int(done), int(total), unit)  # type: ignore[arg-type]
