"""The structure of a JSON body, looked at before it is parsed: 20 MB of `[]` would become 1.5 GB of Python's objects.
Counts brackets and commas outside of strings, which bound the number of values: never too few, and never more too many
than there are empty arrays and objects.

It reads in pieces, so that other threads have their turn while it does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from schemas import LIMITS

MAX_VALUES = LIMITS.max_values + 2_000  # a schema as large as schemas may be, and all else a request holds
MAX_DEPTH = 200  # the parser's own
MAX_NAME_BYTES = 20  # of our own fields none is longer, with its quotes
QUOTE, COLON = b'":'
_COUNTED = b",[{"
_FIELDS = ("document", "json_schema", "options", "metadata")
_STRUCTURAL = re.compile(rb'[",:\[\]{}]')
_INSIDE = re.compile(rb'(?:[^"\\]{0,8192}+\\.){0,512}+[^"\\]{0,1048576}+', re.DOTALL)  # a piece of a string


def has_too_many_values(body: bytes | bytearray, max_values: int = MAX_VALUES) -> bool:
    """Whether `body`, if it is JSON, holds more than about `max_values` values."""
    if sum(body.count(bytes([char])) for char in _COUNTED) <= max_values:
        return False
    values = 0
    for char, _, _ in scan(body, 8 * (max_values + 8)):
        values += char in _COUNTED
        if values > max_values:
            return True
    return False


def field_with_too_many(body: bytes | bytearray, max_values: int = MAX_VALUES) -> str | None:
    """The field of the outermost object in which there become too many; empty where that is none of ours, None where it
    is nested deeper than the parser reads before that."""
    depth, values, field = 0, 0, ""
    text: bytes | bytearray = b""
    for char, start, end in scan(body, 8 * (max_values + 8)):
        if char == QUOTE:
            text = body[start:end] if end - start < MAX_NAME_BYTES else b""
        elif char == COLON and depth == 1:
            field = text.strip(b'"').decode("ascii", "replace")
        depth += (char in b"[{") - (char in b"]}")
        values += char in _COUNTED
        if depth > MAX_DEPTH:
            return None
        if values > max_values:
            break
    return field_pointer(field)


def field_pointer(field: str) -> str:
    """The pointer to a field of the outermost object; empty where it is none of ours."""
    return f"/{field}" if field in _FIELDS else ""


def scan(body: bytes | bytearray, max_items: float = math.inf) -> Iterator[tuple[int, int, int]]:
    """Brackets, commas, colons and whole strings, by their first byte, with where they stand. After `max_items`
    commas without end: it is not worth reading on."""
    at, seen = 0, 0
    while found := _STRUCTURAL.search(body, at):
        char, start, at = body[found.start()], found.start(), found.end()
        if char == QUOTE:
            while (piece := _INSIDE.match(body, at)) and piece.end() > at:
                at = piece.end()
            at += 1  # the quote that ends it, or the end of the text
        yield char, start, at
        seen += 1
        if seen > max_items:
            break
    else:
        return
    while True:
        yield _COUNTED[0], at, at
