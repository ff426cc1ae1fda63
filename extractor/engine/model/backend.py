"""Which code runs Gemma 4's layers on a device: PyTorch's operations, oneDNN's products, or the Triton kernels that can
run there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from extractor.engine.attention.ragged import available as ragged_available
from extractor.engine.model.blocked import BlockedLayer
from extractor.engine.model.blocked import available as blocked_available
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
        """The same for the layers of `text`, the drafter's `Gemma4TextModel`, as far as there are such for it."""
        if not self.fused:
            return plain_backend(text) if self.layer is BlockedLayer else self
        return self if fused_available(text) else Backend(self.view)


PLAIN = Backend()


def plain_backend(text: Any) -> Backend:
    """The fastest for `text`, a `Gemma4TextModel`, without Triton."""
    return Backend(layer=BlockedLayer) if blocked_available(text) else PLAIN


def best_backend(text: Any, device: torch.device, dtype: torch.dtype) -> Backend:
    """The fastest that works for `text`, a `Gemma4TextModel`. Kernels are tried here; the log says which cannot run."""
    sizes = {layer.self_attn.head_dim for layer in text.layers}
    if not ragged_available(device, dtype, sizes):
        return plain_backend(text)
    return Backend(RaggedView(), FusedLayer, FusedHead) if fused_available(text) else Backend(RaggedView())
