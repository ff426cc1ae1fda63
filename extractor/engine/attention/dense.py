"""Attention over rectangles: every row is read as far as the longest one, and -inf hides what a query may not see.

Query heads that share a KV head are folded into the width, so keys and values are read in place. So are those of rows
in slots with idle ones between: queries of zeros stand for the idle ones, and what they give is dropped.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from extractor.engine.attention.masks import Masks
from extractor.engine.cache import FULL, SLIDING
from extractor.engine.layout import Layout

NARROW = 64  # queries a row: up to here two plain products beat PyTorch's fused attention on a CPU


class DenseMask:
    """Hides nothing, or what `hidden` says."""

    def __init__(
        self, hidden: Tensor | None = None, dtype: torch.dtype = torch.float32, among: Tensor | None = None
    ) -> None:
        """`hidden` `[n, width, entries]`: True where a query may not look. `dtype` is that of the scores. `among`: see
        `Layout`; `hidden` is then of all that is read."""
        self._among = among
        self._added: Tensor | None = None  # to scores: [n, 1, 1, width, entries]
        if hidden is not None:
            self._added = torch.zeros_like(hidden, dtype=dtype).masked_fill_(hidden, float("-inf"))[:, None, None]
        self._folded: dict[int, Tensor] = {}

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """See `AttentionMask.attend`; row i's keys and values are those at i, or at `among[i]`."""
        if self._among is None:
            return self._attend(query, keys, values)
        query = query.new_zeros(len(keys), *query.shape[1:]).index_copy_(0, self._among, query)
        return self._attend(query, keys, values).index_select(0, self._among)

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        n, width, heads, size = query.shape
        kv, length = keys.shape[1], keys.shape[2]
        group = heads // kv
        folded = query.view(n, width, kv, group, size).permute(0, 2, 3, 1, 4).reshape(n, kv, group * width, size)
        if width > NARROW or query.device.type != "cpu":
            mask = self._for_group(group)
            out = F.scaled_dot_product_attention(folded, keys, values, attn_mask=mask, scale=1.0)
        else:
            scores = folded @ keys.mT
            if self._added is not None:
                scores.view(n, kv, group, width, length).add_(self._added)
            weights = scores.softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(values.dtype)
            out = weights @ values
        return out.view(n, kv, group, width, size).permute(0, 3, 1, 2, 4).reshape(n, width, heads * size)

    def _for_group(self, group: int) -> Tensor | None:
        """`[n, 1, group * width, entries]` for so many query heads a KV head. The layers of a step share it, because it
        is a copy."""
        if self._added is None:
            return None
        if group not in self._folded:
            self._folded[group] = self._added[:, 0].expand(-1, group, -1, -1).flatten(1, 2)[:, None]
        return self._folded[group]


class BlockedMask:
    """Of one row's many queries, NARROW after NARROW: each such block reads no entry behind its own and, in sliding
    layers, none before those in its reach. So on a CPU half of a prompt's attention is not computed at all."""

    def __init__(self, hidden: Tensor, reach: int | None, dtype: torch.dtype) -> None:
        """`hidden` `[1, width, entries]`, whose last entries are the queries' own; see `DenseMask`."""
        width, entries = hidden.shape[1:]
        before = entries - width
        self._blocks: list[tuple[slice, slice, DenseMask]] = []
        for at in range(0, width, NARROW):
            queries = slice(at, min(at + NARROW, width))
            first = 0 if reach is None else max(0, before + at - reach + 1)
            read = slice(first, before + queries.stop)
            self._blocks.append((queries, read, DenseMask(hidden[:, queries, read], dtype)))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """See `AttentionMask.attend`; `n` is 1."""
        found = [mask.attend(query[:, at], keys[:, :, read], values[:, :, read]) for at, read, mask in self._blocks]
        return torch.cat(found, 1)


def dense_masks(layout: Layout, positions: Tensor, window: int, dtype: torch.dtype) -> Masks:
    """For queries at `positions` `[n, width]` over the entries that `layout` reads: each sees its own position and
    those before it, in sliding layers the last `window` of them."""
    masks: Masks = {}
    for kind, reach in ((FULL, None), (SLIDING, window)):
        in_reach = reach is None or layout.reads[kind].stop - layout.reads[kind].start <= reach
        if layout.exact and positions.numel() == 1 and in_reach:  # one query behind all that is read
            masks[kind] = DenseMask()
            continue
        distance = positions.int()[:, :, None] - layout.places(kind)[:, None]
        hidden = distance < 0
        if reach is not None:
            hidden |= distance >= reach
        if layout.among is not None:
            hidden = hidden.new_zeros(layout.rows, *hidden.shape[1:]).index_copy_(0, layout.among, hidden)
        in_blocks = layout.exact and positions.shape[1] > NARROW and positions.device.type == "cpu"
        masks[kind] = BlockedMask(hidden, reach, dtype) if in_blocks else DenseMask(hidden, dtype, layout.among)
    return masks
