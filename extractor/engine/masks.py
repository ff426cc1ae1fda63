"""What the grammars of rows allow, as llguidance's packed bits (int32, one a token) on the host: one tensor, so that it
is one upload. Knows matchers; knows no model."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from extractor.engine.sequence import Draft, Sequence

EVERYTHING = -1  # all 32 bits


def next_masks(rows: list[Sequence], words: int) -> Tensor:
    """What each row may write next, `[len(rows), words]`."""
    bits = torch.full((len(rows), words), EVERYTHING, dtype=torch.int32)
    for place, row in enumerate(rows):
        if row.matcher is not None:
            row.matcher.unsafe_compute_mask_ptr(bits[place].data_ptr(), words * 4)
    return bits


def draft_masks(
    rows: list[Sequence], drafts: list[Draft], counts: list[int], words: int, *, pinned: bool = False
) -> Tensor | None:
    """What each row may write after each prefix of its draft, `[sum of counts, words]`; None when no row has a grammar.
    `counts`: how many prefixes, the empty one included. Matchers move over the drafts and back."""
    if not any(row.matcher for row in rows):
        return None
    bits = torch.zeros((sum(counts), words), dtype=torch.int32, pin_memory=pinned)
    at, stride = bits.data_ptr(), words * 4
    for row, draft, count, end in zip(rows, drafts, counts, accumulate(counts), strict=True):
        if row.matcher is None:
            bits[end - count : end] = EVERYTHING
            continue
        moved = 0
        for position in range(count):
            if row.matcher.is_stopped():
                break  # the text is complete: nothing after this is read
            row.matcher.unsafe_compute_mask_ptr(at + (end - count + position) * stride, stride)
            if position < len(draft):
                row.matcher.consume_token(draft.tokens[position])
                moved += 1
        row.matcher.rollback(moved)
    return bits
