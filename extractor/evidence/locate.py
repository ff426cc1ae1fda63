"""Where in a document a value may be printed: its words, in whatever case and whatever separates them; a number with
any separators, or as a percentage; a date in any order; a yes or a no. Knows values and text; no schema, no answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from itertools import islice

from extractor.evidence.occurrence import Fragment, Occurrence, in_one_piece
from extractor.evidence.spans import Span
from extractor.evidence.word_index import MOST, WordIndex
from extractor.notation import find, months, possible, scale
from extractor.notation.bigger import Bigger
from extractor.notation.currency import BEFORE_DIGITS, codes
from extractor.notation.find import Spans, digits, padded, readings
from extractor.notation.fold import folded
from extractor.notation.word_pieces import UNSPACED, is_cut_at

_APART = 48  # characters between the date and the time of one moment

_DECIMALS = re.compile(r"[.,]\d{1,3}(?!\d)")
_NUMBER = re.compile(r"-?\d[\d.,']*")
_GLUED = re.compile(rf"(?<=\d)[^\W\d_]+(?![^\W_])|{BEFORE_DIGITS}")  # the unit or the currency of a number
_CURRENCY, _LONGEST_CURRENCY = re.compile(BEFORE_DIGITS), 4
_YES_NO_WORDS = {
    True: "yes y ja oui sì sí si sim true x on".split(),
    False: "no n nein non não nee false off".split(),
}
_SHORT = 3  # digits of what may be a part of anything
_CENTURIES = ("19", "20")  # whose years are looked for
_MINUS = ("-", "−", "–")
_LARGE = 10**30
_NO_NAME = re.compile(f"[xX{UNSPACED}]")  # before a number: `30x20`, `合计123元`
_MASK, _MASKED = re.compile(r"[xX*•]{2}-$"), 3  # before the last digits of a number: `XXX-XX-6789`


class DocumentIndex:
    """One document, read for look-ups."""

    def __init__(self, text: str, breaks: Sequence[int] = ()) -> None:
        """`breaks`: where its pages begin."""
        self.text = text
        self._numbers = find.number_spans(text)
        self._words = WordIndex(text, breaks, self._is_in_number)
        self._bigger = Bigger(text)

    def find(self, value: str | int | Decimal | bool, since: int = 0) -> list[Occurrence]:
        """Where `value` may be printed: about `MOST` places, those behind `since` first. Of a bool: where yes or no is
        said in a word."""
        self._words.since = since
        if isinstance(value, bool):
            return in_one_piece(place for word in _YES_NO_WORDS[value] for place in self.words(word))
        if not isinstance(value, str):
            large = abs(Decimal(value)) >= _LARGE
            return [] if large else in_one_piece(self._number(Decimal(value)) or self._year(str(value)))
        if (parts := find.date_and_time(value)) is not None:
            return self._date_and_time(*parts) or in_one_piece(self.words(value))
        signs = self._currencies.get(value, ())
        found = [] if signs and value not in self.text else self.words(value)  # `TL` is TRY, and `try` is not
        if not found and _NUMBER.fullmatch(value):
            read = dict.fromkeys(place for number in readings(value) for place in self._number(number))
            found = [place for place in read if self._is_text(value, place)]
        if not found:
            found = self._spans(signs) or self._spans(self._glued.get(value, ())) or self._year(value)
        return in_one_piece(found) or self._words.wrapped(value) or self._words.pieces(value)

    def _is_text(self, value: str, place: Fragment) -> bool:
        """Whether the number there may be the text `value`: no other account's, and no piece of a word."""
        same = padded(self.text[place.start : place.stop]) == padded(value)
        return same and is_cut_at(self.text, place.start, place.stop)

    def _year(self, value: str) -> list[Fragment]:
        """That of a day or a month in figures."""
        return self._spans(self._years.get(value, ()))

    def _spans(self, spans: Sequence[Span], off: int = 0) -> list[Fragment]:
        return [Fragment(*span, off) for span in islice(self._words.often(spans, lambda span: span), MOST)]

    def words(self, value: str) -> list[Fragment]:
        """Where the words of `value` stand one after the other, perhaps cut otherwise."""
        return self._words.find(value)

    def anywhere(self, value: str) -> list[Fragment]:
        """As `words`, from the begin of the document on."""
        self._words.since = 0
        return self.words(value)

    def may_say(self, name: str) -> bool:
        """Whether it may stand anywhere, by its first letters; `name` in small letters without marks. What is no Latin
        may stand within words."""
        first = name.partition(" ")[0]
        return not name.isascii() or self.has_word(first) or self._words.may_begin(name.replace(" ", ""))

    def has_word(self, word: str) -> bool:
        """Whether it stands anywhere; `word` in small letters without marks."""
        return self._words.has(word)

    def _is_in_number(self, start: int, stop: int) -> bool:
        """Whether the digits there are part of a number."""
        if stop - start <= _SHORT and self._is_part(start, stop):
            return _MASK.search(self.text, max(0, start - _MASKED), start) is None
        spans = self._numbers.get(digits(self.text[start:stop]), [])
        at = bisect_left(spans, (start, stop))
        if spans[at : at + 1] == [(start, stop)]:
            return False
        before = self.text[max(0, start - 2) : start]
        in_last = stop - start <= 3 and before[-1:] in (".", ",") and before[:1].isdecimal()
        return in_last or _DECIMALS.match(self.text, stop) is not None

    def _is_part(self, start: int, stop: int) -> bool:
        """Whether the number there is a part of what is none. A year is one within a date too."""
        number = self.text[start:stop]
        if len(number) == 4 and number[:2] in _CENTURIES:
            return False
        return self._bigger.is_glued(start, stop) or self._bigger.holds(start, stop)

    @cached_property
    def _dates(self) -> Spans:
        return find.date_spans(self.text)

    @cached_property
    def _months(self) -> Spans:
        return months.spans(self.text)

    @cached_property
    def _years(self) -> Spans:
        places = [span for found in (self._dates, self._months) for spans in found.values() for span in spans]
        return months.years(folded(self.text), places)

    @cached_property
    def _yearless_dates(self) -> Spans:
        return find.yearless_date_spans(self.text)

    @cached_property
    def _times(self) -> Spans:
        return find.time_spans(self.text)

    @cached_property
    def _currencies(self) -> Spans:
        """Where signs of currencies stand, by the codes that they may mean."""
        spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for code, start, stop in codes(self.text):
            spans[code].append((start, stop))
        return spans

    @cached_property
    def _glued(self) -> Spans:
        """Where letters stand right beside digits, by the letters."""
        spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for found in _GLUED.finditer(self.text):
            spans[found.group()].append(found.span())
        return spans

    def _number(self, value: Decimal) -> list[Fragment]:
        spans = self._numbers.get(digits(f"{value:.30f}"), ())
        spans = list(islice(self._words.often(spans, lambda span: span), 2 * MOST))
        found = [
            self._signed(value, start, stop)
            for start, stop in spans
            if self._means(start, stop, abs(value)) and not self._is_part(start, stop)
        ]
        if not found and abs(value) <= 1:  # a share may be printed as a percentage
            found = [
                Fragment(start, stop, 2)
                for start, stop in spans
                if self.text[stop : stop + 2].strip()[:1] == "%" and abs(value) * 100 in readings(self.text[start:stop])
            ]
        return found[:MOST]

    def _means(self, start: int, stop: int, value: Decimal) -> bool:
        """Whether the number there may be `value`, also multiplied by what stands beside it: `2,5 Mio`."""
        read = readings(self.text[start:stop])
        if len(read) > 1:  # `1,850`
            read = possible.meant_by(self.text, start, stop, self._decimal_mark)
        return value in read or (value > 0 and value.scaleb(-scale.places(self.text, start, stop)) in read)

    @cached_property
    def _decimal_mark(self) -> str:
        return possible.decimal_mark(self.text)

    def _signed(self, value: Decimal, start: int, stop: int) -> Fragment:
        """Farther off: with another sign, behind a letter as in a name, and without decimals where `value` has some."""
        before = self.text[max(0, start - 2) : start]
        minus = before[-1:] in _MINUS and not before[:-1].isalnum()
        bare = "." in f"{value:f}" and self.text[start:stop].isdecimal()
        mark = before[-1:] if before[-1:] not in _MINUS else before[:-1]
        named = mark.isalpha() and not _NO_NAME.match(mark) and not self._is_amount(start)  # `M8`, `A-8`
        named = named or self._bigger.is_of_a_street(start, stop) or self._bigger.numbers_an_item(start, stop)
        off = 3 if named else 2 if bare or minus is not (value < 0) else 1
        return Fragment(start - (value < 0 and minus), stop, off)

    def _is_amount(self, start: int) -> bool:
        """Whether a currency stands right before the digits there: `EUR5`."""
        before = _CURRENCY.finditer(self.text, max(0, start - _LONGEST_CURRENCY), start + 1)
        return any(found.end() == start for found in before)

    def _date_and_time(self, day: str | None, hour: str | None) -> list[Occurrence]:
        """A date, a time of day, or both near each other."""
        hours = self._time_of_day(hour) if hour else []
        if day is None:
            return in_one_piece(hours)
        spans = islice(self._words.often(self._dates.get(day, ()), lambda span: span), MOST)
        days = [Fragment(*span, 0 if self.text[slice(*span)] == day else 1) for span in spans]
        if len(day) == 7:
            found = {one[:2]: one for one in [*days, *self._spans(self._months.get(day, ()), 1)]}
            days = sorted(found.values()) or self._spans(self._months.get(day[2:], ()), 2)
        if not days and len(day) > 7:
            short = self._yearless_dates.get(day[2:]) or self._yearless_dates.get(day[5:], [])
            days = [Fragment(*span, 2) for span in islice(self._words.often(short, lambda span: span), MOST)]
        moments: list[Occurrence] = []
        for one in days:
            near = [hour for hour in hours if abs(hour.start - one.stop) < _APART]
            hour_of = sorted(near, key=lambda hour: abs(hour.start - one.stop))[:1]
            moments.append(tuple(sorted([one, *hour_of])))
        return moments

    def _time_of_day(self, hour: str) -> list[Fragment]:
        """As it is said; of an afternoon, perhaps without saying so."""
        unsaid = f"{int(hour[:2]) - 12:02}{hour[2:5]}?" if hour >= "13" else ""
        for key in (hour, hour[:5], unsaid):
            if spans := self._times.get(key):
                looked = islice(self._words.often(spans, lambda span: span), MOST)
                return [Fragment(*span, 0 if self.text[slice(*span)] == hour else 1) for span in looked]
        return []
