"""A span of a document's text → where a person finds it: page, part and boxes. Pure; knows documents only."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from extractor.documents.document import Box, Document, Page
from extractor.documents.formats import TEXT


@dataclass(frozen=True)
class Whereabouts:
    """The file within the file, or the sheet, that a span stands in. `number`, `kind` and `name` are the part's
    (document.py), `label` is what its page is called, `cell` the address of its cell, or `B7:C7` for several."""

    number: int
    kind: str
    name: str | None
    label: str | None
    cell: str | None


@dataclass(frozen=True)
class Location:
    """A half-open span on one page. `page` counts through all parts and is None for plain text, which has no pages;
    `part` is None for what stands in the file itself and has no name there; `boxes`, one a line, are all on `page`,
    and empty where the characters have no places."""

    start: int
    stop: int
    page: int | None
    part: Whereabouts | None
    boxes: tuple[Box, ...]


def locations(document: Document, start: int, stop: int) -> list[Location]:
    """Where `document.text[start:stop]` stands: one location, and one more for each further page it goes on to. White
    space at the ends of a page is left out."""
    pages = document.pages
    first = bisect_right(pages, start, key=lambda page: page.stop)
    last = bisect_left(pages, stop, key=lambda page: page.start)
    found = []
    for page in pages[first:last]:
        begin, end = _stripped(document.text, max(start, page.start), min(stop, page.stop))
        if begin < end:
            found.append(_on(document, page, begin, end))
    return found or [Location(start, stop, None, None, ())]


def _on(document: Document, page: Page, start: int, stop: int) -> Location:
    number = None if document.media_type in TEXT and len(document.pages) == 1 else page.number
    return Location(start, stop, number, _part(document, page, start, stop), tuple(document.boxes(start, stop)))


def _part(document: Document, page: Page, start: int, stop: int) -> Whereabouts | None:
    part = document.part_at(start)
    if part is None:
        return None
    cell = _cells(document, start, stop)
    label = page.label if cell or len(document.pages) > 1 else None  # the title of the only page tells nothing
    if part.kind == "document" and label is None and cell is None:
        return None
    return Whereabouts(part.number, part.kind, part.name, label, cell)


def _cells(document: Document, start: int, stop: int) -> str | None:
    first, last = document.cell_at(start), document.cell_at(stop - 1)
    if first is None or last is None or first == last:
        one = first or last
        return one.address if one else None
    return f"{first.address}:{last.address.rpartition('!')[2]}"


def _stripped(text: str, start: int, stop: int) -> tuple[int, int]:
    kept = text[start:stop]
    return stop - len(kept.lstrip()), start + len(kept.rstrip())
