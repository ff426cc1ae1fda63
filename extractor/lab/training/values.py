"""Values as documents print them, each with the JSON it stands for.

Numbers keep the digits printed: 1.234,50 EUR is the JSON text 1234.50, never a float. Knows nothing of labels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from extractor.lab.training import lexicon, texts
from extractor.lab.training.lexicon import Split
from extractor.notation import calendar

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF", "JPY": "¥", "INR": "₹", "PLN": "zł", "SEK": "kr"}
# Training draws from these in this order.
MONTHS = {language: list(calendar.MONTHS[language]) for language in calendar.READ}
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
YES = "yes Yes YES y Y true True ja Ja oui Oui sí Sí si Sì sim [x] [X] ✓ ☑ x on".split()
NO = "no No NO n N false False nein Nein non Non nee Nee não [ ] ✗ ☐ - off".replace("[ ]", "[_]").split()


@dataclass(frozen=True)
class PrintedValue:
    """`printed` in the document, `json` (JSON text) in the answer."""

    printed: str
    json: str


@dataclass(frozen=True)
class Style:
    """What one document keeps to: how numbers and dates look, and the currency."""

    comma: bool  # a decimal comma
    thousands: str
    currency: str
    sign: str  # "", "before", "after", "code", "code_before"
    language: str
    dates: int


def style(rng: Random) -> Style:
    comma = rng.random() < 0.5
    return Style(
        comma=comma,
        thousands=rng.choice((".", ".", " ", "", "'") if comma else (",", ",", ",", "", " ", "'")),
        currency=rng.choice(("EUR", "EUR", "EUR", "USD", "USD", "GBP", "GBP", "CHF", "JPY", "INR", "PLN", "SEK")),
        sign=rng.choice(("", "before", "before", "after", "after", "code", "code_before")),
        language=rng.choice(("en", "en", "en", *MONTHS)),
        dates=rng.randrange(DATE_FORMS),
    )


def text(printed: str) -> PrintedValue:
    return PrintedValue(printed, json.dumps(printed, ensure_ascii=False))


def number(digits: str, look: Style, rng: Random, money: bool) -> PrintedValue:
    """`digits` is plain (1234.50); printed in the style of the document."""
    whole, _, cents = digits.partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    groups: list[str] = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    # a lone group after a point or comma reads as decimals when nothing follows it
    thousands = look.thousands if cents or look.thousands not in ".," else rng.choice(("", " "))
    printed = sign + thousands.join([whole, *groups]) + ((("," if look.comma else ".") + cents) if cents else "")
    return PrintedValue(_with_currency(printed, look) if money else printed, digits)


def _with_currency(printed: str, look: Style) -> str:
    symbol = SYMBOLS[look.currency]
    match look.sign:
        case "before":
            return (symbol + " " if symbol.isalpha() else symbol) + printed
        case "after":
            return f"{printed} {symbol}"
        case "code":
            return f"{printed} {look.currency}"
        case "code_before":
            return f"{look.currency} {printed}"
    return printed


def money(rng: Random, look: Style) -> PrintedValue:
    size = rng.choice((10, 100, 100, 1_000, 1_000, 10_000, 100_000, 1_000_000))
    whole = rng.randrange(size // 10, size)
    cents = f".{rng.randrange(100):02d}" if rng.random() < 0.9 else ""
    return number(f"{whole}{cents}", look, rng, money=True)


def day(rng: Random) -> date:
    return (
        date(1995, 1, 1) + timedelta(days=rng.randrange(40 * 365))
        if rng.random() < 0.3
        else date(2021, 1, 1) + timedelta(days=rng.randrange(9 * 365))
    )


DATE_FORMS = 16


def date_text(d: date, form: int, language: str) -> str:
    """`d` in one of the notations; month names in `language`. A notation that could be read two ways is not used."""
    month = MONTHS[language][d.month - 1]
    match form:
        case 0:
            return d.isoformat()
        case 1:
            return f"{d.day:02d}.{d.month:02d}.{d.year}"
        case 2:
            return f"{d.day:02d}/{d.month:02d}/{d.year}"
        case 3:
            return f"{d.day} {month} {d.year}"
        case 4:
            return f"{MONTHS['en'][d.month - 1]} {d.day}, {d.year}"
        case 5:
            return f"{d.day:02d}-{MONTHS['en'][d.month - 1][:3]}-{d.year}"
        case 6:
            return f"{d.day}. {MONTHS['de'][d.month - 1]} {d.year}"
        case 7:
            return f"{d.year}/{d.month:02d}/{d.day:02d}"
        case 8:
            return f"{d.day}.{d.month}.{d.year}"
        case 9:
            return f"{d.day:02d}.{d.month:02d}.{d.year % 100:02d}" if d.year >= 2000 else d.isoformat()
        case 10:
            return f"{d.day:02d}-{d.month:02d}-{d.year}"
        case 11 if d.day > 12:
            return f"{d.month:02d}/{d.day:02d}/{d.year}"
        case 12:
            return f"{_DAYS[d.weekday()]} {d.day} {MONTHS['en'][d.month - 1][:3]} {d.year}"
        case 13:
            return f"{MONTHS['en'][d.month - 1][:3]} {d.day}, {d.year}"
        case 14:
            joint = {"es": " de ", "pt": " de "}.get(language, " ")
            return f"{d.day}{joint}{month}{joint}{d.year}"
        case 15:
            return f"{d.day:02d} {MONTHS['en'][d.month - 1][:3].upper()} {d.year}"
    return d.isoformat()


def date_value(rng: Random, look: Style) -> PrintedValue:
    d = day(rng)
    form = look.dates if rng.random() < 0.8 else rng.randrange(DATE_FORMS)
    return PrintedValue(date_text(d, form, look.language), f'"{d.isoformat()}"')


def year_month(rng: Random) -> PrintedValue:
    year, month = rng.randint(1985, 2029), rng.randint(1, 12)
    if rng.random() < 0.3:
        return PrintedValue(str(year), f'"{year}"')
    language = rng.choice(tuple(MONTHS))
    name = MONTHS[language][month - 1]
    printed = rng.choice(
        (
            f"{month:02d}/{year}",
            f"{year}-{month:02d}",
            f"{name} {year}",
            f"{MONTHS['en'][month - 1][:3]} {year}",
            f"{month:02d}.{year}",
        )
    )
    return PrintedValue(printed, f'"{year}-{month:02d}"')


def clock(rng: Random) -> PrintedValue:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    plain = f"{hour:02d}:{minute:02d}"
    twelve = f"{(hour - 1) % 12 + 1}:{minute:02d}"
    printed = rng.choice(
        (
            plain,
            plain,
            plain,
            f"{plain}:{rng.randint(0, 59):02d}",
            f"{plain} Uhr",
            f"{hour:02d}h{minute:02d}",
            f"{twelve} {'pm' if hour > 11 else 'am'}",
            f"{twelve} {'PM' if hour > 11 else 'AM'}",
        )
    )
    return PrintedValue(printed, f'"{plain}"')


def decimal(rng: Random, look: Style) -> PrintedValue:
    """A plain measured number, sometimes with its unit behind it."""
    whole = rng.randrange(rng.choice((10, 100, 1000)))
    digits = f"{whole}.{rng.randrange(1, 10 ** rng.choice((1, 1, 2)))}" if rng.random() < 0.7 else str(whole)
    if rng.random() < 0.05 and whole:
        digits = "-" + digits
    number_ = number(digits, look, rng, money=False)
    unit = rng.choice(("", "", "", " kg", " m", " %", " °C", " bar", " mm", " h", " km", " V", "%", " l"))
    return PrintedValue(number_.printed + unit, number_.json)


def percent(rng: Random, look: Style) -> PrintedValue:
    digits = rng.choice(
        (
            "19",
            "7",
            "20",
            "21",
            "22",
            "10",
            "5",
            "8.1",
            "5.5",
            "2.5",
            str(rng.randint(1, 99)),
            f"{rng.randint(1, 99)}.{rng.randint(1, 9)}",
        )
    )
    number_ = number(digits, look, rng, money=False)
    return PrintedValue(number_.printed + rng.choice(("%", " %", "", " percent")), number_.json)


def weight(rng: Random, look: Style) -> PrintedValue:
    number_ = number(
        f"{rng.randint(0, 400)}.{rng.randint(1, 99)}" if rng.random() < 0.7 else str(rng.randint(1, 900)),
        look,
        rng,
        money=False,
    )
    return PrintedValue(number_.printed + rng.choice((" kg", "kg", " KG", "", " kilo")), number_.json)


def _whole(n: int) -> PrintedValue:
    return PrintedValue(str(n), str(n))


def bool_value(rng: Random) -> PrintedValue:
    yes = rng.random() < 0.5
    return PrintedValue(rng.choice(YES if yes else NO).replace("_", " "), "true" if yes else "false")


_STYLED: dict[str, Callable[[Random, Style], PrintedValue]] = {
    "amount": money, "date": date_value, "decimal": decimal, "percent": percent, "weight": weight,
}  # fmt: skip
_SMALL: dict[str, Callable[[Random], PrintedValue]] = {
    "int": lambda rng: _whole(rng.randrange(rng.choice((10, 20, 100, 1000, 5000)))),
    "year": lambda rng: _whole(rng.randint(1960, 2035)),
    "bool": bool_value, "year_month": year_month, "clock": clock,
}  # fmt: skip
# Kinds with too few values to be split; a value of another kind is redrawn until it is on the wanted side (`sided`).
# Not split either: currencies, options of enums, items of known lists, names of attached files. So a third and more of
# what a held-out set says training says as well: `unseen.py` tells what cannot be among it.
UNSPLIT = {"bool", "year", "int", "percent", "first", "last", "zip", "academic", "last4", "language", "unit", "carrier",
           "country", "terms", "skill", "incoterm", "weight", "decimal", "version"}  # fmt: skip


def sided(value: PrintedValue, held_out: bool) -> bool:
    """Whether `value` may stand on that side of the split; those under six characters of JSON are on both."""
    return len(value.json) < 6 or lexicon.held(value.json) == held_out


def draw(rng: Random, kind: str, look: Style, split: Split) -> PrintedValue:
    """A value of `kind`, on the side of the split."""
    for _ in range(200):
        if kind in _STYLED:
            value = _STYLED[kind](rng, look)
        elif kind in _SMALL:
            value = _SMALL[kind](rng)
        elif kind == "currency":
            return PrintedValue(look.currency, f'"{look.currency}"')
        else:
            value = text(texts.TEXTS[kind](rng))
        if kind in UNSPLIT or sided(value, split.values):
            return value
    raise RuntimeError(f"no {kind} value on this side of the split")
