"""Strings and values of a JSON text, as they are written."""

from __future__ import annotations

import json
import re
from typing import Any

_SIGNS = re.compile(rb"\\u....|\\.|.", re.DOTALL)  # of a string, each as it is written
_WITHIN = re.compile(rb"\\u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2})$")  # an escape, or a surrogate pair


def is_within_sign(written: bytes) -> bool:
    """Whether it ends within an escape, or between two that are one sign."""
    return _WITHIN.search(written) is not None


def text_of(written: bytes, last: int | None = None) -> str:
    """What the beginning of a JSON string stands for, or its `last` bytes alone."""
    if last is not None and b"\\" in written:
        starts = (found.start() for found in _SIGNS.finditer(written))
        last = len(written) - next(at for at in starts if at >= len(written) - last)
    tail = written[-last:] if last is not None else written
    text = tail.decode("utf-8", "ignore")  # it may begin or end within a character
    return str(json.loads(f'"{text}"', strict=False)) if b"\\" in tail else text


def value_of(written: bytes) -> Any:
    """What a JSON value says; None where it is not whole, as for null."""
    try:
        return json.loads(written)
    except ValueError:
        return None
