"""Where draft tokens come from, and how they are put together. A wrong guess costs a rejected token, never an output.

Three drafters:
- grammar: the bytes the schema forces next (braces, keys, quotes);
- copy: what the document seems to say of the field that is due (`lookup.py`), or what it, or the output so far, goes on
  with after the text just written (extraction copies);
- mtp: a chain of steps of Gemma 4's own drafter, each step masked by the grammar.

Grammar and copy work on bytes and are tokenized together, because a tokenizer merges across their seams (`":"` is one
token of forced text and value). They cost microseconds, an MTP step costs a small forward. So a draft is
an MTP chain for as long as its tokens are likely enough, then free text from where it stopped; or free text alone where
that promises more. What is likely enough is measured while running (`pace.py`), and so is whether drafting pays at all
(`modes.py`). On a GPU a draft is a chain or free text, whole: to go on behind a chain would take a wait for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Protocol

from extractor.engine.cache import SlotCache
from extractor.engine.modes import Modes
from extractor.engine.mtp import Launched, MtpDrafter
from extractor.engine.pace import Acceptances, Pace
from extractor.engine.sequence import DRAFTERS, Draft, Sequence

if TYPE_CHECKING:
    from llguidance import LLMatcher

ANCHOR_BYTES = 32  # a copy is looked up by at most this many bytes of what was just written
MIN_ANCHOR_BYTES = 2
SEAM_BYTES = 8  # of what was just written, tokenized with a draft so that it is cut as the tokenizer would
SPARE = 1.5  # times the bytes that a budget of tokens is likely to hold
GAP = re.compile(rb"\s*(?:\n|\t|\||  )")  # behind a cell, or a line
TRIES = 64  # candidates of a look-up that the grammar is asked about
BYTES_A_TOKEN = 4.0  # until it is known better
NONE = -1  # no token


class Tokenizer(Protocol):
    """The part of llguidance's tokenizer that drafting needs."""

    @property
    def vocab_size(self) -> int: ...
    def tokenize_bytes(self, utf8bytes: bytes, *, parse_special: bool = False) -> list[int]: ...
    def decode_bytes(self, tokens: list[int]) -> bytes: ...


class FreeDrafter:
    """Grammar and copy: text that costs no forward.

    Whether the grammar lets a text through it is asked byte by byte, with the tokens that are one byte: tokenizing
    every guess would take longer than all the rest.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._lengths = [len(tokenizer.decode_bytes([token])) for token in range(tokenizer.vocab_size)]
        self._byte = [NONE] * 256  # the token that is just this byte
        for token in (token for token, length in enumerate(self._lengths) if length == 1):
            self._byte[tokenizer.decode_bytes([token])[0]] = token
        self._bytes_a_token = BYTES_A_TOKEN

    def propose(
        self, row: Sequence, after: list[int], budget: int, asked: frozenset[str] = frozenset(DRAFTERS)
    ) -> Draft:
        """At most `budget` tokens to follow `row.ids + after`, of the drafters that the row allows and that are
        `asked`. The matcher is back where it was on return."""
        forced, copied = (name in asked and name in row.params.drafters for name in ("grammar", "copy"))
        matcher = row.matcher
        if budget <= 0 or not ((forced and matcher) or copied):
            return Draft([], [])
        ahead = self._tokenizer.decode_bytes(after) if after else b""
        text, enough = bytes(row.written[-ANCHOR_BYTES:]) + ahead, budget * self._bytes_a_token
        most = int(SPARE * enough) + 1
        if matcher is None:
            return self._tokens(text, copy_span(row.document, bytes(row.written), text, most), ["copy"], budget)
        if after:
            matcher.consume_tokens(after)
        plan, owners = b"", []
        while len(plan) < enough and not matcher.is_stopped():
            source, part, room = "grammar", b"", most - len(plan)
            if forced and (part := matcher.compute_ff_bytes()):
                part = self._take(matcher, part[:room])
            if not part and copied:
                source, part = self._copied(row, matcher, ahead + plan, text + plan, room)
            if not part:
                break
            plan += part
            owners += [source] * len(part)
        matcher.rollback(len(plan))
        draft = self._tokens(text, plan, owners, budget)
        valid = matcher.validate_tokens(draft.tokens) if draft.tokens else 0
        if after:
            matcher.rollback(len(after))
        return draft if valid == len(draft) else Draft(draft.tokens[:valid], draft.sources[:valid])

    def _copied(self, row: Sequence, matcher: LLMatcher, more: bytes, text: bytes, room: int) -> tuple[str, bytes]:
        """Move the matcher over what the document has to say after `row.written + more`, of which `text` is the end:
        (source, that, of about `room` bytes)."""
        source, part = "copy", b""
        candidates = row.lookup.candidates(row.written, more) if row.lookup else iter(())
        refused: set[int] = set()  # bytes that cannot come next
        for kind, candidate in islice(candidates, TRIES):
            if candidate and candidate[0] not in refused:
                valid = matcher.validate_tokens(self._bytes(candidate))
                if 2 * valid > len(candidate) and (part := self._take(matcher, candidate[: min(valid, room)])):
                    source = f"copy/{kind}"
                    break
                if not valid:
                    refused.add(candidate[0])
        if not part:
            span = copy_span(row.document, bytes(row.written), text, room)
            part = self._take(matcher, span[: matcher.validate_tokens(self._bytes(span))]) if span else b""
        if 0 < len(part) < room:  # what ends on a line is most often the whole value
            for closing in (b'"', b",", b"}"):
                if matcher.validate_tokens(self._bytes(closing)):
                    return source, part + self._take(matcher, closing)
        return source, part

    def _bytes(self, text: bytes) -> list[int]:
        """The tokens that are one byte each, up to a byte that no token is."""
        tokens = [self._byte[byte] for byte in text]
        return tokens if NONE not in tokens else tokens[: tokens.index(NONE)]

    def _take(self, matcher: LLMatcher, text: bytes) -> bytes:
        """Move the matcher over `text`, which it allows, but over whole characters only; returns those."""
        if text and text[-1] >= 0x80:
            text = text.decode("utf-8", "ignore").encode()
        tokens = self._bytes(text)
        if len(tokens) < len(text):
            text = text[: len(tokens)].decode("utf-8", "ignore").encode()
            tokens = tokens[: len(text)]
        if text:
            matcher.consume_tokens(tokens)
        return text

    def _tokens(self, before: bytes, plan: bytes, owners: list[str], budget: int) -> Draft:
        """`plan` as the tokenizer cuts it after `before`; by itself where the seam would be inside a token."""
        if not plan:
            return Draft([], [])
        before = before[-SEAM_BYTES:]
        tokens = self._tokenizer.tokenize_bytes(before + plan)
        ends = self._ends(tokens)
        if len(before) in ends:
            seam = ends.index(len(before))
            tokens, starts = tokens[seam:], [end - len(before) for end in ends[seam:]]
        else:
            tokens = self._tokenizer.tokenize_bytes(plan)
            starts = self._ends(tokens)
        self._bytes_a_token += (len(plan) / len(tokens) - self._bytes_a_token) / 50
        last = len(owners) - 1
        return Draft(tokens[:budget], [owners[min(start, last)] for start in starts[: min(budget, len(tokens))]])

    def _ends(self, tokens: list[int]) -> list[int]:
        """Where each token starts in their text, and where the last ends."""
        return list(accumulate((self._lengths[token] for token in tokens), initial=0))


def copy_span(document: bytes, written: bytes, text: bytes, most: int) -> bytes:
    """How `document` goes on, to the end of its cell or line, after the longest suffix of `text` that occurs in it; how
    `written` does when the document says nothing. Empty when not even the shortest anchor occurs."""
    for corpus in (document, written[:-1]):
        length = _longest_anchor(corpus, text)
        if length >= MIN_ANCHOR_BYTES:
            start = corpus.find(text[-length:]) + length
            span = corpus[start : start + most]
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


@dataclass
class Proposal:
    """A draft for each row. Those of `chains` are empty until they are read, and may be verified before that."""

    drafts: list[Draft]
    chains: Launched | None = None

    @property
    def counts(self) -> list[int]:
        """Positions of each row, its pending token included."""
        chains = self.chains.wanted if self.chains else [0] * len(self.drafts)
        return [1 + max(len(draft), chain) for draft, chain in zip(self.drafts, chains, strict=True)]

    def settle(self) -> list[Draft]:
        """The drafts, all of them known to the host."""
        if self.chains:
            for index, chain in enumerate(self.chains.read()):
                if self.chains.wanted[index]:
                    self.drafts[index] = Draft(chain, ["mtp"] * len(chain))
            self.chains = None
        return self.drafts


class Drafting:
    """Composes one draft a row out of what the row's request allows and what earns its price."""

    def __init__(self, free: FreeDrafter, mtp: MtpDrafter | None) -> None:
        self._free = free
        self._mtp = mtp
        self.pace = Pace()
        self.modes = Modes()
        self.acceptances = Acceptances()

    def propose(self, rows: list[Sequence], budget: int, cache: SlotCache) -> Proposal:
        """A draft of at most `budget` tokens for each of the cache's rows 0..n-1."""
        budgets = [max(0, min(budget, row.room - 1)) if row.ready else 0 for row in rows]
        allowed = frozenset(name for row in rows if row.ready for name in row.params.drafters)
        asked = self.modes.pick(allowed if self._mtp else allowed - {"mtp"}, len(rows))
        drafts = [
            self._worth(row, self._free.propose(row, [], limit, asked), 0, len(rows))
            for row, limit in zip(rows, budgets, strict=True)
        ]
        if self._mtp is None or "mtp" not in asked:
            return Proposal(drafts)
        able = sum("mtp" in row.params.drafters for row in rows)
        wanted = [
            self._depth(row, draft, limit, len(rows), able) if "mtp" in row.params.drafters else 0
            for row, draft, limit in zip(rows, drafts, budgets, strict=True)
        ]
        if self._mtp.at_once:
            launched = self._mtp.launch(rows, wanted, cache, self.pace)
            for index, most in enumerate(launched.wanted if launched else ()):
                if most:
                    drafts[index] = Draft([], [])
            return Proposal(drafts, launched)
        chains = self._mtp.propose(rows, wanted, cache, self.pace)
        for index, chain in enumerate(chains):
            if chain:
                rest = self._free.propose(rows[index], chain, budgets[index] - len(chain), asked)
                whole = Draft(chain + rest.tokens, ["mtp"] * len(chain) + rest.sources)
                drafts[index] = self._worth(rows[index], whole, len(chain), len(rows))
        return Proposal(drafts)

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
