"""How much of a value is written at most, and what is said of one that was ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Why = Literal["repeated", "ran_on", "cut_off"]


@dataclass(frozen=True)
class Limits:
    """Of a text that is JSON, where its grammar ends a value no sooner: `chars` of a string, `key_chars` of a key,
    `digits` of a number (its signs count too), `items` of an array, `keys` of an object. A token that crosses a limit
    is the last one of its value. `endings`: what a string may have to end with, where it may not end at once."""

    chars: int = 4_000
    key_chars: int = 200
    digits: int = 100
    items: int = 1_000
    keys: int = 1_000
    endings: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Ended:
    """A value that did not end by itself: its first byte is the text's byte `start`. `why`: it `repeated` what the
    document does not print as often; it `ran_on`, a list of things that stand nowhere in the document; or it reached a
    limit and is `cut_off`."""

    start: int
    why: Why
