"""Which drafted tokens stand. Pure: logits, masks and drafts in, accepted tokens out; no model, no matcher, no cache.

The target has read `[pending, d1 … dk]`; position i's logits say what should follow the first i of them. Walk along:
choose a token at each position; while it equals the draft, go on; the first that differs is the bonus and ends the
walk. With greedy choice this is the undrafted output, token for token (Leviathan et al. 2023, arXiv:2211.17192).

With a temperature the choice is a sample from the masked distribution, and the same walk keeps that distribution: a
draft d is then accepted with probability p(d), and on a mismatch the token already drawn is a sample of p given "not
d", which is the residual that speculative sampling asks for. The noise depends on seed, position and token alone
(sampling.py), so a seed gives the same text whatever was drafted.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor


def choose(logits: Tensor, allowed: Tensor | None, noise: Tensor | None = None) -> Tensor:
    """The token for each position and its natural log-probability under the masked distribution at temperature 1, for
    `fetch`. `logits` `[n, vocab]`, `allowed` bool `[n, vocab]`; `noise` `[n, vocab]` makes the choice a sample
    (sampling.py), None the most likely."""
    masked = logits if logits.dtype == torch.float64 else logits.float()
    if allowed is not None:
        masked = masked.masked_fill(~allowed, float("-inf"))
    ids = masked.argmax(-1) if noise is None else (masked + noise).argmax(-1)
    logprobs = masked.gather(-1, ids[:, None])[:, 0] - masked.logsumexp(-1)
    return stacked(ids, logprobs)


def stacked(ids: Tensor, logprobs: Tensor) -> Tensor:
    """Both `[n]` as one, `[2, n]`, for one transfer from the device."""
    return torch.stack([ids.double(), logprobs.double()])


def fetch(found: Tensor) -> tuple[list[int], list[float]]:
    """Tokens and log-probabilities, on the host; waits for the device."""
    ids, logprobs = found.tolist()
    return [int(token) for token in ids], logprobs


def accept(draft: list[int], chosen: list[int]) -> int:
    """How many leading draft tokens the target would have written itself; `chosen[that]` is the bonus token."""
    for position, token in enumerate(draft):
        if chosen[position] != token:
            return position
    return len(draft)


def unpack(bits: Tensor, vocab: int) -> Tensor:
    """llguidance's packed masks, int32 `[n, ceil(vocab / 32)]`, as bool `[n, vocab]`."""
    return (bits[:, :, None] & _powers(bits.device)).bool().flatten(1)[:, :vocab]


@cache
def _powers(device: torch.device) -> Tensor:
    return torch.tensor(
        [1 << place if place < 31 else -(1 << 31) for place in range(32)], dtype=torch.int32, device=device
    )
