"""Text → ids with a Hugging Face fast tokenizer, in two ways that must never be mixed up: the template's text, where
control tokens count, and data, where nothing is a control token.

Works on copies of the tokenizer's core, because the flag that tells the two apart is state, and threads share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tokenizers import Encoding, Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_PIECE_CHARS = 16_384
_BEGINS = '{"'  # an answer


class Codec:
    """Adds no special tokens of its own in either way."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer
        core = tokenizer.backend_tokenizer.to_str()
        self._template, self._data = Tokenizer.from_str(core), Tokenizer.from_str(core)
        for tokenizer_ in (self._template, self._data):
            tokenizer_.no_truncation()
            tokenizer_.no_padding()
        self._data.encode_special_tokens = True  # read their text, do not turn it into them
        self._added = {id_: token.content for id_, token in self._template.get_added_tokens_decoder().items()}
        self._control = {id_ for id_, token in self._template.get_added_tokens_decoder().items() if token.special}

    def template(self, text: str) -> list[int]:
        """What a chat template wrote. Whatever added tokens it uses are control tokens from here on, also those that
        the tokenizer does not call special (some models' `<think>`)."""
        ids: list[int] = self._template.encode(text, add_special_tokens=False).ids
        self._control.update(id_ for id_ in ids if id_ in self._added and self._added[id_].strip())
        return ids

    def data(self, text: str) -> list[int]:
        """Anything else: no id in the result is a control token."""
        ids: list[int] = []
        waiting = [text]
        while waiting:
            piece = waiting.pop()
            encoded = self._read(piece)
            if self._control.isdisjoint(encoded.ids):
                ids += encoded.ids
                continue
            # Control tokens that the flag does not cover: cut inside their text, so that neither half can spell one. A
            # token of a single character cannot be cut; it is left out.
            places = [0]
            for id_, (start, stop) in zip(encoded.ids, encoded.offsets, strict=True):
                if id_ in self._control:
                    places += [start, stop] if stop - start < 2 else [start + 1, start + 1]
            pairs = zip(places[::2], [*places[1::2], len(piece)], strict=True)
            waiting += [piece[start:stop] for start, stop in reversed(list(pairs)) if start < stop]
        return ids

    def document(self, text: str) -> list[int]:
        """As `data`, of a text that strangers wrote: nor has it the token that an answer begins with. A small model
        takes what stands behind that for an answer."""
        ids: list[int] = []
        at = 0
        while at < len(text):
            stop = text.find(_BEGINS, at) + 1 or len(text)
            ids += self.data(text[at:stop])
            at = stop
        return ids

    def at_least(self, text: str, enough: int) -> int:
        """How many ids `data(text)` has at least; what comes after more than `enough` is not looked at. A text of one
        piece is not counted ahead: 0.

        Counted in pieces. A cut changes the ids around it and no others, so the whole has more than half of theirs."""
        found = 0
        if len(text) > _PIECE_CHARS:
            for start in range(0, len(text), _PIECE_CHARS):
                found += len(self._read(text[start : start + _PIECE_CHARS]))
                if found // 2 > enough:
                    break
        return found // 2

    def counts(self, texts: Sequence[str], enough: int) -> list[int]:
        """How many ids each has, nearly: what would spell a control token is not looked for. What comes after more than
        `enough` in all is not counted. A long text is counted in pieces, so that no count takes the memory of it all.
        """
        counts, found, waiting, size = [0] * len(texts), 0, list[tuple[int, str]](), 0
        for at, piece in _pieces(texts):
            waiting.append((at, piece))
            size += len(piece)
            if size >= _PIECE_CHARS:
                found += self._add(waiting, counts)
                waiting, size = [], 0
                if found > enough:
                    return counts
        self._add(waiting, counts)
        return counts

    def _add(self, pieces: list[tuple[int, str]], to: list[int]) -> int:
        encoded = self._data.encode_batch([piece for _, piece in pieces], add_special_tokens=False)
        sizes = [len(one.ids) + piece.count(_BEGINS) for (_, piece), one in zip(pieces, encoded, strict=True)]
        for (at, _), size in zip(pieces, sizes, strict=True):
            to[at] += size
        return sum(sizes)

    def lead(self) -> list[int]:
        """What the tokenizer itself puts before any text (`<bos>` or nothing)."""
        ids = list(self._tokenizer("a").input_ids)
        bos = self._tokenizer.bos_token_id
        return [bos] if bos is not None and ids[:1] == [bos] else []

    def _read(self, text: str) -> Encoding:
        """As a batch of one: unlike `encode` it lets the other threads run, and a long text takes seconds."""
        return self._data.encode_batch([text], add_special_tokens=False)[0]


def _pieces(texts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(index of a text, a piece of it), in order."""
    for at, text in enumerate(texts):
        for start in range(0, len(text), _PIECE_CHARS):
            yield at, text[start : start + _PIECE_CHARS]
