"""What values look like in print: an address of mail, a telephone number, a day, an amount. Of each look, where a text
prints one, and whether what stands behind a label may be one, which asks for less. Which fields have which:
field_looks.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import NamedTuple

from extractor.notation import contacts, currency, find
from extractor.notation.contacts import Span

_CURRENCY = re.compile(
    r"[€$£¥₹₩₺₽]|(?<![^\W\d_])(?:EUR|USD|GBP|CHF|JPY|CNY|INR|KRW|TRY|PLN|CZK|CAD|AUD|NZD|SGD|MXN|SEK|NOK|DKK|HUF|RON|ZAR"
    r"|BRL|zł|Kč)(?![^\W\d_])"
)
_PERCENT = re.compile(r"\d+(?:[.,]\d+)? ?%")
_AMOUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’ \u00a0\u202f]?\d{3})*[.,]\d{2}(?![\d%]|[.,]\d| ?%)|[€$£¥] ?\d+")
_NUMBER = re.compile(r"\d[\d.,]*")

_PERCENT_SIGN = re.compile(r"[ \u00a0\u202f]?[%％]")
_CODE = re.compile(r"\b[A-Z]{3}\b")
_PHONE_DIGITS = 5


class PrintedLook(NamedTuple):
    """`spans`: where a text prints what looks so, in order. `may_be`: whether it may be what stands behind a label."""

    spans: Callable[[str], Iterable[Span]]
    may_be: Callable[[str], bool]


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterable[Span]]:
    return lambda text: (found.span() for found in pattern.finditer(text))


def _read_as(spans: Callable[[str], find.Spans]) -> Callable[[str], Iterable[Span]]:
    """Whatever they say."""
    return lambda text: sorted({span for places in spans(text).values() for span in places})


def _has(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern)
    return lambda text: found.search(text) is not None


def _has_digits(least: int) -> Callable[[str], bool]:
    return lambda text: sum(map(str.isdecimal, text)) >= least


def _is_day(text: str) -> bool:
    return bool(find.date_spans(text) or find.yearless_date_spans(text))


def _is_amount(text: str) -> bool:
    """Whether it says a number that is no percentage: `VAT 20%` says no amount."""
    stops = (stop for spans in find.number_spans(text).values() for _, stop in spans)
    return any(_PERCENT_SIGN.match(text, stop) is None for stop in stops)


def _is_currency(text: str) -> bool:
    return _CODE.search(text) is not None or any(currency.codes(text))


LOOKS: MappingProxyType[str, PrintedLook] = MappingProxyType(
    {
        "mail": PrintedLook(contacts.mails, _has(r"\S@\S")),
        "web": PrintedLook(contacts.webs, _has(r"\w\.\w")),
        "phone": PrintedLook(contacts.phones, _has_digits(_PHONE_DIGITS)),
        "iban": PrintedLook(contacts.ibans, _has_digits(1)),
        "postcode": PrintedLook(contacts.postcodes, _has_digits(1)),
        "date": PrintedLook(_read_as(find.date_spans), _is_day),
        "time": PrintedLook(_read_as(find.time_spans), lambda text: bool(find.time_spans(text))),
        "currency": PrintedLook(_matches(_CURRENCY), _is_currency),
        "percent": PrintedLook(_matches(_PERCENT), lambda text: bool(find.number_spans(text))),
        "amount": PrintedLook(_matches(_AMOUNT), _is_amount),
        "number": PrintedLook(_matches(_NUMBER), _has_digits(1)),
    }
)
OWN = frozenset(("mail", "web", "phone", "iban"))  # looks of which a document prints few, each for a field of its own
SURE = OWN - {"iban"}  # of these a document says none where none is found in it
