"""What a number is multiplied by that stands beside it: `2,5 Mio`, `$3M`, `EUR 1.5k`, `TEUR 250`. A letter says so of
amounts only, whose currency is printed with them: `3m` alone is a length, `4K` a screen. Pure: knows text.
"""

from __future__ import annotations

import re

from extractor.notation import currency

_WORDS = {
    "thousand": 3, "tsd": 3, "mille": 3, "mil": 3, "million": 6, "millions": 6, "mio": 6, "mn": 6, "millionen": 6,
    "millones": 6, "milioni": 6, "miljoen": 6, "billion": 9, "bn": 9, "mrd": 9, "milliarden": 9, "milliard": 9,
    "milliards": 9, "miliardi": 9, "miljard": 9, "trillion": 12, "lakh": 5, "lakhs": 5, "crore": 7, "crores": 7,
    "tys": 3, "mln": 6, "mld": 9, "тыс": 3, "млн": 6, "млрд": 9, "milyon": 6, "milyar": 9,
    "万": 4, "萬": 4, "億": 8, "亿": 8, "만": 4, "억": 8,
    "teur": 3, "tchf": 3, "keur": 3, "meur": 6,
}  # fmt: skip
_LETTERS = {"k": 3, "m": 6, "b": 9, "t": 3}
_WORD = re.compile(r"[ \u00a0]?([万萬億亿만억]|[^\W\d_]{2,10}(?![^\W\d_]))")
_LETTER = re.compile(r"[kKmMbB](?![^\W_])")  # behind an amount whose currency stands before it
_LETTER_AND_CURRENCY = re.compile(  # of this amount and not of one behind it: not `3m EUR 5.00`
    rf"(?:[ \u00a0]?([kKMT])(?=[€$£])|([kKmMbB])[ \u00a0](?=[A-Z€$£])|([kK])(?=[A-Z]{{3}}))"
    rf"(?:{currency.SIGN_OR_CODE})(?![^\W_])(?![ \u00a0]{{0,12}}\d)"
)
_CURRENCY_BEFORE = re.compile(rf"(?:{currency.SIGN_OR_CODE})\.?[ \u00a0]?[-−–]?$")
_UNIT_BEFORE = re.compile(r"(?<![^\W_])(?:(T|[kK]|M)€|(T)(?:EUR|CHF)|([kKM])EUR)[ \u00a0]?[-−–]?$")
_LONGEST = 8  # characters of what stands before


def places(text: str, start: int, stop: int) -> int:
    """By how many places the decimal mark of the number `text[start:stop]` moves; 0 where nothing says so."""
    if (word := _WORD.match(text, stop)) and (moved := _WORDS.get(word[1].lower())):
        return moved
    before = text[max(0, start - _LONGEST) : start]
    if found := _UNIT_BEFORE.search(before) or _LETTER_AND_CURRENCY.match(text, stop):
        return _LETTERS[next(filter(None, found.groups())).lower()]
    if (letter := _LETTER.match(text, stop)) and _CURRENCY_BEFORE.search(before):
        return _LETTERS[letter.group().lower()]
    return 0
