"""Attention over the slot cache for transformers' own forward, registered there as a backend named `extractor`.

Query heads that share a KV head are folded into the query length, `[n, kv_heads, group * width, head_dim]`, so the
cache is read in place. Transformers' own SDPA path repeats the keys and values for every query head when a mask is
given. That would copy the whole cache in every layer of a step, and a step of 16 rows on a CPU would take three times
as long.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from extractor.engine.attention.dense import NARROW

NAME = "extractor"


def folded_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """`query` `[n, heads, width, head_dim]`, `key` and `value` `[n, kv_heads, length, head_dim]` and the bool
    `attention_mask` `[n, 1, width, length]` give `[n, width, heads, head_dim]`. `s_aux` `[heads]`: the score of each
    head's attention sink, which takes weight and has no value (gpt-oss)."""
    if attention_mask is None:  # not a call of the engine, which always gives one
        out, _ = sdpa_attention_forward(module, query, key, value, None, scaling=scaling, **rest)
        return out, None
    n, heads, width, head_dim = query.shape
    kv_heads, length = key.shape[1], key.shape[2]
    group = heads // kv_heads
    folded = query.reshape(n, kv_heads, group * width, head_dim)
    scale = head_dim**-0.5 if scaling is None else scaling
    if softcap is not None or s_aux is not None or (query.device.type == "cpu" and width <= NARROW):
        # For the few queries of a decode step two plain products beat the fused kernel on a CPU.
        scores = torch.matmul(folded, key.transpose(-1, -2)).view(n, kv_heads, group, width, length) * scale
        if softcap is not None:
            scores = torch.tanh(scores / softcap) * softcap
        scores = scores.masked_fill(~attention_mask[:, :, None], float("-inf"))
        if s_aux is not None:
            sinks = s_aux.to(scores.dtype).view(1, kv_heads, group, 1, 1).expand(n, -1, -1, width, 1)
            scores = torch.cat([scores, sinks], -1)
        weights = scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(value.dtype)
        weights = weights[..., :length]
        out = torch.matmul(weights.reshape(n, kv_heads, group * width, length), value)
    else:
        mask = attention_mask.repeat(1, 1, group, 1)
        out = F.scaled_dot_product_attention(folded, key, value, attn_mask=mask, scale=scale)
    return out.reshape(n, heads, width, -1).transpose(1, 2), None


def install(model: PreTrainedModel) -> None:
    """Use the backend in `model`, if its code goes through transformers' attention interface."""
    AttentionInterface.register(NAME, folded_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    if getattr(model, "_supports_attention_backend", False):
        model.set_attn_implementation(NAME)
