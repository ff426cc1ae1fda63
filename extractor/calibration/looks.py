"""What values of a field look like, by its name, kind and format: an address of mail, a telephone number, an amount."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from extractor.evidence.spans import Span
from extractor.notation import contacts, field_looks, find
from extractor.notation.key_words import key_words

_MOST = 64  # of what looks alike, that are looked at
_CURRENCY = re.compile(
    r"[€$£¥₹₩₺₽]|(?<![^\W\d_])(?:EUR|USD|GBP|CHF|JPY|CNY|INR|KRW|TRY|PLN|CZK|CAD|AUD|NZD|SGD|MXN|SEK|NOK|DKK|HUF|RON|ZAR"
    r"|BRL|zł|Kč)(?![^\W\d_])"
)
_PERCENT = re.compile(r"\d+(?:[.,]\d+)? ?%")
_AMOUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’ \u00a0\u202f]?\d{3})*[.,]\d{2}(?![\d%]|[.,]\d| ?%)|[€$£¥] ?\d+")
_NUMBER = re.compile(r"\d[\d.,]*")
_PATTERNS = {"currency": _CURRENCY, "percent": _PERCENT, "amount": _AMOUNT, "number": _NUMBER}
_FOUND: dict[str, Callable[[str], find.Spans]] = {"date": find.date_spans, "time": find.time_spans}
OWN = frozenset(("mail", "web", "phone", "iban"))  # looks of which a document prints few, each for a field of its own
_WORDS = {
    "date": "date datum day fecha due",
    "time": "time uhrzeit hour hora heure",
    "currency": "currency währung waehrung devise moneda",
}
_WORDS_OF_NUMBERS = {
    "percent": "percent percentage rate prozent pct",
    "amount": "amount total price net gross sum subtotal tax vat fee cost balance paid pay due discount deposit rent "
    "salary tip change shipping betrag preis summe netto brutto montant prix importe precio",
}
_BY_WORD, _BY_WORD_OF_NUMBERS = (
    {word: look for look, words in each.items() for word in words.split()} for each in (_WORDS, _WORDS_OF_NUMBERS)
)
_BY_FORMAT = {"email": "mail", "idn-email": "mail", "uri": "web", "date": "date", "date-time": "date", "time": "time"}


def look_of(kind: str, key: str, format: str) -> str | None:
    """Which of the looks the values of such a field have; None for any. `kind`: as a schema says it (`FieldSchema`)."""
    if kind == "choice":
        return None
    if kind == "number":
        return _first(_BY_WORD_OF_NUMBERS, key) or "number"
    if kind == "date":
        return _BY_FORMAT.get(format) or _first(_BY_WORD, key) or "date"
    return _BY_FORMAT.get(format) or field_looks.look_of(key) or _first(_BY_WORD, key)


def looks_like(key: str, format: str, value: str) -> bool:
    """Whether a text looks as those of the field do, where that can be told."""
    look = look_of("text", key, format)
    return look not in OWN or any(contacts.KINDS[look](value)) or (look == "phone" and _digits(value) > 4)


def printed(text: str, look: str) -> list[Span]:
    """Where a document prints what looks so, in order."""
    if look in _FOUND:
        return sorted({span for spans in _FOUND[look](text).values() for span in spans})[:_MOST]
    if look in contacts.KINDS:
        return list(islice(contacts.KINDS[look](text), _MOST))
    return [at.span() for at in islice(_PATTERNS[look].finditer(text), _MOST)]


def of_kind(kind: str, key: str, format: str, text: str) -> bool:
    """Whether `text`, what stands behind a label, may hold a value of the field."""
    return _KINDS[kind](text) and (kind != "text" or looks_like(key, format, text))


def _digits(text: str) -> int:
    return sum(map(str.isdecimal, text))


def _first(looks: dict[str, str], key: str) -> str | None:
    """By the last of the key's words that says one: `vat_rate` is a rate."""
    words = (word.casefold() for word in reversed(key_words(key[:64])))
    return next((looks[word] for word in words if word in looks), None)


_KINDS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: any(map(str.isalnum, text)),
    "number": lambda text: any(map(str.isdecimal, text)),
    "date": lambda text: bool(find.date_spans(text) or find.time_spans(text)),
    "choice": lambda text: any(map(str.isalnum, text)),
}
