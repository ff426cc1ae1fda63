"""The numbers and dates of a document, each spelled as JSON would spell it: `1.234,50` is `1234.5`, `5 Oct 2026` is
`2026-10-05`. Guesses: where a notation can be read in two ways the more common one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from extractor.notation.calendar import ERAS, FIRST_LETTERS, LIKE, NAME, month


class Spelled(NamedTuple):
    """`text` is the JSON spelling of `document[start:stop]`."""

    start: int
    stop: int
    text: str


_NUMBER = re.compile(r"[-+]?\d(?:[\d.,'\u00a0]*\d)?")
_GAP = "(?:[ \u00a0\u202f]{1,2}|[ \t]?\r?\n {0,40})"  # between words: no wider, for that is another column
_DATE = re.compile(  # what looks ahead only leaves out early what is none: plain numbers above all
    rf"(?<!\d)(?=[{FIRST_LETTERS}令平昭]|\d{{1,4}}\s{{0,43}}(?:[-/.]|[^\W\d_]))(?:"
    r"(?P<y1>\d{4})(?:[-/.] ?|[年년] ?)(?P<m1>\d{1,2})(?:[-/.] ?|[月월] ?)(?P<d1>\d{1,2})"
    rf"|(?:(?P<e6>{'|'.join(ERAS)})(?P<y6>\d{{1,2}}|元)|(?P<y8>\d\d))"
    r"[年년] ?(?P<m6>\d{1,2})[月월] ?(?P<d6>\d{1,2})"
    r"|(?P<d2>\d{1,2})(?:[-/.] ?)(?P<m2>\d{1,2})(?:[-/.] ?)(?P<y2>\d{4}|\d\d)"
    r"|(?P<d7>\d{1,2}) [-/.] (?P<m7>\d{1,2}) [-/.] (?P<y7>\d{4})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?(?:{_GAP}|-)?(?:(?:de|of){_GAP})?"
    rf"(?=[^\W\d_])(?P<m3>{LIKE})\.?,?(?:{_GAP}|-)(?:(?:de|del){_GAP})?(?P<y3>\d{{4}})"
    rf"|(?=\D)(?<![^\W_])(?:(?P<m5>{NAME})\.?(?:{_GAP}|-)(?P<y5>\d{{4}})(?![-/.]\d)"
    rf"|(?P<m4>{LIKE})\.?{_GAP}(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?{_GAP}(?P<y4>\d{{4}}))"
    r")(?!\d)"
)


def numbers(document: str) -> Iterator[Spelled]:
    """In the order of the document."""
    for found in _NUMBER.finditer(document):
        yield Spelled(found.start(), found.end(), _number(found.group()))


def dates(document: str) -> Iterator[Spelled]:
    """As `YYYY-MM-DD`, or `YYYY-MM` where no day is said, in the order of the document."""
    for found in _DATE.finditer(document):
        parts = {name[0]: text for name, text in found.groupdict().items() if text}
        day = int(parts.get("d", 1))
        of_year = int(parts["m"]) if parts["m"].isdecimal() else month(parts["m"])
        if of_year > 12 >= day:  # the month first
            of_year, day = day, of_year
        if 1 <= of_year <= 12 and 1 <= day <= 31:
            year = _year(parts["y"], parts.get("e", ""))
            text = f"{year}-{of_year:02}-{day:02}" if "d" in parts else f"{year}-{of_year:02}"
            yield Spelled(found.start(), found.end(), text)


def _year(printed: str, era: str) -> str:
    """In four digits."""
    if era:
        return str(ERAS[era] + (1 if printed == "元" else int(printed)))
    return printed if len(printed) == 4 else f"20{int(printed):02}"


def _number(printed: str) -> str:
    """The last separator is the decimal one if it is the only one of its kind and not followed by three digits."""
    bare = printed.replace("'", "").replace("\u00a0", "").lstrip("+")
    point, comma = bare.rfind("."), bare.rfind(",")
    last = max(point, comma)
    alone = last >= 0 and bare.count(bare[last]) == 1 and (min(point, comma) >= 0 or len(bare) - last != 4)
    whole, fraction = (bare[:last], bare[last + 1 :].rstrip("0")) if alone else (bare, "")
    sign, digits = ("-" if whole.startswith("-") else ""), whole.lstrip("-").replace(".", "").replace(",", "")
    return sign + (digits.lstrip("0") or "0") + ("." + fraction if fraction else "")
