"""A byte tokenizer for llguidance, so that grammars can be tried on text without a model."""

from __future__ import annotations

from functools import lru_cache

from llguidance import LLMatcher, LLTokenizer
from llguidance._tokenizer import TokenizerWrapper


class _Bytes:
    def __init__(self) -> None:
        self.eos_token_id = 256
        self.bos_token_id = None
        self.tokens = [bytes([value]) for value in range(256)] + [b"<eos>"]
        self.special_token_ids = [256]

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


TOKENIZER = LLTokenizer(TokenizerWrapper(_Bytes()))


@lru_cache(maxsize=8)
def _begun(grammar: str) -> LLMatcher:
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    return matcher


def begin(grammar: str) -> LLMatcher:
    """At the start of an answer. Reading a grammar costs much more than an answer: it is read once."""
    return _begun(grammar).deep_copy()


def accepts(grammar: str, text: str) -> bool:
    """Whether `text` is a whole answer under `grammar`."""
    matcher = begin(grammar)
    ids = list(text.encode())
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


def stops(grammar: str, text: str) -> bool:
    """Whether nothing can follow `text`."""
    matcher = begin(grammar)
    assert matcher.consume_tokens(list(text.encode()))
    return matcher.is_accepting() and matcher.is_stopped()


def written_under(grammar: str, text: str) -> str:
    """How much of `text` is a whole text under the grammar; all of it where none of its beginnings is."""
    matcher, data = LLMatcher(TOKENIZER, grammar, log_level=0), text.encode()
    for at, byte in enumerate(data):
        if matcher.is_stopped():
            return data[:at].decode()
        if not matcher.consume_token(byte):
            break
    return text
