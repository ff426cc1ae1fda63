from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from extractor.engine.sequence import Params
from extractor.engine.verify import accept, choose, noise, told, unpack


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
    ids, logprobs = told(choose(logits, torch.tensor([[False, True, True]])))
    assert ids == [1]
    assert math.isclose(math.exp(logprobs[0]), 0.5, rel_tol=1e-6)


def test_samples_follow_the_masked_distribution() -> None:
    """Chi-squared over 4,000 draws of 4 allowed tokens: 3 degrees of freedom, 16.3 is the 0.1% point."""
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 9.0]).repeat(4000, 1)
    allowed = torch.tensor([True, True, True, True, False]).repeat(4000, 1)
    ids, _ = told(choose(logits, allowed, noise([(Params(temperature=1.0, seed=3), 0, 4000)], logits)))
    expected = torch.softmax(logits[0, :4], -1) * 4000
    counts = torch.bincount(torch.tensor(ids), minlength=5)
    assert counts[4] == 0
    assert float(((counts[:4] - expected) ** 2 / expected).sum()) < 16.3


def test_noise_depends_on_seed_and_position_only() -> None:
    logits = torch.randn(6, 50, generator=torch.Generator().manual_seed(0))
    sampled = Params(temperature=1.0, seed=11)
    together, _ = told(choose(logits, None, noise([(sampled, 5, 6)], logits)))
    apart = [told(choose(one, None, noise([(sampled, 5 + i, 1)], one)))[0][0] for i, one in enumerate(logits.split(1))]
    assert together == apart
