"""Tensors from the host's memory to a device."""

from __future__ import annotations

import torch
from torch import Tensor

from extractor.engine.cache import SlotCache


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` on `device`. A GPU fetches it from pinned memory, so neither the host nor the device waits."""
    if device.type != "cuda":
        return tensor.to(device)
    return (tensor if tensor.is_pinned() else tensor.pin_memory()).to(device, non_blocking=True)


def upload_slots(cache: SlotCache, slots: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """`slots`, and the position at which the sliding layers of each begin: `[n]` each, on `device`, in one upload."""
    both = upload(torch.tensor([slots, [cache.bases[slot] for slot in slots]]), device)
    return both[0], both[1]
