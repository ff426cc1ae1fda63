"""A step's forward over every row's pending token and draft, and the tokens that the target chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import torch

from extractor.engine.cache import SlotCache
from extractor.engine.choice import choose_tokens
from extractor.engine.drafting.compose import Proposal
from extractor.engine.limits.narrowing import Narrowing
from extractor.engine.masks import draft_masks
from extractor.engine.model.runner import Runner, Step, StepOutput
from extractor.engine.sequence import Draft, Sequence
from extractor.engine.step_timer import StepTimer

PAD = 0  # any valid id: padding is never looked at


@dataclass(frozen=True)
class Verified:
    """What became of the `drafts` of a step's rows. `tokens[i][j]` follows the first j tokens of row i's draft, if they
    stand, and `logprobs[i][j]` is the natural log of its probability; `output` is what the forward computed."""

    drafts: list[Draft]
    tokens: list[list[int]]
    logprobs: list[list[float]]
    output: StepOutput


class Verifier:
    """Has the target verify drafts."""

    def __init__(self, runner: Runner, narrowing: Narrowing, timer: StepTimer) -> None:
        self._runner, self._narrowing, self._timer = runner, narrowing, timer
        self._words = (runner.vocab + 31) // 32
        self._pinned = runner.device.type == "cuda"

    def verify(
        self,
        rows: list[Sequence],
        proposal: Proposal,
        cache: SlotCache,
        meanwhile: Callable[[list[Draft], Callable[[], bool]], None] | None = None,
    ) -> Verified:
        """One target forward for all rows. `meanwhile` is called with the drafts while a device is at work on it, and
        with what tells whether that is over."""
        output = self._forward(rows, proposal, cache)
        drafts = proposal.resolve()  # a GPU is at work on the forward
        counts = [1 + len(draft) for draft in drafts]
        bits = draft_masks(rows, drafts, counts, self._words, pinned=self._pinned)  # while a GPU computes
        if bits is not None:
            self._narrowing.narrow(rows, drafts, counts, bits)
        at = [start + place for start, count in zip(output.first, counts, strict=True) for place in range(count)]
        how = [(row.params, len(row.ids) + place) for row, n in zip(rows, counts, strict=True) for place in range(n)]
        choice = choose_tokens(self._runner, output, at, bits, how)
        if meanwhile:
            meanwhile(drafts, self._runner.mark().over)
        tokens, logprobs = choice.resolve()
        ends = list(accumulate(counts))
        spans = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
        return Verified(drafts, [tokens[span] for span in spans], [logprobs[span] for span in spans], output)

    def _forward(self, rows: list[Sequence], proposal: Proposal, cache: SlotCache) -> StepOutput:
        """Over tokens some of which, the `proposal`'s chains, only the device may know."""
        self._runner.prepare(proposal.resolve)
        counts, chains = proposal.counts, proposal.chains
        width = max(counts)
        known = [[row.pending, *draft.tokens] for row, draft in zip(rows, proposal.drafts, strict=True)]
        ids = torch.tensor([tokens + [PAD] * (width - len(tokens)) for tokens in known])
        slots, lengths = [row.slot for row in rows], [row.length for row in rows]
        with self._timer.phase("target"):
            return self._runner.verify(Step(ids, slots, lengths, chains.into if chains else None, counts), cache)
