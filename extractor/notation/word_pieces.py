"""Where words may be cut: what people print without a space between is read apart (`20kg`, `EUR5`, `XXXX4402`,
`30x20`), and so is each character of scripts that have no spaces. An e-mail address, the host of a web address, a code
or a day in figures is not: no value is a piece of one. One rule for printed values (texts and numbers) and for their
places. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from extractor.notation import addresses, currency, masked
from extractor.notation.as_typed import JOINERS, TAGS, UNSEEN

Span = tuple[int, int]  # half-open

# Letters that are written without spaces between words: each is a chunk. As MARK, within brackets of a pattern.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9d\U00020000-\U0003ffff"
)
_DIGITS = "[\u0e50-\u0e59\u0ed0-\u0ed9\u1040-\u1049\u17e0-\u17e9]"  # of those: a number is one
_PARTICLES = "에서|에게|으로|까지|부터|은|는|이|가|을|를|의|에|로|와|과|도|만"  # that Korean writes behind a noun


def _marks() -> Iterator[str]:
    """In ranges: of single characters behind the first 65,536 the library tries each on every letter."""
    marks = (at for at in range(0x300, 0x1F000) if unicodedata.category(chr(at)).startswith("M"))
    for _, those in groupby(enumerate(marks), key=lambda one: one[1] - one[0]):
        first, *rest = [chr(at) for _, at in those]
        yield f"{first}-{rest[-1]}" if rest else first


# What belongs to the letter before it: accents that are written apart, vowels of Indic scripts, points of Hebrew.
MARK = "".join(_marks()) + "\uff9e\uff9f\U000e0100-\U000e01ef"
_TONES = "\U0001f3fb-\U0001f3ff"  # of skin
_FLAG = "[\U0001f1e6-\U0001f1ff]"  # half of one
_PART = "[A-Z0-9]"
# Three parts or more, of capitals and of digits: `INV-2024-003`; no list (`21D/21E/21F`, `BERLIN/ROM/2026`), mask, day.
_CODE = (
    rf"(?<![^\W_])(?<!{_PART}[-_/])(?!\d{{1,4}}[-/][A-Z]{{3,4}}[-/]\d{{1,4}}(?!\w))(?!{_PART}*(?:[-_/]{_PART}*){{0,9}}XX)"
    rf"(?=(?:{_PART}+[-_/]){{0,9}}\d+(?!{_PART}))(?=[-_/\d]{{0,80}}[A-Z])(?![-_/A-Z0-9]{{0,80}}(?:[A-Z]{{5}}/|/[A-Z]{{5}}))"
    rf"{_PART}+(?:[-_/]{_PART}+){{2,9}}(?![^\W_]|[-_/][^\W_])"
)
# A moment as programs print one, its day and its time: `2026-03-04T10:22:00Z`.
_MOMENT = r"(?<![^\W_])(?<!\d-)\d{4}-\d\d-\d\d(?=T\d\d:\d\d)|(?<=\d{4}-\d\d-\d\d)T(?=\d\d:\d\d)"
_SECONDS = r":[0-5]\d(?:\.\d+)?(?![\d:])"
_TIME = (  # hour and minute, and seconds behind them; of no longer row of pairs, and not how long a run took: `1:47:22`
    rf"(?:(?<![\w:.,])|(?<=\d-\d\dT))(?:[01]\d|2[0-3]):[0-5]\d(?={_SECONDS})|(?<=\d\d:[0-5]\d){_SECONDS}"
)
_FIGURES = r"(?<![^\W_])(?<!\d-)\d+(?:-\d+){2,9}(?![^\W_]|-[^\W_])"  # a day, a telephone
_NUMBER = (  # one, one time of day; commas are between numbers where they part no thousands and no decimals: `2.00,1`
    r"\d{1,3}(?:\.\d{3}){1,20},\d+|(?:\d{1,3}(?:,\d{3}){1,20}|\d\d?(?:,\d\d){1,20},\d{3})\.\d+"
    r"|\d+(?:\.\d+)+|\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?"
    r"|(?<!\d,)(?:\d{1,3}(?:,\d{3}){1,20}|\d\d?(?:,\d\d){1,20},\d{3}|\d+,\d+)(?!\d|,\d|-\d\d-\d)"
    r"|\d+(?::\d\d(?!\d))+(?:\.\d+)?"
)
_BOOKED = r"\d{1,15},\d{0,2}[NFS][A-Z]{3}"  # an amount in a statement of SWIFT: `2604020402D1875,50NTRF`
_SIZE = r"\d+(?:[.,]\d+)?(?:[xX]\d+(?:[.,]\d+)?){0,9}[^\W\d_]{0,3}(?![^\W_])"  # from one of its numbers on
# Of most words, which nothing below would cut, and of the spaces between: the rest is not tried on these. An `x` may be
# a sign of a mask.
_PLAIN = "A-WYZa-wyz\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_PIECES = (
    rf"(?<!\S)[{_PLAIN}]+(?!\S)| (?=[{_PLAIN}0-9])"
    rf"|{addresses.EMAIL}|{addresses.SCHEME}|{addresses.WWW}|{addresses.HOST}|{_MOMENT}|{_TIME}|{_CODE}|{_FIGURES}"
    r"|(?<![^\W_])[vV](?=\d+\.\d)"  # before a version
    rf"|(?<![^\W_])\d{{6,10}}(?=R?[CD][A-Z]?{_BOOKED})|(?<=\d)R?[CD][A-Z]?(?={_BOOKED})"
    rf"|{_NUMBER}"
    rf"|{_DIGITS}+|[{UNSPACED}][{MARK}]*"
    rf"|{masked.FIRST}|{masked.SIGNS}"
    # the number before its unit, what leads to one
    rf"|\d+(?=[^\W\d_]+(?![^\W_]))|{currency.BEFORE_DIGITS}"
    rf"|(?!0[xX])\d+(?=[xX]{_SIZE})|(?<=\d)[xX](?={_SIZE})|(?<![^\W_])[xX](?=\d{{1,2}}(?![^\W_]))"
    r"|(?<![^\W_])(?:No|NO|Nr|NR|Q|KW|CW|VAT|TVA|IVA|BTW)(?=\d+(?![^\W_]))"
    r"|(?<![^\W_])[^\W\d_]+(?=\d{1,3}(?:[.,'’]?\d{3}){0,4}[.,]\d\d(?![^\W_]))"  # an amount: `TOTAL12.50`
    rf"|[\uac00-\ud7af]+?(?=(?:{_PARTICLES})(?![^\W_]))"
    rf"|(?:[^\W_{UNSPACED}][{MARK}]*(?:[{JOINERS}{UNSEEN}]+(?=[^\W_]))?)+"
    rf"|{_FLAG}{{2}}|.[{MARK}{_TONES}{TAGS}]*(?:\u200d\S[{MARK}{_TONES}]*)*"  # a picture with all that it is made of
)
CHUNK = re.compile(rf"\\.|{_PIECES}", re.DOTALL)  # of text that is escaped as in a JSON string
_CHUNK = re.compile(_PIECES, re.DOTALL)
_STRETCH = 96  # characters: of a longer word, the two stretches before a place and behind it are looked at
_BEFORE, _BEHIND = re.compile(r"\S*\Z"), re.compile(r"\S*")


def is_cut_at(text: str, start: int, stop: int, known: dict[Span, set[int]] | None = None) -> bool:
    """Whether `text[start:stop]` begins and ends where words do, or where they may be cut. `known`, of the same text,
    keeps where: numbers without a space between share most of it."""
    if _is_between(text, start) and _is_between(text, stop):
        return True
    begin, end = start - start % _STRETCH - _STRETCH, stop - stop % _STRETCH + 2 * _STRETCH
    before, behind = _BEFORE.search(text, max(0, begin), start), _BEHIND.match(text, stop, end)
    first, last = before.start() if before else start, behind.end() if behind else stop
    ends = known.get((first, last)) if known is not None else None
    if ends is None:
        ends = {first, *(found.end() for found in _CHUNK.finditer(text, first, last))}
        if known is not None:
            known[first, last] = ends
    return start in ends and stop in ends


def _is_between(text: str, at: int) -> bool:
    """Whether white space or an end of the text is there."""
    return at in (0, len(text)) or text[at - 1].isspace() or text[at].isspace()
