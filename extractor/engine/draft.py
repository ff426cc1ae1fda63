"""Where draft tokens come from, and how they are put together. A wrong guess costs a rejected token, never an output.

Three drafters:
- grammar: the bytes the schema forces next (braces, keys, quotes);
- copy: what the document seems to say of the field that is due (`lookup.py`), or what it, or the output so far, goes on
  with after the text just written (extraction copies);
- mtp: a chain of steps of Gemma 4's own drafter, each step masked by the grammar.

Grammar and copy work on bytes and are tokenized together, because a tokenizer merges across their seams (`":"` is one
token of forced text and value). They cost microseconds, an MTP step costs a small forward. So a draft is
an MTP chain for as long as its tokens are likely enough, then free text from where it stopped; or free text alone where
that promises more. What is likely enough is measured while running: `pace.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate, islice
from typing import Any, Protocol

from extractor.engine.cache import SlotCache
from extractor.engine.mtp import MtpDrafter
from extractor.engine.pace import Acceptances, Pace
from extractor.engine.sequence import Draft, Sequence

ANCHOR_BYTES = 32  # a copy is looked up by at most this many bytes of what was just written
MIN_ANCHOR_BYTES = 2
GAP = re.compile(rb"\s*(?:\n|\t|\||  )")  # behind a cell, or a line
PIECES = 4096  # pieces of text whose tokens are remembered
TRIES = 64  # candidates of a look-up that the grammar is asked about
BYTES_A_TOKEN = 8  # enough text for any budget of draft tokens


class Tokenizer(Protocol):
    """The part of llguidance's tokenizer that drafting needs."""

    def tokenize_bytes(self, utf8bytes: bytes, *, parse_special: bool = False) -> list[int]: ...
    def decode_bytes(self, tokens: list[int]) -> bytes: ...


class FreeDrafter:
    """Grammar and copy: text that costs no forward."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cut = lru_cache(PIECES)(lambda part: tokenizer.tokenize_bytes(part))  # keys come again and again

    def propose(self, row: Sequence, after: list[int], budget: int) -> Draft:
        """At most `budget` tokens to follow `row.ids + after`. The matcher is back where it was on return."""
        forced, copied = "grammar" in row.params.drafters, "copy" in row.params.drafters
        matcher = row.matcher
        if budget <= 0 or not ((forced and matcher) or copied):
            return Draft([], [])
        ahead = self._tokenizer.decode_bytes(after) if after else b""
        text = bytes(row.written[-ANCHOR_BYTES:]) + ahead
        if matcher is None:
            return self._tokens(text, copy_span(row.document, bytes(row.written), text, budget), ["copy"], budget)
        consumed = len(after)
        if after:
            matcher.consume_tokens(after)
        plan, owners = b"", []
        while consumed - len(after) < budget and not matcher.is_stopped():
            source = "grammar"
            taken, part = self._consume(matcher, matcher.compute_ff_bytes() if forced else b"")
            if not taken and copied:
                source, taken, part = self._copied(row, matcher, ahead + plan, text + plan, budget)
            if not taken:
                break
            consumed += taken
            plan += part
            owners += [source] * len(part)
        matcher.rollback(consumed - len(after))
        draft = self._tokens(text, plan, owners, budget)
        valid = matcher.validate_tokens(draft.tokens) if draft.tokens else 0
        if after:
            matcher.rollback(len(after))
        return Draft(draft.tokens[:valid], draft.sources[:valid])

    def _copied(self, row: Sequence, matcher: Any, more: bytes, text: bytes, budget: int) -> tuple[str, int, bytes]:
        """Move the matcher over what the document has to say after `row.written + more`, of which `text` is the end:
        (source, tokens consumed, bytes they spell)."""
        source, taken, part = "copy", 0, b""
        candidates = row.lookup.candidates(row.written, more) if row.lookup else iter(())
        for kind, candidate in islice(candidates, TRIES):
            taken, part = self._consume(matcher, candidate, least=0.5)
            if taken:
                source = f"copy/{kind}"
                break
        if not taken:
            taken, part = self._consume(matcher, copy_span(row.document, bytes(row.written), text, budget))
        for closing in (b'"', b",", b"}") if taken else ():  # what ends on a line is most often the whole value
            closed, mark = self._consume(matcher, closing)
            if closed:
                return source, taken + closed, part + mark
        return source, taken, part

    def _consume(self, matcher: Any, part: bytes, least: float = 0.0) -> tuple[int, bytes]:
        """Move the matcher over as much of `part` as it allows, if that is more than the share `least` of it: (tokens
        consumed, bytes they spell)."""
        tokens = self._cut(part) if part else []
        valid = matcher.validate_tokens(tokens) if tokens else 0
        if valid <= least * len(tokens):
            return 0, b""
        matcher.consume_tokens(tokens[:valid])
        return valid, part if valid == len(tokens) else self._tokenizer.decode_bytes(tokens[:valid])

    def _tokens(self, before: bytes, plan: bytes, owners: list[str], budget: int) -> Draft:
        """`plan` as the tokenizer cuts it after `before`; by itself where the seam would be inside a token."""
        if not plan:
            return Draft([], [])
        tokens = self._tokenizer.tokenize_bytes(before + plan)
        ends = self._ends(tokens)
        if len(before) in ends:
            seam = ends.index(len(before))
            tokens, starts = tokens[seam:], [end - len(before) for end in ends[seam:]]
        else:
            tokens = self._tokenizer.tokenize_bytes(plan)
            starts = self._ends(tokens)
        sources = [owners[min(start, len(owners) - 1)] for start in starts]
        return Draft(tokens[:budget], sources[: min(budget, len(tokens))])

    def _ends(self, tokens: list[int]) -> list[int]:
        """Where each token starts in their text, and where the last ends."""
        return [0, *accumulate(len(self._tokenizer.decode_bytes([token])) for token in tokens)]


def copy_span(document: bytes, written: bytes, text: bytes, budget: int) -> bytes:
    """How `document` goes on, to the end of its cell or line, after the longest suffix of `text` that occurs in it; how
    `written` does when the document says nothing. Empty when not even the shortest anchor occurs."""
    for corpus in (document, written[:-1]):
        length = _longest_anchor(corpus, text)
        if length >= MIN_ANCHOR_BYTES:
            start = corpus.find(text[-length:]) + length
            span = corpus[start : start + budget * BYTES_A_TOKEN]
            if gap := GAP.search(span):
                span = span[: gap.start()]
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


class Drafting:
    """Composes one draft a row out of what the row's request allows and what earns its price."""

    def __init__(self, tokenizer: Tokenizer, mtp: MtpDrafter | None) -> None:
        self._free = FreeDrafter(tokenizer)
        self._mtp = mtp
        self.pace = Pace()
        self.acceptances = Acceptances()

    def propose(self, rows: list[Sequence], budget: int, cache: SlotCache) -> list[Draft]:
        """A draft of at most `budget` tokens for each of the cache's rows 0..n-1."""
        budgets = [max(0, min(budget, row.room - 1)) if row.ready else 0 for row in rows]
        drafts = [
            self._worth(row, self._free.propose(row, [], limit), 0, len(rows))
            for row, limit in zip(rows, budgets, strict=True)
        ]
        if self._mtp is None:
            return drafts
        able = sum("mtp" in row.params.drafters for row in rows)
        wanted = [
            self._depth(row, draft, limit, len(rows), able) if "mtp" in row.params.drafters else 0
            for row, draft, limit in zip(rows, drafts, budgets, strict=True)
        ]
        chains = self._mtp.propose(rows, wanted, cache, self.pace)
        for index, chain in enumerate(chains):
            if chain:
                rest = self._free.propose(rows[index], chain, budgets[index] - len(chain))
                whole = Draft(chain + rest.tokens, ["mtp"] * len(chain) + rest.sources)
                drafts[index] = self._worth(rows[index], whole, len(chain), len(rows))
        return drafts

    def learn(self, row: Sequence, draft: Draft, accepted: int) -> None:
        self.acceptances.learn(row.request.grammar, draft, accepted)

    def _worth(self, row: Sequence, draft: Draft, kept: int, rows: int) -> Draft:
        """`draft` up to where a token's chance falls under its price; the first `kept` have been judged already."""
        price = self.pace.position(rows)
        chances = self.acceptances.of(row.request.grammar).chances(draft.sources)
        length = next((at for at, chance in enumerate(chances) if at >= kept and chance < price), len(draft))
        return draft if length == len(draft) else Draft(draft.tokens[:length], draft.sources[:length])

    def _depth(self, row: Sequence, free: Draft, budget: int, rows: int, able: int) -> int:
        """How deep an MTP chain may go: nowhere when not even one of the best depth promises more, after its price,
        than the free text does after its."""
        acceptance = self.acceptances.of(row.request.grammar)
        position = self.pace.position(rows)
        token = position + self.pace.chain(rows) / able
        gains = list(accumulate(chance - token for chance in acceptance.chances(["mtp"] * budget)))
        most = max(gains, default=0.0)
        if most <= sum(acceptance.chances(free.sources)) - position * len(free):
            return 0
        return gains.index(most) + 1 if self._mtp and self._mtp.at_once else budget
