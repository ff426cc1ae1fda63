"""Rows of a step without their padding, each looking at its own entries.

A step is as wide as its longest draft and as long as its longest row; with many rows half of the positions are padding,
and most of what attention would compute. A GPU waits for the weights meanwhile, a CPU computes it. There the positions
that count stand one behind the other, and attention goes from row to row.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
from torch import Tensor

_GOING = 1400  # scores that cost a CPU about as much as going to a row does


def worth_packing(slots: list[int], lengths: list[int], counts: list[int]) -> bool:
    """Whether attention should go from row to row: so much of what it would compute, of rows with `lengths` entries and
    `counts` new positions, is padding, or their `slots` lie apart, so that to read them together is to copy them."""
    if any(after != before + 1 for before, after in pairwise(slots)):
        return True
    padded = len(counts) * max(counts) * max(lengths)
    return padded - sum(length * count for length, count in zip(lengths, counts, strict=True)) > _GOING * len(counts)


class Packing:
    """Of rows padded to `width` the first `counts[i]` positions; row i's begin at `first[i]`."""

    def __init__(self, counts: list[int], width: int) -> None:
        self.counts, self.first = counts, [0, *accumulate(counts)][:-1]
        self._width = width
        self._places = torch.tensor([row * width + at for row, count in enumerate(counts) for at in range(count)])

    @property
    def rows(self) -> Tensor:
        """Whose each position is, `[1, positions]`."""
        return self._places[None] // self._width

    def pack(self, padded: Tensor) -> Tensor:
        """`[rows, width, ..]` → `[1, positions, ..]`."""
        return padded.flatten(0, 1).index_select(0, self._places)[None]


class Part(NamedTuple):
    """Of one row: its slot, its positions, the entries it reads, and what is added to the scores of those from `at`
    on."""

    slot: int
    positions: slice
    entries: slice
    at: int
    added: Tensor | None


class RowByRow:
    """What packed positions see: the entries of their row up to themselves, and of these the nearest `reach`, or all
    (None). Row i is slot `slots[i]`, and its first position the entry `lengths[i]` there."""

    def __init__(
        self, packing: Packing, slots: list[int], lengths: list[int], reach: int | None, dtype: torch.dtype
    ) -> None:
        self._parts: list[Part] = []
        for slot, first, count, length in zip(slots, packing.first, packing.counts, lengths, strict=True):
            if not count:
                continue
            start = 0 if reach is None else max(0, length - reach + 1)
            at = length - start if reach is None else 0  # everybody sees what is before
            added = None
            if count > 1:
                behind = torch.arange(length, length + count)[:, None] - torch.arange(start + at, length + count)
                hidden = behind < 0
                if reach is not None:
                    hidden |= behind >= reach
                added = torch.zeros(hidden.shape, dtype=dtype).masked_fill_(hidden, float("-inf"))
            self._parts.append(Part(slot, slice(first, first + count), slice(start, length + count), at, added))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """`query` `[1, positions, heads, size]`, `keys` and `values` `[slots, kv heads, entries, size]` →
        `[1, positions, heads * size]`."""
        heads, size = query.shape[2:]
        kv = keys.shape[1]
        heard = []
        for slot, positions, entries, at, added in self._parts:
            asked = query[0, positions]
            count = asked.shape[0]
            asked = asked.view(count, kv, -1, size).permute(1, 2, 0, 3).reshape(kv, -1, size)
            scores = asked @ keys[slot, :, entries].mT
            if added is not None:
                scores.view(kv, -1, count, scores.shape[-1])[..., at:].add_(added)
            weights = scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(values.dtype)
            one = (weights @ values[slot, :, entries]).view(kv, -1, count, size)
            heard.append(one.permute(2, 0, 1, 3).reshape(count, heads * size))
        return torch.cat(heard)[None]
