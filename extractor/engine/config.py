"""How large an engine is, and how it works."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from extractor.engine.cache import aligned
from extractor.engine.model.graphs import rows_of


@dataclass(frozen=True)
class EngineConfig:
    """`slots` rows at once, `context` tokens a row (prompt and output), drafts of at most `max_draft` tokens, and at
    most `step_positions` positions in one verify step: with many rows, drafts get shorter. A step reads at most
    `prefill_chunk` prompt tokens, so that a long prompt does not stall the rows that decode. `overlap`: whether the
    host drafts while the device works (`mtp.py`, `compose.py`); None: as the device likes it. `graphs`: see there;
    `kernels`: those of `ragged.py` and `fused.py`, where the device can. `prefix_bytes`: see `SlotCache`."""

    slots: int = 4
    context: int = 4096
    max_draft: int = 15
    step_positions: int = 256
    prefill_chunk: int = 512
    overlap: bool | None = None
    graphs: bool = False
    kernels: bool = False
    prefix_bytes: int | None = None

    def draft_budget(self, rows: int) -> int:
        """How many tokens each of `rows` rows may draft."""
        if self.graphs:
            rows = rows_of(rows, self.slots)  # as many as the step is going to compute
        return max(0, min(self.max_draft, self.step_positions // rows - 1))

    def overlaps(self, device: torch.device) -> bool:
        """Whether the host drafts while `device` works."""
        return device.type != "cpu" if self.overlap is None else self.overlap

    @property
    def entries(self) -> int:
        """Of a row in the cache: its context, and what a draft may leave behind it."""
        return aligned(self.context + self.max_draft + 1)
