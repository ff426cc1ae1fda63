"""Where a value stands in compact JSON, as grammars write it: without white space between its parts. Pure."""

from __future__ import annotations

import json

from extractor.answer.written import Span

Path = tuple[str, ...]

_VALUES = json.JSONDecoder(parse_int=str)  # of any number of digits: where values end is asked, not what they are


def span_of(text: str, path: Path) -> Span | None:
    """Where the value at `path` stands in compact JSON; None where there is none."""
    try:
        return _span_of(text, path)
    except (ValueError, IndexError, RecursionError):  # no JSON, or not compact
        return None


def _span_of(text: str, path: Path) -> Span | None:
    at = 0
    for step in path:
        opening = text[at : at + 1]
        if opening not in ("{", "["):
            return None
        at, number = at + 1, 0
        while text[at] not in "}]":
            key = str(number)
            if opening == "{":
                key, at = _VALUES.raw_decode(text, at)
                at += 1  # the colon
            if key == step:
                break
            at = value_end(text, at)
            at += text[at] == ","
            number += 1
        else:
            return None
    return at, value_end(text, at)


def value_end(text: str, at: int) -> int:
    """Behind the value that begins at `at`. Raises ValueError where none does."""
    return _VALUES.raw_decode(text, at)[1]
