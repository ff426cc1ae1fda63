"""How many rows the cache may have, and how long they may be: what a row costs, from the model's configuration, against
a budget of bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from extractor.engine.cache import SlotShape
from extractor.engine.config import EngineConfig
from extractor.engine.model.graphs import prompt_of
from extractor.errors import ModelError

SHARE = 0.8  # of the GPU memory that is free once the model is loaded; the rest is the step's own
HOST_SHARE = 0.5  # of a host's: documents are read there too
ENOUGH = 8192  # tokens of context that are kept though slots be lost for them
_STEP = 1024  # contexts are multiples of it

_UNTOLD = 1 << 50
_CGROUP = Path("/sys/fs/cgroup")


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


def plan_context(most: int, cost: Callable[[int], int], budget: int) -> int:
    """As much of `most`, which the model reads, as fits `budget` bytes for all slots, where a context costs them
    `cost` bytes. Not less than `ENOUGH`: where that does not fit, there are fewer slots."""
    low, high = min(most, ENOUGH), most
    if cost(high) <= budget:
        return high
    while high - low > _STEP:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= budget else (low, middle)
    return low if low <= ENOUGH else low // _STEP * _STEP


def free_bytes(device: torch.device) -> int:
    """How much of the memory that is free on a device the cache may have."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * SHARE)
    return int(min(_available(), _of_group()) * HOST_SHARE)


def _available() -> int:
    """Bytes of the host's memory that are to be had; infinite where it does not say."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return _UNTOLD
    return int(found[1]) * 1024 if found else _UNTOLD


def _of_group() -> int:
    """Bytes that are left to the container."""
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return max(0, int(limit) - int(used))
    except (OSError, ValueError):  # none, or "max"
        return _UNTOLD


def plan_slots(wanted: int, slot: int, tables: int, budget: int | None, device: torch.device) -> tuple[int, int]:
    """How many of `wanted` slots of `slot` bytes fit `budget` (None: most of what a GPU has free; no limit on a CPU)
    beside `tables` bytes, and how many bytes are left for prefixes: as many as a slot's, where there is more than one.

    Raises `ModelError` when not one does."""
    if budget is None and device.type == "cuda":
        budget = free_bytes(device)
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
