"""Whether a text ends in a loop. Pure: knows bytes."""

from __future__ import annotations

WINDOW = 16_384  # bytes that are looked back
_TRIES = 8  # shorter ways in which its end recurs


def loop_at_end(text: bytes, least: int, times: int) -> tuple[int, int] | None:
    """(period, length) of the longest end of `text` that repeats one piece, where it does so at least `times` times
    over at least `least` bytes."""
    text = text[-WINDOW:]
    anchor = text[-(least // 4) :]
    at = len(text) - len(anchor)
    start = at
    for _ in range(_TRIES):
        start = text.rfind(anchor, 0, start + len(anchor) - 1)
        period = at - start
        needed = max(least, times * period)
        if start < 0 or needed > len(text):
            return None
        if text[-needed:-period] == text[len(text) - needed + period :]:
            return period, _length(text, period, needed)
    return None


def recurs(text: bytes | bytearray, least: int) -> bool:
    """Whether so much of its end stands in `text` twice that within `least // 2` more bytes it may end in a loop."""
    text = text[-WINDOW:]
    return text.rfind(text[-(least // 4) :], 0, len(text) - 1) >= 0


def _length(text: bytes, period: int, known: int) -> int:
    """Of the end of `text` that has this period: at least `known`."""
    low, high = known, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text[-middle:-period] == text[len(text) - middle + period :]:
            low = middle
        else:
            high = middle - 1
    return low
