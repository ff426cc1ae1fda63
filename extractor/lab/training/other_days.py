"""The days of a document written by hand, moved: all by as many days, each in its own notation, or none at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random

from extractor.lab.training.written import SHAPES, Written
from extractor.notation import calendar, find, possible

Printed = tuple[str, str]  # (what is printed, what it means)
_TRIES = 20  # shifts, until one leaves days of one year in one year
_RUN = re.compile(r"\d+|[^\W\d_]+|[^\w]+|_+")
_CLOCK = re.compile(r"(.*?\d)([T ,]+\d\d:\d\d.*)", re.DOTALL)  # a time behind the day stays as it is
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ENGLISH_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_JOINING = frozenset("de del of er le den am the el kl r º ª".split())
_ORDERS = (("y", "m", "d"), ("d", "m", "y"), ("m", "d", "y"), ("d", "m"), ("m", "d"), ("d", "y"), ("y", "d"), ("d",))


@dataclass(frozen=True)
class _Manner:
    """How a document prints days where one of them alone does not tell."""

    language: str
    month_first: bool
    padded: bool | None  # `03`, not `3`; None where nothing tells


def moved(written: Written, types: dict[str, str], rng: Random) -> dict[Printed, Printed]:
    """Of each of its days what stands there now; empty where one of them cannot be moved, or where what has no year
    beside it has its year from something that stays."""
    days = list(dict.fromkeys((m.printed, m.value) for m in written.marks if types[m.path] == "date"))
    manner = _manner(written, days)
    parsed = {day: _Day.of(day, manner) for day in days}
    years = {value[:4] for (_, value), day in parsed.items() if day and "y" not in day.roles.values()}
    if years and (years & _staying(written, types) or not any(_says_year(day) for day in parsed.values())):
        return {}
    for _ in range(_TRIES):
        shift = timedelta(days=rng.randint(-900, 400))
        shifted = {old: _checked(old, day.moved(shift) if day else None) for old, day in parsed.items()}
        whole = {old: new for old, new in shifted.items() if new}
        if len(whole) < len(shifted):
            continue
        if not years or len({int(new[1][:4]) - int(old[1][:4]) for old, new in whole.items()}) == 1:
            return whole
    return {}


def _says_year(day: _Day | None) -> bool:
    return day is not None and "y" in day.roles.values()


def _staying(written: Written, types: dict[str, str]) -> set[str]:
    """The years that stand outside of what is moved."""
    other = [(m.start, m.start + len(m.printed)) for m in written.marks if types[m.path] in SHAPES | {"date", "amount"}]
    found = [(year.group(), year.start()) for year in _YEAR.finditer(written.text)]
    return {year for year, at in found if not any(start <= at < stop for start, stop in other)}


def _manner(written: Written, days: Iterable[Printed]) -> _Manner:
    orders: set[bool] = set()
    widths: set[bool] = set()
    for printed, value in days:
        digits = re.findall(r"\d+", printed)
        short = [figure for figure in digits if len(figure) <= 2]
        widths |= {figure.startswith("0") for figure in short[:2] if len(figure) == 1 or figure.startswith("0")}
        if len(short) >= 2 and len(digits[0]) <= 2 and value[5:7] != value[8:]:
            orders.add(f"{int(short[0]):02}" == value[5:7] and f"{int(short[1]):02}" == value[8:])
    month_first = orders.pop() if len(orders) == 1 else written.language in ("en", "sv")
    return _Manner(written.language, month_first, widths.pop() if len(widths) == 1 else None)


@dataclass(frozen=True)
class _Day:
    """What is printed, in pieces, and what those that change are: `y`, `m`, `d`, `w` a weekday, `th` the ending of an
    English day, `er` that of a French first."""

    old: date
    pieces: tuple[str, ...]
    roles: dict[int, str]
    behind: str
    manner: _Manner

    @staticmethod
    def of(day: Printed, manner: _Manner) -> _Day | None:
        """None where something in it is not known."""
        printed, value = day
        try:
            old = date.fromisoformat(value)
        except ValueError:
            return None
        if printed == value.replace("-", ""):
            return _Day(old, (value[:4], value[5:7], value[8:]), {0: "y", 1: "m", 2: "d"}, "", manner)
        timed = _CLOCK.fullmatch(printed)
        front, behind = timed.groups() if timed else (printed, "")
        pieces = tuple(_RUN.findall(front))
        words = _words(pieces, old, manner.language)
        if words is None:
            return None
        numbers = [at for at, piece in enumerate(pieces) if piece.isdecimal()]
        named = "m" in words.values()
        for order in sorted(_ORDERS, key=lambda order: order[:2] != (("m", "d") if manner.month_first else ("d", "m"))):
            fits = len(order) == len(numbers) and named != ("m" in order)
            if fits and all(_is(role, pieces[at], old) for role, at in zip(order, numbers, strict=True)):
                return _Day(old, pieces, {**words, **dict(zip(numbers, order, strict=True))}, behind, manner)
        return None

    def moved(self, shift: timedelta) -> Printed | None:
        new = self.old + shift
        shifted = [self._piece(piece, self.roles.get(at, ""), new) for at, piece in enumerate(self.pieces)]
        whole = [piece for piece in shifted if piece is not None]
        return ("".join(whole) + self.behind, new.isoformat()) if len(whole) == len(shifted) else None

    def _piece(self, piece: str, role: str, new: date) -> str | None:
        language = self.manner.language
        if role == "y":
            return f"{new.year}" if len(piece) == 4 else f"{new.year % 100:02}"
        if role in ("m", "d") and piece.isdecimal():
            padded = piece.startswith("0") or (len(piece) == 2 and self._padded())
            return f"{new.month if role == 'm' else new.day:0{2 if padded else 1}}"
        if role == "m":
            return _renamed(piece, _months(language), self.old.month - 1, new.month - 1)
        if role == "w":
            return _renamed(piece, _weekdays(language), self.old.isoweekday() % 7, new.isoweekday() % 7)
        if role == "th":
            ending = "th" if 10 < new.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(new.day % 10, "th")
            return ending.upper() if piece.isupper() else ending
        return "" if role == "er" and new.day > 1 else piece

    def _padded(self) -> bool:
        named = any(role == "m" and self.pieces[at].isalpha() for at, role in self.roles.items())
        return not named if self.manner.padded is None else self.manner.padded


def _words(pieces: tuple[str, ...], old: date, language: str) -> dict[int, str] | None:
    """The roles of the words; None where one of them is not known."""
    roles: dict[int, str] = {}
    for at, piece in enumerate(pieces):
        low = piece.lower()
        if not piece.isalpha():
            continue
        if low in _ENGLISH_ENDINGS or low == "er":
            roles[at] = "er" if low == "er" else "th"
        elif _renamed(piece, _weekdays(language), old.isoweekday() % 7, 0) and "w" not in roles.values():
            roles[at] = "w"
        elif _renamed(piece, _months(language), old.month - 1, 0) and "m" not in roles.values():
            roles[at] = "m"
        elif low not in _JOINING:
            return None
    if "m" not in roles.values():  # `mar` may be either
        for at, role in roles.items():
            if role == "w" and _renamed(pieces[at], _months(language), old.month - 1, 0):
                roles[at] = "m"
                break
    return roles


def _is(role: str, piece: str, old: date) -> bool:
    if role == "y":
        return piece in (f"{old.year}", f"{old.year % 100:02}")
    return len(piece) <= 2 and int(piece) == (old.month if role == "m" else old.day)


@cache
def _months(language: str) -> tuple[tuple[str, ...], ...]:
    """What months are called, that language's names first."""
    return tuple(names for one in sorted(calendar.SERIES, key=language.__ne__) for names in calendar.SERIES[one])


@cache
def _weekdays(language: str) -> tuple[tuple[str, ...], ...]:
    whole = [calendar.WEEKDAYS[one] for one in sorted(calendar.WEEKDAYS, key=language.__ne__)]
    return tuple(tuple(name[:length] for name in names) for names in whole for length in (None, 3, 2))


def _renamed(piece: str, series: Iterable[tuple[str, ...]], old: int, new: int) -> str | None:
    """The name of `new` where `piece` is that of `old`, in its case; the shorter one where both are spelled alike and
    it stands in capitals."""
    fits = [names for names in series if names[old].lower() == piece.lower()]
    if not fits:
        return None
    name = min(fits, key=lambda names: len(names[new]))[new] if piece.isupper() and len(piece) == 3 else fits[0][new]
    return name.upper() if piece.isupper() else name.capitalize() if piece[0].isupper() else name.lower()


def _checked(old: Printed, new: Printed | None) -> Printed | None:
    """Nothing where the old text could be read and the new one cannot."""
    return new if new and (reads(*new) or not reads(*old)) else None


def reads(printed: str, value: str) -> bool:
    """Whether `printed` may mean this day, or this day of a year that stands elsewhere."""
    yearless = find.yearless_date_spans(printed)
    return value in possible.days(printed) or value[5:] in yearless or value[2:] in yearless
