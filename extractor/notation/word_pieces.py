"""Where words may be cut: what people print without a space between is read apart (`20kg`, `EUR5`, `XXXX4402`), and so
is each character of scripts that have no spaces. Of printed values and of their places alike. Pure.
"""

from __future__ import annotations

import re
import unicodedata

from extractor.notation import currency, masked

# Letters that are written without spaces between words: each is a chunk. As MARK, within brackets of a pattern.
UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PARTICLES = "에서|에게|으로|까지|부터|은|는|이|가|을|를|의|에|로|와|과|도|만"  # that Korean writes behind a noun
# What belongs to the letter before it: accents that are written apart, vowels of Indic scripts, points of Hebrew.
MARK = "".join(chr(at) for at in range(0x300, 0x1F000) if unicodedata.category(chr(at)).startswith("M"))
CHUNK = re.compile(  # of text that is escaped as in a JSON string
    r"\\."
    r"|(?<![^\W_])[vV](?=\d+\.\d)"  # before a version
    r"|\d+(?:[.,:'’]\d+)+"  # one number, one time of day
    rf"|[{UNSPACED}][{MARK}]*"
    rf"|{masked.FIRST}|{masked.SIGNS}"
    # the number before its unit, a currency before one
    rf"|\d+(?=[^\W\d_]+(?![^\W_]))|{currency.BEFORE_DIGITS}"
    rf"|[\uac00-\ud7af]+?(?=(?:{_PARTICLES})(?![^\W_]))"
    rf"|(?:[^\W_{UNSPACED}][{MARK}]*)+|.[{MARK}]*",
    re.DOTALL,
)
_LONGEST = 64  # characters on each side that are looked at


def is_cut_at(text: str, start: int, stop: int) -> bool:
    """Whether `text[start:stop]` begins and ends where words do, or where they may be cut."""
    first, last = start, stop
    while first > max(0, start - _LONGEST) and _goes_on(text[first - 1]):
        first -= 1
    while last < min(len(text), stop + _LONGEST) and _goes_on(text[last]):
        last += 1
    ends = {first, *(found.end() for found in CHUNK.finditer(text, first, last))}
    return start in ends and stop in ends


def _goes_on(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")
