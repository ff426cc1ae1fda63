"""How much of a value is written at most, and what is said of one that was ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Why = Literal["repeated", "ran_on", "cut_off"]
_SHORT = 3  # letters: less stands in any text


@dataclass(frozen=True)
class SchemaKeys:
    """Keys that a schema speaks of: by name, or in what it tells the model, which is `about`, in small letters."""

    listed: frozenset[str] = frozenset()
    about: str = ""

    def has(self, key: str) -> bool:
        return key in self.listed or (len(key) >= _SHORT and key.casefold() in self.about)


@dataclass(frozen=True)
class Limits:
    """Of a text that is JSON, where its grammar ends a value no sooner: `chars` of a string, `key_chars` of a key,
    `digits` of a number (its signs count too), `items` of an array, `keys` of an object. A token that crosses a limit
    is the last one of its value. `endings`: what a string may have to end with, where it may not end at once. `names`:
    keys that an object may have whatever its document prints; None where no object has keys but those that its schema
    names."""

    chars: int = 4_000
    key_chars: int = 200
    digits: int = 100
    items: int = 1_000
    keys: int = 1_000
    endings: tuple[bytes, ...] = ()
    names: SchemaKeys | None = SchemaKeys()


@dataclass(frozen=True)
class Ended:
    """A value that did not end by itself: its first byte is the text's byte `start`. `why`: it `repeated` what the
    document does not print as often; it `ran_on`, a list or an object of things that stand nowhere in the document; or
    it reached a limit and is `cut_off`."""

    start: int
    why: Why
