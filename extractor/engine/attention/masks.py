"""The attention masks of the engine's own layers: what the queries of a step may look at.

Three kinds of mask, one interface. A dense mask (`dense.py`) covers rectangles of rows as wide and as long as the
largest row. A ragged mask (`ragged.py`) lets a GPU read each row to its own length. A packed mask (`packed.py`) is for
rows without padding on a CPU.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class AttentionMask(Protocol):
    """A mask and the way to attend under it."""

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """softmax(query · keys) · values, over the entries that the mask allows.

        `query` `[n, width, heads, head size]`, `keys` and `values` `[rows or slots, kv heads, entries, head size]`;
        returns `[n, width, heads * head size]`. Scores are not scaled: Gemma 4's query norm does that."""
        ...


Masks = dict[str, AttentionMask]  # by kind of attention: `cache.FULL` and `cache.SLIDING`
