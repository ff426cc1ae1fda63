"""Whether a stretch of a document holds a whole word. One that lies within a word as long as a window, or in the lines
of something encoded, or is one sign or two over and over, is not worth a model's time: what it would copy from
there is no value. Pure."""

from __future__ import annotations

import re

_RUN = r"[A-Za-z0-9+/=_%~-]"  # of what has no spaces and no marks: keys, digests, encoded files
_OF_RUN = re.compile(_RUN)
_ONE_RUN = re.compile(rf"{_RUN}+")
_ENCODED = re.compile(r"(?:[A-Za-z0-9+/]{60,}\s+)*[A-Za-z0-9+/]{1,}={0,2}\s*")
_LETTERS = ("[A-Z]", "[a-z]", "[0-9]", "[+/]")  # all of them stand in whatever is encoded and as long
_LEAST = 240  # characters of it
_FEW_SIGNS = 2
_SPACES = frozenset(" \t\n\r\f\u00a0")


def wordless(text: str, start: int, stop: int) -> bool:
    """Of the characters `start:stop` of a document's text."""
    own = text[start:stop]
    if not any(char.isalnum() for char in own):
        return True
    if _ONE_RUN.fullmatch(own.strip()):
        return _within(text, start, stop)
    if _one_sign(own):
        return True
    return len(own) >= _LEAST and bool(_ENCODED.fullmatch(own)) and all(re.search(one, own) for one in _LETTERS)


def _one_sign(own: str) -> bool:
    """Whether it is long and made of one letter or digit, or of two letters, with spaces or without."""
    signs = set(own) - _SPACES
    if len(signs) > _FEW_SIGNS or len("".join(own.split())) < _LEAST:
        return False
    return len(signs) == 1 or all(map(str.isalpha, signs))


def _within(text: str, start: int, stop: int) -> bool:
    """Whether the word goes on before or behind them."""
    before = text[start : start + 1] + text[max(0, start - 1) : start]
    after = text[stop - 1 : stop] + text[stop : stop + 1]
    return any(len(pair) == 2 and all(_OF_RUN.match(char) for char in pair) for pair in (before, after))
