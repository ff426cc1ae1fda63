"""A document's lines: which are rows of a table and which line names its columns, which are headings, and how well the
document can be cut before each. Pure: knows text, and a document's pages and parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from extractor.documents import Document

Count = Callable[[Sequence[str]], list[int]]  # texts → tokens of each

# How well a document can be cut before a line: the less the better.
PART, PAGE, HEADING, GAP, ROW, SENTENCE, LINE, WITHIN_ROW, WITHIN_LINE = range(9)

_CELLS = re.compile(r" \| ?|\t| {3,}")
_CLOSE_CELLS = re.compile(r" {2,}")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\b[A-Za-z]\d\b")
_NUMBERED = re.compile(r"(?:\d+\.)*\d+\.?\s+[^\W\d_]")
_ENDS = (".", ":", ";", "!", "?")
_LONGEST_HEADING, _LONGEST_NAME = 80, 48  # characters; a name is a column's
_FORGOTTEN = 30  # lines without a row, after which a table's header is not that of further rows
_WITHIN, _PIECE = 2, 8  # a line of more than half a window is cut into eighths of one; a row that fits is not


@dataclass(frozen=True, slots=True)
class TextLine:
    """A half-open span of the text, its line end included. `cells`: of a row of a table, else 0. `header`: the indices
    of the lines that name the columns of its table. `seam`: how well the document can be cut before it."""

    start: int
    stop: int
    tokens: int
    cells: int = 0
    header: tuple[int, ...] = ()
    seam: int = LINE


class DocumentLines:
    """All lines of a document, for windows of any size. What is the same for several sizes is found once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._spans, begun = list[tuple[int, int]](), 0
        for line in document.text.split("\n"):
            stop = min(begun + len(line) + 1, len(document.text))
            if begun < stop:
                self._spans.append((begun, stop))
            begun = stop
        self._texts = [document.text[start:stop] for start, stop in self._spans]
        self._known = list[TextLine](), list[TextLine]()  # bare, and with what is found of them

    def within(self, count: Count, most: int) -> list[TextLine]:
        """One of more than half of `most` tokens becomes several, but for a row of a table that has no more than
        `most`."""
        text = self._document.text
        bare = [
            TextLine(start, stop, size, seam=LINE if first else WITHIN_LINE)
            for span, size in zip(self._spans, count(self._texts), strict=True)
            for start, stop, size, first in _pieces(text, span, size, most)
        ]
        if self._known[0] != bare:
            self._known = bare, _judged(self._document, _with_tables(self._document, bare))
        return self._known[1]


def _pieces(text: str, span: tuple[int, int], tokens: int, most: int) -> Iterator[tuple[int, int, int, bool]]:
    """(start, stop, tokens, whether it begins the line)."""
    start, stop = span
    if tokens <= most // _WITHIN or (tokens <= most and cells_of(text[start:stop])):
        yield start, stop, tokens, True
        return
    parts = -(-tokens // max(1, most // _PIECE))
    size, at = max(1, -(-(stop - start) // parts)), start
    while at < stop:
        end = min(at + size, stop)
        if end < stop and (space := max(text.rfind(" ", at, end), text.rfind("\t", at, end))) > at + size // 2:
            end = space + 1
        yield at, end, -(-tokens * (end - at) // (stop - start)), at == start
        at = end


def cells_of(line: str) -> list[str]:
    """Of a row of a table; empty where the line is none."""
    bare = line.strip()
    found = [cell.strip() for cell in _CELLS.split(bare)]
    if len(found) < 2:
        found = _CLOSE_CELLS.split(bare)
        if len(found) < 3:
            return []
    return [cell for cell in found if cell] if sum(map(bool, found)) > 1 else []


def _with_tables(document: Document, lines: list[TextLine]) -> list[TextLine]:
    """With cells and headers."""
    parts = {part.start for part in document.parts}
    cells = [cells_of(document.text[line.start : line.stop]) if line.seam != WITHIN_LINE else [] for line in lines]
    marked: list[TextLine] = []
    header: tuple[int, ...] = ()
    last = -_FORGOTTEN
    for at, line in enumerate(lines):
        if line.start in parts or at - last > _FORGOTTEN:
            header = ()
        if not cells[at]:
            marked.append(line)
            continue
        if _names(cells[at]) and _followed(cells, at):
            goes_on = bool(header) and header[-1] == at - 1
            header = (*header, at) if goes_on else (at,)
            marked.append(replace(line, cells=len(cells[at])))
        else:
            fits = bool(header) and abs(len(cells[at]) - len(cells[header[-1]])) <= max(1, len(cells[header[-1]]) // 3)
            marked.append(replace(line, cells=len(cells[at]), header=header if fits else ()))
        last = at
    return marked


def _names(cells: list[str]) -> bool:
    """Whether they may name columns: no figures, but years."""
    return all(len(cell) <= _LONGEST_NAME and not re.search(r"\d", _YEAR.sub("", cell)) for cell in cells)


def _followed(cells: list[list[str]], at: int) -> bool:
    """Whether a row of figures comes within the next three lines."""
    return any(row and not _names(row) for row in cells[at + 1 : at + 4])


def is_heading(line: str) -> bool:
    bare = line.strip()
    if not bare or len(bare) > _LONGEST_HEADING or bare.endswith((".", ",", ";")):
        return False
    letters = [char for char in bare if char.isalpha()]
    capitals = len(letters) > 3 and all(char.isupper() for char in letters)
    return bare.startswith("#") or capitals or bool(_NUMBERED.match(bare))


def _judged(document: Document, lines: list[TextLine]) -> list[TextLine]:
    """With their seams."""
    text = document.text
    parts = {part.start for part in document.parts}
    pages = {page.start for page in document.pages}
    marked: list[TextLine] = []
    for at, line in enumerate(lines):
        if line.seam == WITHIN_LINE:
            marked.append(line)
            continue
        before = text[lines[at - 1].start : lines[at - 1].stop].strip() if at else ""
        marked.append(replace(line, seam=_seam(text[line.start : line.stop], line, before, lines, at, parts, pages)))
    return marked


def _seam(
    own: str, line: TextLine, before: str, lines: list[TextLine], at: int, parts: set[int], pages: set[int]
) -> int:
    if line.start in parts:
        return PART
    if line.start in pages:
        return PAGE
    if not line.cells and is_heading(own):
        return HEADING
    if not before:
        return GAP
    if line.cells:
        return ROW
    if lines[at - 1].cells and own.strip():  # a cell goes on
        return WITHIN_ROW
    return SENTENCE if before.endswith(_ENDS) else LINE
