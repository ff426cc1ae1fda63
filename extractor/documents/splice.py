"""What was read from pictures, put into the Document in which their pages stood empty."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from extractor.documents.document import Document, Page, Part, Recognised

PICTURE = "picture"  # how a page was read that is still to be recognised


def pictures_of(document: Document) -> list[int]:
    """Numbers of the pages that are still to be recognised."""
    return [page.number for page in document.pages if page.how == PICTURE]


def with_recognised(document: Document, read: Mapping[int, Document | str]) -> Document:
    """`read`: for each page that is a picture what was recognised (a Document of one page), or why it was not, a
    warning for a person."""
    found = [read.get(page.number) for page in document.pages]
    texts = [one.text if isinstance(one, Document) else "" for one in found]
    moved = [0, *accumulate(len(text) for text in texts)]  # by how much what stands before each page has grown
    pieces: list[str] = []
    pages: list[Page] = []
    recognised: list[Recognised] = []
    places = dict(document.places)
    for number, (page, one, text) in enumerate(zip(document.pages, found, texts, strict=True)):
        start, stop = page.start + moved[number], page.stop + moved[number + 1]
        pieces.append(document.text[page.start : page.stop] + text)
        pages.append(replace(_told(page, one), start=start, stop=stop))
        if isinstance(one, Document):
            recognised += [replace(line, start=line.start + start, stop=line.stop + start) for line in one.recognised]
            places |= {page.number: one.places[1]} if one.places else {}
    starts = [page.start for page in document.pages]

    def by(offset: int) -> int:
        """How far what stands at `offset`, in a page that has text of its own, has moved."""
        return moved[max(bisect_right(starts, offset) - 1, 0)]

    cells = tuple(
        replace(cell, start=cell.start + by(cell.start), stop=cell.stop + by(cell.start)) for cell in document.cells
    )
    parts: list[Part] = []
    for part in document.parts:
        own = [page for page in pages if page.part == part.number]
        start = own[0].start if own else (parts[-1].stop if parts else 0)
        parts.append(replace(part, start=start, stop=own[-1].stop if own else start))
    return replace(
        document,
        text="".join(pieces),
        pages=tuple(pages),
        parts=tuple(parts),
        cells=cells,
        recognised=tuple(recognised),
        places=places,
    )


def _told(page: Page, found: Document | str | None) -> Page:
    if found is None:
        return page
    if isinstance(found, str):
        return replace(page, how="none", warnings=(*page.warnings, found))
    said = tuple(warning for one in found.pages for warning in one.warnings)
    warnings = (*page.warnings, *(said if found.text.strip() else ("nothing readable",)))
    return replace(page, how="ocr", warnings=warnings)
