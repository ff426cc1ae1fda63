"""How often a document repeats something, and whether it says it at all. Where in doubt, often, and yes: to cut what a
document does print is worse than to write a loop for a while.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import Any
from unicodedata import normalize

from extractor.notation.find import digits

_WORD = re.compile(r"\w+")
_NOT_OF_WORDS = re.compile(r"[\W_]+")
_NAME = re.compile(r"[^\W\d_]+")  # letters
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_LATIN = re.compile(r"[\u0000-\u058f\u1e00-\u1fff]")  # languages that put spaces between words
_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?")
_UNREAD = 4  # of so many places one more is believed: broken over lines, misread, printed in another way
_LONG = 12  # characters of a text that was copied and not chosen: no word for a kind is as long
_STEM, _CONTENT = 5, 4  # letters by which words are alike, whatever their endings; of a word that says something
_SENTENCE_END = re.compile(r"[.!?;。！？](?=\s|$)")
_WORDS_OF_A_PART = 12


class Repeats:
    """Of one document, by its text as UTF-8. What is looked up is made when it is first asked for."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._counted: dict[tuple[str, ...], int] = {}

    @property
    def size(self) -> int:
        """Bytes of its text."""
        return len(self._source)

    def prints(self, run: str, period: int) -> bool:
        """Whether it prints `run`, the same piece of `period` characters over and over, at that length: as it stands,
        with other spaces, signs and capitals between the same letters, or its piece as often in other places."""
        letters = _letters(run)
        if not letters:
            marks = "".join(run.split())
            return marks in self._spaceless if marks else run in self._text
        if letters in self._letters:
            return True
        word = re.search(r"\W(?=\w)", run)
        if word is None:
            return False
        piece = tuple(_WORD.findall(_plain(run[word.end() : word.end() + period])))
        return _believed(self._times(piece)) >= len(run) // period

    def of_row(self, row: Any) -> int:
        """How often an array may hold `row` in succession: as often as the document prints one of its values. Values
        that say what kind a line is need not be printed, so of these there may be as many as there are lines."""
        most, copied = self.printed(row)
        has_values = any(value != "" for value in _scalars(row))
        return _believed(most if copied or not has_values else max(most, self._lines))

    def printed(self, row: Any) -> tuple[int, bool]:
        """How often that of its values is printed which is so most often, and whether one was copied: it does not only
        say what kind a line is."""
        most, copied = 0, False
        for value in _scalars(row):
            if isinstance(value, str):
                printed = self._of_text(value)
                copied = copied or len(_NAME.findall(value)) > 1 or len(value) >= _LONG
            elif isinstance(value, bool):
                printed = 0
            else:
                printed = self._numbers[digits(str(value))]
                copied = copied or printed > 0
            most = max(most, printed)
        return most, copied

    def says(self, row: Any) -> bool:
        """Whether one of its values is printed, in whatever notation, or in good part: half of its words, in whatever
        form. Also where it has no values but true and false."""
        values = [value for value in _scalars(row) if not isinstance(value, bool)]
        return not values or any(self._says(value) for value in values)

    def times(self, text: str) -> int:
        """How often it stands there, as whole words or, without any, as it is."""
        return self._of_text(text)

    @cached_property
    def words(self) -> int:
        """How many it has; of letters that no spaces part, about as many as there are letters."""
        return len(self._all_stems)

    def words_of(self, text: str) -> int:
        """How many of such words a text has, one at least."""
        return max(1, len(_stems(text, some=False)))

    def words_in(self, text: str) -> list[str]:
        """What it is made of, one at least: its words, whatever their endings, or where it has none its signs."""
        return _stems(text, some=False) or ["".join(text.split())]

    def number_in(self, text: str) -> list[str]:
        """The same of a number."""
        return [digits(text)]

    def times_of_word(self, word: str) -> int:
        """How often it may have one that these give."""
        if word in self._stem_times or word in self._numbers:
            return _believed(max(self._stem_times[word], self._numbers[word]))
        return 0 if not word or word[0].isalnum() else self._spaceless.count(word)

    def speaks(self, member: Any, ended: int) -> bool:
        """Whether it says something although so many values of it were ended because they went on."""
        return 2 * ended <= len(_scalars(member)) and self.says(member)

    def _says(self, value: Any) -> bool:
        if not isinstance(value, str):
            return self._numbers[digits(str(value))] > 0
        words = _stems(value)
        found = sum(word in self._stem_times for word in words)
        return 2 * found >= len(words) if words else self._of_text(value) > 0

    @cached_property
    def parts(self) -> int:
        """How many things it may say: lines and sentences, and of a text without these so many words each."""
        sentences = sum(1 for _ in _SENTENCE_END.finditer(self._text))
        return max(self._lines + sentences, len(self._words) // _WORDS_OF_A_PART)

    def _of_text(self, value: str) -> int:
        words = tuple(_WORD.findall(_plain(value)))
        if not words:
            marks = "".join(value.split())
            return self._spaceless.count(marks) if marks else 0
        within = _letters(value)  # of languages that put no spaces between words
        return max(self._times(words), 0 if within.isascii() else self._letters.count(within))

    def _times(self, words: tuple[str, ...]) -> int:
        """How often they stand one after the other."""
        if not words:
            return 0
        if words not in self._counted:
            found = self._words
            first = [at for at, word in enumerate(found) if word == words[0]]
            self._counted[words] = sum(found[at : at + len(words)] == list(words) for at in first)
        return self._counted[words]

    @cached_property
    def _text(self) -> str:
        return self._source.decode("utf-8", "ignore")

    @cached_property
    def _spaceless(self) -> str:
        return "".join(self._text.split())

    @cached_property
    def _letters(self) -> str:
        return _letters(self._text)

    @cached_property
    def _words(self) -> list[str]:
        return _WORD.findall(_plain(self._text))

    @cached_property
    def _all_stems(self) -> list[str]:
        return _stems(self._text, some=False)

    @cached_property
    def _stem_times(self) -> Counter[str]:
        return Counter(self._all_stems)

    @cached_property
    def _numbers(self) -> Counter[str]:
        return Counter(digits(found) for found in _NUMBER.findall(normalize("NFKC", self._text)))

    @cached_property
    def _lines(self) -> int:
        return sum(1 for line in self._text.splitlines() if line.strip())


def _believed(found: int) -> int:
    """How often something may be printed that is found so often."""
    return found + found // _UNREAD


def _plain(text: str) -> str:
    return normalize("NFKC", text).casefold()


def _letters(text: str) -> str:
    """Letters and digits alone."""
    return _NOT_OF_WORDS.sub("", _plain(text))


def _stems(text: str, *, some: bool = True) -> list[str]:
    """What words say, whatever their endings; of numbers their digits; of letters that no spaces part, each two.
    `some`: of those that say something, where there are any."""
    stems: list[str] = []
    short: list[str] = []
    for word in _PIECE.findall(_plain(text)):
        if word.isdecimal():
            number = word.lstrip("0") or "0"
            (stems if len(number) > 1 else short).append(number)
        elif not word.isascii() and not _LATIN.match(word):
            stems += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif len(word) >= _CONTENT:
            stems.append(word[:_STEM])
        else:
            short.append(word)
    return [*stems, *short] if not some else stems or short


def _scalars(value: Any) -> list[Any]:
    """Within it, but for nulls."""
    if isinstance(value, dict):
        return [one for item in value.values() for one in _scalars(item)]
    if isinstance(value, list):
        return [one for item in value for one in _scalars(item)]
    return [] if value is None else [value]
