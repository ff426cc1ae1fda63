"""Gemma 4's layers for a GPU: what stands between two products is one kernel, and so is a product of few positions.

A step of few rows waits for memory to deliver the weights, and for some thousand small kernels, half of which do
nothing but carry numbers from one product to the next. Here a layer is a dozen kernels. Products are cut into finer
pieces than a library for large matrices cuts them, so that all of a GPU reads at once. Numbers are rounded where
PyTorch rounds them, but sums are taken in another order. The kernels are Triton's (`fused_kernels.py`); without Triton
or a GPU nothing here runs.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from extractor.engine.cache import KeyValues
from extractor.engine.layout import Layout
from extractor.engine.model.gemma4 import Layer

log = logging.getLogger(__name__)

FEW = 16  # positions: up to here a product waits for memory only
PLAIN, GATE_UP, GATE = range(3)  # what `kernels.product` does with a product (its MODE)


def available(text: Any) -> bool:
    """Whether the kernels can run for `text`, a `Gemma4TextModel`, on a device where those of `ragged.py` can. The log
    says why not."""
    why = _lacking(text)
    if why:
        log.warning("Gemma 4's layers are not fused: %s; going on without", why)
    return why is None


def _lacking(text: Any) -> str | None:
    if text.config.hidden_activation != "gelu_pytorch_tanh":
        return f"there is no kernel for {text.config.hidden_activation}"
    try:
        if not _right(text.dtype, text.device):
            return "its numbers are wrong here"
    except Exception as error:
        return str(error).strip().split("\n")[0] or type(error).__name__
    return None


def _right(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether a product, whole and in splits, and a gate are those of PyTorch, up to rounding."""
    generator = torch.Generator().manual_seed(0)
    for k in (64, 2048):
        x = torch.randn(1, 3, k, generator=generator).to(device, dtype)
        weight = (torch.randn(600, k, generator=generator) / k**0.5).to(device, dtype)
        gate, up = F.linear(x, weight).float().chunk(2, -1)
        for found, expected in (
            (product(x, weight).float().sum(0), F.linear(x, weight).float()[0]),
            (gated(x, weight).float(), F.gelu(gate, approximate="tanh") * up),
        ):
            if not bool((found - expected).norm() < 0.02 * expected.norm()):
                return False
    return True


class FusedLayer(Layer):
    """`Layer`, by the kernels of this module."""

    def project(
        self, normed: Tensor, rotary: KeyValues, positions: Tensor, layout: Layout | None
    ) -> tuple[Tensor, KeyValues | None]:
        from extractor.engine.model import fused_kernels as kernels

        n, width = normed.shape[:2]
        parts = product(normed, self._qkv)
        query = normed.new_empty(n, width, self._heads, self.size)
        store: KeyValues = (query, query)  # any tensors: for a layer that shares KV the kernel writes no entries
        slots = bases = positions
        if not self.shares:
            assert layout is not None
            store = layout.cache.store(self.index, query[:, :, : self._kv_heads].transpose(1, 2))
            slots, bases = layout.slots, layout.bases[self.kind]
        every = self._heads + self._kv_heads * (1 + self._own_values)
        kernels.heads[(n * width, every)](
            parts, self._scales, *rotary, positions, slots, bases, query, *store,
            parts.stride(0), *store[0].stride()[:3], *store[1].stride()[:3], width, self._eps, PARTS=parts.shape[0],
            QUERIES=self._heads, KV=self._kv_heads, OWN_VALUES=self._own_values, SIZE=self.size, PER=every,
        )  # fmt: skip
        return query, None if layout is None or self.shares else layout.read(self.index)

    def finish(
        self, state: Tensor, attn_out: Tensor, per_layer_input: Tensor | None, next_norm: Any
    ) -> tuple[Tensor, Tensor]:
        layer, attention, mlp = self._module, self._module.self_attn, self._module.mlp
        parts = product(attn_out, attention.o_proj.weight)
        state, normed = add_norm(state, parts, layer.post_attention_layernorm, layer.pre_feedforward_layernorm)
        parts = product(gated(normed, self._gate_up), mlp.down_proj.weight)
        if per_layer_input is None:
            return add_norm(state, parts, layer.post_feedforward_layernorm, next_norm, self._scale)
        state, _ = add_norm(state, parts, layer.post_feedforward_layernorm, None)
        gate = gated(state, layer.per_layer_input_gate.weight, per_layer_input)
        parts = product(gate, layer.per_layer_projection.weight)
        return add_norm(state, parts, layer.post_per_layer_input_norm, next_norm, self._scale)


def add_norm(
    state: Tensor, parts: Tensor, norm: Any, next_norm: Any | None, scale: float = 1.0
) -> tuple[Tensor, Tensor]:
    """The new state (`state` + `norm` of the sum of `parts`) * scale, and `next_norm` of it (None: no second norm, and
    `state` takes its place). `state` `[n, width, size]`, `parts` `[parts, n * width, size]`, as `product` gives
    them."""
    from extractor.engine.model import fused_kernels as kernels

    size = state.shape[2]
    out, normed = torch.empty_like(state), torch.empty_like(state) if next_norm is not None else state
    next_weight = norm.weight if next_norm is None else next_norm.weight
    kernels.add_norm[(parts.shape[1],)](
        state, parts, norm.weight, next_weight, out, normed, parts.stride(0), size, norm.eps, scale,
        PARTS=parts.shape[0], NORMED=next_norm is not None, BLOCK=_power(size), num_warps=4 if size <= 1024 else 8,
    )  # fmt: skip
    return out, normed


def product(x: Tensor, weight: Tensor) -> Tensor:
    """`x` `[n, width, k]` times `weight` `[m, k]` transposed, in parts `[parts, n * width, m]` whose sum it is."""
    positions, (columns, k) = x.shape[0] * x.shape[1], weight.shape
    if positions > FEW or x.dtype == torch.float32:
        return F.linear(x, weight).view(1, positions, columns)
    splits, plan = _plan(columns, k)
    kind = torch.float32 if splits > 1 else x.dtype
    return _few(x, weight, weight, x.new_empty((splits, positions, columns), dtype=kind), PLAIN, k // splits, plan)


def gated(x: Tensor, weight: Tensor, per_layer_input: Tensor | None = None) -> Tensor:
    """Of `x` `[n, width, k]`: gelu(gate) * up `[n, width, m]`, where `weight` `[2 * m, k]` makes both; or, with
    `per_layer_input` `[n, width, m]`, gelu(x · weight) * per_layer_input, where `weight` is `[m, k]`."""
    from extractor.engine.model import fused_kernels as kernels

    (n, width, k), columns = x.shape, weight.shape[0] // (2 if per_layer_input is None else 1)
    out = x.new_empty(n, width, columns)
    factor = None if per_layer_input is None else per_layer_input.flatten(0, 1)
    if n * width <= FEW and x.dtype != torch.float32:
        plan = _plan(columns, k, whole=True)[1]
        if factor is None:
            return _few(x, weight, weight, out, GATE_UP, k, plan)
        return _few(x, weight, factor, out, GATE, k, plan)
    gate = F.linear(x, weight).view(n * width, -1)
    other = gate[:, columns:] if factor is None else factor
    block = min(1024, _power(columns))
    kernels.gated[(n * width, -(-columns // block))](
        gate, other, out, gate.stride(0), other.stride(0), columns, BLOCK=block
    )
    return out


def _few(x: Tensor, weight: Tensor, factor: Tensor, out: Tensor, mode: int, each: int, plan: dict[str, int]) -> Tensor:
    """Into `out`, what `kernels.product` computes in this `mode` from at most FEW positions, `each` of k a program.
    `factor`: what GATE multiplies by; in other modes any tensor."""
    from extractor.engine.model import fused_kernels as kernels

    positions, (columns, k) = x.shape[0] * x.shape[1], (out.shape[-1], weight.shape[1])
    kernels.product[(-(-columns // plan["BLOCK_N"]), -(-k // each))](
        x, weight, factor, out, positions, columns, k, each, factor.stride(0), MODE=mode, ROWS=FEW, **plan
    )
    return out


def _plan(columns: int, k: int, whole: bool = False) -> tuple[int, dict[str, int]]:
    """(splits of k, the blocks of a product of few positions), which were the quickest on an H100 for E2B's products.
    They give enough programs that all of a GPU reads, and enough for each to read. `whole`: k may not be split."""
    if columns <= 512 or k < 512:
        plan = {"BLOCK_N": 16, "BLOCK_K": 128 if k % 256 or not whole else 256, "num_warps": 4, "num_stages": 4}
        least = 256
    else:
        plan = {"BLOCK_N": 32, "BLOCK_K": 128 if whole else 64, "num_warps": 4, "num_stages": 4 if whole else 6}
        least = 384
    if k < plan["BLOCK_K"]:
        plan["BLOCK_K"] = 64
    splits = 1
    while not whole and splits < 8 and k % (2 * splits * plan["BLOCK_K"]) == 0 and k // (2 * splits) >= least:
        splits *= 2
    return splits, plan


def softcap(logits: Tensor, cap: float) -> Tensor:
    """cap * tanh(logits / cap), in place."""
    from extractor.engine.model import fused_kernels as kernels

    kernels.softcap[(-(-logits.numel() // 4096),)](logits, logits.numel(), cap, BLOCK=4096, num_warps=8)
    return logits


def masked_argmax(logits: Tensor, bits: Tensor | None) -> tuple[Tensor, Tensor]:
    """Of `logits` `[m, vocab]`: the most likely allowed tokens `[m]`, and their natural log-probabilities `[m]` among
    the allowed. `bits` `[m, words]`: packed masks; None: everything is allowed."""
    from extractor.engine.model import fused_kernels as kernels

    m, vocab, block = *logits.shape, 4096
    chunks = -(-vocab // block)
    best, total = (torch.empty(m, chunks, device=logits.device) for _ in range(2))
    token = torch.empty(m, chunks, dtype=torch.long, device=logits.device)
    kernels.masked_argmax[(m, chunks)](
        logits, token if bits is None else bits, best, token, total, vocab,
        0 if bits is None else bits.shape[1], chunks, MASKED=bits is not None, BLOCK=block,
    )  # fmt: skip
    highest, chunk = best.max(-1, keepdim=True)
    sums = (total * (best - highest).exp()).sum(-1)
    return token.gather(-1, chunk)[:, 0], -sums.log()


def can_search(size: int, members: Tensor) -> bool:
    """Whether `centroid_argmax` takes states of this `size` and clusters like `members` `[clusters, each]`: Triton's
    blocks are powers of two."""
    each = members.shape[1]
    return size == _power(size) and each % min(32, _power(each)) == 0


def centroid_argmax(state: Tensor, weight: Tensor, members: Tensor, chosen: Tensor, bits: Tensor | None) -> Tensor:
    """The most likely allowed tokens `[m]` among the members of the `chosen` `[m, tops]` clusters: those whose row of
    `weight` `[vocab, size]` times `state` `[m, size]` is highest. `members` `[clusters, each]`: the tokens of each
    cluster. `bits`: see `masked_argmax`."""
    from extractor.engine.model import fused_kernels as kernels

    m, tops = chosen.shape
    best = torch.empty(m, tops, device=state.device)
    token = torch.empty(m, tops, dtype=torch.long, device=state.device)
    each = members.shape[1]
    kernels.centroid_argmax[(m, tops)](
        state, weight, members, chosen, members if bits is None else bits, best, token, tops,
        0 if bits is None else bits.shape[1], MASKED=bits is not None, SIZE=state.shape[1], EACH=each,
        BLOCK=min(32, each),
    )  # fmt: skip
    return token.gather(-1, best.argmax(-1, keepdim=True))[:, 0]


def _power(size: int) -> int:
    return 1 << (size - 1).bit_length()
