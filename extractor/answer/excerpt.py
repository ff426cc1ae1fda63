"""What is shown of an answer to a model that has no room for all of it: what is wrong with it, and what stands right
before. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from extractor.answer.json_text import span_of
from extractor.answer.written import Span, outermost
from schemas.errors import parts_of

_BEFORE, _WITHIN = 40, 200  # characters of the answer before a value, and of the value
_LEFT_OUT = "…"


def excerpt(answer: str, pointers: Iterable[str]) -> str | None:
    """Of compact JSON, the values at `pointers`, or what stands nearest around them. None where that is all of it."""
    spans = [_nearest(answer, tuple(parts_of(one))) for one in pointers]
    if None in spans or not spans:
        return None
    shown, kept = "", 0
    for start, stop in outermost(filter(None, spans)):
        begin = max(kept, start - _BEFORE)
        shown += (_LEFT_OUT if begin > kept else "") + answer[begin : min(stop, start + _WITHIN)]
        kept = min(stop, start + _WITHIN)
    return shown + (_LEFT_OUT if kept < len(answer) else "")


def _nearest(answer: str, path: tuple[str, ...]) -> Span | None:
    found = (span_of(answer, path[:length]) for length in range(len(path), 0, -1))
    return next((one for one in found if one is not None), None)
