"""How lists count: 1, a, i, A, I, 一, … Names of styles are those of DOCX; other formats translate theirs."""

from __future__ import annotations

from collections.abc import Callable

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_MOST_ROMAN = 4_999
_MOST_LETTERS = 780  # as Word: a … z, aa, bb … up to 30 of them
_HAN = "〇一二三四五六七八九"
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщыэюя"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def numeral(count: int, style: str) -> str:
    """`count` as a list of this style prints it; in plain figures where the style is unknown or ends before."""
    text = _STYLES[style](count) if style in _STYLES and count > 0 else ""
    return text or str(count)


def _roman(count: int) -> str:
    if count > _MOST_ROMAN:
        return ""
    text = ""
    for value, letters in _ROMAN:
        times, count = divmod(count, value)
        text += letters * times
    return text


def _repeated(count: int, alphabet: str = _ALPHABET) -> str:
    """a … z, aa, bb, …"""
    times, at = divmod(count - 1, len(alphabet))
    return alphabet[at] * (times + 1) if count <= _MOST_LETTERS else ""


def _spread(count: int) -> str:
    """a … z, aa, ab, …"""
    text = ""
    while count:
        count, at = divmod(count - 1, len(_ALPHABET))
        text = _ALPHABET[at] + text
    return text


def _ordinal(count: int) -> str:
    last = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{last}"


def _han(count: int) -> str:
    if count > 99:
        return ""
    tens, ones = divmod(count, 10)
    return ("" if tens < 2 else _HAN[tens]) + ("十" if tens else "") + (_HAN[ones] if ones else "")


def _circled(count: int) -> str:
    return chr(0x245F + count) if count <= 20 else ""


_STYLES: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda count: f"{count:02}",
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "lowerLetter": _repeated,
    "upperLetter": lambda count: _repeated(count).upper(),
    "lowerLatin": _spread,  # HTML, OpenDocument
    "upperLatin": lambda count: _spread(count).upper(),
    "ordinal": _ordinal,
    "lowerGreek": lambda count: _repeated(count, _GREEK),
    "russianLower": lambda count: _repeated(count, _CYRILLIC),
    "russianUpper": lambda count: _repeated(count, _CYRILLIC).upper(),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital"), _han),
}
