"""Tabs → spaces, so that what stands at one tab stop stands below each other."""

from __future__ import annotations

from collections.abc import Mapping

_EVERY = 6  # columns: Word's default stops, half an inch apart
_GAP = 2
_WIDEST = 160


def spread(text: str, stops: Mapping[int, str]) -> str:
    """One line. `stops`: by its column, how text stands at it. What follows a tab is at least two spaces away."""
    if "\t" not in text:
        return text
    line, *pieces = text.split("\t")
    for piece in pieces:
        words = piece.strip()
        column, kind = _next(stops, len(line))
        if kind in ("right", "end", "decimal"):
            column -= len(words)
        elif kind == "center":
            column -= len(words) // 2
        width = max(column, len(line) + _GAP if line.strip() else column)
        line = line.ljust(min(width, max(_WIDEST, len(line) + _GAP))) + words
    return line.rstrip()


def _next(stops: Mapping[int, str], after: int) -> tuple[int, str]:
    further = [column for column in stops if column > after]
    if further:
        column = min(further)
        return column, stops[column]
    return (after // _EVERY + 1) * _EVERY, "left"
