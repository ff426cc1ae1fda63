"""Chains of Gemma 4's own drafter, for all rows at once: one small forward a draft position.

On a CPU each step is masked by the grammar, and a chain ends when it has become too unlikely to earn its price. On a
GPU that would be a wait for the device at every step. There a chain is as deep as has paid so far, only its first step
is masked, and it is cut afterwards, where it became unlikely or the grammar refuses it: one wait a chain.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from extractor.engine.cache import SlotCache
from extractor.engine.forward import MtpModel
from extractor.engine.masks import EVERYTHING, next_masks
from extractor.engine.pace import Pace
from extractor.engine.sequence import Sequence
from extractor.engine.verify import unpack

UNSURE = 0.1  # a token less likely than this is never drafted, however cheap


@dataclass
class Start:
    """Where the chains of `rows` begin: which rows draft, how many tokens at most, and what these cost."""

    rows: list[Sequence]
    wanted: list[int]
    going: list[int]
    hidden: Tensor  # [n, hidden]
    position: float  # the price of a position of one row
    step: float  # of a drafter step for all rows

    def least(self, going: int) -> float:
        """How likely a token has to be, together with those before it, when `going` rows share a step."""
        return max(UNSURE, self.position + self.step / going)


class MtpDrafter:
    """`at_once`: the way of a GPU; None: by the device."""

    def __init__(self, model: MtpModel, vocab: int, at_once: bool | None = None) -> None:
        self._model = model
        self._vocab = vocab
        self._words = (vocab + 31) // 32
        self.at_once = model.device.type != "cpu" if at_once is None else at_once

    def propose(self, rows: list[Sequence], wanted: list[int], cache: SlotCache, pace: Pace) -> list[list[int]]:
        """Up to `wanted[i]` tokens for row i; a chain ends where it is no longer likely enough to earn its price.
        `rows` must be the cache's rows 0..n-1. Matchers are back where they were on return."""
        going = [index for index, row in enumerate(rows) if wanted[index] > 0 and row.hidden is not None]
        if not going:
            return [[] for _ in rows]
        like = rows[going[0]].hidden
        hidden = torch.stack([row.hidden if row.hidden is not None else torch.zeros_like(like) for row in rows])
        start = Start(rows, wanted, going, hidden, pace.position(len(rows)), pace.chain(len(rows)))
        return self._at_once(start, cache, pace) if self.at_once else self._stepwise(start, cache, pace)

    def _at_once(self, start: Start, cache: SlotCache, pace: Pace) -> list[list[int]]:
        begun, rows, going = time.perf_counter(), start.rows, start.going
        depth = max(start.wanted[index] for index in going)
        bits = torch.full((len(rows), self._words), EVERYTHING, dtype=torch.int32)
        bits[going] = next_masks([rows[index] for index in going], self._words)
        pending, lengths = [row.pending for row in rows], [row.length for row in rows]
        # the one wait for the device: [depth, 2, n]
        found = self._model.chains(pending, start.hidden, lengths, cache, bits, depth).tolist()
        pace.chained(len(rows), (time.perf_counter() - begun) / len(found))
        chains: list[list[int]] = [[] for _ in rows]
        for index in going:
            chance = 1.0
            for tokens_, chances in found[: start.wanted[index]]:
                chance *= chances[index]
                if not chance >= max(UNSURE, start.position):  # the step itself is paid already
                    break
                chains[index].append(int(tokens_[index]))
            matcher = rows[index].matcher
            if matcher is not None and chains[index]:
                del chains[index][matcher.validate_tokens(chains[index]) :]
        return chains

    def _stepwise(self, start: Start, cache: SlotCache, pace: Pace) -> list[list[int]]:
        rows, going, hidden = start.rows, set(start.going), start.hidden
        chain = self._model.begin([row.length for row in rows], cache)
        chains: list[list[int]] = [[] for _ in rows]
        chance = [1.0] * len(rows)
        tokens = [row.pending for row in rows]
        while going:
            begun = time.perf_counter()
            least = start.least(len(going))
            logits, hidden = self._model.step(torch.tensor(tokens, device=self._model.device), hidden, chain)
            best, tokens = self._choose(logits.float(), rows, going)
            pace.chained(len(rows), time.perf_counter() - begun)
            for index in sorted(going):
                chance[index] *= best[index]
                if not chance[index] >= least:  # also ends a chain whose every allowed token has no score (nan)
                    going.discard(index)
                    continue
                token, matcher = tokens[index], rows[index].matcher
                chains[index].append(token)
                if matcher is not None:
                    matcher.consume_token(token)
                if len(chains[index]) >= start.wanted[index] or (matcher is not None and matcher.is_stopped()):
                    going.discard(index)
        for row, drafted in zip(rows, chains, strict=True):
            if row.matcher is not None and drafted:
                row.matcher.rollback(len(drafted))
        return chains

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
