"""How a document that does not fit is cut: how much of the context a window and its answer get."""

from __future__ import annotations

import math
from collections.abc import Sequence

from extractor.documents import Document
from extractor.errors import CONTEXT_EXCEEDED, DocumentError, FieldError
from extractor.windows.cut import Cutter, Room
from extractor.windows.lines import Count

_LEAST = 64  # tokens of a window; where there is room for fewer, it is the schema that does not fit
_MARGIN = 16  # tokens: a text as a whole may have a few more than its lines
_RUNS_ON = 8  # an answer that is so much longer than its window has no end
_ROW_COST = 1.75  # tokens of a row's JSON for each of its own


def room_for(left: int, answer: int, least: int, most: int | None, *, lists: bool) -> Room | None:
    """`left` tokens of the context are left beside the prompt's other parts; an answer may have `answer`, and `least`
    at least; a window `most` at most. `lists`: whether the rows of tables are written again in an answer. None where
    nothing useful is left."""
    answer = min(answer, max(least, left // 2))
    tokens = left - answer - _MARGIN
    rows = max(1, answer / _ROW_COST) if lists else math.inf
    return Room(min(tokens, most or tokens), rows, answer // _RUNS_ON) if tokens >= _LEAST else None


def cutter(document: Document, count: Count, room: Room, most: int) -> Cutter:
    """Raises DocumentError where more than `most` windows would be needed."""
    made = Cutter(document, _bounded(count, room.tokens * most, most), room)
    if len(made.windows()) > most:
        raise _too_long(most)
    return made


def _bounded(count: Count, enough: int, most: int) -> Count:
    """Does not count to the end of what is too long in any case."""

    def bounded(texts: Sequence[str]) -> list[int]:
        found: list[int] = []
        total = 0
        for start in range(0, len(texts), 1000):
            part = count(texts[start : start + 1000])
            found += part
            total += sum(part)
            if total > enough:
                raise _too_long(most)
        return found

    return bounded


def _too_long(most: int) -> DocumentError:
    detail = f"the document does not fit the context, and takes more than {most:,} windows of it"
    where = FieldError("/document", f"takes more than {most:,} windows")
    return DocumentError(detail, code=CONTEXT_EXCEEDED, errors=(where,))
