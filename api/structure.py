"""What of a JSON body can be counted before anything is made of it: 20 MB of `[]` would become 1.5 GB of Python's
objects. Counts brackets and commas outside of strings, which bound the number of values: never too few, and never more
too many than there are empty arrays and objects.

It reads in pieces, so that other threads have their turn while it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas import LIMITS

MAX_VALUES = LIMITS.max_values + 2_000  # a schema as large as schemas may be, and all else a request holds
MAX_DEPTH = 200  # the parser's own
_COUNTED = b",[{"
_FIELDS = ("document", "json_schema", "options", "metadata")
_MARK = re.compile(rb'[",:\[\]{}]')
_INSIDE = re.compile(rb'(?:[^"\\]{0,8192}+\\.){0,512}+[^"\\]{0,1048576}+', re.DOTALL)  # a piece of a string


def too_many(body: bytes | bytearray, most: int = MAX_VALUES) -> bool:
    """Whether `body`, if it is JSON, holds more than about `most` values."""
    if sum(body.count(bytes([mark])) for mark in _COUNTED) <= most:
        return False
    values = 0
    for mark, _, _ in _marks(body, 8 * (most + 8)):
        values += mark in _COUNTED
        if values > most:
            return True
    return False


def where(body: bytes | bytearray, most: int = MAX_VALUES) -> str | None:
    """The field of the outermost object in which it becomes too many; empty where that is none of ours, None where it
    is nested deeper than the parser reads before that."""
    depth, values, field = 0, 0, ""
    text: bytes | bytearray = b""
    for mark, start, end in _marks(body, 8 * (most + 8)):
        if mark == _QUOTE:
            text = body[start:end] if end - start < 20 else b""
        elif mark == _COLON and depth == 1:
            field = text.strip(b'"').decode("ascii", "replace")
        depth += (mark in b"[{") - (mark in b"]}")
        values += mark in _COUNTED
        if depth > MAX_DEPTH:
            return None
        if values > most:
            break
    return f"/{field}" if field in _FIELDS else ""


_QUOTE, _COLON = b'":'


def _marks(body: bytes | bytearray, most: int) -> Iterator[tuple[int, int, int]]:
    """Brackets, commas, colons and whole strings, by their first byte, with where they stand. After `most` of them
    commas without end: it is not worth reading on."""
    at, seen = 0, 0
    while found := _MARK.search(body, at):
        mark, start, at = body[found.start()], found.start(), found.end()
        if mark == _QUOTE:
            while (piece := _INSIDE.match(body, at)) and piece.end() > at:
                at = piece.end()
            at += 1  # the quote that ends it, or the end of the text
        yield mark, start, at
        seen += 1
        if seen > most:
            break
    else:
        return
    while True:
        yield _COUNTED[0], at, at
