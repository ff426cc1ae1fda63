"""What digits are a part of: the 11 of a date, of `11:30`, of `PO-11-A`, of a telephone number or of `page 11 of 12` is
no quantity. Knows text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from extractor.notation import addresses
from extractor.notation.calendar import is_name
from extractor.notation.codes import CALLED
from extractor.notation.fold import folded
from extractor.notation.spell import dates
from extractor.notation.word_pieces import is_cut_at

Span = tuple[int, int]  # half-open

_IN_FULL = re.compile(r"^\d{4}|\d{4}$| / ")  # of a day with spaces in it
_NAMES = re.compile(r"[^\W\d_]{3,}")
_DAY = re.compile(  # without a year: `5. Oktober`, `Oct 5`, `05.10.`
    r"(?<![\w.,/-])(?:\d\d?(?:st|nd|rd|th|er|\.|º)? ?(?:de |of )?(?P<m1>[^\W\d_]{3,14})(?![^\W_])"
    r"|(?P<m2>[^\W\d_]{3,14})\.? \d\d?(?:st|nd|rd|th)?(?![\w.,/-]*\d)"
    r"|(?<![€$£¥])(?<![A-Z]{3} )(?:[12]\d|3[01]|0?[1-9])\. ?(?:1[0-2]|0?[1-9])\.(?! ?\d))"  # no `EUR 11.12.`
)
_CLOCK = re.compile(r"(?:(?<![\w:])|(?<=\d-\d\dT))\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?!:?\d)")
# Letters or digits held together by hyphens, slashes or dots, three parts or more, or two with letters among them.
_CODE = re.compile(
    r"(?<![\w/-])(?:[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+){2,}|(?=[\d_/-]*[A-Za-z])[A-Za-z0-9]+[-_][A-Za-z0-9]+"
    r"|(?=[a-f\d]*[a-f])(?=\w*\d\w*\d\w*\d\w*\d)[a-f\d]{6,})(?![\w-]|/\w)"
)
_PHONE = re.compile(
    r"(?<![\w.,])(?:\+\d|\(0\d|0\d(?!\d?[.,/]\d)|[A-Z]{2}\d\d ?[A-Z\d]{2})(?:[\d()/-]| (?! )){6,}\d(?![\w]|[.,]\d)"
)
_ACCOUNT = re.compile(  # an IBAN; the number of a card, which is no row of years
    r"(?<![^\W_])[A-Z]{2}\d\d(?: [A-Z\d]{4})(?: (?=[A-Z]{0,3}\d)[A-Z\d]{4}){1,6}(?: [A-Z\d]{1,3})?(?![^\W_])"
    r"|(?<![\w.,-])(?!(?:19|20)\d\d (?:19|20)\d\d )\d{4}(?: \d{4}){3}(?![\w-]|[.,]\d)"
)
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b\d{4} [A-Z]{2}\b(?= [A-Z][a-z])")
_PAGE = re.compile(
    r"\b(?:page|seite|blatt|pagina|página|sheet|side|strana)\.? \d+(?: ?(?:/|of|von|de|di|van|sur|av) ?\d+)?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[.)](?=[ \t]+[^\W\d])")
_ADDRESS = re.compile(rf"{addresses.EMAIL}|{addresses.SCHEME}[^\s|]+|(?<![^\W_])(?i:www)\.[^\s|]+")
_OF_ONE_WORD, _OF_SEVERAL = (_CLOCK, _CODE, _ADDRESS), (_PHONE, CALLED, _ACCOUNT)
_KINDS = (*_OF_ONE_WORD, *_OF_SEVERAL, _POSTCODE, _PAGE)
_COUNTED = re.compile(r"\d+-[^\W\d_]+")  # `30-day`
_TIES = frozenset("-–/_:.@+(=")
_NEXT = re.compile(r"(?:st|nd|rd|th|er|\.|º)? ?(?:de |of )?([^\W\d_]{3,14})")
_PAGES = frozenset("page seite blatt pagina página sheet side strana of von de di van sur av".split())
_WORD = 14  # characters of the word before
_HOUSE = 3  # digits
_HOUSE_ENDS = re.compile(r"[ \t]*(?:[,\n]|  |$)")
_STREET = re.compile(r"(?<![^\W_])[^\W\d_a-zà-ÿ][^\W\d_]{2,} $")
_LONGEST = 64  # characters of a number
_AROUND = 32  # characters on each side that are looked at


class Bigger:
    """One document's."""

    def __init__(self, text: str) -> None:
        self._text = folded(text)
        self._known: dict[Span, bool] = {}
        self._cuts: dict[Span, set[int]] = {}

    def holds(self, start: int, stop: int) -> bool:
        """Whether `text[start:stop]`, a number, is less than the whole of something that is none."""
        if (start, stop) not in self._known:
            self._known[start, stop] = self._may_be_held(start, stop) and self._is_held(start, stop)
        return self._known[start, stop]

    def _may_be_held(self, start: int, stop: int) -> bool:
        """Whether what stands beside it makes it worth a closer look. Nothing has as many digits in one piece as the
        longest lines of them, which would cost the square of their length."""
        if stop - start > _LONGEST:
            return False
        before, after = self._text[max(0, start - 2) : start], self._text[stop : stop + 2]
        if before[-1:].isalnum() or after[:1] in _TIES or after[:1].isalnum():
            return True
        if before[-1:] in _TIES or after[1:].isdecimal():
            return True
        if (word := _NEXT.match(self._text, stop)) is not None and is_name(word[1], dated=True):
            return True
        last = self._text[max(0, start - _WORD) : start].rsplit(maxsplit=1)
        token = last[-1].lower().rstrip(".,") if last else ""
        return is_name(token, dated=True) or token in _PAGES or (before[-1:] == " " and token[-1:].isdecimal())

    def _is_held(self, start: int, stop: int) -> bool:
        window, begin, end = self._around(start, stop)
        return any(first <= begin and end <= last and end - begin < last - first for first, last in _found(window))

    def _around(self, start: int, stop: int) -> tuple[str, int, int]:
        """What is looked at, and where the number stands in it."""
        since = max(0, start - _AROUND)
        window = self._text[since : stop + _AROUND]
        begin, end = start - since, stop - since
        if any(mark in window[begin:end] for mark in ".,"):  # what ends its sentence is no end of a day: `at 8.10.`
            window = f"{window[:end]} {window[end:].lstrip('.')}"
        return window, begin, end

    def is_of_a_token(self, start: int, stop: int) -> bool:
        """Whether it is only a piece of what is printed as one: of a code of letters and digits, an account, a
        telephone number, an address, a time of day, a day without a year. `12kg`, `Q3`, `EUR5`, `30-day` are no codes.
        Dates with a year are not looked for: whoever asks knows them."""
        if self.is_glued(start, stop):
            return True
        if not self._may_be_held(start, stop):
            return False
        window, begin, end = self._around(start, stop)
        stands_alone = not (self._text[max(0, start - 1) : start] + self._text[stop : stop + 1]).strip()
        kinds = _OF_SEVERAL if stands_alone else (*_OF_ONE_WORD, *_OF_SEVERAL)
        return any(
            first <= begin
            and end <= last
            and end - begin < last - first
            and not (first == begin and _COUNTED.fullmatch(window, first, last))
            for first, last in _without_dates(window, kinds)
        )

    def is_glued(self, start: int, stop: int) -> bool:
        """Whether letters stand at it that it cannot be cut from (`RE4711`, `12AB34`): no mask, unit or currency."""
        beside = self._text[start - 1 : start] + self._text[stop : stop + 1]
        return any(map(str.isalpha, beside)) and not is_cut_at(self._text, start, stop, self._cuts)

    def is_of_a_street(self, start: int, stop: int) -> bool:
        """Whether it may be the number of a house: `Price Avenue 21`."""
        if stop - start > _HOUSE or _HOUSE_ENDS.match(self._text, stop) is None:
            return False
        return _STREET.search(self._text[max(0, start - _AROUND) : start]) is not None

    def numbers_an_item(self, start: int, stop: int) -> bool:
        """Whether it only counts the paragraphs: `3) `, at the start of a line."""
        line = self._text.rfind("\n", max(0, start - _AROUND), start) + 1
        return self._text[line:start].strip(" \t(") == "" and _ITEM.match(self._text, stop) is not None


def _found(window: str) -> Iterator[Span]:
    """What there is in it that is no number and has some."""
    for date in dates(window):
        printed, names = window[date.start : date.stop], _NAMES.findall(window, date.start, date.stop)
        if "|" in printed:  # as well three cells of a row
            continue
        if all(is_name(name, dated=True) for name in names) and (
            names or " " not in printed or _IN_FULL.search(printed)
        ):
            yield date.start, date.stop
    yield from _without_dates(window, _KINDS)


def _without_dates(window: str, kinds: Iterable[re.Pattern[str]]) -> Iterator[Span]:
    """Days without a year, and what is of these kinds."""
    for day in _DAY.finditer(window):
        if not (name := day["m1"] or day["m2"]) or is_name(name):
            yield day.span()
    for kind in kinds:
        yield from (found.span() for found in kind.finditer(window))
