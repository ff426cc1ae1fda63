"""From where to where something stands in a text."""

from __future__ import annotations

Span = tuple[int, int]  # half-open


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
