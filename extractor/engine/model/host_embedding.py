"""Gemma 4's per-layer embeddings in the host's memory: half of E2B's parameters, of which a step reads a few rows.

A GPU then holds half as much, and a step pays for the upload of those rows (E2B: 18 kB a token in bfloat16). Knows one
embedding table; `runner.py` gives it ids that are on the host already, so that nothing waits for the device.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from extractor.errors import ModelError


class HostTable(nn.Module):
    """Stands where the model has its `embed_tokens_per_layer`. Its weight is no parameter: `model.to` leaves it."""

    def __init__(self, embedding: Any, device: torch.device) -> None:
        super().__init__()
        # Rows are gathered by the host, into memory a GPU can fetch them from: the table itself needs none of that,
        # which PyTorch would hand out by powers of two (E2B's 4.4 GiB as 8).
        self._weight = embedding.weight.detach().to("cpu")
        self._scale = float(embedding.embed_scale.to(self._weight.dtype))
        self._device = device

    def forward(self, ids: Tensor) -> Tensor:
        """`ids` `[n, width]`, best on the host → `[n, width, layers * size]` on the model's device."""
        wanted = ids.to("cpu").flatten()
        shape, pinned = (wanted.numel(), self._weight.shape[1]), self._device.type == "cuda"
        rows = torch.empty(shape, dtype=self._weight.dtype, pin_memory=pinned)
        torch.index_select(self._weight, 0, wanted, out=rows)
        return (rows.to(self._device, non_blocking=True) * self._scale).view(*ids.shape, -1)


def keep_on_host(model: Any, device: torch.device) -> None:
    """Give `model`, about to move to `device`, such a table. Raises ModelError for one without per-layer embeddings."""
    text = getattr(model, "model", None)
    table = getattr(text, "embed_tokens_per_layer", None)
    if text is None or table is None:
        raise ModelError("EXTRACTOR_PER_LAYER_ON_HOST: this model has no per-layer embeddings")
    text.embed_tokens_per_layer = HostTable(table, device)
