"""Where draft tokens come from, and how they are put together. A wrong guess costs a rejected token, never an output.

Three drafters:
- grammar: the bytes the schema forces next (braces, keys, quotes);
- copy: what the document, or the output so far, goes on with after the text just written (extraction copies);
- mtp: a chain of steps of Gemma 4's own drafter, each step masked by the grammar.

Grammar and copy work on bytes and are tokenized together, because a tokenizer merges across their seams (`":"` is one
token of forced text and value). They cost microseconds. An MTP step costs a small forward. So a draft is an MTP chain
for as long as the drafter is sure, then free text from where it stopped; or free text alone where that promises more
for its cost. The promise is measured: `Acceptance` keeps each drafter's running share of accepted tokens.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any, Protocol

import torch
from torch import Tensor

from extractor.engine.cache import SlotCache
from extractor.engine.forward import MtpModel
from extractor.engine.sequence import DRAFTERS, Draft, Sequence
from extractor.engine.verify import unpack

ANCHOR_BYTES = 32  # a copy is looked up by at most this many bytes of what was just written
MIN_ANCHOR_BYTES = 2
BYTES_A_TOKEN = 8  # enough text for any budget of draft tokens
SURE = 0.5  # an MTP chain goes on while the chance that all of it stands is above this


class Tokenizer(Protocol):
    """The part of llguidance's tokenizer that drafting needs."""

    def tokenize_bytes(self, utf8bytes: bytes, *, parse_special: bool = False) -> list[int]: ...
    def decode_bytes(self, tokens: list[int]) -> bytes: ...


class Acceptance:
    """The running chance that a drafter's token stands, given that everything before it did."""

    def __init__(self, prior: float = 0.7, memory: float = 0.99) -> None:
        self._memory = memory
        self._reached = dict.fromkeys(DRAFTERS, 8.0)
        self._stood = dict.fromkeys(DRAFTERS, 8.0 * prior)

    def rate(self, drafter: str) -> float:
        return self._stood[drafter] / self._reached[drafter]

    def promise(self, sources: Many[str]) -> float:
        """Expected number of accepted tokens of a draft with these sources."""
        total, chance = 0.0, 1.0
        for source in sources:
            chance *= self.rate(source)
            total += chance
        return total

    def learn(self, draft: Draft, accepted: int) -> None:
        """Tokens after the first rejected one were never judged and teach nothing."""
        for position, source in enumerate(draft.sources[: accepted + 1]):
            self._reached[source] = self._reached[source] * self._memory + 1
            self._stood[source] = self._stood[source] * self._memory + (position < accepted)


class FreeDrafter:
    """Grammar and copy: text that costs no forward."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def propose(self, row: Sequence, after: list[int], budget: int) -> Draft:
        """At most `budget` tokens to follow `row.ids + after`. The matcher is back where it was on return."""
        forced, copied = "grammar" in row.params.drafters, "copy" in row.params.drafters
        matcher = row.matcher
        if budget <= 0 or not ((forced and matcher) or copied):
            return Draft([], [])
        text = bytes(row.written[-ANCHOR_BYTES:]) + (self._tokenizer.decode_bytes(after) if after else b"")
        if matcher is None:
            return self._tokens(copy_span(row.document, bytes(row.written), text, budget), ["copy"], budget)
        consumed = len(after)
        if after:
            matcher.consume_tokens(after)
        plan, owners = b"", []
        while len(plan) < budget * BYTES_A_TOKEN and not matcher.is_stopped():
            part, source = matcher.compute_ff_bytes() if forced else b"", "grammar"
            if not part and copied:
                part, source = copy_span(row.document, bytes(row.written), text + plan, budget), "copy"
            taken, part = self._consume(matcher, part)
            if source == "copy" and taken:
                closed, quote = self._consume(matcher, b'"')  # the end of a line is most often the end of the value
                taken, part = taken + closed, part + quote
            if not taken:
                break
            consumed += taken
            plan += part
            owners += [source] * len(part)
        matcher.rollback(consumed - len(after))
        draft = self._tokens(plan, owners, budget)
        valid = matcher.validate_tokens(draft.tokens) if draft.tokens else 0
        if after:
            matcher.rollback(len(after))
        return Draft(draft.tokens[:valid], draft.sources[:valid])

    def _consume(self, matcher: Any, part: bytes) -> tuple[int, bytes]:
        """Move the matcher over as much of `part` as it allows: (tokens consumed, bytes they spell)."""
        tokens = self._tokenizer.tokenize_bytes(part) if part else []
        tokens = tokens[: matcher.validate_tokens(tokens)] if tokens else []
        if tokens:
            matcher.consume_tokens(tokens)
        return len(tokens), self._tokenizer.decode_bytes(tokens) if tokens else b""

    def _tokens(self, plan: bytes, owners: list[str], budget: int) -> Draft:
        tokens = self._tokenizer.tokenize_bytes(plan)[:budget] if plan else []
        sources, at = [], 0
        for token in tokens:
            sources.append(owners[min(at, len(owners) - 1)])
            at += len(self._tokenizer.decode_bytes([token]))
        return Draft(tokens, sources)


def copy_span(document: bytes, written: bytes, text: bytes, budget: int) -> bytes:
    """How `document` goes on, to the end of its line, after the longest suffix of `text` that occurs in it; how
    `written` does when the document says nothing. Empty when not even the shortest anchor occurs."""
    for corpus in (document, written[:-1]):
        length = _longest_anchor(corpus, text)
        if length >= MIN_ANCHOR_BYTES:
            start = corpus.find(text[-length:]) + length
            line = corpus.find(b"\n", start)
            span = corpus[start : min(line if line >= 0 else len(corpus), start + budget * BYTES_A_TOKEN)]
            return span.decode("utf-8", "ignore").encode()
    return b""


def _longest_anchor(corpus: bytes, text: bytes) -> int:
    """Length of the longest suffix of `text` that occurs in `corpus`; if one of n bytes does, so do all shorter."""
    low, high = 0, min(ANCHOR_BYTES, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if text[-middle:] in corpus:
            low = middle
        else:
            high = middle - 1
    return low


class MtpDrafter:
    """Chains of the MTP drafter for all rows at once: one small forward a draft position."""

    def __init__(self, model: MtpModel, vocab: int) -> None:
        self._model = model
        self._vocab = vocab
        self._words = (vocab + 31) // 32

    def propose(self, rows: list[Sequence], wanted: list[int], cache: SlotCache) -> list[list[int]]:
        """Up to `wanted[i]` tokens for row i; a chain ends early where the drafter is no longer sure. `rows` must be
        the cache's rows 0..n-1. Matchers are back where they were on return."""
        chains: list[list[int]] = [[] for _ in rows]
        chance = [1.0] * len(rows)
        going = {index for index, row in enumerate(rows) if wanted[index] > 0 and row.hidden is not None}
        if not going:
            return chains
        device = self._model.device
        like = next(rows[index].hidden for index in going)
        hidden = torch.stack([row.hidden if row.hidden is not None else torch.zeros_like(like) for row in rows])
        tokens = [row.pending for row in rows]
        chain = self._model.begin([row.length for row in rows], cache)
        while going:
            logits, hidden = self._model.step(torch.tensor(tokens, device=device), hidden, chain)
            best, tokens = self._choose(logits.float(), rows, going)
            for index in sorted(going):
                chance[index] *= best[index]
                if not chance[index] >= SURE:  # also ends a chain whose every allowed token has no score (nan)
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
            bits = torch.empty((len(refused), self._words), dtype=torch.int32)
            for place, index in enumerate(refused):
                rows[index].matcher.unsafe_compute_mask_ptr(bits[place].data_ptr(), self._words * 4)  # type: ignore[union-attr]
            allowed = unpack(bits.to(logits.device), self._vocab)
            again = _most_likely(logits[refused].masked_fill_(~allowed, float("-inf")))
            for index, chance, token in zip(refused, *again, strict=True):
                chances[index], tokens[index] = chance, token
        return chances, tokens


def _most_likely(logits: Tensor) -> tuple[list[float], list[int]]:
    """Probability and id of each row's most likely token, `logits` `[n, vocab]`, in one transfer from the device."""
    best, ids = logits.max(-1)
    found = torch.stack([(best - logits.logsumexp(-1)).exp().double(), ids.double()]).tolist()
    return found[0], [int(token) for token in found[1]]


class Drafting:
    """Composes one draft a row out of what the row's request allows."""

    def __init__(self, tokenizer: Tokenizer, mtp: MtpDrafter | None, step_cost: float = 0.12) -> None:
        """`step_cost`: an MTP step's time as a share of a target forward's."""
        self._free = FreeDrafter(tokenizer)
        self._mtp = mtp
        self._step_cost = step_cost
        self.acceptance = Acceptance()

    def propose(self, rows: list[Sequence], budget: int, cache: SlotCache) -> list[Draft]:
        """A draft of at most `budget` tokens for each of the cache's rows 0..n-1."""
        budgets = [max(0, min(budget, row.room - 1)) if row.ready else 0 for row in rows]
        drafts = [self._free.propose(row, [], limit) for row, limit in zip(rows, budgets, strict=True)]
        if self._mtp is None:
            return drafts
        wanted = [
            limit if "mtp" in row.params.drafters and self._chain_pays(draft, limit) else 0
            for row, draft, limit in zip(rows, drafts, budgets, strict=True)
        ]
        chains = self._mtp.propose(rows, wanted, cache)
        for index, chain in enumerate(chains):
            if wanted[index]:
                rest = self._free.propose(rows[index], chain, budgets[index] - len(chain)) if chain else drafts[index]
                drafts[index] = Draft(chain + rest.tokens, ["mtp"] * len(chain) + rest.sources)
        return drafts

    def _chain_pays(self, free: Draft, budget: int) -> bool:
        """Tokens a unit of time: free text alone against a chain of `budget` steps."""
        chain = 1 + self.acceptance.promise(["mtp"] * budget)
        return chain / (1 + budget * self._step_cost) > 1 + self.acceptance.promise(free.sources)
