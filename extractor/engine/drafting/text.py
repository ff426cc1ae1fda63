"""Grammar and copy: the drafts that cost no forward. Text that the schema forces (jump-forward) and text that the
document foretells (prompt lookup) are found byte by byte and cut into tokens as one. Knows no torch.
"""

from __future__ import annotations

import re
from itertools import accumulate, islice

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from extractor.drafters import DRAFTERS
from extractor.engine.sequence import Ahead, Draft, Sequence
from extractor.engine.tokenizer import Tokenizer

# Of whoever builds a grammar, the judge (judge.py) as the engine. Those of a step are llguidance's own, under which a
# mask of hostile grammars was measured to take 10 to 100 ms before its row ends. Verbose errors quote the text.
LIMITS = LLParserLimits(verbose_errors=False)
ANCHOR_BYTES = 32  # a copy is looked up by at most this many bytes of what was just written
MIN_ANCHOR_BYTES = 2
SEAM_BYTES = 8  # of what was just written, tokenized with a draft so that it is cut as the tokenizer would
SPARE = 1.5  # times the bytes that a budget of tokens is likely to hold
GAP = re.compile(rb"\s*(?:\n|\t|\||  )")  # behind a cell, or a line
TRIES = 64  # candidates of a look-up that the grammar is asked about
BYTES_A_TOKEN = 4.0  # until it is known better
NONE = -1  # no token


def matcher_of(tokenizer: LLTokenizer, grammar: str) -> LLMatcher:
    """At the start of a text; in error when the grammar does not compile."""
    return LLMatcher(tokenizer, grammar, log_level=0, limits=LIMITS)


class TextDrafter:
    """Drafts text.

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

    def sizes(self, tokens: list[int]) -> list[int]:
        """Bytes of text of each."""
        return [self._lengths[token] for token in tokens]

    def next(self, row: Sequence, budget: int, drafters: frozenset[str]) -> Draft:
        """At most `budget` tokens to follow `row.ids`: what was looked up ahead, if that is how the row went on."""
        ahead, row.ahead = row.ahead, None
        if ahead is None or ahead.drafters != drafters or row.ids[ahead.at :] != ahead.tokens:
            return self.propose(row, [], budget, drafters)
        return Draft(ahead.draft.tokens[:budget], ahead.draft.sources[:budget])

    def ahead(self, row: Sequence, tokens: list[int], budget: int, drafters: frozenset[str]) -> None:
        """Look up what would follow in `next` should all of `tokens` stand, and the likeliest token behind them."""
        found = self.propose(row, tokens, 1 + budget, drafters)
        if len(found) > 1:
            rest = Draft(found.tokens[1:], found.sources[1:])
            row.ahead = Ahead(len(row.ids), tokens + found.tokens[:1], rest, drafters)

    def propose(
        self, row: Sequence, after: list[int], budget: int, drafters: frozenset[str] = frozenset(DRAFTERS)
    ) -> Draft:
        """At most `budget` tokens to follow `row.ids + after`, of the drafters that the row allows and that are
        `drafters`. The matcher is back where it was on return."""
        forced, copied = (name in drafters and name in row.params.drafters for name in ("grammar", "copy"))
        matcher = row.matcher
        if budget <= 0 or not ((forced and matcher) or copied):
            return Draft([], [])
        ahead = self._tokenizer.decode_bytes(after) if after else b""
        text, enough = bytes(row.written[-ANCHOR_BYTES:]) + ahead, budget * self._bytes_a_token
        most = int(SPARE * enough) + 1
        if matcher is None:
            plan = copy_span(row.request.source, bytes(row.written), text, most) or b""
            return self._tokens(text, plan, ["copy"], budget)
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
        source, part, ended = "copy", b"", False
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
            span = copy_span(row.request.source, bytes(row.written), text, room)
            ended = span is not None and not span
            part = self._take(matcher, span[: matcher.validate_tokens(self._bytes(span))]) if span else b""
        if ended or 0 < len(part) < room:  # what ends on a line is most often the whole value
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
        tokens = self._bytes(text)
        text = text[: len(tokens)]
        if text and text[-1] >= 0x80:
            text = text.decode("utf-8", "ignore").encode()
        if text:
            matcher.consume_tokens(tokens[: len(text)])
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
        return list(accumulate(self.sizes(tokens), initial=0))


def copy_span(document: bytes, written: bytes, text: bytes, most: int) -> bytes | None:
    """How `document` goes on, to the end of its cell or line, after the longest suffix of `text` that occurs in it; how
    `written` does when the document says nothing. None when not even the shortest anchor occurs."""
    for corpus in (document, written[:-1]):
        length = _longest_anchor(corpus, text)
        if length >= MIN_ANCHOR_BYTES:
            start = corpus.find(text[-length:]) + length
            span = corpus[start : start + most]
            if gap := GAP.search(span):
                span = span[: gap.start()]
            return span.decode("utf-8", "ignore").encode()
    return None


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
