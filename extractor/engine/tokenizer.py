"""What the engine asks of a tokenizer."""

from __future__ import annotations

from typing import Protocol


class Tokenizer(Protocol):
    """The part of llguidance's tokenizer (`LLTokenizer`) that drafts, limits and commits need. Text is UTF-8 bytes; a
    token may be a part of a character."""

    @property
    def vocab_size(self) -> int: ...
    def tokenize_bytes(self, utf8bytes: bytes, *, parse_special: bool = False) -> list[int]: ...
    def decode_bytes(self, tokens: list[int]) -> bytes: ...
