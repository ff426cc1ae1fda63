"""Noise of requests with a temperature: the right distribution, a function of seed, position and token alone."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from extractor.engine.model.build import build_runner
from extractor.engine.model.runner import StepOutput
from extractor.engine.sampling import gumbel, sampling_of
from extractor.engine.sequence import Params
from extractor.engine.verify import choose, fetch


def noise(seed: int, position: int, count: int, vocab: int, temperature: float = 1.0) -> Tensor:
    sampled = sampling_of([(Params(temperature=temperature, seed=seed), position + at) for at in range(count)])
    assert sampled is not None
    return gumbel(sampled.keys, vocab) * sampled.temperatures[:, None]


def test_samples_follow_the_masked_distribution() -> None:
    """Chi-squared over 4,000 draws of 4 allowed tokens: 3 degrees of freedom, 16.3 is the 0.1% point."""
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 9.0]).repeat(4000, 1)
    allowed = torch.tensor([True, True, True, True, False]).repeat(4000, 1)
    ids, _ = fetch(choose(logits, allowed, noise(3, 0, 4000, 5)))
    expected = torch.softmax(logits[0, :4], -1) * 4000
    counts = torch.bincount(torch.tensor(ids), minlength=5)
    assert counts[4] == 0
    assert float(((counts[:4] - expected) ** 2 / expected).sum()) < 16.3


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31 - 1, 2**63, 10**30])
def test_over_a_large_vocabulary_it_is_a_gumbel_distribution_without_ends(seed: int) -> None:
    """Mean γ and variance π²/6; its smallest and largest are finite; neighbours, positions and seeds are unrelated."""
    found = noise(seed, 7, 4, 65_536).double()
    assert torch.isfinite(found).all()
    assert abs(float(found.mean()) - 0.577216) < 0.01
    assert abs(float(found.var()) - math.pi**2 / 6) < 0.03
    relatives = [found[1], found[0].roll(1), noise(seed + 1, 7, 1, 65_536)[0].double(), found[0].roll(32_768)]
    for other in relatives:
        assert abs(float(torch.corrcoef(torch.stack([found[0], other]))[0, 1])) < 0.02


def test_no_token_of_a_position_gets_another_ones_number_more_often_than_chance() -> None:
    assert len(noise(5, 0, 1, 262_144).unique()) > 250_000  # of 2^23 values


def test_it_depends_on_seed_position_and_token_only() -> None:
    whole = noise(11, 5, 6, 50)
    apart = torch.cat([noise(11, 5 + at, 1, 80)[:, :50] for at in range(6)])
    assert torch.equal(whole, apart)
    assert not torch.equal(whole, noise(12, 5, 6, 50))


def test_greedy_rows_beside_a_sampled_one_are_chosen_as_ever() -> None:
    model = SimpleNamespace(
        config=SimpleNamespace(vocab_size=50, model_type="none"), device=torch.device("cpu"), dtype=torch.float32
    )
    target = build_runner(model)
    read = StepOutput([0], logits=torch.randn(9, 50, generator=torch.Generator().manual_seed(0)))
    greedy, warm = Params(), Params(temperature=0.8, seed=4)
    at, how = [0, 2, 3, 5, 8], [(greedy, 0), (greedy, 1), (warm, 3), (warm, 4), (greedy, 9)]
    alone = fetch(target.choose(read, at, None, None))
    mixed = fetch(target.choose(read, at, None, sampling_of(how)))
    own = fetch(target.choose(read, at[2:4], None, sampling_of(how[2:4])))
    assert [mixed[0][place] for place in (0, 1, 4)] == [alone[0][place] for place in (0, 1, 4)]
    assert mixed[0][2:4] == own[0]
    assert mixed[1][2:4] == pytest.approx(own[1])
    assert sampling_of([(greedy, 0)] * 5) is None
