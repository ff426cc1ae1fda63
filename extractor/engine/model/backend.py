"""Which code runs Gemma 4's layers on a device: PyTorch's operations, or the Triton kernels that can run there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from extractor.engine.attention.ragged import available as ragged_available
from extractor.engine.model.fused import FusedLayer
from extractor.engine.model.fused import available as fused_available
from extractor.engine.model.gemma4 import Layer
from extractor.engine.model.head import FusedHead, Head
from extractor.engine.model.view import CacheView, DenseView, RaggedView


@dataclass(frozen=True)
class Backend:
    """`view`: how the cache is read; `layer` and `head`: what layers and the vocabulary head are made of."""

    view: CacheView = field(default_factory=DenseView)
    layer: type[Layer] = Layer
    head: type[Head] = Head

    @property
    def fused(self) -> bool:
        """Whether layers are those of `fused.py`."""
        return issubclass(self.layer, FusedLayer)

    def for_drafter(self, text: Any) -> Backend:
        """The same for the layers of `text`, the drafter's `Gemma4TextModel`, as far as its activation has kernels."""
        return Backend(self.view) if self.fused and not fused_available(text) else self


PLAIN = Backend()


def best_backend(text: Any, device: torch.device, dtype: torch.dtype) -> Backend:
    """The fastest that works for `text`, a `Gemma4TextModel`. Kernels are tried here; the log says which cannot run."""
    sizes = {layer.self_attn.head_dim for layer in text.layers}
    if not ragged_available(device, dtype, sizes):
        return PLAIN
    return Backend(RaggedView(), FusedLayer, FusedHead) if fused_available(text) else Backend(RaggedView())
