"""How a document that does not fit is cut: how much of the context a window and its answer get."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from extractor.documents import Document
from extractor.errors import CONTEXT_EXCEEDED, DocumentError, FieldError
from extractor.windows.cut import Cutter, Room
from extractor.windows.lines import DocumentLines

BoundedCount = Callable[[Sequence[str], int], list[int]]

_LEAST = 64  # tokens of a window; where there is room for fewer, it is the schema that does not fit
_MARGIN = 16  # tokens: a text as a whole may have a few more than its lines
_RUNS_ON = 8  # an answer that is so much longer than its window has no end
_LINES = 200  # of a window, on average, at most: a document of nothing but line ends has few tokens
_FEW = 1_000  # windows; a document of so many, or of so many lines, is cut whatever the limit
MOST_CUT = 10_000  # windows of a document, of which those that are read are chosen
_ROW_COST = 1.75  # tokens of a row's JSON for each of its own


class CountedOnce:
    """A count that remembers what it counted last of texts that are as many: parts of a schema ask for the same."""

    def __init__(self, count: BoundedCount) -> None:
        self._count = count
        self._known: dict[int, tuple[Sequence[str], int, list[int]]] = {}

    def __call__(self, texts: Sequence[str], enough: int) -> list[int]:
        known, so_far, counts = self._known.get(len(texts), ((), 0, []))
        ended_early = sum(counts) > so_far  # then it is of no use to who asks for more
        if known != texts or (ended_early and enough > so_far):
            counts = self._count(texts, enough)
            self._known[len(texts)] = texts, enough, counts
        return counts


def room_for(left: int, answer: int, least: int, most: int | None, *, lists: bool) -> Room | None:
    """`left` tokens of the context are left beside the prompt's other parts; an answer may have `answer`, and `least`
    at least; a window `most` at most. `lists`: whether the rows of tables are written again in an answer. None where
    nothing useful is left."""
    answer = answer_of(left, answer, least)
    tokens = left - answer - _MARGIN
    rows = max(1, answer / _ROW_COST) if lists else math.inf
    return Room(min(tokens, most or tokens), rows, answer // _RUNS_ON) if tokens >= _LEAST else None


def answer_of(left: int, answer: int, least: int) -> int:
    """Tokens that an answer gets beside a window of that."""
    return min(answer, max(least, left // 2))


def uncut(
    document: Document, count: BoundedCount, tokens: int, answer: int, lines: DocumentLines | None = None
) -> Cutter | None:
    """All of the document as one window, where it has so many tokens at most; an answer that is cut off makes two of
    it. `answer`: tokens that one may have."""
    tokens -= _MARGIN
    if sum(count([document.text], max(tokens, 0))) > tokens:
        return None
    cutter = Cutter(document, lambda texts: count(texts, 4 * tokens), Room(tokens, least=answer // _RUNS_ON), lines)
    return cutter if len(cutter.windows) < 2 else None


def cutter_of(
    document: Document, count: BoundedCount, room: Room, most: int, lines: DocumentLines | None = None
) -> Cutter:
    """`count`: tokens of each text, as far as more than so many in all. Where there are more windows than `most`, some
    of them are chosen; raises DocumentError where there would be too many to choose from, before that has cost the
    memory of so long a document."""
    most_lines, most = _LINES * max(most, _FEW), max(most, MOST_CUT)
    enough = room.tokens * most

    def bounded(texts: Sequence[str]) -> list[int]:
        found = count(texts, enough)
        if sum(found) > enough:
            raise too_long(most)
        return found

    if document.text.count("\n") > most_lines:
        raise too_long(most)
    cutter = Cutter(document, bounded, room, lines)
    if len(cutter.windows) > most:
        raise too_long(most)
    return cutter


def too_long(most: int, parts: int = 1) -> DocumentError:
    """`most` windows are not enough. `parts`: of the schema, each of which is read of the document."""
    why = "does not fit the context" if parts < 2 else f"is read once for each of {parts:,} parts of the schema"
    detail = f"the document {why}, and takes more than {most:,} windows of the context (EXTRACTOR_MAX_WINDOWS)"
    where = FieldError("/document", f"takes more than {most:,} windows")
    return DocumentError(detail, code=CONTEXT_EXCEEDED, errors=(where,))
