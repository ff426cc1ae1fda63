"""Currencies as documents print them: a sign or an abbreviation may mean one ISO 4217 code or several.

Codes from ISO 4217; what stands for them as shops and banks of these countries print it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DOLLARS = "USD CAD AUD NZD SGD HKD MXN ARS CLP COP"
_ANYWHERE = {  # signs that are nothing else
    "€": "EUR", "£": "GBP", "¥": "JPY CNY", "￥": "JPY CNY", "円": "JPY", "元": "CNY TWD", "₹": "INR", "₩": "KRW",
    "원": "KRW", "₺": "TRY", "₽": "RUB", "₪": "ILS", "฿": "THB", "₫": "VND", "₱": "PHP", "₦": "NGN", "₴": "UAH",
    "₡": "CRC", "₲": "PYG", "₵": "GHS", "$": _DOLLARS, "৳": "BDT", "₸": "KZT", "₾": "GEL", "₼": "AZN", "֏": "AMD",
    "人民币": "CNY", "人民幣": "CNY",
    "US$": "USD", "U$S": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "S$": "SGD",
    "HK$": "HKD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL",
}  # fmt: skip
_WORDS = {  # whole words, in any case
    "euro": "EUR", "euros": "EUR", "dollar": _DOLLARS, "dollars": _DOLLARS, "rupees": "INR PKR LKR", "yen": "JPY",
    "kronor": "SEK", "kroner": "NOK DKK", "zł": "PLN", "złotych": "PLN", "złote": "PLN", "kč": "CZK", "forint": "HUF",
}  # fmt: skip
_BESIDE_NUMBERS = {  # letters that mean much else
    "kr": "SEK NOK DKK ISK", "Kr": "SEK NOK DKK ISK", "KR": "SEK NOK DKK ISK", "RMB": "CNY", "S/": "PEN",
    "Fr": "CHF", "SFr": "CHF", "sFr": "CHF", "Rs": "INR PKR LKR", "RS": "INR PKR LKR", "RM": "MYR", "Rp": "IDR",
    "TL": "TRY", "Ft": "HUF", "lei": "RON", "RON": "RON", "лв": "BGN", "руб": "RUB", "грн": "UAH", "Dhs": "AED",
    "Dh": "AED MAD", "KSh": "KES", "KSH": "KES", "Kc": "CZK", "zl": "PLN",
}  # fmt: skip
_RAND = {"R": "ZAR"}  # beside cents only: `R310` is a road
_AMOUNT = r"-?\d{1,3}(?:[.,'’  ]?\d{3})*(?:[.,](?:\d\d|-))?"  # after a sign of letters


def _one_of(signs: dict[str, str]) -> str:
    return "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))


_LETTERS = _one_of(_BESIDE_NUMBERS)
_FIRST_LETTERS = "".join(
    {letter for name in (*_BESIDE_NUMBERS, *_RAND, *_WORDS) for letter in name[0] + name[0].upper()}
)
_FIRST_SIGNS = "".join({sign[0] for sign in _ANYWHERE})
_SIGN = re.compile(
    rf"(?<![^\W\d_])(?=[{_FIRST_LETTERS}])(?:"
    rf"(?!KR-)(?:{_LETTERS})(?=\.?:? {{0,40}}{_AMOUNT}(?:/-)?(?![\w/]))"  # `kr. 499,-`
    rf"|(?<=\()(?:{_LETTERS})(?=\))"  # above a column, or behind its name
    rf"|(?:(?<=\d)|(?<=\d[ \u00a0\u202f])|(?<=\d  )|(?<=\d[.,:]-[ \u00a0]))(?:{_LETTERS})(?![^\W_])"  # `499,- kr`
    r"|R(?= {0,12}\d[\d ,.'’]{0,14}[.,]\d\d(?![\w/]))"
    rf"|(?i:{_one_of(_WORDS)})(?![^\W_]))"
    rf"|(?=[{_FIRST_SIGNS}])(?:{_one_of(_ANYWHERE)})"
)


# One that stands beside an amount; a code is one of those that a sign may mean.
_CODES = sorted({code for meant in (*_ANYWHERE.values(), *_BESIDE_NUMBERS.values()) for code in meant.split()})
# Codes that mean an amount where digits follow without a space (`EUR5`); no words, which begin numbers of all kinds.
GLUED = frozenset(
    "EUR USD GBP CHF JPY CNY INR KRW TRY PLN CZK RUB ILS THB CAD AUD NZD SGD MXN SEK NOK DKK HUF RON HKD ZAR BRL AED "
    "MYR IDR PHP VND TWD SAR QAR KWD PKR EGP UAH BGN".split()
)
_GLUED_LETTERS = "RM|Rs|Rp|kr|Kr|SFr|Fr|KSh|Dhs|TL"
BEFORE_DIGITS = rf"(?<![^\W_])(?:{'|'.join(sorted(GLUED))}|{_GLUED_LETTERS}|R(?=\d{{1,5}}(?![^\W_])))(?=\d)"
SIGN_OR_CODE = rf"{_one_of(_ANYWHERE)}|(?<![^\W_])(?:{'|'.join(_CODES)}|{_LETTERS})"


def codes(text: str) -> Iterator[tuple[str, int, int]]:
    """(code, start, stop) for all that each sign may mean, in the text's order. Codes that are printed as such are not
    among them."""
    for found in _SIGN.finditer(text):
        printed, start, stop = found.group(), found.start(), found.end()
        meant = _ANYWHERE.get(printed) or _BESIDE_NUMBERS.get(printed) or _RAND.get(printed) or _WORDS[printed.lower()]
        for code in meant.split():
            yield code, start, stop
