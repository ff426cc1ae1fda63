"""What the escapes of a pattern stand for, in the language it is written in."""

from __future__ import annotations

import string
from enum import Enum

from schemas.patterns.tree import Chars, Range, complement, joined


class RegexDialect(Enum):
    """JSON Schema's, and the two that pydantic matches with."""

    ECMASCRIPT = "ECMAScript"
    RUST = "Rust"
    PYTHON = "Python"


DIGITS: list[Range] = [(0x30, 0x39)]
WORD: list[Range] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_BLANKS: list[Range] = [(0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)]
SPACE: list[Range] = [(9, 13), *_BLANKS, (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)]
LINE_ENDS: list[Range] = [(10, 10), (13, 13), (0x2028, 0x2029)]
FOLDED_WORD: list[Range] = [*WORD, (0x17F, 0x17F), (0x212A, 0x212A)]  # ſ and K are s and k in another case

CONTROLS = {"f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
PUNCTUATION = frozenset(string.punctuation + string.whitespace)

_Sets = tuple[list[Range], list[tuple[str, bool]]]
_UNICODE: dict[tuple[str, RegexDialect], _Sets] = {  # in ECMAScript's names
    ("d", RegexDialect.RUST): ([], [("Nd", False)]),
    ("d", RegexDialect.PYTHON): ([], [("Nd", False)]),
    ("s", RegexDialect.RUST): ([], [("White_Space", False)]),
    ("s", RegexDialect.PYTHON): ([(0x1C, 0x1F)], [("White_Space", False)]),
    ("w", RegexDialect.RUST): ([], [(name, False) for name in ("Alphabetic", "M", "Nd", "Pc", "Join_Control")]),
    ("w", RegexDialect.PYTHON): ([(0x5F, 0x5F)], [("L", False), ("N", False)]),
}
_POSIX = {
    "alnum": [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
    "alpha": [(0x41, 0x5A), (0x61, 0x7A)],
    "ascii": [(0, 127)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)],
    "digit": DIGITS,
    "graph": [(33, 126)],
    "lower": [(0x61, 0x7A)],
    "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)],
    "upper": [(0x41, 0x5A)],
    "word": WORD,
    "xdigit": [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
}


def perl(letter: str, language: RegexDialect, *, folded: bool = False, positive: bool = True) -> Chars:
    """Of `\\d`, `\\s`, `\\w` and their capitals. `positive`: it is in no class that is turned round. Pydantic's digits
    are those of every script; where a narrower set is no wrong one, ASCII's are taken."""
    kind, turned = letter.lower(), letter.isupper()
    if language is RegexDialect.ECMASCRIPT or (kind == "d" and positive and not turned):
        ranges = {"d": DIGITS, "s": SPACE, "w": FOLDED_WORD if folded and turned else WORD}[kind]
        return Chars(joined(ranges), negated=turned)
    ranges, properties = _UNICODE[kind, language]
    return Chars(joined(ranges), tuple(sorted(properties)), negated=turned)


def posix(name: str, *, turned: bool) -> list[Range] | None:
    found = _POSIX.get(name)
    return None if found is None else complement(list(found)) if turned else list(found)
