"""Rows of a step without their padding.

A step is as wide as its longest draft, and with many rows half of its positions belong to shorter ones. A CPU computes
those too. So what works on one position at a time (all but attention) is given the positions that count, one behind
the other, and attention gets its rows back.
"""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor


class Packing:
    """Of rows padded to `width` the first `counts[i]` positions; row i's begin at `first[i]`."""

    def __init__(self, counts: list[int], width: int, device: torch.device) -> None:
        self.first = [0, *accumulate(counts)][:-1]
        self._shape = len(counts), width
        places = [row * width + place for row, count in enumerate(counts) for place in range(count)]
        self._places = torch.tensor(places, device=device)

    @property
    def rows(self) -> Tensor:
        """Whose each position is, `[1, positions]`."""
        return self._places[None] // self._shape[1]

    def pack(self, padded: Tensor) -> Tensor:
        """`[rows, width, ..]` → `[1, positions, ..]`."""
        return padded.flatten(0, 1).index_select(0, self._places)[None]

    def spread(self, packed: Tensor) -> Tensor:
        """`[1, positions, ..]` → `[rows, width, ..]`, zeros where there is nothing."""
        rows, width = self._shape
        padded = packed.new_zeros(rows * width, *packed.shape[2:])
        return padded.index_copy_(0, self._places, packed[0]).view(rows, width, *packed.shape[2:])
