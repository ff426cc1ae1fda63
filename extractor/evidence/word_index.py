"""The words of a document, and where some of them stand one after the other: in whatever case, whatever separates them,
cut otherwise than they are asked for, in lines one below the other, in pieces. Knows words only."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import TypeVar

from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.spans import Span
from extractor.evidence.wrapped import WrappedText
from extractor.notation.as_typed import JOINERS, UNSEEN, seen
from extractor.notation.word_pieces import MARK, is_cut_at

MOST = 32  # places of one value
_OFTEN = 1_000  # of a word, places that are looked at for one value
_LOOKS = 500_000  # at places, for one document: a second or two
_GAP, _COLUMN = 6, 12  # characters between two words of one value; with the spaces
_SHORTEST = 5  # letters and digits of what may be cut otherwise than it is printed: `ISO9001`, `ISO 9001`
_CELLS = "|,;\t"  # not within a word of its, then
_SIGNIFICANT = 3  # characters of what may stand without the marks around it
_PREFIX, _LONGEST = 3, 40  # characters of the first of its words, then; a number's may be one digit
_PIECES, _RUN = 4, 12  # of a value that stands nowhere in one; words of a piece
_COVERED = 0.75  # of its words have to be found then
_APART = 48  # between the pieces of what stands in pieces

_WORD = re.compile(rf"[^\W_]+(?:[{MARK}]+[^\W_]*|[{JOINERS}{UNSEEN}]+[^\W_]+)*")
_MARKED = re.compile(f"[{MARK}]")
# What a writer may leave out: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic, joiners, styles. The
# marks of other scripts are letters.
_OPTIONAL = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff"
    rf"\u20d0-\u20ff\ufe00-\ufe2f{JOINERS}{UNSEEN}]"
)
_SUFFIXES = ("+", "#")

T = TypeVar("T")


class WordIndex:
    """The words of one `text`. `breaks`: where its pages begin; `is_in_number`: whether the digits from where to where
    are part of a number. Places behind `since` are looked at first. Looking ends when `left` is used up."""

    def __init__(self, text: str, breaks: Sequence[int], is_in_number: Callable[[int, int], bool]) -> None:
        self.text = text
        self._is_ascii = text.isascii()
        self.since = 0
        self.left = _LOOKS
        self._breaks = breaks
        self._is_in_number = is_in_number
        self._spans: list[Span] = []
        self._words: list[str] = []
        self._at: defaultdict[str, list[int]] = defaultdict(list)  # by a word, where in `_words` it is
        for found in _WORD.finditer(text):
            word = plain(found.group())
            self._at[word].append(len(self._words))
            self._words.append(word)
            self._spans.append(found.span())

    def has(self, word: str) -> bool:
        """Whether it is one of them; `word` is plain."""
        return word in self._at

    def may_begin(self, joined: str) -> bool:
        """Whether words that are `joined` (plain, without what is between them) may stand there."""
        return joined[:_PREFIX] in self._beginnings or joined[:1].isdecimal()

    def find(self, value: str) -> list[Fragment]:
        """Where the words of `value` stand one after the other, perhaps cut otherwise."""
        wanted = _WORD.findall(value)
        if not wanted or _MARKED.match(value):
            return self.letters(value)
        lead, tail = value[: value.index(wanted[0])], value[value.rindex(wanted[-1]) + len(wanted[-1]) :]
        found = []
        for first, last in self._runs([plain(word) for word in wanted]):
            start, stop = self._spans[first][0], self._spans[last][1]
            if not is_cut_at(self.text, start, stop):
                continue  # `example` in `ann@example.org`
            if lead and self.text[max(0, start - len(lead)) : start] == lead:
                start -= len(lead)
            if tail and self.text[stop : stop + len(tail)] == tail:
                stop += len(tail)
            printed = self.text[start:stop]
            if len(printed) < _SIGNIFICANT and (len(printed) < len(value) or self.text[stop : stop + 1] in _SUFFIXES):
                continue  # `C` and `C++`
            if printed.isdecimal() and self._is_in_number(start, stop):
                continue  # `12` in `12.50`
            found.append(Fragment(start, stop, 0 if printed == value else 1 if printed.lower() == value.lower() else 2))
        by_letters = len(value) > 1 and not value.isdecimal() and not (self._is_ascii and value.isascii())
        return found or (self.letters(value) if by_letters else [])

    def letters(self, value: str) -> list[Fragment]:
        """Where `value` stands letter by letter, and words may be cut: scripts without spaces, pictures."""
        found: list[Fragment] = []
        if not seen(value).strip() or any(word not in self.text for word in value.split()):
            return found
        printed = re.compile(r"\s{1,12}".join(map(re.escape, value.split())))
        for begin, end in ((self.since, len(self.text)), (0, self.since)):
            for at in printed.finditer(self.text, begin, end):
                if is_cut_at(self.text, *at.span()):
                    found.append(Fragment(*at.span(), 0))
                if len(found) == MOST:
                    return found
        return found

    def _runs(self, wanted: list[str]) -> list[tuple[int, int]]:
        """(first, last) of the document's words that spell `wanted`."""
        rarest = min(range(len(wanted)), key=lambda place: len(self._at.get(wanted[place], ())))
        found = []
        for at in self.often(self._at.get(wanted[rarest], ()), self._spans.__getitem__):
            first, last = at - rarest, at - rarest + len(wanted) - 1
            if self._words[max(0, first) : last + 1] == wanted and all(map(self._next, range(first, last))):
                found.append((first, last))
                if len(found) >= MOST:
                    break
        return found or self._recut(wanted)

    def _recut(self, wanted: list[str]) -> list[tuple[int, int]]:
        """As `_runs`, of words that are cut otherwise, but not by the end of a cell."""
        found: list[tuple[int, int]] = []
        joined, ends = "".join(wanted), set(accumulate(map(len, wanted)))
        if not self.may_begin(joined):
            return found  # as nearly all that is looked for
        least = 1 if joined[:1].isdecimal() else _PREFIX
        for length in range(least, min(len(joined), _LONGEST) + 1) if len(joined) >= _SHORTEST else ():
            for first in self.often(self._at.get(joined[:length], ()), self._spans.__getitem__):
                last, at = first, length
                while at < len(joined) and self._next(last, "" if at in ends else _CELLS):
                    last += 1
                    if not self._optional(last):
                        if not joined.startswith(self._words[last], at):
                            break
                        at += len(self._words[last])
                self.left -= last - first
                if at == len(joined):
                    found.append((first, last))
        return found[:MOST]

    @cached_property
    def _beginnings(self) -> set[str]:
        """The first letters of its words."""
        return {word[:_PREFIX] for word in self._at}

    def often(self, places: Sequence[T], where: Callable[[T], tuple[int, int]]) -> Iterator[T]:
        """As many of them as are looked at, those behind `_since` first. `where`: from where to where one is."""
        at = bisect_left(places, (self.since, 0), key=where)
        for place in chain(places[at : at + _OFTEN], places[: min(at, _OFTEN)]):
            if self.left <= 0:
                return
            self.left -= 1
            yield place

    def _optional(self, word: int) -> bool:
        """Whether it is the `(0)` of `+49 (0)30`."""
        start, stop = self._spans[word]
        return self.text[max(0, start - 1) : stop + 1] == "(0)"

    def _next(self, word: int, never: str = "") -> bool:
        """Whether the word after `word` may belong to the same value; `never`: what may not stand between."""
        if word + 1 == len(self._words):
            return False
        between = self.text[self._spans[word][1] : self._spans[word + 1][0]]
        lines = between.count("\n")
        return (
            not any(char in between for char in never)
            and len(between.strip()) <= _GAP
            and (lines == 1 or (not lines and len(between) <= _COLUMN))
        )

    @cached_property
    def _below(self) -> WrappedText:
        return WrappedText(self.text, self._words, self._spans, self._breaks)

    def wrapped(self, value: str) -> list[Occurrence]:
        """`value` in lines that stand one below the other in a column, or on two pages."""
        wanted = [plain(word) for word in _WORD.findall(value)]
        whole = self._at.get(wanted[0], []) if len(wanted) > 1 else []  # alone it was looked for before
        hyphenated = [word for word in self._below.hyphenated if wanted and wanted[0].startswith(self._words[word])]
        found: list[Occurrence] = []
        for first in self.often(sorted(whole + hyphenated), self._spans.__getitem__):
            looks = self._below.looks
            spans = self._below.from_word(first, wanted)
            if spans and is_cut_at(self.text, spans[0][0], spans[-1][1]):
                found.append(tuple(Fragment(*span, 1) for span in spans))
            self.left -= self._below.looks - looks
            if len(found) >= MOST:
                break
        return found

    def pieces(self, value: str) -> list[Occurrence]:
        """`value` in pieces of at least two words, each near the one that the value says before it."""
        wanted = [plain(word) for word in _WORD.findall(value)]
        fragments: list[Fragment] = []
        covered = at = 0
        while at < len(wanted) and len(wanted) > 2 and len(fragments) < _PIECES and self.left > 0:
            for length in range(min(_RUN, len(wanted) - at), 0, -1):
                runs = self._exactly(wanted[at : at + length])
                near = [run for run in runs if fragments and abs(run.start - fragments[-1].stop) < _APART]
                if near or (runs and length > 1):
                    fragments.append(near[0] if near else runs[0])
                    covered += length
                    at += length
                    break
            else:
                at += 1
        return [tuple(sorted(fragments))] if covered >= _COVERED * len(wanted) and fragments else []

    def _exactly(self, wanted: list[str]) -> list[Fragment]:
        count = len(wanted)
        return [
            Fragment(self._spans[at][0], self._spans[at + count - 1][1], 2)
            for at in self.often(self._at.get(wanted[0], ()), self._spans.__getitem__)
            if self._words[at : at + count] == wanted
            and all(map(self._next, range(at, at + count - 1)))
            and is_cut_at(self.text, self._spans[at][0], self._spans[at + count - 1][1])
        ]


def plain(word: str) -> str:
    """`word` in small letters without marks."""
    if word.isascii():
        return word.lower()
    return _OPTIONAL.sub("", unicodedata.normalize("NFKD", word.casefold()))
