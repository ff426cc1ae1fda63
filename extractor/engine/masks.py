"""What the grammars of rows allow, as llguidance's packed bits (int32, one a token) on the host: one tensor, so that it
is one upload. Knows matchers; knows no model."""

from __future__ import annotations

from functools import cache
from itertools import accumulate

import torch
from llguidance import LLExecutor, LLMatcher
from torch import Tensor

from extractor.engine.sequence import Draft, Sequence

EVERYTHING = -1  # all 32 bits


def next_masks(rows: list[Sequence], words: int) -> Tensor:
    """What each row may write next, `[len(rows), words]`."""
    bits = torch.full((len(rows), words), EVERYTHING, dtype=torch.int32)
    plain = [(row.matcher, place) for place, row in enumerate(rows) if row.matcher is not None]
    if plain:
        _threads().unsafe_compute_mask_ptr(plain, bits.data_ptr(), words * 4, len(bits))
    return bits


def draft_masks(
    rows: list[Sequence], drafts: list[Draft], counts: list[int], words: int, *, pinned: bool = False
) -> Tensor | None:
    """What each row may write after each prefix of its draft, `[sum of counts, words]`; None when no row has a grammar.
    `counts`: how many prefixes, the empty one included; 0 for a row that takes no part."""
    if not any(row.matcher for row in rows):
        return None
    bits = torch.zeros((sum(counts), words), dtype=torch.int32, pin_memory=pinned)
    plain: list[tuple[LLMatcher, int]] = []
    drafted: list[tuple[LLMatcher, int, list[int]]] = []
    for row, draft, count, end in zip(rows, drafts, counts, accumulate(counts), strict=True):
        first = end - count
        if row.matcher is None:
            bits[first:end] = EVERYTHING
        elif count > 1:
            drafted.append((row.matcher, first, draft.tokens))
        elif count:
            plain.append((row.matcher, first))
    at, stride = bits.data_ptr(), words * 4
    if plain:
        _threads().unsafe_compute_mask_ptr(plain, at, stride, len(bits))
    if drafted:
        _threads().unsafe_compute_mask_ptr_with_draft_token(drafted, at, stride, len(bits))
    return bits


@cache
def _threads() -> LLExecutor:
    """One row after the other, masks for a large vocabulary would take longer than the forward they are for."""
    return LLExecutor()
