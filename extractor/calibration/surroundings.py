"""What a document prints around a place, and whether it names a field: lines, and the edges of cells.

Much simpler than the search for evidence, which chooses: this only weighs. Knows text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from extractor.evidence.spans import Span
from extractor.notation.key_words import key_words

_MOST = 24  # lines of a word that are looked at
_STEM = 4  # letters that words of one stem share: `invoice`, `invoiced`
_KEY = 64  # characters of a key that are looked at
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS = re.compile(r"[^\w\n]?(?:  |[|\t\n:;,=]|$)")  # of a cell
_FORM = re.compile(r"\w ?[:|\t=]|\S(?: {2,}|\t)\S")
_SEPARATORS = " \t|:;=,.#-–—()>*_"


class NamedPlace(NamedTuple):
    """Where a key is named best: the share of its words that one line has, and what stands behind them: the rest of the
    line, or of the next where that is empty."""

    share: float
    behind: Span


_NOWHERE = NamedPlace(0.0, (0, 0))


class Surroundings:
    """Of the places in one document's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(at.end() for at in re.finditer("\n", text))]
        self._lines: defaultdict[str, list[int]] = defaultdict(list)  # by a stem
        self._words: list[list[tuple[str, int]]] = [[] for _ in self._starts]  # of a line: (stem, where it ends)
        line = 0
        for found in _WORD.finditer(text):
            while line + 1 < len(self._starts) and found.start() >= self._starts[line + 1]:
                line += 1
            stem = _stem(found.group())
            self._words[line].append((stem, found.end()))
            lines = self._lines[stem]
            if not lines or lines[-1] != line:
                lines.append(line)

    def named(self, key: str) -> NamedPlace:
        """The best line, of equal ones the first with something behind."""
        stems = _stems(key)
        best = _NOWHERE
        lines = {line for stem in stems for line in islice(self._lines.get(stem, ()), _MOST)}
        for line in sorted(lines):
            ends = {stem: end for stem, end in self._words[line] if stem in stems}
            share = len(ends) / len(stems)
            if share > best.share or (share == best.share and self._empty(best.behind)):
                best = NamedPlace(share, self._behind(line, max(ends.values())))
        return best

    def before(self, key: str, start: int) -> float:
        """The share of the key's words that stand before `start` in its line, or in the line above."""
        stems, line = _stems(key), bisect_right(self._starts, start) - 1
        if not stems:
            return 0.0
        beside = {stem for stem, end in self._words[line] if end <= start}
        above = {stem for stem, _ in self._words[line - 1]} if line else set()
        return max(len(stems & beside), len(stems & above)) / len(stems)

    def begins(self, start: int) -> bool:
        """Whether a cell or a line begins there."""
        lead = self._text[max(0, start - 2) : start]
        return not lead.strip() or lead.rstrip()[-1] in _SEPARATORS

    def ends(self, stop: int) -> bool:
        """Whether a cell or a line ends there."""
        return _ENDS.match(self._text, stop) is not None

    @cached_property
    def structured(self) -> float:
        """The share of the lines that say what their values are, or stand in columns: forms and tables, not prose."""
        lines = [line for line in self._text.split("\n") if line.strip()]
        return sum(_FORM.search(line) is not None for line in lines) / max(1, len(lines))

    def text(self, span: Span) -> str:
        return self._text[slice(*span)].strip(_SEPARATORS)

    def _behind(self, line: int, end: int) -> Span:
        for at in (line, line + 1):
            if at < len(self._starts):
                stop = self._starts[at + 1] - 1 if at + 1 < len(self._starts) else len(self._text)
                span = (end if at == line else self._starts[at], stop)
                if not self._empty(span):
                    return span
        return end, end

    def _empty(self, span: Span) -> bool:
        return not self.text(span)


def _stems(key: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in key_words(key[:_KEY]) if len(word) > 1 and not word.isdecimal())


def _stem(word: str) -> str:
    return word.casefold()[:_STEM]
