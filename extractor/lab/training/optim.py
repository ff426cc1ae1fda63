"""Muon for the matrices of the layers, AdamW for everything else, both driven by one learning-rate factor.

Muon (Jordan et al., 2024): momentum, then the nearest orthogonal matrix by five Newton-Schulz steps. Matrices of one
shape are done in one batch, which matters for a model this small.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
import torch.distributed as dist

_A, _B, _C = 3.4445, -4.7750, 2.0315


def orthogonal(grads: torch.Tensor, half: bool = False) -> torch.Tensor:
    """[n, rows, cols] each to about orthogonal; `half`: in bf16, which is exact enough for it."""
    wide = grads.shape[1] > grads.shape[2]
    x: torch.Tensor = grads.mT if wide else grads
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16() if half else x
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    turned: torch.Tensor = (x.mT if wide else x).float()
    return turned


def _orthogonal_shared(updates: list[torch.Tensor], half: bool) -> list[torch.Tensor]:
    """`orthogonal` of each; in a process group every process does its share and all get the whole."""
    if not dist.is_initialized():
        return [orthogonal(update, half) for update in updates]
    rank, world = dist.get_rank(), dist.get_world_size()
    flat = torch.zeros(sum(update.numel() for update in updates))
    sizes = [update.numel() for update in updates]
    parts = [part.view_as(update) for part, update in zip(torch.split(flat, sizes), updates, strict=True)]
    for part, update in zip(parts, updates, strict=True):
        if len(update[rank::world]):
            part[rank::world] = orthogonal(update[rank::world], half)
    dist.all_reduce(flat)
    return parts


class Optimizer:
    def __init__(
        self, model: torch.nn.Module, muon_lr: float, adam_lr: float, decay: float = 0.05, half: bool = False
    ) -> None:
        self._half = half
        matrices: dict[tuple[int, ...], list[torch.Tensor]] = defaultdict(list)
        others: list[torch.nn.Parameter] = []
        plain: list[torch.nn.Parameter] = []
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and "embed" not in name and "lm_head" not in name:
                matrices[tuple(weight.shape)].append(weight)
            elif weight.ndim == 2:
                others.append(weight)
            else:
                plain.append(weight)
        self._groups = list(matrices.values())
        self._momentum = [torch.zeros_like(torch.stack(group), requires_grad=False) for group in self._groups]
        self._adam = torch.optim.AdamW(
            [{"params": others, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}],
            lr=adam_lr, betas=(0.9, 0.95), eps=1e-10,
        )  # fmt: skip
        self._muon_lr, self._adam_lr, self._decay = muon_lr, adam_lr, decay
        self._parameters = list(model.parameters())

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One update at `factor` of the full learning rates; gradients are cleared."""
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        updates: list[torch.Tensor] = []
        for group, momentum in zip(self._groups, self._momentum, strict=True):
            grads = torch.stack(
                [weight.grad if weight.grad is not None else torch.zeros_like(weight) for weight in group]
            )
            momentum.lerp_(grads, 0.05)
            updates.append(grads.lerp(momentum, 0.95))
        for group, update in zip(self._groups, _orthogonal_shared(updates, self._half), strict=True):
            lr = self._muon_lr * factor * max(1.0, update.shape[1] / update.shape[2]) ** 0.5
            torch._foreach_mul_(group, 1 - self._muon_lr * factor * self._decay)
            torch._foreach_add_(group, update.unbind(), alpha=-lr)
        for settings in self._adam.param_groups:
            settings["lr"] = self._adam_lr * factor
        self._adam.step()
        for weight in self._parameters:
            weight.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"momentum": self._momentum, "adam": self._adam.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for mine, theirs in zip(self._momentum, state["momentum"], strict=True):
            mine.copy_(theirs)
        self._adam.load_state_dict(state["adam"])
