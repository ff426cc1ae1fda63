"""Months as people print them without a day: `03/2022`, `2022.03`, `Mar '22`, `2022年3月`, `03/22 – 05/23`. What may be
something else too (a day, an amount, a page) is a month only where what stands beside it says so. Pure: knows text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from extractor.notation.calendar import ERAS, FIRST_LETTERS, NAME, month
from extractor.notation.find import Spans
from extractor.notation.fold import folded

_IN_FOUR = r"(?:19|20)\d\d"
_FOUR = re.compile(rf"(?<!\d){_IN_FOUR}(?!\d)")
_UNTIL = r"(?:\s?[-–—~～〜]\s?|\s(?i:to|bis|au|à|al|a|until|till)\s)"
_NOW = "(?i:present|now|today|current|ongoing|heute|jetzt|aujourd|présent|actual|oggi|heden|obecnie)"

# Behind a first digit, by which the patterns are led so that they cost little where there are none: nothing that it is
# a part of stands before it, or another month and a hyphen.
_FIRST = (
    r"(?:(?<![\w/.,-]\d)(?<!\d [/.] \d)(?<!\d\. \d)"
    rf"|(?<=[/.]{_IN_FOUR}-\d)|(?<={_IN_FOUR}[/.]\d\d-\d)|(?<={_IN_FOUR}[/.]\d-\d))"
)
_ALONE = r"(?<![\w/.,:-]\d)"
_NO_SUM = r"(?<![€$£¥]\d)(?<![€$£¥] \d)(?<![A-Z]{3} \d)"
_NO_PAGE = "".join(rf"(?<!{word} \d)" for word in ("age", "eite", "gina", "ágina", "latt", "heet"))
_YEAR = rf"(?P<y>[12]{_FIRST}(?:(?<=1)9|(?<=2)0)\d\d)"
_NO_DAY = r"(?<!\d[-/. ])(?<!\d[.] )"  # before a name

_LAST = rf"(?!\d|/\d| / \d|-\d(?!\d?[/.]{_IN_FOUR}(?!\d))(?!\d{{3}}[/.]\d)|\. ?\d|,\d)"
_NO_SUM_BEHIND = r"(?! ?(?:[€$£¥%]|[A-Z]{3}\b))"
_ENDS = r"(?![^\W_]|[/:-]\d|[.,]\d|\s?%)"  # two digits of a year
_NO_HOUR = r"(?! ?(?i:uhr|h\b|[ap]m|€))"

_PRINTED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<m>\d{_FIRST}\d?)(?:[/.-]| / )(?P<y>{_IN_FOUR}){_LAST}",  # `3/2021`
        rf"(?P<m>0{_FIRST}\d)\. (?P<y>{_IN_FOUR}){_LAST}",  # `03. 2021`
        rf"{_YEAR}(?:[/-]| / )(?P<m>\d\d?){_LAST}",  # `2021/03`
        rf"{_YEAR.replace(_FIRST, _FIRST + _NO_SUM)}\.(?P<m>\d\d?){_LAST}{_NO_SUM_BEHIND}",  # `2021.03`
        rf"{_YEAR}\. (?P<m>\d\d?)\.(?! ?\d| ?[A-Za-z])",  # `2021. 3.`, and no item of a list
        rf"{_YEAR}\.?(?:[-/](?P<m>{NAME})(?!\.?[-/ ]\d)"  # `2021-Mar`
        rf"|\s(?P<o>{NAME})(?=\.?\s?(?:[-–—,;|)]|\n|$)))",  # `2021 March`, with no word behind it
        r"(?P<y>\d(?<!\d\d)(?:\d\d\d|\d)) ?[年년] ?(?P<m>\d\d?) ?[月월]",
        rf"(?P<e>{'|'.join(ERAS)})(?P<y>\d{{1,3}}|元)年 ?(?P<m>\d\d?) ?月",
        rf"(?P<m>[01]{_ALONE}{_NO_PAGE}\d)/(?P<y>1[3-9]|[2-9]\d){_ENDS}",  # `03/26`: no day and month
        rf"(?P<m>\d{_ALONE}\d?)/(?P<y>\d\d){_UNTIL}(?:{_NOW}|(?P<n>\d\d?)/(?P<z>\d\d){_ENDS})",  # `3/22 – 5/23`
        rf"(?P<m>[01]{_ALONE}\d)\.(?P<y>\d\d){_UNTIL}(?:{_NOW}|(?P<n>[01]\d)\.(?P<z>\d\d){_ENDS}{_NO_HOUR})",
        rf"(?<![^\W_])(?=[{FIRST_LETTERS}][^\W\d_]+\.?,?[-/\s'’][\d'’do]){_NO_DAY}(?P<m>{NAME})\.?(?:"
        rf"(?:,?\s|-|/|\s(?:de|del|of|di)\s|\sd['’])(?P<y>{_IN_FOUR})(?![^\W_]|[.,/:-]\d)"  # `March, 2021`
        rf"|(?:\s?['’]|[-/])(?P<w>\d\d){_ENDS}"  # `Mar '21`, `Mar-21`
        rf"|\s(?P<x>\d\d){_UNTIL}(?:{_NOW}|(?P<n>{NAME})\.?\s(?P<z>\d\d){_ENDS}))",  # `Mar 21 – Jun 22`
    )
)


def spans(text: str) -> Spans:
    """By `YYYY-MM`, or by `YY-MM` where no more of the year is printed."""
    found: Spans = defaultdict(list)
    for start, stop, printed in sorted({*_places(folded(text))}):
        found[printed].append((start, stop))
    return found


def years(text: str, places: Iterable[tuple[int, int]]) -> Spans:
    """The years within the days and months that stand at these places, where all four digits are printed."""
    found: Spans = defaultdict(list)
    for start, stop in sorted({one.span() for place in places for one in _FOUR.finditer(text, *place)}):
        found[text[start:stop]].append((start, stop))
    return found


def _places(text: str) -> Iterator[tuple[int, int, str]]:
    for pattern in _PRINTED:
        for found in pattern.finditer(text):
            names = [name for name, part in found.groupdict().items() if part]
            yield from _place(found, [name for name in names if name in "moywxe"])
            yield from _place(found, [name for name in names if name in "nz"])


def _place(found: re.Match[str], names: list[str]) -> Iterator[tuple[int, int, str]]:
    """Where these parts of it stand, and the month that they say; nothing where there is none."""
    parts = {("m" if name in "mon" else "e" if name == "e" else "y"): found[name] for name in names}
    if not parts:
        return
    year, of_year = parts["y"], int(parts["m"]) if parts["m"].isdecimal() else month(parts["m"])
    if "e" in parts:
        year = str(ERAS[parts["e"]] + (1 if year == "元" else int(year)))
    if 1 <= of_year <= 12:
        yield min(map(found.start, names)), max(map(found.end, names)), f"{year}-{of_year:02}"
