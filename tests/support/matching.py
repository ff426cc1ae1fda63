"""A byte tokenizer for llguidance, so that grammars can be tried on text without a model."""

from __future__ import annotations

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


def accepts(grammar: str, text: str) -> bool:
    """Whether `text` is a whole answer under `grammar`."""
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    ids = list(text.encode())
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


def stops(grammar: str, text: str) -> bool:
    """Whether nothing can follow `text`."""
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    assert matcher.consume_tokens(list(text.encode()))
    return matcher.is_accepting() and matcher.is_stopped()
