"""Every number, day and time of day that a text may mean, spelled as JSON spells it. Where what is printed can be read
in two ways the rest of the text decides, and where it does not both are given. `dates` of a text are those that
`spell.dates` finds in it, for whoever asks more than once. Pure: knows text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal

from extractor.notation import calendar, find, scale, spell
from extractor.notation.bigger import Bigger
from extractor.notation.date_order import DAY_FIRST, MONTH_FIRST, DateOrder
from extractor.notation.months import spans as month_spans
from extractor.notation.spell import Spelled

_BEFORE = re.compile(  # a bracket, or a minus that stands between no two numbers; a currency, the point of `.50`
    r"(?:(?<![^\W_])(?<!\d[%€$£¥])[-−–](?:(?!\s)|(?<!\d [-−–])(?<!\d[%€$£¥] [-−–]))|\()"
    r"\s?[€$£¥]?\s?(?:[A-Z]{3}\s)?[.,]?$"
)
_BEHIND = re.compile(  # a minus, a bracket, debits and credits: `259.00 cr`, `88,14 S`, not a size's `38 S`
    r"\s?[€$£¥]?(?:[-−–](?![^\W_])|\)|\s?(?:CR|DR)\b)"
    r"|(?<=[.,]\d\d)(?:\s?[CcDd]r\b(?!\.? [A-Z])|[ \u00a0]{1,4}[SDC](?=[ \t]*(?:\n|\Z)))"
)
_OTHER = {".": ",", ",": "."}
_GROUPS = re.compile(r"[$£¥￥₹₩] ?$")  # currencies whose countries group by commas: `$1,850` is no 1.85
_MARK = re.compile(r".*\d([.,])\d\d?")  # one that separates no thousands
_MAY_BE_A_DAY = re.compile(  # at the end of a sentence, or no number at all: decides nothing
    r"(?<![€$£¥])(?<![A-Z]{3} )(?:[12]\d|3[01]|0?[1-9])\.(?:1[0-2]|0?[1-9])\.(?!\d)"
)
_MAY_BE_NUMBERS = re.compile(r"\d\d?/\d\d? \d{4}|\d\d\|\d\d\|\d{4}")  # as well as a day: `1/2 2000 g`, cells of a row
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+(?:(?!\1)[.,]\d+)?")  # no decimal mark stands twice
_BYTE = r"(?:1?\d\d?|2[0-4]\d|25[0-5])"
_ADDRESS = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")  # of a machine: says nothing of thousands
_COMPANY = re.compile(r"CHE[- ]$")  # as Switzerland numbers them: `CHE-123.456.789`
_FIGURES = re.compile(r"(\d\d?) ?([-/.|]) ?(\d\d?) ?[-/.|] ?(\d{4}|\d\d)")  # a day in figures, its year last
# Where a pattern begins with a character, not with what may not stand before it, places without that cost nothing.
_YEAR = re.compile(r"[12](?<!\d.)(?:(?<=1)9|(?<=2)0)\d\d(?!\d)")
_COMPACT = re.compile(r"([12](?<!\d.)(?:(?<=1)9|(?<=2)0)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")  # `20240503`
_OFFSET = re.compile(r"(?<=\d) ?(?:(Z|UTC|GMT)\b|([+-])(\d\d):?(\d\d)(?!\d))")
_RANGE = re.compile(  # `3–5 May 2024`: the first of its days
    r"(\d(?<![\d.,/]\d)\d?)\.? ?(?:[-–—]|to|bis|au|al|a|tot|and|und|&) ?\d\d?(?=(?:st|nd|rd|th|\.|º)?[ -]?(?:de |of )?"
    r"([^\W\d_]{3,12})\.?,?[ -](?:de |del )?(\d{4})(?!\d))"
)
_RANGE_BEHIND = re.compile(  # `May 3–5, 2024`: both
    rf"(?<![^\W_])({calendar.ENGLISH})\.? (\d\d?)(?:st|nd|rd|th)? ?(?:[-–—]|to|and|&) ?"
    r"(\d\d?)(?:st|nd|rd|th)?,? (\d{4})(?!\d)"
)
_RANGE_IN_FIGURES = re.compile(  # `3.–5.4.2024`, `3.4.–5.5.2024`: the first of its days
    r"(\d(?<![\d.,/-]\d)\d?)\.(?:(\d\d?)\.)? ?(?:[-–—/]|bis|und|to|and|a|au|al) ?\d\d?\. ?(\d\d?)\. ?(\d{4})(?!\d)"
)
_BARE = re.compile(r"(?<![^\s€$£¥(-])([.,])$")  # before a fraction without a whole: `.50`
_FRACTIONS = "[½¼¾⅛⅜⅝⅞]"
_FRACTION, _ANY_FRACTION = re.compile(rf"(?:(\d{{1,9}}) ?)?({_FRACTIONS})"), re.compile(_FRACTIONS)
_AHEAD = 20  # years by which a day may be later than the last year that the text prints
_OLD = 30  # two digits of a year from here on may be of the century before


def numbers(text: str, dates: Sequence[Spelled] | None = None) -> dict[str, Decimal]:
    """By their spelling, with the decimals that are printed and without those that say nothing. A number is negative
    only where a minus or a bracket says so, and may then be meant either way. What is a piece of something else that is
    printed as one (a code, an account, a time of day) is none; of a day only the year is."""
    dates = list(spell.dates(text)) if dates is None else dates
    spans = _spans(text, dates)
    mark = _decimal_mark(text, spans)
    found_numbers: dict[str, Decimal] = {}
    for start, stop in sorted(spans):
        for value in _read(text, start, stop, mark):
            found_numbers.update(_spelled(value))
            if _BEFORE.search(text, max(0, start - 8), start) or _BEHIND.match(text, stop):
                found_numbers.update(_spelled(-value))
    for whole, fraction in _FRACTION.findall(text) if _ANY_FRACTION.search(text) else ():
        found_numbers.update(_spelled(Decimal(whole or 0) + Decimal(unicodedata.numeric(fraction))))
    return found_numbers


def decimal_mark(text: str) -> str:
    """The one that its numbers use where it can be no other; empty where they use both or none."""
    return _decimal_mark(text, _spans(text, list(spell.dates(text))))


def _spans(text: str, dates: Sequence[Spelled]) -> list[tuple[int, int]]:
    """Where numbers stand, and years of days."""
    sure = (date for date in dates if not _MAY_BE_NUMBERS.fullmatch(text, date.start, date.stop))
    within = {at for date in sure for at in range(date.start, date.stop)}
    spans = [span for spans in find.number_spans(text).values() for span in spans if span[0] not in within]
    bigger = Bigger(text)
    spans = [span for span in spans if not bigger.is_of_a_token(*span)]
    return [*spans, *(found.span() for date in dates for found in _YEAR.finditer(text, date.start, date.stop))]


def _decimal_mark(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Times of day decide nothing, and one digit behind a mark only where another number has the mark too: the `2.0` of
    a motor says nothing of `97.450 km`."""
    times = {span for those in find.time_spans(text).values() for span in those}
    numbers = [text[slice(*span)] for span in spans if span not in times and not _MAY_BE_A_DAY.match(text, span[0])]
    fractions = [match for number in numbers if (match := _MARK.fullmatch(number))]
    marks = [match[1] for match in fractions]
    found = {match[1] for match in fractions if match[0][-2] not in ".," or marks.count(match[1]) > 1}
    grouped = [text[slice(*span)] for span in spans if not _COMPANY.search(text, max(0, span[0] - 4), span[0])]
    found |= {
        _OTHER[match[1]]
        for number in grouped
        if (match := _GROUPED.fullmatch(number)) and not _ADDRESS.fullmatch(number)
    }
    return found.pop() if len(found) == 1 else ""


def meant_by(text: str, start: int, stop: int, mark: str) -> set[Decimal]:
    """The numbers, without sign, that the one there may mean in a text with this decimal mark: two where neither that
    nor a currency before it decides."""
    meant, printed = find.readings(text[start:stop]), text[start:stop]
    separator = next((char for char in reversed(printed) if char in ".,"), "")
    if not mark and separator == "," and _GROUPS.search(text, max(0, start - 2), start):
        mark = "."
    return {min(meant) if separator == mark else max(meant)} if len(meant) > 1 and mark else meant


def _read(text: str, start: int, stop: int, mark: str) -> Iterator[Decimal]:
    """With those of a fraction without a whole, and of a number before a word for many."""
    printed, meant = text[start:stop], meant_by(text, start, stop, mark)
    if printed.isdecimal() and (bare := _BARE.search(text, max(0, start - 2), start)):
        fraction = next(iter(meant)).scaleb(-len(printed))
        meant = {fraction} if bare[1] == "." else {*meant, fraction}
    yield from meant
    if places := scale.places(text, start, stop):
        yield from (value.scaleb(places) for value in meant)


def _spelled(value: Decimal) -> Iterator[tuple[str, Decimal]]:
    full = f"{abs(value) if value == 0 else value:f}"
    yield full, value
    if "." in full:
        yield full.rstrip("0").rstrip("."), value


def days(text: str, dates: Sequence[Spelled] | None = None) -> dict[str, None]:
    """As `YYYY-MM-DD`. Day and month in the order that the text tells (`date_order.py`), in both where it does not; of
    two digits of a year the century in which the text's other years are."""
    printed = [
        (text[day_text.start : day_text.stop], day_text.text)
        for day_text in (spell.dates(text) if dates is None else dates)
    ]
    in_digits = [found.groups() for where, _ in printed if (found := _FIGURES.fullmatch(where))]
    plain = [(int(first), mark, int(second)) for first, mark, second, _ in in_digits if mark != "|"]
    order = DateOrder(text, plain)  # what lies between bars may be cells
    years = _years(text)
    days_: dict[str, None] = {}
    for where, day_text in printed:
        if len(day_text) == 10 and not _FIGURES.fullmatch(where):
            days_.update(dict.fromkeys(_day(day_text[:4], int(day_text[5:7]), int(day_text[8:]), years)))
    for first, mark, second, year in in_digits:
        days_.update(dict.fromkeys(_either(int(first), int(second), year, order.behind(mark), years)))
    compact = [(year, int(month), int(day)) for year, month, day in _COMPACT.findall(text)]
    for printed_year, of_year, of_month in [*_first_days(text), *compact]:
        days_.update(dict.fromkeys(_day(printed_year, of_year, of_month, years)))
    known_years = sorted({*years, *(int(day_text[:4]) for _, day_text in printed)})
    for day_text in find.yearless_date_spans(text):
        *year, month, day = day_text.split("-")
        for one in year or map(str, known_years):
            days_.update(dict.fromkeys(_day(one, int(month), int(day), years)))
    return days_


def _first_days(text: str) -> Iterator[tuple[str, int, int]]:
    """Year, month and day of those that stand before others and share their year with them."""
    for first, name, year in _RANGE.findall(text):
        yield year, calendar.month(name), int(first)
    for name, first, last, year in _RANGE_BEHIND.findall(text):
        yield from ((year, calendar.month(name), int(day)) for day in (first, last))
    for first, own, month, year in _RANGE_IN_FIGURES.findall(text):
        yield year, int(own or month), int(first)


def months(
    text: str,
    dates: Sequence[Spelled] | None = None,
    those: Iterable[str] | None = None,
    printed: Iterable[str] | None = None,
) -> dict[str, None]:
    """As `YYYY-MM`, those of its days too. For whoever knows them, `those`: the days, and `printed`: what
    `months.spans` finds."""
    dates = list(spell.dates(text)) if dates is None else dates
    found = [date.text for date in dates if len(date.text) == 7]
    years = _years(text)
    for one in month_spans(text) if printed is None else printed:
        year, of_year = one.split("-")
        found += [f"{full}-{of_year}" for full in _in_full(year, years)]
    return dict.fromkeys([*found, *(day[:7] for day in (days(text, dates) if those is None else those))])


def hours(text: str) -> dict[str, None]:
    """As `HH:MM` or `HH:MM:SS`; of an hour whose half of the day is not said both."""
    hours: dict[str, None] = {}
    for found in find.time_spans(text):
        time = found.rstrip("?")
        hour, rest = int(time[:2]), time[2:]
        both = [hour, hour + 12] if found.endswith("?") and 1 <= hour <= 11 else [hour]
        hours.update((f"{one:02}{rest}", None) for one in both if one < 24)
    return hours


def offsets(text: str) -> dict[str, None]:
    """From UTC, as RFC 3339 spells them: those that stand behind a digit, and `Z`."""
    found = _OFFSET.finditer(text)
    return dict.fromkeys(["Z", *(f"{match[2]}{match[3]}:{match[4]}" for match in found if match[2])])


def _either(first: int, second: int, year: str, order: str, years: list[int]) -> Iterator[str]:
    if order != MONTH_FIRST or first > 12:
        yield from _day(year, second, first, years)
    if order != DAY_FIRST or second > 12:
        yield from _day(year, first, second, years)


def _day(year: str, month: int, day: int, years: list[int]) -> Iterator[str]:
    """The days it may be; none where there is no such day."""
    for one in _in_full(year, years):
        with suppress(ValueError):
            yield date(one, month, day).isoformat()


def _years(text: str) -> list[int]:
    """That are printed in four digits."""
    return sorted({int(year) for year in _YEAR.findall(text)})


def _in_full(year: str, years: list[int]) -> list[int]:
    """What it may be: of two digits the later century that is not far beyond `years`, and always one of late."""
    if len(year) == 4:
        return [int(year)]
    this, last = 2000 + int(year), 1900 + int(year)
    if int(year) < _OLD:
        return [this, last] if years and this > years[-1] + _AHEAD else [this]
    return [one for one in (this, last) if one <= years[-1] + _AHEAD][:1] if years else [this, last]
