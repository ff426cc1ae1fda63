"""Values as documents print them, each with the JSON it stands for.

Numbers keep the digits printed: 1.234,50 EUR is the JSON text 1234.50, never a float. Knows nothing of labels.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from extractor.pair import lexicon
from extractor.pair.lexicon import Split

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF", "JPY": "¥", "INR": "₹", "PLN": "zł", "SEK": "kr"}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
MONTHS = {lang: names.split() for lang, names in _MONTHS.items()}
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
YES = "yes Yes YES y Y true True ja Ja oui Oui sí Sí si Sì sim [x] [X] ✓ ☑ x on".split()
NO = "no No NO n N false False nein Nein non Non nee Nee não [ ] ✗ ☐ - off".replace("[ ]", "[_]").split()


@dataclass(frozen=True)
class Value:
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
        dates=rng.randrange(_DATE_FORMS),
    )


def text(printed: str) -> Value:
    return Value(printed, json.dumps(printed, ensure_ascii=False))


def number(digits: str, look: Style, rng: Random, money: bool) -> Value:
    """`digits` is plain (1234.50); printed in the style of the document."""
    whole, _, cents = digits.partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    groups = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    # a lone group after a point or comma reads as decimals when nothing follows it
    thousands = look.thousands if cents or look.thousands not in ".," else rng.choice(("", " "))
    printed = sign + thousands.join([whole, *groups]) + ((("," if look.comma else ".") + cents) if cents else "")
    return Value(_with_currency(printed, look) if money else printed, digits)


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


def money(rng: Random, look: Style) -> Value:
    size = rng.choice((10, 100, 100, 1_000, 1_000, 10_000, 100_000, 1_000_000))
    whole = rng.randrange(size // 10, size)
    cents = f".{rng.randrange(100):02d}" if rng.random() < 0.9 else ""
    return number(f"{whole}{cents}", look, rng, money=True)


def day(rng: Random) -> date:
    return date(1995, 1, 1) + timedelta(days=rng.randrange(40 * 365)) if rng.random() < 0.3 else date(
        2021, 1, 1
    ) + timedelta(days=rng.randrange(9 * 365))


_DATE_FORMS = 16


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


def date_value(rng: Random, look: Style) -> Value:
    d = day(rng)
    form = look.dates if rng.random() < 0.8 else rng.randrange(_DATE_FORMS)
    return Value(date_text(d, form, look.language), f'"{d.isoformat()}"')


def code(rng: Random) -> str:
    """A made-up identifier: letters, digits and separators, five to fourteen characters."""
    digits = lambda n: "".join(rng.choices(string.digits, k=n))  # noqa: E731
    letters = lambda n: "".join(rng.choices(string.ascii_uppercase, k=n))  # noqa: E731
    match rng.randrange(9):
        case 0:
            return digits(rng.randint(5, 10))
        case 1:
            return f"{letters(rng.randint(1, 4))}-{digits(rng.randint(3, 7))}"
        case 2:
            return f"{rng.randint(2015, 2030)}-{digits(rng.randint(3, 5))}"
        case 3:
            return f"{letters(2)}{digits(rng.randint(4, 8))}"
        case 4:
            return f"{letters(rng.randint(2, 3))}-{rng.randint(2015, 2030)}-{digits(rng.randint(2, 5))}"
        case 5:
            return "".join(rng.choices(string.ascii_uppercase + string.digits, k=rng.randint(6, 12)))
        case 6:
            return f"{digits(rng.randint(2, 4))}/{digits(rng.randint(2, 5))}"
        case 7:
            return "".join(rng.choices("0123456789abcdef", k=rng.randint(6, 10)))
        case _:
            return f"{letters(1)}{digits(2)}.{digits(rng.randint(3, 4))}-{letters(1)}"


def person(rng: Random) -> str:
    first = rng.choice(lexicon.words("first.txt")) if rng.random() < 0.8 else lexicon.pseudo(rng, False).capitalize()
    name = f"{first} {_last(rng)}"
    extra = rng.random()
    if extra < 0.06:
        return f"{first} {rng.choice(string.ascii_uppercase)}. {_last(rng)}"
    return f"{name}-{_last(rng)}" if extra > 0.95 else name


def _last(rng: Random) -> str:
    return rng.choice(lexicon.words("last.txt")) if rng.random() < 0.7 else lexicon.pseudo(rng, False).capitalize()


def company(rng: Random) -> str:
    stem = rng.choice((_last(rng), lexicon.pseudo(rng, False).capitalize(), rng.choice(lexicon.words("words.txt")).capitalize()))
    if rng.random() < 0.3:
        stem += " " + rng.choice((_last(rng), rng.choice(lexicon.words("words.txt")).capitalize()))
    if rng.random() < 0.1:
        stem += " & " + _last(rng)
    return f"{stem} {rng.choice(lexicon.small('companytail'))}" if rng.random() < 0.8 else stem


def street(rng: Random) -> str:
    name = rng.choice(lexicon.streets()) if rng.random() < 0.6 else _last(rng) + rng.choice(("straße", " Street", " Road", "weg", " Ave", "gasse", "laan"))
    house = f"{rng.randint(1, 199)}{rng.choice(('', '', '', '', 'a', 'b'))}"
    return f"{house} {name}" if rng.random() < 0.4 else f"{name} {house}"


def city(rng: Random) -> str:
    return rng.choice(lexicon.words("places.txt")) if rng.random() < 0.75 else lexicon.pseudo(rng, False).capitalize()


def zipcode(rng: Random) -> str:
    digits = "".join(rng.choices(string.digits, k=5))
    letters = "".join(rng.choices("ABCDEFGHJKLMNPRSTW", k=4))
    return rng.choice((digits, digits, digits[:4], f"{digits[:4]} {letters[:2]}", f"{letters[:2]}{digits[0]} {digits[1]}{letters[2:]}"))


def address(rng: Random) -> str:
    parts = [street(rng), f"{zipcode(rng)} {city(rng)}" if rng.random() < 0.8 else city(rng)]
    if rng.random() < 0.3:
        parts.append(rng.choice(lexicon.small("country")))
    return ", ".join(parts)


def phone(rng: Random) -> str:
    run = lambda n: "".join(rng.choices(string.digits, k=n))  # noqa: E731
    return rng.choice((
        f"+{rng.randint(1, 99)} {run(2)} {run(4)} {run(3)}", f"0{run(3)} {run(6)}", f"({run(3)}) {run(3)}-{run(4)}",
        f"+49 {run(3)} {run(7)}", f"0{run(2)}/{run(7)}", f"0{run(1)} {run(2)} {run(2)} {run(2)} {run(2)}",
        f"+1-{run(3)}-{run(3)}-{run(4)}", f"+44 20 {run(4)} {run(4)}", run(9),
    ))  # fmt: skip


def _ascii(name: str) -> str:
    table = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ã": "a", "í": "i"})
    return "".join(c for c in name.lower().translate(table) if c in string.ascii_lowercase + string.digits)


def domain(rng: Random) -> str:
    if rng.random() < 0.35:
        return rng.choice(lexicon.small("domain"))
    return f"{_ascii(_last(rng)) or 'mail'}.{rng.choice(('com', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'org', 'net', 'io', 'eu'))}"


def email(rng: Random) -> str:
    first, last = _ascii(rng.choice(lexicon.words("first.txt"))), _ascii(_last(rng))
    local = rng.choice((f"{first}.{last}", f"{first[:1]}{last}", first, f"{last}{rng.randint(1, 99)}", f"{first}_{last}", "info", "office", "support"))
    return f"{local}@{domain(rng)}"


def url(rng: Random) -> str:
    return rng.choice(("https://", "www.", "https://www.", "http://", "")) + domain(rng) + rng.choice(("", "", "/", f"/{lexicon.pseudo(rng, False)}"))


def iban(rng: Random) -> str:
    run = "".join(rng.choices(string.digits, k=18))
    raw = rng.choice(("DE", "AT", "FR", "ES", "IT", "NL", "PT", "CH", "BE")) + run[:2] + run[2 : 2 + rng.choice((12, 14, 16))]
    return " ".join(raw[i : i + 4] for i in range(0, len(raw), 4)) if rng.random() < 0.6 else raw


def product(rng: Random) -> str:
    thing = rng.choice(lexicon.words("words.txt"))
    match rng.randrange(7):
        case 0:
            return rng.choice(lexicon.small("food"))
        case 1:
            return f"{rng.choice(lexicon.small('material')).capitalize()} {thing}"
        case 2:
            return f"{thing.capitalize()} {rng.choice(lexicon.small('colour'))}"
        case 3:
            return f"{lexicon.pseudo(rng, False).capitalize()} {thing}"
        case 4:
            return f"{thing.capitalize()} {rng.choice(string.ascii_uppercase)}{rng.randint(1, 990)}"
        case 5:
            return f"{rng.choice(lexicon.words('modifiers.txt')).capitalize()} {thing} {rng.choice(lexicon.words('words.txt'))}"
    return f"{thing.capitalize()} {rng.choice(lexicon.words('words.txt'))}"


def phrase(rng: Random) -> str:
    count = rng.choice((1, 2, 2, 3))
    made = " ".join(rng.choice(lexicon.words("words.txt")) if rng.random() < 0.7 else lexicon.pseudo(rng, False) for _ in range(count))
    return made[:1].upper() + made[1:] if rng.random() < 0.7 else made


def sentence(rng: Random) -> str:
    w = lambda: rng.choice(lexicon.words("words.txt")).lower()  # noqa: E731
    m = lambda: rng.choice(lexicon.words("modifiers.txt"))  # noqa: E731
    return rng.choice((
        f"The {m()} {w()} does not fit the {w()} after the last {w()}.", f"{m().capitalize()} {w()} with a {m()} {w()}",
        f"Since the {w()} was changed, the {w()} stays {m()}.", f"We need a {m()} {w()} and two {w()} parts",
        f"Looking for a {m()} {w()} in {city(rng)}.", f"{w().capitalize()} and {w()} for the {m()} {w()}, {m()} quality",
        f"I cannot open the {w()} when the {w()} is {m()}.", f"Der {w()} ist {m()} und die {w()} fehlt.",
    ))  # fmt: skip


def filename(rng: Random) -> str:
    return f"{_ascii(rng.choice(lexicon.words('words.txt')))}{rng.choice(('', '_1', '-2', str(rng.randint(1, 999))))}.{rng.choice(('pdf', 'png', 'jpg', 'log', 'txt', 'zip', 'docx', 'csv'))}"


def year_month(rng: Random) -> Value:
    year, month = rng.randint(1985, 2029), rng.randint(1, 12)
    if rng.random() < 0.3:
        return Value(str(year), f'"{year}"')
    language = rng.choice(tuple(MONTHS))
    name = MONTHS[language][month - 1]
    printed = rng.choice((f"{month:02d}/{year}", f"{year}-{month:02d}", f"{name} {year}", f"{MONTHS['en'][month - 1][:3]} {year}", f"{month:02d}.{year}"))
    return Value(printed, f'"{year}-{month:02d}"')


def clock(rng: Random) -> Value:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    plain = f"{hour:02d}:{minute:02d}"
    twelve = f"{(hour - 1) % 12 + 1}:{minute:02d}"
    printed = rng.choice((plain, plain, plain, f"{plain}:{rng.randint(0, 59):02d}", f"{plain} Uhr", f"{hour:02d}h{minute:02d}", f"{twelve} {'pm' if hour > 11 else 'am'}", f"{twelve} {'PM' if hour > 11 else 'AM'}"))
    return Value(printed, f'"{plain}"')


def decimal(rng: Random, look: Style) -> Value:
    """A plain measured number, sometimes with its unit behind it."""
    whole = rng.randrange(rng.choice((10, 100, 1000)))
    digits = f"{whole}.{rng.randrange(1, 10 ** rng.choice((1, 1, 2)))}" if rng.random() < 0.7 else str(whole)
    if rng.random() < 0.05 and whole:
        digits = "-" + digits
    made = number(digits, look, rng, money=False)
    unit = rng.choice(("", "", "", " kg", " m", " %", " °C", " bar", " mm", " h", " km", " V", "%", " l"))
    return Value(made.printed + unit, made.json)


def percent(rng: Random, look: Style) -> Value:
    digits = rng.choice(("19", "7", "20", "21", "22", "10", "5", "8.1", "5.5", "2.5", str(rng.randint(1, 99)), f"{rng.randint(1, 99)}.{rng.randint(1, 9)}"))
    made = number(digits, look, rng, money=False)
    return Value(made.printed + rng.choice(("%", " %", "", " percent")), made.json)


def weight(rng: Random, look: Style) -> Value:
    made = number(f"{rng.randint(0, 400)}.{rng.randint(1, 99)}" if rng.random() < 0.7 else str(rng.randint(1, 900)), look, rng, money=False)
    return Value(made.printed + rng.choice((" kg", "kg", " KG", "", " kilo")), made.json)


def bool_value(rng: Random) -> Value:
    yes = rng.random() < 0.5
    return Value(rng.choice(YES if yes else NO).replace("_", " "), "true" if yes else "false")


_TEXTS: dict[str, Callable[[Random], str]] = {
    "code": code, "person": person, "company": company, "street": street, "city": city, "zip": zipcode,
    "address": address, "phone": phone, "email": email, "url": url, "iban": iban, "product": product,
    "phrase": phrase, "title": lambda rng: sentence(rng).rstrip("."), "sentence": sentence, "filename": filename,
    "first": lambda rng: rng.choice(lexicon.words("first.txt")), "last": _last,
    "job": lambda rng: f"{rng.choice(lexicon.small('jobhead'))} {rng.choice(lexicon.small('jobtail'))}"
    if rng.random() < 0.5 else rng.choice(lexicon.small("jobtail")),
    "degree": lambda rng: f"{rng.choice(lexicon.small('degree'))} {rng.choice(lexicon.small('degreefield'))}",
    "school": lambda rng: rng.choice(("University of {}", "{} University", "Universität {}", "Hochschule {}", "Université de {}", "Universidad de {}", "Università di {}", "{} College", "{} School")).format(city(rng)),
    "bic": lambda rng: "".join(rng.choices(string.ascii_uppercase, k=6)) + rng.choice(("XXX", "33", "2L", "FF")),
    "version": lambda rng: rng.choice(("", "v", "V")) + ".".join(str(rng.randint(0, 20)) for _ in range(rng.choice((2, 3)))),
    "errcode": lambda rng: rng.choice(("E", "ERR-", "0x", "HTTP ", "Error ", "E-")) + str(rng.randint(10, 9999)),
    "last4": lambda rng: f"{rng.randrange(10000):04d}", "time": lambda rng: f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}",
    "academic": lambda rng: rng.choice(("Dr.", "Prof.", "Mr.", "Ms.", "Mrs.", "Prof. Dr.", "Dipl.-Ing.", "Mag.")),
    "serial": lambda rng: f"SN{code(rng)}",
}  # fmt: skip
for _name in ("carrier", "country", "terms", "skill", "language", "unit", "incoterm"):
    _TEXTS[_name] = lambda rng, name=_name: rng.choice(lexicon.small(name))  # type: ignore[misc]

_STYLED: dict[str, Callable[[Random, Style], Value]] = {
    "amount": money, "date": date_value, "decimal": decimal, "percent": percent, "weight": weight,
}  # fmt: skip
_SMALL: dict[str, Callable[[Random], Value]] = {
    "int": lambda rng: (lambda n: Value(str(n), str(n)))(rng.randrange(rng.choice((10, 20, 100, 1000, 5000)))),
    "year": lambda rng: (lambda n: Value(str(n), str(n)))(rng.randint(1960, 2035)),
    "bool": bool_value, "year_month": year_month, "clock": clock,
}  # fmt: skip
# kinds with too few values to be split; everything else is redrawn until it is on the wanted side
UNSPLIT = {"bool", "year", "int", "percent", "first", "last", "zip", "academic", "last4", "language", "unit", "carrier",
           "country", "terms", "skill", "incoterm", "weight", "decimal", "version"}  # fmt: skip


def draw(rng: Random, kind: str, look: Style, split: Split) -> Value:
    """A value of `kind`, on the side of the split."""
    for _ in range(200):
        if kind in _STYLED:
            made = _STYLED[kind](rng, look)
        elif kind in _SMALL:
            made = _SMALL[kind](rng)
        elif kind == "currency":
            return Value(look.currency, f'"{look.currency}"')
        else:
            made = text(_TEXTS[kind](rng))
        if kind in UNSPLIT or len(made.json) < 6 or lexicon.held(made.json) == split.values:
            return made
    raise RuntimeError(f"no {kind} value on this side of the split")
