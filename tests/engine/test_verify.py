from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from extractor.engine.verify import accept, choose, fetch, unpack


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_accepts_the_common_prefix(draft: list[int], chosen: list[int]) -> None:
    n = accept(draft, chosen)
    assert draft[:n] == chosen[:n]
    assert n == len(draft) or draft[n] != chosen[n]


def test_unpack_reads_bit_i_as_token_i() -> None:
    bits = torch.tensor([[0b101, 1], [-1, 0]], dtype=torch.int32)
    allowed = unpack(bits, 40)
    assert allowed.shape == (2, 40)
    assert allowed[0].nonzero().flatten().tolist() == [0, 2, 32]
    assert allowed[1].nonzero().flatten().tolist() == list(range(32))


def test_choice_stays_inside_the_mask_and_so_does_its_probability() -> None:
    logits = torch.tensor([[5.0, 1.0, 1.0]])
    ids, logprobs = fetch(choose(logits, torch.tensor([[False, True, True]])))
    assert ids == [1]
    assert math.isclose(math.exp(logprobs[0]), 0.5, rel_tol=1e-6)
