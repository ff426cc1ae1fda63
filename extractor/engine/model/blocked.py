"""Gemma 4's layers on a CPU with AVX-512: products by oneDNN, over weights that are laid out in blocks for it.

PyTorch's own float32 products are MKL's, which on AMD's processors does without AVX-512: oneDNN takes less than half
the time. It compiles a kernel for each number of positions, half a megabyte of code, so there are only a few such
numbers. The blocks are a second copy of the weights, and so for small models only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from extractor.engine.model.gemma4 import Layer

MOST = 30_000_000  # parameters of a model that may be held twice
FEW = 4  # positions: up to here a call of oneDNN costs more than it saves
PART = 128  # positions that are computed at once: of more, what is between two products would not stay near the core
FINE, FINE_UP_TO, COARSE = 4, 32, 16  # their number is rounded up to a multiple of FINE, or else of COARSE


def available(text: Any) -> bool:
    """Whether `text`, a `Gemma4TextModel`, is small, in float32 and on a CPU where that pays."""
    parameters = list(text.parameters())
    return (
        all(one.dtype == torch.float32 and one.device.type == "cpu" for one in parameters)
        and sum(one.numel() for one in parameters) <= MOST
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # PyTorch's compiler calls it; no public name does the same
    )


class BlockedLayer(Layer):
    """`Layer`, with its large products by oneDNN."""

    def __init__(self, module: Any, index: int, kind: str) -> None:
        super().__init__(module, index, kind)
        gate, up = self._gate_up.chunk(2)
        weights = self._qkv, module.self_attn.o_proj.weight, gate, up, module.mlp.down_proj.weight
        self._blocks = [torch.ops.mkldnn._reorder_linear_weight(weight.detach(), PART) for weight in weights]

    def _qkv_of(self, normed: Tensor) -> Tensor:
        plain = super()._qkv_of
        return plain(normed) if _few(normed) else _in_parts(normed, lambda part: _product(part, self._blocks[0]))

    def _attention_out(self, attn_out: Tensor) -> Tensor:
        plain = super()._attention_out
        return plain(attn_out) if _few(attn_out) else _in_parts(attn_out, lambda part: _product(part, self._blocks[1]))

    def _mlp(self, normed: Tensor) -> Tensor:
        return super()._mlp(normed) if _few(normed) else _in_parts(normed, self._blocked_mlp)

    def _blocked_mlp(self, states: Tensor) -> Tensor:
        _, _, gate, up, down = self._blocks
        gated = torch.ops.mkldnn._linear_pointwise(states, gate, None, "gelu", [], self._gelu)
        return _product(torch.ops.mkldnn._linear_pointwise.binary(states, gated, up, None, "mul"), down)


def _few(states: Tensor) -> bool:
    return states.shape[0] * states.shape[1] <= FEW


def _in_parts(states: Tensor, work: Callable[[Tensor], Tensor]) -> Tensor:
    """`work`, which takes `[positions, size]`, of `[n, width, size]`."""
    parts = [work(_rounded(part))[: len(part)] for part in torch.split(states.flatten(0, 1), PART)]
    return (parts[0] if len(parts) == 1 else torch.cat(parts)).view(*states.shape[:2], -1)


def _rounded(states: Tensor) -> Tensor:
    """With zeros behind it."""
    more = -len(states) % (FINE if len(states) <= FINE_UP_TO else COARSE)
    return F.pad(states, (0, 0, 0, more)) if more else states


def _product(states: Tensor, blocks: Tensor) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(states, blocks, None, "none", [], "")
    return found
