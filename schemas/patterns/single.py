"""Reads what stands for one character: an escape, or a class in brackets."""

from __future__ import annotations

import re

from schemas.patterns.cursor import Cursor, Unsupported, wrong
from schemas.patterns.escapes import CONTROLS, PUNCTUATION, RegexDialect, perl, posix
from schemas.patterns.tree import Chars, Range, chars, complement

_HEX = re.compile(r"\{([0-9a-fA-F]{1,8})\}")
_DIGITS = {"x": 2, "u": 4, "U": 8}
_LOW = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PROPERTY = re.compile(r"\{(\^?)([A-Za-z_0-9]+(?:=[A-Za-z_0-9]+)?)\}|([A-Z])")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_OCTAL = re.compile(r"[0-3]?[0-7]{1,2}")
_SET_OPERATORS = ("[", "&&", "--", "~~")  # Rust's


def escaped(cursor: Cursor) -> Chars:
    r"""The \ is passed."""
    return named_set(cursor) or single(code_point(cursor), cursor)


def single(code: int, cursor: Cursor) -> Chars:
    char = chr(code)
    return chars([(code, code)], folded=cursor.folded and (char.upper() != char or char.lower() != char))


def named_set(cursor: Cursor, *, positive: bool = True) -> Chars | None:
    """The set that the escape names, if it names one. `positive`: it is in no class that is turned round."""
    char = cursor.char
    if char and char in "dDsSwW":
        cursor.at += 1
        return perl(char, cursor.language, folded=cursor.folded, positive=positive)
    if char and char in "pP":
        cursor.at += 1
        found = cursor.found(_PROPERTY)
        if found is None:
            wrong(f"\\{char} names no property, as in \\p{{L}}")
        turned = (char == "P") != bool(found[1])
        return Chars((), ((found[2] or found[3], turned),), folded=cursor.folded)
    return None


def code_point(cursor: Cursor) -> int:
    """Of the character that the escape is."""
    char = cursor.char
    if not char:
        wrong("it ends in a \\")
    if char.isascii() and char.isdigit():
        return _octal(cursor)
    cursor.at += 1
    if char in CONTROLS:
        return CONTROLS[char]
    if char in _DIGITS:
        return _hexadecimal(char, cursor)
    if char == "c" and cursor.char.isascii() and cursor.char.isalpha():
        cursor.at += 1
        return ord(cursor.text[cursor.at - 1]) % 32
    if char == "a" and cursor.language is not RegexDialect.ECMASCRIPT:
        return 7
    if char not in PUNCTUATION and char.isascii():
        wrong(f"\\{char} is no escape; a letter stands for itself without a \\")
    return ord(char)


def _octal(cursor: Cursor) -> int:
    found = cursor.found(_OCTAL)
    if found is not None:
        return int(found[0], 8)
    cursor.at += 1  # an 8 or a 9 is itself
    return ord(cursor.text[cursor.at - 1])


def _hexadecimal(kind: str, cursor: Cursor) -> int:
    braces = cursor.found(_HEX)
    if braces is not None:
        code = int(braces[1], 16)
    else:
        digits = cursor.text[cursor.at : cursor.at + _DIGITS[kind]]
        if not re.fullmatch(f"[0-9a-fA-F]{{{_DIGITS[kind]}}}", digits):
            wrong(f"\\{kind} is not followed by {_DIGITS[kind]} hexadecimal digits")
        cursor.at += len(digits)
        code = int(digits, 16)
    if kind == "u" and 0xD800 <= code < 0xDC00 and (low := cursor.found(_LOW)):
        return 0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00
    if code > 0x10FFFF:
        wrong(f"there is no character {code:X}")
    return code


def bracketed(cursor: Cursor) -> Chars:
    """The [ is passed."""
    negated = cursor.passed("^")
    ranges: list[Range] = []
    properties: list[tuple[str, bool]] = []
    itself = cursor.language is not RegexDialect.ECMASCRIPT  # a ] that comes first
    while not cursor.ahead("]") or itself:
        itself = False
        one = _member(cursor, positive=not negated)
        if isinstance(one, Chars):
            _add(one, ranges, properties)
        else:
            ranges.append((one, _last(one, cursor)))
    cursor.at += 1
    if not (ranges or properties or negated):
        wrong(r"[] matches nothing: write [\]] for a bracket")
    return chars(ranges, properties, negated=negated, folded=cursor.folded)


def _last(first: int, cursor: Cursor) -> int:
    """Of the range that begins so; `first` where it is none."""
    before = cursor.at
    if not cursor.passed("-") or cursor.ahead("]"):
        cursor.at = before
        return first
    last = _member(cursor, positive=True)
    if isinstance(last, Chars):  # the - is itself
        cursor.at = before
        return first
    if last < first:
        wrong(f"a range in a class is the wrong way round: {cursor.text[before - 1 : cursor.at]}")
    return last


def _member(cursor: Cursor, *, positive: bool) -> int | Chars:
    if not cursor.char:
        wrong("a [ is not closed")
    if cursor.language is not RegexDialect.PYTHON and (found := cursor.found(_POSIX)):
        ranges = posix(found[2], turned=bool(found[1]))
        if ranges is None:
            wrong(f"there is no class [:{found[2]}:]")
        return Chars(tuple(ranges))
    if cursor.language is RegexDialect.RUST and cursor.ahead(*_SET_OPERATORS):
        raise Unsupported("has a class within a class")
    if not cursor.passed("\\"):
        cursor.at += 1
        return ord(cursor.text[cursor.at - 1])
    if found_set := named_set(cursor, positive=positive):
        return found_set
    return 8 if cursor.passed("b") else code_point(cursor)


def _add(one: Chars, ranges: list[Range], properties: list[tuple[str, bool]]) -> None:
    """To what is of the class so far."""
    if not one.negated:
        ranges.extend(one.ranges)
        properties.extend(one.properties)
    elif not one.properties:
        ranges.extend(complement(list(one.ranges)))
    elif len(one.properties) == 1 and not one.ranges:
        properties.append((one.properties[0][0], not one.properties[0][1]))
    else:
        raise Unsupported("turns a class of Unicode's words round within another")
