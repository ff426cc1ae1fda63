"""Gemma 4's per-layer embeddings in the host's memory: half of E2B's parameters, of which a step reads a few rows.

A GPU then holds half as much, and a step pays for the upload of those rows (E2B: 18 kB a token in bfloat16). A runner
gives ids that are on the host already, so that nothing waits for the device.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from extractor.errors import ModelError


class HostEmbedding(nn.Module):
    """Takes the place of a model's `embed_tokens_per_layer`. Its weight is no parameter, so `model.to` leaves it."""

    def __init__(self, embedding: Any, device: torch.device) -> None:
        super().__init__()
        # The host gathers rows into pinned memory. The table itself is not pinned: PyTorch hands pinned memory out by
        # powers of two, and would take 8 GiB for E2B's 4.4.
        self._weight = embedding.weight.detach().to("cpu")
        self._scale = float(embedding.embed_scale.to(self._weight.dtype))
        self._device = device

    def forward(self, ids: Tensor) -> Tensor:
        """The embeddings `[n, width, layers * size]` of `ids` `[n, width]`, on the model's device. Ids that are not on
        the host are fetched first, which waits for the device."""
        wanted = ids.to("cpu").flatten()
        shape, pinned = (wanted.numel(), self._weight.shape[1]), self._device.type == "cuda"
        rows = torch.empty(shape, dtype=self._weight.dtype, pin_memory=pinned)
        torch.index_select(self._weight, 0, wanted, out=rows)
        return (rows.to(self._device, non_blocking=True) * self._scale).view(*ids.shape, -1)


def keep_on_host(model: Any, device: torch.device) -> None:
    """Keep the per-layer embeddings of `model`, which is about to move to `device`, on the host. Raises ModelError for
    a model without them."""
    text = getattr(model, "model", None)
    table = getattr(text, "embed_tokens_per_layer", None)
    if text is None or table is None:
        raise ModelError("EXTRACTOR_PER_LAYER_ON_HOST: this model has no per-layer embeddings")
    text.embed_tokens_per_layer = HostEmbedding(table, device)
