"""What of a JSON body can be counted before anything is made of it: 20 MB of `[]` would become 1.5 GB of Python's
objects. Counts brackets and commas outside of strings, which bound the number of values: never too few, and never more
too many than there are empty arrays and objects.

It reads in pieces, so that other threads have their turn while it does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from schemas import LIMITS

MAX_VALUES = LIMITS.max_values + 2_000  # a schema as large as schemas may be, and all else a request holds
MAX_DEPTH = 200  # the parser's own
MAX_NAME = 20  # of our own fields none is longer, with its quotes
QUOTE, COLON = b'":'
_COUNTED = b",[{"
_FIELDS = ("document", "json_schema", "options", "metadata")
_MARK = re.compile(rb'[",:\[\]{}]')
_INSIDE = re.compile(rb'(?:[^"\\]{0,8192}+\\.){0,512}+[^"\\]{0,1048576}+', re.DOTALL)  # a piece of a string


def too_many(body: bytes | bytearray, most: int = MAX_VALUES) -> bool:
    """Whether `body`, if it is JSON, holds more than about `most` values."""
    if sum(body.count(bytes([mark])) for mark in _COUNTED) <= most:
        return False
    values = 0
    for mark, _, _ in marks(body, 8 * (most + 8)):
        values += mark in _COUNTED
        if values > most:
            return True
    return False


def where(body: bytes | bytearray, most: int = MAX_VALUES) -> str | None:
    """The field of the outermost object in which it becomes too many; empty where that is none of ours, None where it
    is nested deeper than the parser reads before that."""
    depth, values, field = 0, 0, ""
    text: bytes | bytearray = b""
    for mark, start, end in marks(body, 8 * (most + 8)):
        if mark == QUOTE:
            text = body[start:end] if end - start < MAX_NAME else b""
        elif mark == COLON and depth == 1:
            field = text.strip(b'"').decode("ascii", "replace")
        depth += (mark in b"[{") - (mark in b"]}")
        values += mark in _COUNTED
        if depth > MAX_DEPTH:
            return None
        if values > most:
            break
    return place(field)


def place(field: str) -> str:
    """The pointer to a field of the outermost object; empty where it is none of ours."""
    return f"/{field}" if field in _FIELDS else ""


def marks(body: bytes | bytearray, most: float = math.inf) -> Iterator[tuple[int, int, int]]:
    """Brackets, commas, colons and whole strings, by their first byte, with where they stand. After `most` of them
    commas without end: it is not worth reading on."""
    at, seen = 0, 0
    while found := _MARK.search(body, at):
        mark, start, at = body[found.start()], found.start(), found.end()
        if mark == QUOTE:
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
