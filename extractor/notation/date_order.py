"""Whether a text writes the day or the month first, where a day in figures leaves that open. Pure: knows text.

Its other days tell, if one of their figures is above twelve. Where none does, points between the figures mean the day
first, and the address of a place in the United States the month, if nothing in the text is of another country: there
points say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DAY_FIRST, MONTH_FIRST = "dm", "md"

_STATES = {  # the first three digits of their ZIP codes, from and to
    "AK": (995, 999), "AL": (350, 369), "AR": (716, 729), "AZ": (850, 865), "CA": (900, 961), "CO": (800, 816),
    "CT": (60, 69), "DC": (200, 205), "DE": (197, 199), "FL": (320, 349), "GA": (300, 319), "HI": (967, 968),
    "IA": (500, 528), "ID": (832, 838), "IL": (600, 629), "IN": (460, 479), "KS": (660, 679), "KY": (400, 427),
    "LA": (700, 714), "MA": (10, 27), "MD": (206, 219), "ME": (39, 49), "MI": (480, 499), "MN": (550, 567),
    "MO": (630, 658), "MS": (386, 397), "MT": (590, 599), "NC": (270, 289), "ND": (580, 588), "NE": (680, 693),
    "NH": (30, 38), "NJ": (70, 89), "NM": (870, 884), "NV": (889, 898), "NY": (100, 149), "OH": (430, 459),
    "OK": (730, 749), "OR": (970, 979), "PA": (150, 196), "PR": (6, 9), "RI": (28, 29), "SC": (290, 299),
    "SD": (570, 577), "TN": (370, 385), "TX": (750, 799), "UT": (840, 847), "VA": (220, 246), "VT": (50, 59),
    "WA": (980, 994), "WI": (530, 549), "WV": (247, 268), "WY": (820, 831),
}  # fmt: skip
_WORDS = "DE|HI|ID|IN|ME|OK|OR"  # states that are words too: only behind a comma
_STATE = "|".join(name for name in _STATES if name not in _WORDS.split("|"))
_ADDRESS = re.compile(
    rf"[^\W\d_]\.?(?:, ?| {{1,3}})({_STATE})\.? {{1,3}}(\d{{3}})\d\d\b|, ?({_WORDS}) {{1,3}}(\d{{3}})\d\d\b"
)
_CITY = re.compile(rf"[^\W\d_], ?(?:{_STATE}|{_WORDS})(?![^\s,])")
_PHONE = re.compile(r"(?<![\d.+-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\d-])")
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
        american = {MONTH_FIRST} if days and is_american(text) else set()
        self._others = _orders_of((one, other) for one, _, other in days) or american
        self._points = _orders_of((one, other) for one, mark, other in days if mark == ".")
        if not self._points and not american:
            self._points = {DAY_FIRST}

    def behind(self, mark: str) -> str:
        """Of days with that mark: `DAY_FIRST` or `MONTH_FIRST`; empty where both may be."""
        orders = self._points if mark == "." else self._others
        return next(iter(orders)) if len(orders) == 1 else ""


def _orders_of(pairs: Iterable[tuple[int, int]]) -> set[str]:
    """What those say of which one figure is above twelve."""
    return {DAY_FIRST if first > 12 else MONTH_FIRST for first, second in pairs if (first > 12) != (second > 12)}


def is_american(text: str) -> bool:
    """Whether it prints an address in the United States, and nothing of another country."""
    zips = any(_is_zip(found[1] or found[3], int(found[2] or found[4])) for found in _ADDRESS.finditer(text))
    has_place = zips or (_CITY.search(text) is not None and _PHONE.search(text) is not None)
    return has_place and _ELSEWHERE.search(text) is None


def _is_zip(state: str, begin: int) -> bool:
    first, last = _STATES[state]
    return first <= begin <= last
