"""Whether a text writes the day or the month first, where a day in figures leaves that open. Pure: knows text.

Its other days tell, if one of their figures is above twelve. Where none does, points between the figures mean the day
first, and the address of a place in the United States the month, if nothing in the text is of another country.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DAY_FIRST, MONTH_FIRST = "dm", "md"

_STATES = {  # by the first digit of their ZIP codes
    "0": "CT MA ME NH NJ PR RI VT",
    "1": "DE NY PA",
    "2": "DC MD NC SC VA WV",
    "3": "AL FL GA MS TN",
    "4": "IN KY MI OH",
    "5": "IA MN MT ND SD WI",
    "6": "IL KS MO NE",
    "7": "AR LA OK TX",
    "8": "AZ CO ID NM NV UT WY",
    "9": "AK CA HI OR WA",
}
_WORDS = "DE|HI|ID|IN|ME|OK|OR"  # states that are words too: only behind a comma
_STATE = "|".join(name for names in _STATES.values() for name in names.split() if name not in _WORDS.split("|"))
_ADDRESS = re.compile(
    rf"[^\W\d_]\.?(?:, ?| {{1,3}})({_STATE})\.? {{1,3}}(\d)\d{{4}}\b|, ?({_WORDS}) {{1,3}}(\d)\d{{4}}\b"
)
_CITY = re.compile(rf"[^\W\d_], ?(?:{_STATE}|{_WORDS})(?![^\s,])")
_PHONE = re.compile(r"(?<![\d.+-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\d-])")
_ELSEWHERE = re.compile(
    r"[€£₹₺₩¥₽₴₪฿₫₦]|\b(?:EUR|GBP|INR|CAD|AUD|NZD|SGD|MYR|HKD|AED|ZAR|CHF|JPY|CNY|KRW|MXN|BRL|PLN|CZK|SEK|NOK|DKK|HUF|"
    r"VAT|GST|HST|GSTIN|ABN|NZBN|UEN|BRN|TIN|TVA|IVA|MwSt|USt|BTW|MOMS|RFC|CNPJ|NIF|CIF|IBAN|SWIFT)\b|(?<!\d)\+(?!1\b)\d"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[A-Z] \d[A-Z]\d\b"  # postcodes of Great Britain and Canada
    r"|\b(?:Ltd|Pty|GmbH|Sdn|Bhd|Pvt|S\.A|S\.L|UK|United Kingdom|England|Scotland|Wales|Ireland|Canada|Australia|"
    r"New Zealand|India|Singapore|Malaysia|Hong Kong|South Africa|Nigeria|Kenya|Ghana|Philippines|Pakistan|Dubai|UAE|"
    r"Germany|France|Spain|Italy|Netherlands|Switzerland|Austria|Belgium|Poland|Israel|Japan|China|Mexico|Brazil)\b",
    re.IGNORECASE,
)


class DateOrder:
    """Of one text. `written_days`: of each in figures the first, the mark behind it, and the second."""

    def __init__(self, text: str, written_days: Iterable[tuple[int, str, int]]) -> None:
        days = list(written_days)
        self._points = _orders_of((one, other) for one, mark, other in days if mark == ".") or {DAY_FIRST}
        self._others = _orders_of((one, other) for one, _, other in days)
        if not self._others and days and is_american(text):
            self._others = {MONTH_FIRST}

    def behind(self, mark: str) -> str:
        """Of days with that mark: `DAY_FIRST` or `MONTH_FIRST`; empty where both may be."""
        orders = self._points if mark == "." else self._others
        return next(iter(orders)) if len(orders) == 1 else ""


def _orders_of(pairs: Iterable[tuple[int, int]]) -> set[str]:
    """What those say of which one figure is above twelve."""
    return {DAY_FIRST if first > 12 else MONTH_FIRST for first, second in pairs if (first > 12) != (second > 12)}


def is_american(text: str) -> bool:
    """Whether it prints an address in the United States, and nothing of another country."""
    zips = any((found[2] or found[4]) == _digit(found[1] or found[3]) for found in _ADDRESS.finditer(text))
    has_place = zips or (_CITY.search(text) is not None and _PHONE.search(text) is not None)
    return has_place and _ELSEWHERE.search(text) is None


def _digit(state: str) -> str:
    return next(digit for digit, names in _STATES.items() if state in names.split())
