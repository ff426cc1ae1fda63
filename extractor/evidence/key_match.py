"""Whether a label of a form names a key: `accepts_terms` is `I accept the terms and conditions`. Knows words only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_ENDINGS = ("s", "es", "d", "ed", "en", "n", "ing", "e")
_LEAST = 3  # letters of a word that names anything
# What keys of a yes or a no say beside what they are about: such a word alone names nothing.
WEAK = frozenset(
    "is has have had was are be can may will the and for not any with accept agree allow checked ticked selected flag "
    "enabled opt opted receive send want subscribe consent confirm need please".split()
)


class Match(NamedTuple):
    """How well a label names a key: the more of the key's words the better, then the fewer others."""

    named: int
    others: int


def match(key: Iterable[str], label: Iterable[str]) -> Match | None:
    """Of words in small letters without marks; None where the label does not name the key."""
    printed, every = list(label), list(key)
    words = {word for word in every if len(word) >= _LEAST} or set(every)
    strong = {word for word in words if not any(_same(word, weak) for weak in WEAK)} or words
    hit = {word for word in words if any(_same(word, one) for one in printed)}
    return Match(-len(hit), len(printed) - len(hit)) if hit & strong else None


def _same(one: str, other: str) -> bool:
    """But for an ending: `accepted` and `accept`, `terms` and `term`."""
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _LEAST and long.startswith(short) and long[len(short) :] in _ENDINGS)
