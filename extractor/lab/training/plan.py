"""How one model is trained, and how far that has come: what trainings of the target and of the drafter share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Plan:
    """How one model is trained. `minutes` of training, the time of earlier runs of the same checkpoint included."""

    minutes: float
    seed: int = 1
    batch_tokens: int = 4096
    pool_rows: int = 384  # drawn at a time and sorted by length
    muon_lr: float = 0.0055
    adam_lr: float = 1.0e-3
    hold: float = 0.37  # of the time, before the decay
    half_life: float = 0.1  # of the time, after which weights count half in the average
    least: float = 0.0  # progress that documents grow from: of 1 all are as long as they get
    read: int = 4  # batches read for one that is trained on, once most rows are right
    pull: float = 0.0  # of the way back to the weights it began from, each step at the full rate: what was known stays
    report_s: float = 180
    fast: bool = False  # compiled layers and bf16 products: 1.7 times the speed of one process (Xeon with AMX)
    device: str = "cpu"  # or "cuda": bf16 products, nothing compiled
    workers: int = 0  # processes that make batches for this one; a core makes some 100,000 tokens a second

    @property
    def half(self) -> bool:
        return self.fast or self.device == "cuda"

    def precision(self) -> torch.autocast:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.half)


@dataclass
class RunState:
    """How far the runs of one checkpoint have come; `spent` seconds before this process began."""

    index: int = 0  # of the last pool
    step: int = 0
    tokens: int = 0
    spent: float = 0.0

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> RunState:
        return cls(state["index"], state["step"], state["tokens"], state["spent"])


def save(path: Path, counts: RunState, spent: float, **states: Any) -> None:
    """A checkpoint: whole or not at all. `spent`: seconds until now, in all runs."""
    draft = path.with_suffix(".tmp")
    torch.save({**states, **asdict(counts), "spent": spent}, draft)
    draft.rename(path)
