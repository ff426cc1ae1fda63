"""Pydantic's patterns as ECMAScript's. It matches with Rust's engine, or with Python's where a model says so or a
pattern was compiled; to both `\\w` is a letter of any alphabet, and they have escapes of their own."""

from __future__ import annotations

import re

from schemas.patterns.cursor import PatternError
from schemas.patterns.escapes import RegexDialect
from schemas.patterns.read import read
from schemas.patterns.write import written

_FLAGS = {re.IGNORECASE: "i", re.DOTALL: "s", re.MULTILINE: "m"}
_LEFT_ALONE = re.UNICODE | re.IGNORECASE | re.DOTALL | re.MULTILINE


def as_ecmascript(pattern: str | re.Pattern[str], engine: str | None) -> str | None:
    """What means the same, or less, in ECMAScript: the pattern itself wherever it does. None where nothing does, and
    only pydantic can tell."""
    language = RegexDialect.PYTHON if engine == "python-re" else RegexDialect.RUST
    text, flags = pattern, ""
    if isinstance(pattern, re.Pattern):
        if pattern.flags & ~_LEFT_ALONE:
            return None
        language, text = RegexDialect.PYTHON, pattern.pattern
        flags = "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
        text = f"(?{flags}){text}" if flags and not text.startswith("(?") else text
    assert isinstance(text, str)
    try:
        node = read(text, language)
    except PatternError:
        return None
    try:
        if read(text) == node:
            return text
    except PatternError:
        pass
    return written(node).replace(r"\x{", r"\u{")
