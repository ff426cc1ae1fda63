"""Chains of Gemma 4's own drafter, for all rows at once: one small forward a draft position.

On a CPU each step is masked by the grammar, and a chain ends when it has become too unlikely to earn its price. On a
GPU that would be a wait for the device at every step. There a chain is as deep as has paid so far, only its first step
is masked, and its tokens go from the drafter into the target's forward without passing the host, which reads them
while the target computes, and cuts them where the grammar refuses them.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor

from extractor.engine.cache import SlotCache
from extractor.engine.drafting.cost import StepCosts
from extractor.engine.masks import EVERYTHING, next_masks
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.sequence import Sequence
from extractor.engine.verify import unpack

UNSURE = 0.1  # a token less likely than this is never drafted, however cheap


class PendingChain:
    """Chains a device is at work on: `wanted[i]` tokens for row i, 0 for a row without one."""

    def __init__(
        self, rows: list[Sequence], wanted: list[int], found: Tensor, costs: StepCosts | None, begun: DeviceEvent
    ) -> None:
        """`found` `[steps, n]`: tokens, on the device. `costs`: what learns how long it took, if it may."""
        self.wanted = wanted
        self._rows, self._costs, self._begun, self._steps = rows, costs, begun, len(found)
        self._tokens = found[: max(wanted)]
        self._on_host = torch.empty(self._tokens.shape, dtype=found.dtype, pin_memory=found.device.type == "cuda")
        self._on_host.copy_(self._tokens, non_blocking=True)
        self._ended = DeviceEvent(found.device)

    def into(self, ids: Tensor) -> Tensor:
        """`ids` `[rows, width]` on the device, with every chain behind its row's pending token."""
        depth = len(self._tokens)
        taken = torch.arange(depth) < torch.tensor(self.wanted)[:, None]
        place = ids[: len(self._rows), 1 : 1 + depth]
        place.copy_(torch.where(taken.to(ids.device, non_blocking=True), self._tokens.T, place))
        return ids

    def read(self) -> list[list[int]]:
        """The chains, as far as the grammars let them through. Waits for the drafter, not for what was asked of the
        device after it."""
        seconds = self._ended.since(self._begun)
        if self._costs:
            self._costs.chained(len(self._rows), seconds / self._steps)
        chains = [line[:most] for line, most in zip(self._on_host.T.tolist(), self.wanted, strict=True)]
        for row, chain in zip(self._rows, chains, strict=True):
            if row.matcher is not None and chain:
                del chain[row.matcher.validate_tokens(chain) :]
        return chains


class MtpDrafter:
    """`at_once`: the way of a GPU, `launch`, not `propose`."""

    def __init__(self, model: MtpModel, vocab: int, at_once: bool) -> None:
        self._model = model
        self._vocab = vocab
        self._words = (vocab + 31) // 32
        self.at_once = at_once

    def launch(
        self, rows: list[Sequence], wanted: list[int], cache: SlotCache, costs: StepCosts
    ) -> PendingChain | None:
        """Ask the device for `wanted[i]` tokens for row i; None when no row can have any."""
        wanted = [most if row.hidden is not None else 0 for row, most in zip(rows, wanted, strict=True)]
        going = [index for index, most in enumerate(wanted) if most]
        if not going:
            return None
        begun, captures = DeviceEvent(self._model.device), self._model.captures
        bits = torch.full((len(rows), self._words), EVERYTHING, dtype=torch.int32)
        bits[going] = next_masks([rows[index] for index in going], self._words)
        pending, lengths = [row.pending for row in rows], [row.length for row in rows]
        slots = [row.slot for row in rows]
        found = self._model.chains(pending, self._hidden(rows), slots, lengths, cache, bits, max(wanted))
        return PendingChain(rows, wanted, found, costs if self._model.captures == captures else None, begun)

    def propose(self, rows: list[Sequence], wanted: list[int], cache: SlotCache, costs: StepCosts) -> list[list[int]]:
        """Up to `wanted[i]` tokens for row i; a chain ends where it is no longer likely enough to earn its price.
        Matchers are back where they were on return."""
        going = {index for index, row in enumerate(rows) if wanted[index] > 0 and row.hidden is not None}
        chains: list[list[int]] = [[] for _ in rows]
        if not going:
            return chains
        position, drafter_step = costs.position(len(rows)), costs.chain(len(rows))
        hidden = self._hidden(rows)
        chain = self._model.begin([row.slot for row in rows], [row.length for row in rows], cache)
        chance = [1.0] * len(rows)
        tokens = [row.pending for row in rows]
        while going:
            begun = time.perf_counter()
            # how likely a token has to be, together with those before it, when so many rows share a step
            least = max(UNSURE, position + drafter_step / len(going))
            logits, hidden = self._model.step(torch.tensor(tokens, device=self._model.device), hidden, chain)
            best, tokens = self._choose(logits.float(), rows, going)
            costs.chained(len(rows), time.perf_counter() - begun)
            for index in sorted(going):
                chance[index] *= best[index]
                if not chance[index] >= least:  # also ends a chain whose every allowed token has no score (nan)
                    going.discard(index)
                    continue
                token, matcher = tokens[index], rows[index].matcher
                chains[index].append(token)
                if matcher is not None:
                    matcher.consume_token(token)
                if len(chains[index]) >= wanted[index] or (matcher is not None and matcher.is_stopped()):
                    going.discard(index)
        for row, drafted in zip(rows, chains, strict=True):
            if row.matcher is not None and drafted:
                row.matcher.rollback(len(drafted))
        return chains

    @staticmethod
    def _hidden(rows: list[Sequence]) -> Tensor:
        """Where chains start from, `[n, hidden]`; zeros for a row that has no such state yet."""
        like = next(row.hidden for row in rows if row.hidden is not None)
        return torch.stack([row.hidden if row.hidden is not None else torch.zeros_like(like) for row in rows])

    def _choose(self, logits: Tensor, rows: list[Sequence], going: set[int]) -> tuple[list[float], list[int]]:
        """The most likely token of each row and its probability. Most often the grammar allows it as it is; only the
        rows where it does not are masked and asked again."""
        chances, tokens = _most_likely(logits)
        refused = [
            index
            for index in going
            if (m := rows[index].matcher) is not None and not m.validate_tokens([tokens[index]])
        ]
        if refused:
            allowed = unpack(next_masks([rows[index] for index in refused], self._words).to(logits.device), self._vocab)
            again = _most_likely(logits[refused].masked_fill_(~allowed, float("-inf")))
            for index, chance, token in zip(refused, *again, strict=True):
                chances[index], tokens[index] = chance, token
        return chances, tokens


def _most_likely(logits: Tensor) -> tuple[list[float], list[int]]:
    """Probability and id of each row's most likely token, `logits` `[n, vocab]`, in one transfer from the device."""
    best, ids = logits.max(-1)
    found = torch.stack([(best - logits.logsumexp(-1)).exp().double(), ids.double()]).tolist()
    return found[0], [int(token) for token in found[1]]
