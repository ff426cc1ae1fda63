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
    warning for a person. What a page says itself stands where nothing was recognised."""
    found = [_legible(read.get(page.number)) for page in document.pages]
    before = [document.text[page.start : page.stop] for page in document.pages]
    texts = [text if one is None else one.text for text, one in zip(before, found, strict=True)]
    moved = [0, *accumulate(len(text) - len(old) for text, old in zip(texts, before, strict=True))]
    pages: list[Page] = []
    recognised: list[Recognised] = []
    places = dict(document.places)
    for number, (page, one) in enumerate(zip(document.pages, found, strict=True)):
        start, stop = page.start + moved[number], page.stop + moved[number + 1]
        pages.append(replace(_as_recognised(page, read.get(page.number)), start=start, stop=stop))
        if one is not None:
            recognised += [replace(line, start=line.start + start, stop=line.stop + start) for line in one.recognised]
            places[page.number] = one.places[1]
    starts = [page.start for page in document.pages]

    def by(offset: int) -> int:
        """How far what stands at `offset`, in a page that has text of its own, has moved."""
        return moved[max(bisect_right(starts, offset) - 1, 0)]

    cells = tuple(
        replace(cell, start=cell.start + by(cell.start), stop=cell.stop + by(cell.start)) for cell in document.cells
    )
    names = tuple(
        replace(name, start=name.start + by(name.start), stop=name.stop + by(name.start))
        for name in document.file_names
    )
    parts: list[Part] = []
    for part in document.parts:
        own = [page for page in pages if page.part == part.number]
        start = own[0].start if own else (parts[-1].stop if parts else 0)
        parts.append(replace(part, start=start, stop=own[-1].stop if own else start))
    return replace(
        document,
        text="".join(texts),
        pages=tuple(pages),
        parts=tuple(parts),
        cells=cells,
        recognised=tuple(recognised),
        file_names=names,
        places=places,
    )


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
