"""Lines that were broken because there was no more room: how they are told, and how they are one again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from extractor.documents.placement.glyphs import Word, word_of

HYPHENS = "-\u00ad\u2010\u2011"
_SPACE = 0.25  # of the size


def wrapped(lines: Sequence[Sequence[Word]], left: float, right: float) -> bool:
    """Whether at each end of a line the next word had no room before `right`, as far as text keeps from `left`."""
    padding = max(0.0, min(min(word.left for word in line) for line in lines) - left)
    edge = right - min(padding, 0.2 * (right - left))
    for line, following in pairwise(lines):
        first = following[0]
        if max(word.right for word in line) + _SPACE * first.size + (first.right - first.left) <= edge:
            return False
    return True


def joined(lines: Sequence[Sequence[Word]]) -> list[Word]:
    """The words of all lines in order, those that a hyphen parts at a line's end made whole."""
    words: list[Word] = []
    for line in lines:
        for number, word in enumerate(line):
            if number == 0 and words and parted(words[-1], word):
                words[-1] = whole(words[-1], word)
            else:
                words.append(word)
    return words


def parted(word: Word, following: Word) -> bool:
    """Whether `word` ends in a hyphen that is only there because a line ended. `INV-` and `2024` stay apart, as do
    `Haupt-` and `und`."""
    return (
        len(word.text) > 2
        and word.text[-1] in HYPHENS
        and word.text[-2].islower()
        and following.text[0].islower()
        and following.text
        not in ("und", "oder", "bzw.", "and", "or", "et", "ou", "y", "o", "e", "en", "of", "och", "og")
    )


def whole(word: Word, following: Word) -> Word:
    """One word of two halves; it stands where its first half does."""
    both = word_of([*word.glyphs[:-1], *following.glyphs], word.confidence)
    both.left, both.right = word.left, word.right
    both.top, both.bottom, both.base, both.size = word.top, word.bottom, word.base, word.size
    return both
