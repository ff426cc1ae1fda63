"""A vocabulary to try grammars with where no model is: tokens of one byte and of many, words and numbers and signs of
several scripts, all made up. What a grammar costs with it is about what it costs with a model's: of eight kinds of
grammars that give up under the masks of Gemma's 262,144 tokens, six give up under those of these 8,000."""

from __future__ import annotations

import random
import string

from llguidance import LLTokenizer
from llguidance._tokenizer import TokenizerWrapper

_SIZE = 8_000
_LETTERS = "eeeetttaaaooiinnsshhrrddlcumwfgypbvkjxqz"  # about as often as in English
_ALPHABETS = (
    *[_LETTERS] * 6, string.digits, string.punctuation, "éüñßçøåàêè", "абвгдежзийклмнопрст", "中国人大学生日本語東京",
    "αβγδεζηθικλμ",
)  # fmt: skip
_MEAN_LENGTH, _LONGEST = 6, 24


class _Words:
    """What llguidance reads of a tokenizer."""

    bos_token_id = None

    def __init__(self) -> None:
        dice = random.Random(0)
        tokens = {bytes([byte]): None for byte in range(256)}
        while len(tokens) < _SIZE:
            tokens[_word(dice).encode()] = None
        self.tokens = [*tokens, b"<eos>"]
        self.eos_token_id = len(self.tokens) - 1
        self.special_token_ids = [self.eos_token_id]

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


def _word(dice: random.Random) -> str:
    letters = dice.choice(_ALPHABETS)
    longest = 3 if letters is string.digits else _LONGEST  # no model has longer numbers
    length = min(2 + int(dice.expovariate(1 / (_MEAN_LENGTH - 2))), longest)
    word = "".join(dice.choice(letters) for _ in range(length))
    if letters is _LETTERS:
        word = dice.choice((word, word, word.capitalize(), word.upper()))
        word = dice.choice((word, " " + word))
    return word


def tokenizer() -> LLTokenizer:
    """Takes a tenth of a second, and is the same each time."""
    return LLTokenizer(TokenizerWrapper(_Words()))
