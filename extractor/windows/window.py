"""A window of a document: what of it is shown at once, and where that stands in the whole. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from extractor.documents import Document, FileName, Page


@dataclass(frozen=True)
class Piece:
    """A half-open span of the document's text. `repeated`: it belongs to an earlier window, and is shown again because
    it names the columns of what follows."""

    start: int
    stop: int
    repeated: bool = False


@dataclass(frozen=True)
class Window:
    """The half-open span `start:stop` of a document's text, and what is repeated in it. What stands before `fresh` was
    in the window before it too. `tokens`: of its text, as counted by lines."""

    start: int
    stop: int
    fresh: int
    pieces: tuple[Piece, ...]
    tokens: int

    def text(self, document: Document) -> str:
        return "".join(document.text[piece.start : piece.stop] for piece in self.pieces)

    def document(self, document: Document) -> Document:
        """The window as a document of its own, with pages; its offsets are the window's."""
        pages: list[Page] = []
        for page in document.pages:
            start, stop = self._into(max(page.start, self.start)), self._into(min(page.stop, self.stop))
            if page.start < self.stop and self.start < page.stop:
                pages.append(Page(page.number, start if pages else 0, stop))
        names = tuple(FileName(*span) for name in document.file_names for span in self._shown(name.start, name.stop))
        return Document(self.text(document), document.media_type, tuple(pages), document.filename, file_names=names)

    def places(self, start: int, stop: int) -> list[Piece]:
        """Where the characters `start:stop` of the window's text stand in the document, in its order there."""
        found = []
        for at in range(max(0, bisect_right(self._begins, start) - 1), len(self.pieces)):
            piece, begin = self.pieces[at], self._begins[at]
            first, last = max(start, begin), min(stop, begin + piece.stop - piece.start)
            if first < last:
                shift = piece.start - begin
                found.append(Piece(first + shift, last + shift, piece.repeated))
        return found

    def _shown(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Where the document's characters `start:stop` stand in the window's text."""
        for piece, begin in zip(self.pieces, self._begins, strict=True):
            first, last = max(start, piece.start), min(stop, piece.stop)
            if first < last:
                yield begin + first - piece.start, begin + last - piece.start

    @cached_property
    def _begins(self) -> list[int]:
        """Where each piece begins in the window's text."""
        return [0, *accumulate(piece.stop - piece.start for piece in self.pieces)][:-1]

    def _into(self, offset: int) -> int:
        """Where an offset of the document stands in the window's text."""
        for piece, begin in zip(self.pieces, self._begins, strict=True):
            if not piece.repeated and piece.start <= offset <= piece.stop:
                return begin + offset - piece.start
        return 0
