"""Rotary position embedding (Su et al. 2021, arXiv:2104.09864) from tables: transformers computes cos and sin in every
forward, here they are looked up by position."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from extractor.engine.cache import KeyValues

_FIRST = 1024  # positions: tables grow by doubling from here


class Rotary:
    """cos and sin of every position for each kind of attention of a `Gemma4TextModel`, `[positions, head size]`. The
    first half of sin is negated, so that the embedding of x is x * cos + rolled(x) * sin."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._kinds = sorted(set(text.config.layer_types))
        self._tables: dict[str, KeyValues] = {}
        self._positions = 0

    def at(self, positions: Tensor, length: int) -> dict[str, KeyValues]:
        """(cos, sin), each `[n, width, 1, head size]`, by kind, for `positions` `[n, width]`, which are all below
        `length`."""
        if length > self._positions:
            self._make(max(_FIRST, 1 << (length - 1).bit_length()))
        return {
            kind: (cos[positions].unsqueeze(2), sin[positions].unsqueeze(2))
            for kind, (cos, sin) in self._tables.items()
        }

    def reserve(self, length: int) -> None:
        """Make the tables for `length` positions and no more. `at` then makes none later, as long as no position is
        beyond."""
        if length > self._positions:
            self._make(length)

    def _make(self, count: int) -> None:
        like = self._text.layers[0].self_attn.q_proj.weight
        positions = torch.arange(count, device=like.device)[None]
        for kind in self._kinds:
            cos, sin = self._text.rotary_emb(like, positions, kind)
            half = cos.shape[-1] // 2
            self._tables[kind] = cos[0], torch.cat([-sin[0, :, :half], sin[0, :, half:]], -1)
        self._positions = count


def apply_rotary(states: Tensor, rotary: KeyValues) -> Tensor:
    """`states` `[n, width, heads, head size]` with the embedding of their positions, which `Rotary.at` gave."""
    cos, sin = rotary
    return torch.addcmul(states * cos, states.roll(states.shape[-1] // 2, -1), sin)
