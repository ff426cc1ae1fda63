"""The words that a value stands in. Clauses, headings and feet of pages come again and again, and what a model makes of
one it makes of the next: windows that read the same words are one witness, however many they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extractor.windows.window import Piece

_BESIDE = 24  # characters on each side, of the same line and sentence
_END = re.compile(r"(?<=[.!?])\s|[\n。]")
_FIGURES = re.compile(r"\d+")


def passage(text: str, places: Sequence[Piece]) -> str:
    """Of the first of `places`: what stands before it, it and what stands behind it, whatever the white space, case and
    figures (numbers of pages and clauses). Empty where neither text nor place is known."""
    if not (text and places):
        return ""
    start, stop = places[0].start, places[0].stop
    before = _END.split(text[max(0, start - _BESIDE) : start])[-1]
    behind = _END.split(text[stop : stop + _BESIDE])[0]
    return "\0".join(map(_normalised, (before, text[start:stop], behind)))


def _normalised(words: str) -> str:
    return _FIGURES.sub("0", " ".join(words.split())).casefold()
