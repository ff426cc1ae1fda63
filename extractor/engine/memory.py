"""How many rows the cache may have: what a row costs, from the model's configuration, against a budget of bytes."""

from __future__ import annotations

from typing import Any

import torch

from extractor.engine.cache import SlotShape
from extractor.engine.config import EngineConfig
from extractor.engine.model.graphs import prompt_of
from extractor.errors import ModelError

SHARE = 0.8  # of the GPU memory that is free once the model is loaded; the rest is the step's own


def slot_shape(model: Any, config: EngineConfig) -> SlotShape:
    """For a model's configuration: no forward adds more to a row than a prompt's chunk or a draft, padded."""
    return SlotShape.of(model, config.entries, max(prompt_of(config.prefill_chunk), config.max_draft + 1))


def slot_bytes(config: Any, shape: SlotShape, dtype: torch.dtype) -> int:
    """Bytes of one slot of a `SlotCache`. Layers that share another's KV hold none."""
    owners = config.num_hidden_layers - (getattr(config, "num_kv_shared_layers", 0) or 0)
    layers = getattr(config, "per_layer_config", None)
    values = 0
    for index in range(owners):
        layer = layers[index] if layers else config
        heads = getattr(layer, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(layer, "head_dim", None) or config.hidden_size // config.num_attention_heads
        values += 2 * heads * size * shape.of_layer(index)
    return values * dtype.itemsize


def rotary_bytes(config: Any, places: int, dtype: torch.dtype) -> int:
    """Bytes of the rotary tables of a Gemma 4 model (`rotary.Rotary`); of another 0: it makes what it needs itself."""
    if not str(config.model_type).startswith("gemma4"):
        return 0
    layers = getattr(config, "per_layer_config", None) or [config] * config.num_hidden_layers
    sizes = {kind: layer.head_dim for kind, layer in zip(config.layer_types, layers, strict=True)}
    return 2 * sum(map(int, sizes.values())) * places * dtype.itemsize


def plan_slots(wanted: int, slot: int, tables: int, budget: int | None, device: torch.device) -> tuple[int, int]:
    """How many of `wanted` slots of `slot` bytes fit `budget` (None: most of what a GPU has free; no limit on a CPU)
    beside `tables` bytes, and how many bytes are left for prefixes: as many as a slot's, where there is more than one.

    Raises `ModelError` when not one does."""
    if budget is None and device.type == "cuda":
        budget = int(torch.cuda.mem_get_info(device)[0] * SHARE)
    if budget is None:
        return wanted, slot
    if slot + tables > budget:
        raise ModelError(
            f"the cache of one document takes {_mib(slot + tables)}, of {_mib(budget)} there are: "
            "lower EXTRACTOR_CONTEXT or raise EXTRACTOR_CACHE_BYTES"
        )
    slots = max(1, min(wanted, (budget - tables) // slot - 1))
    return slots, min(slot, budget - tables - slots * slot)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
