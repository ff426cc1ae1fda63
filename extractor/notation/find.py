"""How documents print numbers, days and times of day: where they stand in a text, by what they say. These are guesses:
what can be read in two ways is found by both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from extractor.notation.calendar import ENGLISH, FIRST_LETTERS, NAME, ORDINAL, month
from extractor.notation.currency import SIGN_OR_CODE
from extractor.notation.fold import folded
from extractor.notation.spell import dates

Spans = dict[str, list[tuple[int, int]]]  # from where to where what is spelled so is printed, in order

_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?")
_FORMED = re.compile(  # one number, with or without groups; else commas are between numbers: `2.00,1` in a CSV
    r"\d{1,3}(?:([.,'’\u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?|\d\d?(?:,\d\d)*,\d{3}(?:\.\d+)?|\d+(?:[.,]\d+)?"
)
_NOT_READ = re.compile(r"[^\d.,]+")  # of a number
_FOUR = re.compile(r"\d{4}|[^\W\d_]\d{1,3}年|元年")
_CELL = re.compile(r"[^,]+")
_SPACED = re.compile(r"\d(?<![\d.,].)\d{0,2}(?: \d{3})+(?:[.,]\d+)?(?!\d)")
_DAY = r"(\d{4}-\d\d(?:-\d\d)?)"
_HOUR = r"(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[-+]\d\d:?\d\d)?"
_DATE_AND_TIME = re.compile(f"{_DAY}(?:[T ]{_HOUR})?|{_HOUR}")
_COUNTS = rf" {{0,3}}(?:%|(?-i:(?:{SIGN_OR_CODE}|Euro|kg|g|cm|mm|km|ml)(?![^\W_]))(?! {{0,3}}\d))"  # of what it is
_CLOCK = re.compile(  # hour, what separates, minute, second, half of the day, o'clock, its half behind `9-11 am`
    r"(\d(?<![\d:.,]\d)\d?)(?:([:.]| ?h ?| ?uhr ?|[時时點点시] ?)([0-5]\d))?(?::([0-5]\d))?"
    r"(?: ?(?:([ap])\.? ?m\b\.?|(uhr|uur|h|hrs|hod|o['’]clock)\b)"
    r"|(?= ?[-–] ?\d\d?(?:[:.]\d\d)? ?[ap]\.? ?m\b)())?(?!:?\d)",
    re.IGNORECASE,
)
_HALVES = {"午前": "a", "上午": "a", "오전": "a", "午後": "p", "下午": "p", "오후": "p"}
_ANNOUNCED = re.compile(  # before a time of day
    rf"(?:(?<![^\W_])(?i:klo?\.?|godz\.?|ore|gegen|avg|ank|dep|arr) |({'|'.join(_HALVES)}) ?)$"
)
_BEHIND_A_DAY = re.compile(r"(?:\d[-/.]\d\d?[-/.]\d\d|(?:19|20)\d\d|-\d\d-\d\d),? {1,2}$")  # `9.2.2026 7.32`
_AMOUNT_BEGINS = re.compile(rf"(?:[^\W_]|/|(?:{SIGN_OR_CODE}) ?)$")  # `EUR 08.05`, `4/08.05`
_NO_TIME, _NUMBER_GOES_ON = re.compile(_COUNTS), re.compile(r"[.,]\d")  # `7.32 EUR`, `03.04.2026`
_MILITARY = re.compile(r"(?<![\w.,:-])([01]\d|2[0-3])([0-5]\d) ?(?:hrs?|h|uhr)(?![^\W_])", re.IGNORECASE)
_NO_YEAR = re.compile(  # a day without a year, or with two digits of it after a month in letters
    rf"(?<![\d/.,-])(?-i:(?=\d\d?(?!\d)|[{FIRST_LETTERS}](?<![^\W_].)[^\W\d_]+\.? \d))(?:"
    rf"(?P<d1>\d\d?){ORDINAL}?[ /-]?(?:de |of |d['’])?(?P<m1>{NAME})(?:\.?(?:[ /-]['’]?|['’])(?P<y>\d\d))?"
    rf"|(?<![^\W_])(?P<m2>{ENGLISH})\.? (?P<d2>\d\d?)(?:st|nd|rd|th)?(?:,? ['’](?P<y2>\d\d))?"
    r"|(?P<d3>\d\d)/(?P<m3>\d\d)|(?P<d4>\d\d?)\. ?(?P<m4>\d\d?)\."
    r"|(?<!\S)(?P<d5>\d\d)-(?P<m5>\d\d)(?!\S)|(?:(?<=\n)|\A)(?P<d6>\d\d)\.(?P<m6>\d\d)(?=  |\t| [^\W\d_])"  # in a row
    rf"(?!{_COUNTS}))"
    r"(?![^\W_]|[/:-]\d|\.?,?[ -]?'?(?:de |del )?(?:\d{4}(?!\d)|\d\d(?![\d:]|[.,]\d)))",
    re.IGNORECASE,
)


# Numbers


def number_spans(text: str) -> Spans:
    """By their `digits`."""
    spans: Spans = defaultdict(list)
    text = folded(text)
    for start, stop in sorted({*_number_spans(text), *(found.span() for found in _SPACED.finditer(text))}):
        spans[digits(text[start:stop])].append((start, stop))
    return spans


def digits(printed: str) -> str:
    """What a number keeps in every notation."""
    return "".join(char if char.isascii() else str(int(char)) for char in printed if char.isdecimal()).strip("0") or "0"


def padded(printed: str) -> bool:
    """Whether it begins as a number of an account does, not one that counts."""
    return printed[:1] == "0" and printed[1:2].isdecimal()


def readings(printed: str) -> set[Decimal]:
    """The numbers, without sign, that `printed` may mean. Its last separator is the decimal one, or, before three
    digits, may be none."""
    bare = _NOT_READ.sub("", folded(printed))
    last = max(bare.rfind("."), bare.rfind(","))
    whole, fraction = bare.replace(".", "").replace(",", ""), len(bare) - 1 - last if last >= 0 else 0
    grouped = last >= 0 and bare.count(bare[last]) > 1  # no decimal mark stands twice
    shifts = (0,) if grouped and fraction == 3 else (0, 3) if fraction == 3 else (fraction,)
    return {Decimal(whole).scaleb(-shift) for shift in shifts} if whole else set()


def _number_spans(text: str) -> Iterator[tuple[int, int]]:
    """As far as digits tell."""
    for found in _NUMBER.finditer(text):
        (start, stop), printed = found.span(), found.group()
        beside = text[start - 1 : start] == "," or (text[stop : stop + 1] == "," and text[stop + 1 : stop + 2].strip())
        if "," in printed and (beside or not _FORMED.fullmatch(printed)):
            yield from ((start + cell.start(), start + cell.end()) for cell in _CELL.finditer(printed))
        else:
            yield start, stop


# Days and times of day


def date_and_time(value: str) -> tuple[str | None, str | None] | None:
    """(`YYYY-MM-DD` or `YYYY-MM`, `HH:MM` or `HH:MM:SS`) of an ISO date, time or both; None for anything else."""
    found = _DATE_AND_TIME.fullmatch(value)
    return (found[1], found[2] or found[3]) if found else None


def date_spans(text: str) -> Spans:
    """By `YYYY-MM-DD`, in both orders of day and month and in both centuries where both may be, and by `YYYY-MM`."""
    spans: Spans = defaultdict(list)
    for date in dates(text):
        meant = {date.text, _day_and_month_swapped(date.text)}
        if _FOUR.search(text, date.start, date.stop) is None:  # of its year two digits
            meant |= {f"19{spelled[2:]}" for spelled in meant}
        for spelled in meant:
            for key in {spelled, spelled[:7]}:
                spans[key].append((date.start, date.stop))
    return spans


def yearless_date_spans(text: str) -> Spans:
    """The days that are said without a year, by `MM-DD`, or with two digits of it, by `YY-MM-DD`."""
    spans: Spans = defaultdict(list)
    for found in _NO_YEAR.finditer(folded(text)):
        parts = {name[0]: part for name, part in found.groupdict().items() if part}
        day, of_year = int(parts["d"]), int(parts["m"]) if parts["m"].isdecimal() else month(parts["m"])
        if not of_year:
            continue
        year = f"{int(parts['y']):02}-" if "y" in parts else ""
        for key in {(of_year, day), (day, of_year) if parts["m"].isdecimal() else (of_year, day)}:
            spans[f"{year}{key[0]:02}-{key[1]:02}"].append(found.span())
    return spans


def time_spans(text: str) -> Spans:
    """By `HH:MM`, by `HH:MM:SS`, and by `HH:MM?` where the half of the day is not said."""
    spans: Spans = defaultdict(list)
    text = folded(text)
    for found in _MILITARY.finditer(text):
        spans[f"{found[1]}:{found[2]}"].append(found.span())
    for found in _CLOCK.finditer(text):
        hour, mark, minute, second, half, word, shared = found.groups()
        announced = _ANNOUNCED.search(text, max(0, found.start() - 6), found.start())
        behind = _BEHIND_A_DAY.search(text, max(0, found.start() - 12), found.start())
        half = half or _HALVES.get(announced[1] if announced else "")
        alone = (behind or hour[0] == "0" < hour[1:]) and not _is_amount(text, *found.span())
        is_clear = minute and int(hour) < 25 and (announced or alone) and not _NO_TIME.match(text, found.end())
        if not (half or word or shared is not None or mark not in (None, ".") or is_clear):
            continue
        of_day = int(hour) % 12 + (12 if half in ("p", "P") else 0) if half else int(hour)
        time = f"{of_day:02}:{minute or '00'}"
        for key in (time, second and f"{time}:{second}", not half and f"{time}?"):
            if key:
                spans[key].append(found.span())
    return spans


def _is_amount(text: str, start: int, stop: int) -> bool:
    """Whether what stands beside these figures says that they are a number, or some of its digits."""
    return bool(_NUMBER_GOES_ON.match(text, stop) or _AMOUNT_BEGINS.search(text, max(0, start - 6), start))


def _day_and_month_swapped(date: str) -> str:
    """Day and month the other way round, where both may be."""
    year, _, rest = date.partition("-")
    of_year, _, day = rest.partition("-")
    return f"{year}-{day}-{of_year}" if day and int(day) <= 12 else date
