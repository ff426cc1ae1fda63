"""Where in a document a value may be printed: its words, in whatever case and whatever separates them; a number with
any separators, or as a percentage; a date in any order; a yes or a no. Knows values and text; no schema, no answer.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Many
from decimal import Decimal
from functools import cached_property
from itertools import accumulate, chain, islice
from typing import NamedTuple, TypeVar

from extractor.evidence.wrapped import WrappedText
from extractor.notation import find
from extractor.notation.find import Spans, digits, padded, readings

MOST = 32  # places of one value
_OFTEN = 1_000  # of a word, places that are looked at for one value
_LOOKS = 500_000  # at places, for one document: a second or two
_GAP, _COLUMN = 6, 12  # characters between two words of one value; with the spaces
_APART = 48  # between the date and the time of one moment, and between the pieces of what stands in pieces
_SHORTEST = 5  # letters and digits of what may be cut otherwise than it is printed: `ISO9001`, `ISO 9001`
_CELLS = "|,;\t"  # not within a word of its, then
_SIGNIFICANT = 3  # characters of what may stand without the marks around it
_PREFIX, _LONGEST = 3, 40  # characters of the first of its words, then; a number's may be one digit
_PIECES, _RUN = 4, 12  # of a value that stands nowhere in one; words of a piece
_COVERED = 0.75  # of its words have to be found then

_WORD = re.compile(r"[^\W_]+")
_DECIMALS = re.compile(r"[.,]\d{1,3}(?!\d)")
_NUMBER = re.compile(r"-?\d[\d.,']*")
_GLUED = re.compile(r"(?<=\d)[^\W\d_]+(?![^\W_])|(?<![^\W_])[A-Z]{3}(?=\d)")  # the unit or the currency of a number
_YES_NO_WORDS = {
    True: "yes y ja oui sì sí si sim true x on".split(),
    False: "no n nein non não nee false off".split(),
}
_SUFFIXES = ("+", "#")
_MINUS = ("-", "−", "–")
_LARGE = 10**30
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}

T = TypeVar("T")


class Fragment(NamedTuple):
    """`text[start:stop]` of a document; `mismatch`: 0 where it is the value letter by letter, 1 but for capitals, 3
    where it is a part of a name, else 2."""

    start: int
    stop: int
    mismatch: int


Occurrence = tuple[Fragment, ...]  # one value, in one piece or more


class DocumentIndex:
    """One document, read for look-ups."""

    def __init__(self, text: str, breaks: Many[int] = ()) -> None:
        """`breaks`: where its pages begin."""
        self.text = text
        self._breaks = breaks
        self._left = _LOOKS
        self._spans: list[tuple[int, int]] = []
        self._words: list[str] = []
        self._at: defaultdict[str, list[int]] = defaultdict(list)  # by a word, where in `_words` it is
        for found in _WORD.finditer(text):
            word = plain(found.group())
            self._at[word].append(len(self._words))
            self._words.append(word)
            self._spans.append(found.span())
        self._numbers = find.number_spans(text)
        self._since = 0

    def find(self, value: str | int | Decimal | bool, since: int = 0) -> list[Occurrence]:
        """Where `value` may be printed: about `MOST` places, those behind `since` first. Of a bool: where yes or no is
        said in a word."""
        self._since = since
        if isinstance(value, bool):
            return _whole(place for word in _YES_NO_WORDS[value] for place in self.words(word))
        if not isinstance(value, str):
            return _whole(self._number(Decimal(value))) if abs(Decimal(value)) < _LARGE else []
        if (parts := find.date_and_time(value)) is not None:
            return self._date_and_time(*parts) or _whole(self.words(value))
        found = self.words(value)
        if not found and _NUMBER.fullmatch(value):
            read = dict.fromkeys(place for number in readings(value) for place in self._number(number))
            found = [place for place in read if padded(self.text[place.start : place.stop]) == padded(value)]
        if not found and value in _SIGNS:
            found = self._letters(_SIGNS[value])
        if not found:
            spans = self._often(self._glued.get(value, ()), lambda span: span)
            found = [Fragment(*span, 0) for span in islice(spans, MOST)]
        return _whole(found) or self._wrapped(value) or self._pieces(value)

    def words(self, value: str) -> list[Fragment]:
        """Where the words of `value` stand one after the other, perhaps cut otherwise."""
        wanted = _WORD.findall(value)
        if not wanted:
            return self._letters(value)
        lead, tail = value[: value.index(wanted[0])], value[value.rindex(wanted[-1]) + len(wanted[-1]) :]
        found = []
        for first, last in self._runs([plain(word) for word in wanted]):
            start, stop = self._spans[first][0], self._spans[last][1]
            if lead and self.text[max(0, start - len(lead)) : start] == lead:
                start -= len(lead)
            if tail and self.text[stop : stop + len(tail)] == tail:
                stop += len(tail)
            printed = self.text[start:stop]
            if len(printed) < _SIGNIFICANT and (len(printed) < len(value) or self.text[stop : stop + 1] in _SUFFIXES):
                continue  # `C` and `C++`
            if printed.isdecimal() and self._in_number(start, stop):
                continue  # `12` in `12.50`
            found.append(Fragment(start, stop, 0 if printed == value else 1 if printed.lower() == value.lower() else 2))
        return found or (self._letters(value) if len(value) > 1 and not value.isascii() else [])

    def _in_number(self, start: int, stop: int) -> bool:
        """Whether the digits there are part of a number."""
        spans = self._numbers.get(digits(self.text[start:stop]), [])
        at = bisect_left(spans, (start, stop))
        if spans[at : at + 1] == [(start, stop)]:
            return False
        before = self.text[max(0, start - 2) : start]
        in_last = stop - start <= 3 and before[-1:] in (".", ",") and before[:1].isdecimal()
        return in_last or _DECIMALS.match(self.text, stop) is not None

    @cached_property
    def _dates(self) -> Spans:
        return find.date_spans(self.text)

    @cached_property
    def _yearless_dates(self) -> Spans:
        return find.yearless_date_spans(self.text)

    @cached_property
    def _times(self) -> Spans:
        return find.time_spans(self.text)

    @cached_property
    def _glued(self) -> Spans:
        """Where letters stand right beside digits, by the letters."""
        made: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for found in _GLUED.finditer(self.text):
            made[found.group()].append(found.span())
        return made

    def _letters(self, value: str) -> list[Fragment]:
        """Where `value` stands letter by letter, within a word too: not every script has spaces."""
        found: list[Fragment] = []
        for begin, end in (self._since, len(self.text)), (0, self._since):
            at = self.text.find(value, begin, end) if value.strip() else -1
            while at >= 0 and len(found) < MOST:
                found.append(Fragment(at, at + len(value), 0))
                at = self.text.find(value, at + len(value), end)
        return found

    def _runs(self, wanted: list[str]) -> list[tuple[int, int]]:
        """(first, last) of the document's words that spell `wanted`."""
        rarest = min(range(len(wanted)), key=lambda place: len(self._at.get(wanted[place], ())))
        found = []
        for at in self._often(self._at.get(wanted[rarest], ()), self._spans.__getitem__):
            first, last = at - rarest, at - rarest + len(wanted) - 1
            if self._words[max(0, first) : last + 1] == wanted and all(map(self._next, range(first, last))):
                found.append((first, last))
                if len(found) >= MOST:
                    break
        return found or self._recut(wanted)

    def _recut(self, wanted: list[str]) -> list[tuple[int, int]]:
        """As `_runs`, of words that are cut otherwise, but not by the end of a cell."""
        found = []
        joined, ends = "".join(wanted), set(accumulate(map(len, wanted)))
        least = 1 if joined[:1].isdecimal() else _PREFIX
        for length in range(least, min(len(joined), _LONGEST) + 1) if len(joined) >= _SHORTEST else ():
            for first in self._often(self._at.get(joined[:length], ()), self._spans.__getitem__):
                last, at = first, length
                while at < len(joined) and self._next(last, "" if at in ends else _CELLS):
                    last += 1
                    if not self._optional(last):
                        if not joined.startswith(self._words[last], at):
                            break
                        at += len(self._words[last])
                self._left -= last - first
                if at == len(joined):
                    found.append((first, last))
        return found[:MOST]

    def _often(self, places: Many[T], where: Callable[[T], tuple[int, int]]) -> Iterator[T]:
        """As many of them as are looked at, those behind `_since` first. `where`: from where to where one is."""
        at = bisect_left(places, (self._since, 0), key=where)
        for place in chain(places[at : at + _OFTEN], places[: min(at, _OFTEN)]):
            if self._left <= 0:
                return
            self._left -= 1
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

    def _number(self, value: Decimal) -> list[Fragment]:
        spans = self._numbers.get(digits(f"{value:.30f}"), ())
        spans = list(islice(self._often(spans, lambda span: span), 2 * MOST))
        found = [
            self._signed(value, start, stop) for start, stop in spans if abs(value) in readings(self.text[start:stop])
        ]
        if not found and abs(value) <= 1:  # a share may be printed as a percentage
            found = [
                Fragment(start, stop, 2)
                for start, stop in spans
                if self.text[stop : stop + 2].strip()[:1] == "%" and abs(value) * 100 in readings(self.text[start:stop])
            ]
        return found[:MOST]

    def _signed(self, value: Decimal, start: int, stop: int) -> Fragment:
        """Farther off: with another sign, behind a letter as in a name, and without decimals where `value` has some."""
        before = self.text[max(0, start - 2) : start]
        minus = before[-1:] in _MINUS and not before[:-1].isalnum()
        bare = "." in f"{value:f}" and self.text[start:stop].isdecimal()
        mark = before[-1:] if before[-1:] not in _MINUS else before[:-1]
        named = mark.isalpha() and mark not in ("x", "X")  # `M8`, `A-8`, but not `30x20`
        off = 3 if named else 2 if bare or minus is not (value < 0) else 1
        return Fragment(start - (value < 0 and minus), stop, off)

    def _date_and_time(self, day: str | None, hour: str | None) -> list[Occurrence]:
        """A date, a time of day, or both near each other."""
        hours = self._time_of_day(hour) if hour else []
        if day is None:
            return _whole(hours)
        spans = islice(self._often(self._dates.get(day, ()), lambda span: span), MOST)
        days = [Fragment(*span, 0 if self.text[slice(*span)] == day else 1) for span in spans]
        if len(day) == 7 and not days:
            days = self.words(f"{day[5:]}/{day[:4]}")
        if not days and len(day) > 7:
            short = self._yearless_dates.get(day[2:]) or self._yearless_dates.get(day[5:], [])
            days = [Fragment(*span, 2) for span in islice(self._often(short, lambda span: span), MOST)]
        found: list[Occurrence] = []
        for one in days:
            near = [hour for hour in hours if abs(hour.start - one.stop) < _APART]
            found.append((one, min(near, key=lambda hour: abs(hour.start - one.stop))) if near else (one,))
        return found

    def _time_of_day(self, hour: str) -> list[Fragment]:
        """As it is said; of an afternoon, perhaps without saying so."""
        unsaid = f"{int(hour[:2]) - 12:02}{hour[2:5]}?" if hour >= "13" else ""
        for key in (hour, hour[:5], unsaid):
            if spans := self._times.get(key):
                looked = islice(self._often(spans, lambda span: span), MOST)
                return [Fragment(*span, 0 if self.text[slice(*span)] == hour else 1) for span in looked]
        return []

    @cached_property
    def _below(self) -> WrappedText:
        return WrappedText(self.text, self._words, self._spans, self._breaks)

    def _wrapped(self, value: str) -> list[Occurrence]:
        """`value` in lines that stand one below the other in a column, or on two pages."""
        wanted = [plain(word) for word in _WORD.findall(value)]
        whole = self._at.get(wanted[0], []) if len(wanted) > 1 else []  # alone it was looked for before
        cut = [word for word in self._below.cut if wanted and wanted[0].startswith(self._words[word])]
        found: list[Occurrence] = []
        for first in self._often(sorted(whole + cut), self._spans.__getitem__):
            looks = self._below.looks
            if spans := self._below.from_word(first, wanted):
                found.append(tuple(Fragment(*span, 1) for span in spans))
            self._left -= self._below.looks - looks
            if len(found) >= MOST:
                break
        return found

    def _pieces(self, value: str) -> list[Occurrence]:
        """`value` in pieces of at least two words, in the order of the value, each near the one before."""
        wanted = [plain(word) for word in _WORD.findall(value)]
        made: list[Fragment] = []
        covered = at = 0
        while at < len(wanted) and len(wanted) > 2 and len(made) < _PIECES and self._left > 0:
            for length in range(min(_RUN, len(wanted) - at), 0, -1):
                runs = self._exactly(wanted[at : at + length])
                near = [run for run in runs if made and abs(run.start - made[-1].stop) < _APART]
                if near or (runs and length > 1):
                    made.append(near[0] if near else runs[0])
                    covered += length
                    at += length
                    break
            else:
                at += 1
        return [tuple(made)] if covered >= _COVERED * len(wanted) and made else []

    def _exactly(self, wanted: list[str]) -> list[Fragment]:
        count = len(wanted)
        return [
            Fragment(self._spans[at][0], self._spans[at + count - 1][1], 2)
            for at in self._often(self._at.get(wanted[0], ()), self._spans.__getitem__)
            if self._words[at : at + count] == wanted and all(map(self._next, range(at, at + count - 1)))
        ]


def _whole(places: Iterable[Fragment]) -> list[Occurrence]:
    """Each in one piece."""
    return [(place,) for place in places]


def plain(word: str) -> str:
    """`word` in small letters without marks."""
    if word.isascii():
        return word.lower()
    return "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(char))
