"""The numbers and dates of a document, each spelled as JSON would spell it: `1.234,50` is `1234.5`, `5 Oct 2026` is
`2026-10-05`. Guesses: where a notation can be read in two ways the more common one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from extractor.notation.calendar import ENGLISH, ERAS, FIRST_LETTERS, LIKE, NAME, ORDINAL, month
from extractor.notation.fold import folded


class Spelled(NamedTuple):
    """`text` is the JSON spelling of `document[start:stop]`."""

    start: int
    stop: int
    text: str


_NUMBER = re.compile(r"[-+]?\d(?:[\d.,'\u00a0]*\d)?")
_GAP = "(?:[ \u00a0\u202f]{1,2}|[ \t]?\r?\n {0,40})"  # between words: no wider, for that is another column
_OF = rf"(?:(?:(?:day{_GAP})?(?:de|of|du){_GAP})|d['’])?"
_BEHIND = rf"(?:\.?,?(?:{_GAP}|-)|[.,/])"  # between a month in letters and what follows
_MONTHS_IN_ROMAN = {name: at for at, name in enumerate("I II III IV V VI VII VIII IX X XI XII".split(), 1)}
_ROMAN = "|".join(sorted(_MONTHS_IN_ROMAN, key=len, reverse=True))
_DATE = re.compile(  # what looks ahead only leaves out early what is none: plain numbers above all
    rf"(?<!\d)(?=[{FIRST_LETTERS}](?<![^\W_].)[^\W\d_]+\.?(?:\s{{1,43}}|[-/,])\d|[令平昭民]"
    r"|\d{1,4}(?:\s{0,43}(?:[-/.–−|]|[^\W\d_])|[º°ª:»”]))(?:"
    rf"(?=\D)(?<![^\W_])(?:(?P<m5>{NAME})\.?(?:{_GAP}|-)(?P<yb>\d{{4}})(?![-/.]\d)"
    rf"|(?P<m4>{LIKE})(?:\.?{_GAP}|[-/,])(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?:,?{_GAP}|[-/,])(?P<y4>\d{{4}}))"
    r"|(?P<y1>\d{4})(?:(?P<s1>[-/.–−]) ?| ?[年년] ?)(?P<m1>\d{1,2})(?:(?P=s1) ?| ?[月월] ?)(?P<d1>\d{1,2})"
    r"|(?P<yc>\d{4}) (?P<sc>[-/.]) (?P<mc>\d\d?) (?P=sc) (?P<dc>\d\d?)"
    rf"|(?:(?P<e6>{'|'.join(ERAS)})(?P<y6>\d{{1,3}}|元)|(?P<y8>\d\d))"
    r" ?[年년] ?(?P<m6>\d{1,2}) ?[月월] ?(?P<d6>\d{1,2})"
    r"|(?P<d2>\d{1,2})(?P<s2>[-/.–−]) ?(?P<m2>\d{1,2})(?:(?P=s2) ?(?P<y2>\d{4}|\d\d)"
    r"|(?:(?<=/\d)|(?<=/\d\d))-(?P<y0>\d{4}|\d\d))"
    r"|(?P<d7>\d{1,2}) [-/.] (?P<m7>\d{1,2}) [-/.] (?P<y7>\d{4})"
    r"|(?<!\d [/.] )(?P<dd>\d\d?) (?P<sd>[/.]) (?P<md>\d\d?) (?P=sd) (?P<yd>\d\d)(?! ?[/.,] ?\d)"
    r"|(?P<de>\d\d?) ?/ ?(?P<me>\d\d?) ?/ ?(?P<ye>\d{4})"
    r"|(?P<df>\d\d?)/(?P<mf>\d\d?) (?P<yf>(?:19|20)\d\d)(?! ?[/.,-]\d)"  # of Scandinavia
    r"|(?P<dg>\d\d)\|(?P<mg>\d\d)\|(?P<yg>\d{4})"  # in the boxes of a form
    rf"|(?P<d9>\d{{1,2}})(?P<s9>[./]) ?(?P<m9>{_ROMAN})(?P=s9) ?(?P<y9>\d{{4}})"
    rf"|(?P<d3>\d{{1,2}})(?:{ORDINAL}|[»”])?(?:{_GAP}|[-/])?{_OF}"
    rf"(?=[^\W\d_])(?:(?P<m3>{LIKE}){_BEHIND}(?:(?:de|del){_GAP})?(?P<y3>\d{{4}})"
    rf"|(?<=\d\d)(?P<m8>{ENGLISH})(?P<y5>\d{{4}}|\d\d)(?![^\W_]))"
    rf"|(?P<ya>\d{{4}})(?:\.?{_GAP}|[-/])(?P<ma>{NAME})(?:\.?{_GAP}|[-/])(?P<da>\d{{1,2}})"
    r")(?!\d)"
)

_DIGITS = {char: at for chars in ("〇一二三四五六七八九", "零", "○") for at, char in enumerate(chars)}
_CHARACTERS = re.compile(  # `二〇二四年十二月三十一日`
    rf"([{''.join(_DIGITS)}]{{4}})年((?:十?[一二三四五六七八九]|十))月([二三]?十?[一二三四五六七八九]|[二三]?十)日"
)


def numbers(document: str) -> Iterator[Spelled]:
    """In the order of the document."""
    for found in _NUMBER.finditer(document):
        yield Spelled(found.start(), found.end(), _number(found.group()))


def dates(document: str) -> Iterator[Spelled]:
    """As `YYYY-MM-DD`, or `YYYY-MM` where no day is said, in the order of the document."""
    found = _dates(folded(document))
    if "年" not in document:
        return found
    return iter(sorted([*found, *_in_characters(document)]))


def _in_characters(text: str) -> Iterator[Spelled]:
    """Days in Chinese numerals."""
    for found in _CHARACTERS.finditer(text):
        year = "".join(str(_DIGITS[char]) for char in found[1])
        of_year, day = (_counted(found[part]) for part in (2, 3))
        if 1 <= of_year <= 12 and 1 <= day <= 31:
            yield Spelled(found.start(), found.end() - 1, f"{year}-{of_year:02}-{day:02}")


def _counted(characters: str) -> int:
    """Of `三`, `十`, `二十一`."""
    tens, ten, ones = characters.rpartition("十")
    return _DIGITS.get(ones, 0) + (10 * _DIGITS.get(tens, 1) if ten else 0)


def _dates(text: str) -> Iterator[Spelled]:
    at = 0
    while found := _DATE.search(text, at):
        spelled = None if _goes_on(text, found) else _spelled(found)
        if spelled is None:
            at = found.start() + 1
            continue
        yield Spelled(found.start(), found.end(), spelled)
        at = found.end()


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """Whether these figures are some of those of something longer: of `10.12.20.24`."""
    mark = found["s2"]
    if mark is None:
        return False
    before, after = text[max(0, found.start() - 2) : found.start()], text[found.end() : found.end() + 2]
    short = len(found["y2"] or found["y0"]) == 2
    more_before = before[-1:] == mark and before[:1].isdecimal() and (short or mark != "-")
    return more_before or (short and after[:1] == mark and after[1:].isdecimal())


def _spelled(found: re.Match[str]) -> str | None:
    """None where there is no such day, or no such month."""
    parts = {name[0]: text for name, text in found.groupdict().items() if text}
    day = int(parts.get("d", 1))
    named = parts["m"]
    of_year = int(named) if named.isdecimal() else _MONTHS_IN_ROMAN.get(named) or month(named)
    if of_year > 12 >= day:  # the month first
        of_year, day = day, of_year
    if not (1 <= of_year <= 12 and 1 <= day <= 31):
        return None
    year = _year(parts["y"], parts.get("e", ""))
    return f"{year}-{of_year:02}-{day:02}" if "d" in parts else f"{year}-{of_year:02}"


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
