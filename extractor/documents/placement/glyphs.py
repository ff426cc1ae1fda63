"""Characters where a page has them, and the words they make.

Coordinates are points from the left top corner of the page as it is read, y downwards. `box` is where the character
stands on the page as it is shown, in fractions of it: the two differ where text runs upwards or upside down.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

Fractions = tuple[float, float, float, float]

_SAME_LINE = 0.3  # of the size: how far baselines of one word are apart
_WORD_GAP = 0.1  # of the size, where the file has no spaces of its own
_TOLD_GAP = 0.05  # of the size, where the file's reader takes a space to be
_SPACED_GAP = 0.25  # of the size, where it has
_OWN_SPACES = 25  # letters that have a space among them, where the file has its own
_INKED_GAP = 0.145  # of the size, where boxes are as narrow as what is printed
_IDEOGRAPH_GAP, _STOP_GAP = 0.45, 0.9  # of the size, beside ideographs and their stops, whose ink fills half a square
_STOPS = "、。，．：；！？（）「」『』【】《》〈〉・"
_IDEOGRAPHS = (("\u2e80", "\u9fff"), ("\uf900", "\ufaff"), ("\uff01", "\uff60"), ("\U00020000", "\U0003ffff"))
_INKED_TWICE = 0.1  # the same, where letters are as narrow as their ink
_SIGNS, _SIGN_GAP = "-−–+", 0.35  # a sign; of the size: how far its number may be
_BACK = -0.6  # a glyph this far before the end of the last one begins something new
_TWICE = 0.15  # of the size: the same letter printed again, to look bold


@dataclass(slots=True)
class Glyph:
    """`text` is one character. `base` is where it stands, `size` about the height of a line of it. `parted`: who read
    it from the file takes a space to stand before it. `inked`: its sides are those of what is printed, and know nothing
    of the room that a font leaves around it."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    base: float
    size: float
    box: Fractions
    parted: bool = False
    inked: bool = False


@dataclass(slots=True)
class Word:
    """Glyphs in reading order, at least one. `confidence` where they were read from a picture."""

    glyphs: list[Glyph]
    left: float
    right: float
    top: float
    bottom: float
    base: float
    size: float
    confidence: float | None = None
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = "".join(glyph.text for glyph in self.glyphs)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def is_ideographic(char: str) -> bool:
    """Of Chinese or Japanese, with their punctuation: scripts that have no spaces between words."""
    return char > "\u2e7f" and any(first <= char <= last for first, last in _IDEOGRAPHS)


def word_of(glyphs: list[Glyph], confidence: float | None = None) -> Word:
    return Word(
        glyphs,
        min(glyph.left for glyph in glyphs),
        max(glyph.right for glyph in glyphs),
        min(glyph.top for glyph in glyphs),
        max(glyph.bottom for glyph in glyphs),
        median(glyph.base for glyph in glyphs),
        max(glyph.size for glyph in glyphs),
        confidence,
    )


def words(glyphs: Iterable[Glyph]) -> list[Word]:
    """In the order of the file, which keeps the letters of a word together. A space ends one, as does a gap."""
    found: list[Word] = []
    for run in runs_of(_once(glyphs), _on_one_line):
        gap = _gap(run)
        word: list[Glyph] = []
        before = math.inf  # the gap before the word
        for at, glyph in enumerate(run):
            if glyph.text.isspace():
                if word and not _covered(word[-1], glyph, run[at + 1 : at + 2]):
                    found.append(word_of(word))
                    word = []
                before = before if word else math.inf
                continue
            between = _between(word[-1], glyph) if word else math.inf
            if (
                word
                and between > _TOLD_GAP * glyph.size
                and between > _most(word[-1], glyph, gap) * glyph.size
                and not _signed(word, glyph, before, between)
            ):
                found.append(word_of(word))
                word, before = [], between
            word.append(glyph)
        found += [word_of(word)] if word else []
    return found


def _most(last: Glyph, glyph: Glyph, gap: _Gap) -> float:
    """Above which part of the size a gap before `glyph` ends a word."""
    if is_ideographic(last.text) or is_ideographic(glyph.text):
        return _STOP_GAP if last.text in _STOPS or glyph.text in _STOPS else _IDEOGRAPH_GAP
    if glyph.text == last.text == ".":  # . . . .
        return _WORD_GAP
    if glyph.inked:
        return _INKED_GAP
    return gap.parted if glyph.parted else gap.usual


def _signed(word: list[Glyph], glyph: Glyph, before: float, between: float) -> bool:
    """Whether `glyph` is the first figure behind a sign: journals set it a bit apart, though nearer than to what stands
    before it."""
    sign = len(word) == 1 and word[0].text in _SIGNS and glyph.text.isdigit()
    return sign and between < _SIGN_GAP * glyph.size and before > 2 * between


def _once(glyphs: Iterable[Glyph]) -> Iterator[Glyph]:
    """Without those that are printed over themselves."""
    seen: dict[tuple[str, int, int], list[Glyph]] = {}
    for glyph in glyphs:
        if glyph.text.isspace():
            yield glyph
            continue
        column, row = int(glyph.left // 4), int(glyph.base // 4)
        near = (
            other
            for across in (column - 1, column, column + 1)
            for down in (row - 1, row, row + 1)
            for other in seen.get((glyph.text, across, down), ())
        )
        slack = (_INKED_TWICE if glyph.inked else _TWICE) * glyph.size
        if any(abs(other.left - glyph.left) < slack and abs(other.base - glyph.base) < slack for other in near):
            continue
        seen.setdefault((glyph.text, column, row), []).append(glyph)
        yield glyph


def runs_of(glyphs: Iterable[Glyph], goes_on: Callable[[Glyph, Glyph], bool]) -> Iterator[list[Glyph]]:
    """As many in succession as each `goes_on` from the one before it."""
    run: list[Glyph] = []
    for glyph in glyphs:
        if run and not goes_on(run[-1], glyph):
            yield run
            run = []
        run.append(glyph)
    if run:
        yield run


def _on_one_line(last: Glyph, glyph: Glyph) -> bool:
    size = max(last.size, glyph.size)
    return abs(glyph.base - last.base) <= _SAME_LINE * size and _BACK * size < _between(last, glyph) < 2 * size


def _between(last: Glyph, glyph: Glyph) -> float:
    """The gap, whichever way the script runs."""
    return max(glyph.left - last.right, last.left - glyph.right)


def _covered(last: Glyph, space: Glyph, rest: list[Glyph]) -> bool:
    """Whether what follows is printed over the space, close to the letter before it: nobody sees a space there."""
    following = rest[0] if rest else space
    return not following.text.isspace() and (
        following.left < (space.left + space.right) / 2 and 0 <= _between(last, following) < 0.15 * following.size
    )


class _Gap(NamedTuple):
    """Above which part of the size a gap parts words: where a space may be, and elsewhere."""

    parted: float
    usual: float


def _gap(run: list[Glyph]) -> _Gap:
    """More where letters are set apart on purpose."""
    spaces = sum(glyph.text.isspace() for glyph in run)
    least = _SPACED_GAP if spaces * _OWN_SPACES >= len(run) else _WORD_GAP
    gaps = [
        _between(last, glyph) / max(glyph.size, 0.1)
        for last, glyph in itertools.pairwise(run)
        if glyph.text.isalnum() and last.text.isalnum()
    ]
    apart = median(gaps) if len(gaps) >= 3 else 0.0
    wide = 1.8 * apart if apart > 0.05 else 0.0
    return _Gap(max(_TOLD_GAP, wide), max(least, wide))
