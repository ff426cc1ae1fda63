"""What was read from pictures, put into the Document in which their pages stood empty."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

from extractor.documents.document import Cell, Document, FileName, Page, Part, Recognised

Span = TypeVar("Span", Cell, FileName, Recognised)

PICTURE = "picture"  # how a page was read that is still to be recognised


def pictures_of(document: Document) -> list[int]:
    """Numbers of the pages that are still to be recognised."""
    return [page.number for page in document.pages if page.how == PICTURE]


def with_recognised(document: Document, read: Mapping[int, Document | str]) -> Document:
    """`read`: for each page that is a picture what was recognised (a Document of one page), or why it was not, a
    warning for a person. What a page says itself stands where nothing was recognised."""
    found = [_legible(read.get(page.number)) for page in document.pages]
    before = [document.text[page.start : page.stop] for page in document.pages]
    texts = [text if one is None else one.text for text, one in zip(before, found, strict=True)]
    moves = _Moves([page.start for page in document.pages], before, texts)
    pages = [
        replace(_as_recognised(page, read.get(page.number)), start=moves.start(number), stop=moves.stop(number))
        for number, page in enumerate(document.pages)
    ]
    recognised = {page: one for page, one in zip(pages, found, strict=True) if one is not None}
    return replace(
        document,
        text="".join(texts),
        pages=tuple(pages),
        parts=tuple(_parts(document.parts, pages)),
        cells=tuple(map(moves.moved, document.cells)),
        recognised=tuple(_shifted(line, page.start) for page, one in recognised.items() for line in one.recognised),
        file_names=tuple(map(moves.moved, document.file_names)),
        places={**document.places, **{page.number: one.places[1] for page, one in recognised.items()}},
    )


class _Moves:
    """Where what stands in pages is, now that others before it have other texts."""

    def __init__(self, starts: list[int], before: Sequence[str], after: Sequence[str]) -> None:
        """`starts`: of the pages, where they had the texts `before`."""
        self._starts, self._sizes = starts, list(map(len, after))
        self._by = [0, *accumulate(len(new) - len(old) for new, old in zip(after, before, strict=True))]

    def start(self, page: int) -> int:
        """Of the page of this number, counted from 0."""
        return self._starts[page] + self._by[page]

    def stop(self, page: int) -> int:
        return self.start(page) + self._sizes[page]

    def moved(self, one: Span) -> Span:
        """What stands in a page that has kept its text."""
        return _shifted(one, self._by[max(bisect_right(self._starts, one.start) - 1, 0)])


def _shifted(one: Span, by: int) -> Span:
    return replace(one, start=one.start + by, stop=one.stop + by)


def _parts(parts: Sequence[Part], pages: Sequence[Page]) -> Iterator[Part]:
    """From the first of their pages to the last; one without pages is where the one before it ends."""
    end = 0
    for part in parts:
        own = [page for page in pages if page.part == part.number]
        start, end = (own[0].start, own[-1].stop) if own else (end, end)
        yield replace(part, start=start, stop=end)


def _legible(found: Document | str | None) -> Document | None:
    return found if isinstance(found, Document) and found.text.strip() else None


def _as_recognised(page: Page, found: Document | str | None) -> Page:
    """`how` and `warnings` of the page now."""
    if found is None:
        return page
    warnings = (found,) if isinstance(found, str) else tuple(each for one in found.pages for each in one.warnings)
    if _legible(found) is not None:
        return replace(page, how="ocr", warnings=(*page.warnings, *warnings))
    warnings = warnings if isinstance(found, str) else ("nothing readable",)
    return replace(page, how="layout" if page.stop > page.start else "none", warnings=(*page.warnings, *warnings))
