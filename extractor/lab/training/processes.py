"""Several processes that train one model side by side."""

from __future__ import annotations

from multiprocessing.sharedctypes import RawValue

import torch
import torch.distributed as dist


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


class Progress:
    """Of the time that is there, between 0 and 1; the same in every process of a run."""

    def __init__(self, value: float) -> None:
        self._shared = RawValue("d", value)  # workers that make batches see it too

    @property
    def value(self) -> float:
        return float(self._shared.value)

    @value.setter
    def value(self, value: float) -> None:
        self._shared.value = value


def share(model: torch.nn.Module, progress: Progress, now: float) -> None:
    """Averages gradients and progress over the processes: one process a core loses less to a busy machine than
    threads that wait for each other in every product."""
    if world() == 1:
        progress.value = now
        return
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([*(weight.grad.flatten() for weight in weights if weight.grad is not None), torch.tensor([now])])
    dist.all_reduce(flat)
    flat /= world()
    progress.value = flat[-1].item()
    for weight, grad in zip(weights, torch.split(flat[:-1], [weight.numel() for weight in weights]), strict=True):
        weight.grad = grad.view_as(weight)
