"""A spreadsheet's number as a date or a time, under the parts of a date format."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import groupby

from extractor.documents.sheets.calendar_names import names
from extractor.documents.sheets.format_code import CodePart

_FIRST = datetime.date(1899, 12, 30)  # day 0, from the day after 28 February 1900 on
_FIRST_1904 = datetime.date(1904, 1, 1)
_LEAP = 60  # Lotus 1-2-3 took 1900 for a leap year, and so do its heirs
_DAYS = 2_958_466  # up to the year 9999
_DAY_MS = 86_400_000
_HALVES = ("am/pm", "a/p")


def is_date(parts: Sequence[CodePart]) -> bool:
    return any(kind in ("date", "elapsed") and text.lower() != "e" for kind, text in parts)


def formatted_date(value: float, parts: Sequence[CodePart], locale: str, from_1904: bool) -> str | None:
    """None for what is no day of the calendar."""
    if not (0 <= value < _DAYS):
        return None
    pieces = _pieces(parts)
    thousandths = any(kind == "fraction" for kind, _ in pieces)
    total = round(value * _DAY_MS)
    total = total if thousandths else round(total / 1000) * 1000
    day, clock = divmod(total, _DAY_MS)
    if day >= _DAYS:
        return None
    half = any(kind == "half" for kind, _ in pieces)
    moment = _Moment(_date(day, from_1904), day, clock, half, total)
    return "".join(moment.formatted(kind, text, locale) for kind, text in pieces).strip()


def _date(day: int, from_1904: bool) -> tuple[int, int, int, int]:
    """(year, month, day, weekday with Sunday as 0); a day that never was is told as Excel tells it."""
    if not from_1904 and day in (0, _LEAP):
        return (1900, 1, 0, 6) if day == 0 else (1900, 2, 29, 3)
    first = _FIRST_1904 if from_1904 else _FIRST
    try:
        date = first + datetime.timedelta(days=day + (1 if not from_1904 and day < _LEAP else 0))
    except OverflowError:
        return 9999, 12, 31, 5
    return date.year, date.month, date.day, date.isoweekday() % 7


class _Moment:
    def __init__(self, date: tuple[int, int, int, int], day: int, clock: int, half: bool, total: int) -> None:
        self._year, self._month, self._day, self._weekday = date
        self._serial, self._half, self._total = day, half, total
        seconds, self._ms = divmod(clock, 1000)
        self._hour, rest = divmod(seconds, 3600)
        self._minute, self._second = divmod(rest, 60)

    def formatted(self, kind: str, text: str, locale: str) -> str:
        width = len(text)
        if kind == "y":
            return f"{self._year % 100:02}" if width <= 2 else str(self._year)
        if kind == "b":  # the Buddhist calendar
            return f"{(self._year + 543) % 100:02}" if width <= 2 else str(self._year + 543)
        if kind == "month":
            return self._named("months", self._month - 1, width, locale) or _padded(self._month, width)
        if kind == "d":
            return self._named("days", self._weekday, width, locale) or _padded(self._day, width)
        if kind == "h":
            return _padded((self._hour % 12 or 12) if self._half else self._hour, width)
        if kind == "minute":
            return _padded(self._minute, width)
        if kind == "s":
            return _padded(self._second, width)
        if kind == "fraction":
            return f"{self._ms:03}"[: len(text)].ljust(len(text), "0")
        if kind == "half":
            half_name = "AM" if self._hour < 12 else "PM"
            return half_name[0] if width == 3 else half_name
        if kind == "elapsed":
            unit = {"h": 3_600_000, "m": 60_000, "s": 1000}[text[0]]
            return _padded(self._total // unit, width)
        return text if kind == "text" else ""

    def _named(self, what: str, at: int, width: int, locale: str) -> str:
        if width < 3:
            return ""
        name = names(what, locale)[at]
        return name[:1] if width == 5 else name if width > 3 else names(f"short {what}", locale)[at]


def _padded(count: int, width: int) -> str:
    return f"{count:02}" if width >= 2 else str(count)


def _pieces(parts: Sequence[CodePart]) -> list[CodePart]:
    """Letters that stand together are one piece; an `m` beside hours or seconds means minutes."""
    out: list[CodePart] = []
    at = 0
    text = "".join(words.lower() if kind in ("date", "slash") else "\0" * len(words) for kind, words in parts)
    grouped: list[CodePart] = []
    place = 0
    while at < len(parts):
        kind, words = parts[at]
        half = next((mark for mark in _HALVES if text.startswith(mark, place)), "")
        if half and kind == "date":
            grouped.append(("half", half))
            place += len(half)
            at += len(half)
            continue
        grouped.append((words.lower() if kind == "date" else kind, words))
        place += len(words)
        at += 1
    for kind, run in groupby(grouped, key=lambda part: part[0]):
        run_texts = [each for _, each in run]
        if kind in ("y", "m", "d", "h", "s", "b", "e", "g"):
            out.append(("y" if kind == "e" else kind, "yyyy" if kind == "e" else "".join(run_texts)))
        elif kind == "digit":
            out.append(("fraction" if out and out[-1] == ("text", ".") else "text", "".join(run_texts)))
        else:
            out += [(kind if kind in ("half", "elapsed") else "text", word) for word in run_texts]
    return _with_minutes(out)


def _with_minutes(pieces: list[CodePart]) -> list[CodePart]:
    units = [at for at, (kind, _) in enumerate(pieces) if kind in "ymdhsb" or kind == "elapsed"]
    for place, at in enumerate(units):
        if pieces[at][0] != "m":
            continue
        before = pieces[units[place - 1]] if place else ("", "")
        after = pieces[units[place + 1]] if place + 1 < len(units) else ("", "")
        timed = before[0] in ("h",) or (before[0] == "elapsed" and before[1][0] == "h") or after[0] == "s"
        timed = timed or (after[0] == "elapsed" and after[1][0] == "s")
        pieces[at] = ("minute" if timed and len(pieces[at][1]) < 3 else "month", pieces[at][1])
    return pieces
