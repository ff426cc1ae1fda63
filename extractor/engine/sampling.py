"""The noise of requests with a temperature: for each token a Gumbel variate, so that the largest of logits + noise is a
sample of the distribution (Gumbel 1954; Maddison et al. 2014, arXiv:1411.0030).

It is a function of (seed, position in the output, token) and of nothing else, computed where the logits are, so a seed
gives the same text with any drafter, in any batch and on any device. Only positions that are sampled get any.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from extractor.engine.sequence import Params

_WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Sampling:
    """The sampled ones of a step's positions: their `places` among all, two words of `keys` each, int32 `[m, 2]`, and
    `temperatures` float32 `[m]`, on the host."""

    places: Tensor
    keys: Tensor
    temperatures: Tensor


def sampling_of(positions: list[tuple[Params, int]]) -> Sampling | None:
    """None where every position is greedy. `positions`: for each how to decode, and its position in the output."""
    warm = [(place, *one) for place, one in enumerate(positions) if one[0].temperature > 0]
    if not warm:
        return None
    keys = [_key(params.seed, position) for _, params, position in warm]
    temperatures = torch.tensor([params.temperature for _, params, _ in warm])
    return Sampling(torch.tensor([place for place, _, _ in warm]), torch.tensor(keys, dtype=torch.int32), temperatures)


def gumbel(keys: Tensor, vocab: int) -> Tensor:
    """Float32 `[m, vocab]` for `keys` int32 `[m, 2]`, on their device."""
    start, stride = keys[:, :1], keys[:, 1:] | 1  # every position walks through all 32-bit words by a way of its own
    words = _mix((torch.arange(vocab, dtype=torch.int32, device=keys.device) * stride).add_(start))
    uniform = words.bitwise_and_(0x7FFFFF).float().add_(0.5).mul_(2.0**-23)  # inside (0, 1), exactly
    return uniform.log_().neg_().log_().neg_()


def _mix(words: Tensor) -> Tensor:
    """A permutation of 32-bit words in which every bit depends on all (Wellons' "lowbias32"), in place. int32 products
    keep their low bits; a right shift copies the sign, which is masked away."""
    words.bitwise_xor_((words >> 16).bitwise_and_(0xFFFF)).mul_(0x7FEB352D)
    words.bitwise_xor_((words >> 15).bitwise_and_(0x1FFFF)).mul_(_signed(0x846CA68B))
    return words.bitwise_xor_((words >> 16).bitwise_and_(0xFFFF))


def _key(seed: int, position: int) -> tuple[int, int]:
    """Two signed words from a seed of any size and a position (splitmix64's finalizer)."""
    word = (seed * 0x9E3779B97F4A7C15 + position * 0xD1B54A32D192ED03 + 1) & 0xFFFFFFFFFFFFFFFF
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    word ^= word >> 31
    return _signed(word & _WORD), _signed(word >> 32)


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word
