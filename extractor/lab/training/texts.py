"""Texts that stand for values: names, addresses, codes, products, sentences, most of them never printed twice.

Knows nothing of JSON, styles or the split.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

from extractor.lab.training import lexicon


def code(rng: Random) -> str:
    """A made-up identifier: letters, digits and separators, five to fourteen characters."""

    def digits(n: int) -> str:
        return "".join(rng.choices(string.digits, k=n))

    def letters(n: int) -> str:
        return "".join(rng.choices(string.ascii_uppercase, k=n))

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
    stem = rng.choice(
        (_last(rng), lexicon.pseudo(rng, False).capitalize(), rng.choice(lexicon.words("words.txt")).capitalize())
    )
    if rng.random() < 0.3:
        stem += " " + rng.choice((_last(rng), rng.choice(lexicon.words("words.txt")).capitalize()))
    if rng.random() < 0.1:
        stem += " & " + _last(rng)
    return f"{stem} {rng.choice(lexicon.small('companytail'))}" if rng.random() < 0.8 else stem


def street(rng: Random) -> str:
    name = (
        rng.choice(lexicon.streets())
        if rng.random() < 0.6
        else _last(rng) + rng.choice(("straße", " Street", " Road", "weg", " Ave", "gasse", "laan"))
    )
    house = f"{rng.randint(1, 199)}{rng.choice(('', '', '', '', 'a', 'b'))}"
    return f"{house} {name}" if rng.random() < 0.4 else f"{name} {house}"


def city(rng: Random) -> str:
    return rng.choice(lexicon.words("places.txt")) if rng.random() < 0.75 else lexicon.pseudo(rng, False).capitalize()


def zipcode(rng: Random) -> str:
    digits = "".join(rng.choices(string.digits, k=5))
    letters = "".join(rng.choices("ABCDEFGHJKLMNPRSTW", k=4))
    return rng.choice(
        (
            digits,
            digits,
            digits[:4],
            f"{digits[:4]} {letters[:2]}",
            f"{letters[:2]}{digits[0]} {digits[1]}{letters[2:]}",
        )
    )


def address(rng: Random) -> str:
    parts = [street(rng), f"{zipcode(rng)} {city(rng)}" if rng.random() < 0.8 else city(rng)]
    if rng.random() < 0.3:
        parts.append(rng.choice(lexicon.small("country")))
    return ", ".join(parts)


def phone(rng: Random) -> str:
    def run(n: int) -> str:
        return "".join(rng.choices(string.digits, k=n))

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
    return f"{_ascii(_last(rng)) or 'mail'}.{rng.choice('com de fr es it nl pt org net io eu'.split())}"


def email(rng: Random) -> str:
    first, last = _ascii(rng.choice(lexicon.words("first.txt"))), _ascii(_last(rng))
    local = rng.choice(
        (
            f"{first}.{last}",
            f"{first[:1]}{last}",
            first,
            f"{last}{rng.randint(1, 99)}",
            f"{first}_{last}",
            "info",
            "office",
            "support",
        )
    )
    return f"{local}@{domain(rng)}"


def url(rng: Random) -> str:
    return (
        rng.choice(("https://", "www.", "https://www.", "http://", ""))
        + domain(rng)
        + rng.choice(("", "", "/", f"/{lexicon.pseudo(rng, False)}"))
    )


def iban(rng: Random) -> str:
    run = "".join(rng.choices(string.digits, k=18))
    raw = (
        rng.choice(("DE", "AT", "FR", "ES", "IT", "NL", "PT", "CH", "BE"))
        + run[:2]
        + run[2 : 2 + rng.choice((12, 14, 16))]
    )
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
            how = rng.choice(lexicon.words("modifiers.txt")).capitalize()
            return f"{how} {thing} {rng.choice(lexicon.words('words.txt'))}"
    return f"{thing.capitalize()} {rng.choice(lexicon.words('words.txt'))}"


def phrase(rng: Random) -> str:
    count = rng.choice((1, 2, 2, 3))
    words = " ".join(
        rng.choice(lexicon.words("words.txt")) if rng.random() < 0.7 else lexicon.pseudo(rng, False)
        for _ in range(count)
    )
    return words[:1].upper() + words[1:] if rng.random() < 0.7 else words


def sentence(rng: Random) -> str:
    def w() -> str:
        return rng.choice(lexicon.words("words.txt")).lower()

    def m() -> str:
        return rng.choice(lexicon.words("modifiers.txt"))

    return rng.choice((
        f"The {m()} {w()} does not fit the {w()} after the last {w()}.", f"{m().capitalize()} {w()} with a {m()} {w()}",
        f"Since the {w()} was changed, the {w()} stays {m()}.", f"We need a {m()} {w()} and two {w()} parts",
        f"Looking for a {m()} {w()} in {city(rng)}.",
        f"{w().capitalize()} and {w()} for the {m()} {w()}, {m()} quality",
        f"I cannot open the {w()} when the {w()} is {m()}.", f"Der {w()} ist {m()} und die {w()} fehlt.",
    ))  # fmt: skip


def filename(rng: Random) -> str:
    stem = _ascii(rng.choice(lexicon.words("words.txt"))) + rng.choice(("", "_1", "-2", str(rng.randint(1, 999))))
    return f"{stem}.{rng.choice('pdf png jpg log txt zip docx csv'.split())}"


_SCHOOLS = (
    "University of {}", "{} University", "Universität {}", "Hochschule {}", "Université de {}", "Universidad de {}",
    "Università di {}", "{} College", "{} School",
)  # fmt: skip
TEXTS: dict[str, Callable[[Random], str]] = {
    "code": code, "person": person, "company": company, "street": street, "city": city, "zip": zipcode,
    "address": address, "phone": phone, "email": email, "url": url, "iban": iban, "product": product,
    "phrase": phrase, "title": lambda rng: sentence(rng).rstrip("."), "sentence": sentence, "filename": filename,
    "first": lambda rng: rng.choice(lexicon.words("first.txt")), "last": _last,
    "job": lambda rng: f"{rng.choice(lexicon.small('jobhead'))} {rng.choice(lexicon.small('jobtail'))}"
    if rng.random() < 0.5 else rng.choice(lexicon.small("jobtail")),
    "degree": lambda rng: f"{rng.choice(lexicon.small('degree'))} {rng.choice(lexicon.small('degreefield'))}",
    "school": lambda rng: rng.choice(_SCHOOLS).format(city(rng)),
    "bic": lambda rng: "".join(rng.choices(string.ascii_uppercase, k=6)) + rng.choice(("33XXX", "33", "2L", "FF")),
    "version": lambda rng: rng.choice(("", "v", "V")) + ".".join(
        str(rng.randint(0, 20)) for _ in range(rng.choice((2, 3)))
    ),
    "errcode": lambda rng: rng.choice(("E", "ERR-", "0x", "HTTP ", "Error ", "E-")) + str(rng.randint(10, 9999)),
    "last4": lambda rng: f"{rng.randrange(10000):04d}",
    "time": lambda rng: f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}",
    "academic": lambda rng: rng.choice(("Dr.", "Prof.", "Mr.", "Ms.", "Mrs.", "Prof. Dr.", "Dipl.-Ing.", "Mag.")),
    "serial": lambda rng: f"SN{code(rng)}",
}  # fmt: skip


def _small(name: str) -> Callable[[Random], str]:
    return lambda rng: rng.choice(lexicon.small(name))


for _name in ("carrier", "country", "terms", "skill", "language", "unit", "incoterm"):
    TEXTS[_name] = _small(_name)
