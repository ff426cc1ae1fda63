"""Rows of a step without their padding, each looking at its own entries.

A step is as wide as its longest draft and as long as its longest row. With many rows, half of the positions are
padding, and so is most of what attention would compute. A GPU waits for the weights anyway, but a CPU would compute it
all. So on a CPU the positions that count are laid one behind the other, and attention goes from row to row.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import NamedTuple

import torch
from torch import Tensor

from extractor.engine.attention.masks import Masks
from extractor.engine.cache import FULL, SLIDING
from extractor.engine.layout import BETWEEN, span_of

_ROW_COST = 1400  # scores: going to one row more costs a CPU about as much as computing so many
_ENTRY_COST = 7  # scores: and so does reading an entry's keys and values


def worth_packing(slots: list[int], lengths: list[int], counts: list[int]) -> bool:
    """Whether attention should go from row to row, for rows of `lengths` entries in `slots` and `counts` new positions:
    where that is cheaper than computing the padding, and the idle slots between, or where these are so many that rows
    read together would be copied."""
    span = span_of(slots)
    if span > BETWEEN * len(slots):
        return True
    padding: int = len(slots) * max(counts) * max(lengths) - sum(map(mul, lengths, counts))
    idle = (span - len(slots)) * max(lengths) * max(_ENTRY_COST, max(counts))
    return padding + idle > _ROW_COST * len(slots)


class Packing:
    """Leaves the padding out: of a row padded to `width` the first `counts[i]` positions stay. Row i's begin at
    `first[i]`."""

    def __init__(self, counts: list[int], width: int) -> None:
        self.counts, self.first = counts, [0, *accumulate(counts)][:-1]
        self._width = width
        self._places = torch.tensor([row * width + at for row, count in enumerate(counts) for at in range(count)])

    @property
    def rows(self) -> Tensor:
        """The row that each position belongs to, `[1, positions]`."""
        return self._places[None] // self._width

    def pack(self, padded: Tensor) -> Tensor:
        """`[rows, width, ..]` → `[1, positions, ..]`."""
        return padded.flatten(0, 1).index_select(0, self._places)[None]


class PackedPart(NamedTuple):
    """One row: its slot, its positions among the packed ones, the entries it reads, and what is added to its scores
    from the entry `at` on (None: nothing)."""

    slot: int
    positions: slice
    entries: slice
    at: int
    added: Tensor | None


class PackedMask:
    """What packed positions see: the entries of their own row up to themselves, and of these the nearest `reach`, or
    all (None). Row i is the slot `slots[i]`, and its first position is the entry `lengths[i]` there."""

    def __init__(
        self, packing: Packing, slots: list[int], lengths: list[int], reach: int | None, dtype: torch.dtype
    ) -> None:
        self._parts: list[PackedPart] = []
        for slot, first, count, length in zip(slots, packing.first, packing.counts, lengths, strict=True):
            if not count:
                continue
            start = 0 if reach is None else max(0, length - reach + 1)
            at = length - start if reach is None else 0  # every position sees the entries before the first one
            added = None
            if count > 1:
                distance = torch.arange(length, length + count)[:, None] - torch.arange(start + at, length + count)
                hidden = distance < 0
                if reach is not None:
                    hidden |= distance >= reach
                added = torch.zeros(hidden.shape, dtype=dtype).masked_fill_(hidden, float("-inf"))
            self._parts.append(PackedPart(slot, slice(first, first + count), slice(start, length + count), at, added))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """See `AttentionMask.attend`; `n` is 1, the width is that of all rows together, and keys and values are those
        of all slots."""
        heads, size = query.shape[2:]
        kv = keys.shape[1]
        out = []
        for slot, positions, entries, at, added in self._parts:
            own = query[0, positions]
            count = own.shape[0]
            own = own.view(count, kv, -1, size).permute(1, 2, 0, 3).reshape(kv, -1, size)
            scores = own @ keys[slot, :, entries].mT
            if added is not None:
                scores.view(kv, -1, count, scores.shape[-1])[..., at:].add_(added)
            weights = scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(values.dtype)
            one = (weights @ values[slot, :, entries]).view(kv, -1, count, size)
            out.append(one.permute(2, 0, 1, 3).reshape(count, heads * size))
        return torch.cat(out)[None]


def packed_masks(
    packing: Packing, slots: list[int], lengths: list[int], bases: list[int], window: int, dtype: torch.dtype
) -> Masks:
    """For rows of `lengths` valid entries in `slots`, whose sliding layers begin at the positions `bases`."""
    near = [length - base for length, base in zip(lengths, bases, strict=True)]
    return {
        FULL: PackedMask(packing, slots, lengths, None, dtype),
        SLIDING: PackedMask(packing, slots, near, window, dtype),
    }
