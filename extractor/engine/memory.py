"""How many rows the cache may have: what a row costs, from the model's configuration, against a budget of bytes."""

from __future__ import annotations

from typing import Any

import torch

from extractor.errors import ModelError

SHARE = 0.8  # of the GPU memory that is free once the model is loaded; the rest is the step's own


def row_bytes(config: Any, entries: int, dtype: torch.dtype) -> int:
    """Bytes of one row of `entries` in a `SlotCache`. Layers that share another's KV hold none."""
    owners = config.num_hidden_layers - (getattr(config, "num_kv_shared_layers", 0) or 0)
    layers = getattr(config, "per_layer_config", None)
    values = 0
    for index in range(owners):
        layer = layers[index] if layers else config
        heads = getattr(layer, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(layer, "head_dim", None) or config.hidden_size // config.num_attention_heads
        values += 2 * heads * size
    return values * entries * dtype.itemsize


def plan_slots(wanted: int, row: int, budget: int | None, device: torch.device) -> int:
    """How many of `wanted` slots of `row` bytes fit `budget` (None: most of what a GPU has free; no limit on a CPU).

    Raises `ModelError` when not one does."""
    if budget is None and device.type == "cuda":
        budget = int(torch.cuda.mem_get_info(device)[0] * SHARE)
    if budget is None:
        return wanted
    if row > budget:
        raise ModelError(
            f"the cache of one document takes {_mib(row)}, of {_mib(budget)} there are: "
            "lower EXTRACTOR_CONTEXT or raise EXTRACTOR_CACHE_BYTES"
        )
    return min(wanted, budget // row)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
