"""What is compared: an engine that decodes a workload, and what came of one pass over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from extractor.lab.bench.workload import Case


@dataclass
class RunOutcome:
    """One pass over the workload. `ids`: what was written for each case, without the token that ends it. `forwards`: of
    the model, counted once for each row in them."""

    seconds: float
    ids: list[list[int]]
    forwards: int
    drafts: dict[str, dict[str, int]] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)  # seconds of the engine's thread

    @property
    def tokens(self) -> int:
        return sum(map(len, self.ids))


class Contender(Protocol):
    """An engine, how it drafts, and how many documents it decodes at a time."""

    name: str
    drafters: tuple[str, ...]
    rows: int

    def run(self, workload: list[Case]) -> RunOutcome: ...

    def close(self) -> None: ...
