"""Reads a pattern: ECMAScript's as its Unicode mode has it, with what older ones allow where that can mean one thing
only, and with what other languages write where ECMAScript has an error (`(?i)`, `(?P<n>…)`, `\\A`, `[[:alpha:]]`).
"""

from __future__ import annotations

import re

from schemas.patterns.cursor import NOT_LINEAR, Cursor, PatternError, Unsupported, wrong
from schemas.patterns.escapes import LINE_ENDS, RegexDialect
from schemas.patterns.single import bracketed, escaped, single
from schemas.patterns.tree import Anchor, Boundary, Chars, Choice, Concatenation, Node, Repeat, joined

MAX_NESTING = 60
_BRACES = re.compile(r"\{(?=,?\d)(\d*)(,(\d*))?\}")
_NAME = re.compile(r"P?<[^\W\d]\w*>")
_FLAGS = re.compile(r"([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_NUMBER = re.compile(r"[1-9]\d{0,3}")
_LOOKS = ("=", "!", "<=", "<!", ">", "(", "P=", "P>")
_ENDS = {"^": "start", "$": "end", "A": "start", "z": "end", "Z": "end"}


def read(pattern: str, language: RegexDialect = RegexDialect.ECMASCRIPT) -> Node:
    """Raises PatternError."""
    reader = _PatternReader(Cursor(pattern, language))
    node = reader.choice()
    if reader.cursor.char:
        wrong("a ) closes nothing")
    return node


class _PatternReader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._depth = 0

    def choice(self) -> Node:
        options = [self._sequence()]
        while self.cursor.passed("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.cursor.char and self.cursor.char not in "|)":
            began = self.cursor.char
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom, may_be=began == "(" or not isinstance(atom, Anchor | Boundary)))
        return parts[0] if len(parts) == 1 else Concatenation(tuple(parts))

    def _repeated(self, node: Node, *, may_be: bool) -> Node:
        times = 0
        while (counts := self._quantifier()) is not None:
            if self.cursor.language is not RegexDialect.RUST and (times or not may_be):
                wrong("a quantifier follows what cannot be repeated")
            self.cursor.passed("?")
            if self.cursor.language is RegexDialect.PYTHON and self.cursor.ahead("+"):
                raise Unsupported(NOT_LINEAR)
            node, times = Repeat(node, *counts), times + 1
            if times > MAX_NESTING:
                wrong("too many quantifiers follow each other")
        return node

    def _quantifier(self) -> tuple[int, int | None] | None:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.cursor.passed(sign):
                return counts
        found = self.cursor.found(_BRACES)
        if found is None:
            return None
        if not found[1] and self.cursor.language is RegexDialect.ECMASCRIPT:
            wrong(f"write {{0,{found[3]}}} for {found[0]}")
        least = int(found[1] or 0)
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if most is not None and most < least:
            wrong(f"the counts of {found[0]} are the wrong way round")
        return least, most

    def _atom(self) -> Node | None:
        """None where it is no more than flags."""
        cursor = self.cursor
        if cursor.char in "*+?" or _BRACES.match(cursor.text, cursor.at):
            wrong("a quantifier has nothing to repeat")
        char = cursor.char
        cursor.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return bracketed(cursor)
        if char == "\\":
            return self._escape()
        if char in _ENDS and char in "^$":
            return _anchor(char, lines="m" in cursor.flags)
        if char == ".":
            return Chars(() if "s" in cursor.flags else joined(LINE_ENDS), negated=True)
        return single(ord(char), cursor)

    def _escape(self) -> Node:
        cursor = self.cursor
        char = cursor.char
        unicode_words = cursor.language is not RegexDialect.ECMASCRIPT
        if char and ((char in "bB" and unicode_words) or (char in "<>" and cursor.language is RegexDialect.RUST)):
            raise Unsupported("has a word boundary of Unicode's words")
        if char and char in "bBAzZ":
            cursor.at += 1
            return Boundary(char == "B") if char in "bB" else _anchor(char)
        number = _NUMBER.match(cursor.text, cursor.at)
        if char == "k" or (number is not None and int(number[0]) <= cursor.groups):
            raise PatternError(NOT_LINEAR)
        return escaped(cursor)

    def _group(self) -> Node | None:
        if self.cursor.passed("?"):
            if self.cursor.ahead(*_LOOKS):
                raise PatternError(NOT_LINEAR)
            if self.cursor.found(_NAME) is None:
                return self._flagged()
        return self._inside(self.cursor.flags)

    def _flagged(self) -> Node | None:
        found = self.cursor.found(_FLAGS)
        if found is None:
            wrong("what follows (? is not known")
        on, off = set(found[1]), set(found[2] or "")
        if not on | off <= set("ims"):
            raise Unsupported("is not a regular expression: of the flags only i, m and s are known")
        flags = (self.cursor.flags | on) - off
        if found[3] == ")":
            self.cursor.flags = flags  # until the group ends
            return None
        return self._inside(flags)

    def _inside(self, flags: frozenset[str]) -> Node:
        outside, self.cursor.flags = self.cursor.flags, flags
        self._depth += 1
        if self._depth > MAX_NESTING:
            wrong(f"groups are nested more than {MAX_NESTING} deep")
        node = self.choice()
        if not self.cursor.passed(")"):
            wrong("a ( is not closed")
        self.cursor.flags = outside
        self._depth -= 1
        return node


def _anchor(char: str, *, lines: bool = False) -> Anchor:
    return Anchor("start" if _ENDS[char] == "start" else "end", lines)
