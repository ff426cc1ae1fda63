"""Narrows what the grammars of rows allow to what ends a value, where one has to end. Where a grammar allows nothing of
that, it has its way. What a row may write is thereby a function of what it has written, as without: drafts change
nothing."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from llguidance import LLMatcher
from numpy.typing import NDArray
from torch import Tensor

from extractor.engine.limits.text import JsonText
from extractor.engine.sequence import Draft, Sequence
from extractor.engine.tokenizer import Tokenizer

_Bits = NDArray[np.uint32]
_QUOTE = ord('"')
_SEPARATOR = re.compile(rb"[,\[{]")
_MOST_ENDS = 400  # that are tried where a string has to end: a few milliseconds


class Narrowing:
    """For one vocabulary, which is looked through when this is made: no step waits for it (a third of a second for a
    quarter of a million tokens)."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._texts = texts = [tokenizer.decode_bytes([token]) for token in range(tokenizer.vocab_size)]
        self._of_byte = {text[0]: token for token, text in enumerate(texts) if len(text) == 1}
        self._ends_string = _packed([text[:1] == b'"' for text in texts])
        self._ends_number = _packed([text[:1] in (b",", b"]", b"}") for text in texts])
        self._single_bytes = _packed([len(text) == 1 and text != b"\\" for text in texts])  # no end follows a backslash
        self._closes = _packed([text[:1] in (b"]", b"}") for text in texts])
        self._may_begin_member = _packed([_SEPARATOR.search(text) is not None for text in texts])

    def narrow(self, rows: list[Sequence], drafts: list[Draft], counts: list[int], bits: Tensor) -> None:
        """`bits` `[sum of counts, words]`: what each row may write after each prefix of its draft, as
        `masks.draft_masks` gives it."""
        first = 0
        for row, draft, count in zip(rows, drafts, counts, strict=True):
            if count > 1 or (count and len(row.written) > row.calm_to):
                self._look(row, draft.tokens[: count - 1], bits[first : first + count])
            first += count

    def _look(self, row: Sequence, tokens: list[int], bits: Tensor) -> None:
        """At one row, and narrow its masks where something has to end within its draft."""
        end = len(row.written) + (len(self._tokenizer.decode_bytes(tokens)) if tokens else 0)
        if row.json is None or row.matcher is None or end <= row.calm_to:
            return
        row.json.read()
        row.calm_to = row.json.calm_to()
        if end > row.calm_to:
            self._row(row.json, row.matcher, tokens, bits.numpy().view(np.uint32))

    def _row(self, text: JsonText, matcher: LLMatcher, tokens: list[int], allowed: _Bits) -> None:
        self._one(text, matcher, [], allowed[0])
        if tokens:
            text = text.copy()
        for place, token in enumerate(tokens, 1):
            text.written += self._tokenizer.decode_bytes([token])
            text.read()
            self._one(text, matcher, tokens[:place], allowed[place])

    def _one(self, text: JsonText, matcher: LLMatcher, after: list[int], allowed: _Bits) -> None:
        """What may follow `text`, to which the `matcher` comes by the tokens `after`."""
        due = text.due()
        if due is None:
            return
        if due.string:
            may_end = not due.escaped and self._end_string(matcher, after, allowed)
            if not may_end:
                _keep(allowed, self._on_the_way(matcher, after, allowed, text.endings))
        if due.number:
            _keep(allowed, allowed & self._ends_number)
        if due.empty:
            _keep(allowed, allowed & self._closes)
        if due.full:
            kept = allowed.copy()
            for token in _ids(allowed & self._may_begin_member):
                if text.overruns(self._texts[token], due.last):
                    kept[token >> 5] &= ~np.uint32(1 << (token & 31))
            _keep(allowed, kept)

    def _end_string(self, matcher: LLMatcher, after: list[int], allowed: _Bits) -> bool:
        """Only what ends a string, or lets it end after one more byte, if there is any; whether there is."""
        return _keep(allowed, allowed & self._ends_string) or _keep(allowed, self._last_signs(matcher, after, allowed))

    def _last_signs(self, matcher: LLMatcher, after: list[int], allowed: _Bits) -> _Bits:
        """Of what is `allowed`, the single bytes that a string may end behind: a pattern may ask for its last sign."""
        kept, quote = np.zeros_like(allowed), self._of_byte.get(_QUOTE)
        if quote is None:
            return kept
        for token in _ids(allowed & self._single_bytes):
            if matcher.validate_tokens([*after, token, quote]) == len(after) + 2:
                kept[token >> 5] |= np.uint32(1 << (token & 31))
        return kept

    def _on_the_way(self, matcher: LLMatcher, after: list[int], allowed: _Bits, endings: tuple[bytes, ...]) -> _Bits:
        """Of what is `allowed`, the next byte of the shortest of the `endings`, or of an end of one, behind which a
        string may end: a pattern may ask for its last signs. The next time one byte less is to come."""
        kept = np.zeros_like(allowed)
        for ending in _ends(endings):
            if not self._of_byte.keys() >= {*ending, _QUOTE}:
                continue
            tokens = [self._of_byte[byte] for byte in (*ending, _QUOTE)]
            place, bit = tokens[0] >> 5, np.uint32(1 << (tokens[0] & 31))
            if not allowed[place] & bit:
                continue
            if matcher.validate_tokens([*after, *tokens]) == len(after) + len(tokens):
                kept[place] = bit
                break
        return kept


def _keep(allowed: _Bits, some: _Bits) -> bool:
    """Only `some` of what is allowed, if there is any; whether there is."""
    kept = bool(some.any())
    if kept:
        allowed[:] = some
    return kept


@lru_cache(maxsize=256)
def _ends(texts: tuple[bytes, ...]) -> list[bytes]:
    """Of each text all ends, the shortest first."""
    found = {text[start:] for text in texts for start in range(len(text))}
    return sorted(found, key=lambda text: (len(text), text))[:_MOST_ENDS]


def _packed(chosen: list[bool]) -> _Bits:
    """One bit a token, as llguidance packs them."""
    bits = np.packbits(np.asarray([*chosen, *[False] * (-len(chosen) % 32)]), bitorder="little")
    return bits.view(np.uint32)


def _ids(bits: _Bits) -> list[int]:
    """The tokens whose bits are set."""
    found: list[int] = np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")).tolist()
    return found
