"""What was read from pictures, put into the Document: in the place of pages that stood empty, and in or between the
lines of pages on which pictures stand beside text."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import NamedTuple, TypeVar

from extractor.documents.beside import Joined, PageLines
from extractor.documents.builder import pictures_in_words
from extractor.documents.document import Cell, Document, FileName, Page, Part, Picture, Recognised
from extractor.errors import DocumentError

Span = TypeVar("Span", Cell, FileName, Recognised)

PICTURE = "picture"  # how a page was read that is still to be recognised


class PictureKey(NamedTuple):
    """Picture number `picture` of page `page`; 0 is the page itself."""

    page: int
    picture: int = 0


class Unread(str):
    """Why a picture was not read, for a person. `error`: what the document ends with where nothing else was read."""

    error: DocumentError

    @classmethod
    def of(cls, error: DocumentError) -> Unread:
        found = cls(f"could not be read: {error.detail.removeprefix('the document cannot be read: ')}")
        found.error = error
        return found


Found = Document | str


def pictures_of(document: Document) -> list[PictureKey]:
    """What is still to be recognised, in the order of the document."""
    pages = [PictureKey(page.number) for page in document.pages if page.how == PICTURE]
    return sorted([*pages, *(PictureKey(one.page, one.number) for one in document.pictures)])


def with_recognised(document: Document, read: Mapping[PictureKey, Found]) -> Document:
    """`read`: for each picture what was recognised (a Document of one page), or why it was not, a warning for a person.
    What a page says itself stands where nothing was recognised. Raises DocumentError where nothing was read at all and
    a picture ended with an error: that one."""
    pages = [_page(document, page, read) for page in document.pages]
    texts = [page.text for page in pages]
    moves = _Moves(pages)
    now = [
        replace(page.now, start=moves.start(at), stop=moves.start(at) + len(page.text)) for at, page in enumerate(pages)
    ]
    if not any(text.strip() for text in texts):
        _raise(read.values())
    own = (line for line in document.recognised if not pages[moves.page_of(line.start)].replaced)
    recognised = [
        *map(moves.moved, own),
        *(_shifted(line, page.start) for page, one in zip(now, pages, strict=True) for line in one.recognised),
    ]
    return replace(
        document,
        text="".join(texts),
        pages=tuple(now),
        parts=tuple(_parts(document.parts, now)),
        cells=tuple(map(moves.moved, document.cells)),
        recognised=tuple(sorted(recognised, key=lambda line: line.start)),
        file_names=tuple(map(moves.moved, document.file_names)),
        pictures=(),
        places={page.now.number: page.places for page in pages if page.places is not None},
    )


def _raise(found: Iterable[Found]) -> None:
    for one in found:
        if isinstance(one, Unread):
            raise one.error


@dataclass
class _Spliced:
    """A page as it is now: `inserts` are the places in its old text, and how many characters came in at each."""

    was: Page
    now: Page
    text: str
    places: array[float] | None
    recognised: list[Recognised]
    inserts: list[tuple[int, int]]
    replaced: bool = False


def _page(document: Document, page: Page, read: Mapping[PictureKey, Found]) -> _Spliced:
    whole = read.get(PictureKey(page.number))
    found = _legible(whole)
    if found is not None:
        recognised = list(found.recognised)
        return _Spliced(page, _as_recognised(page, whole), found.text, found.places[1], recognised, [], True)
    text, places = document.text[page.start : page.stop], document.places.get(page.number)
    spliced = _Spliced(page, _as_recognised(page, whole), text, places, [], [])
    own = [one for one in document.pictures if one.page == page.number]
    legible = [(one, _legible(read.get(PictureKey(one.page, one.number)))) for one in own]
    _splice(spliced, [(one, found) for one, found in legible if found is not None])
    if own:
        spliced.now = _with_pictures(spliced, [read.get(PictureKey(one.page, one.number)) for one in own])
    return spliced


def _splice(page: _Spliced, pictures: Sequence[tuple[Picture, Document]]) -> None:
    """What pictures say: in the lines that they stand in, else as lines of their own."""
    boxed = [(one, found, _within(found.places[1], one.box)) for one, found in pictures if one.box and page.places]
    edits, stand = (
        PageLines(page.text, page.places).joined([(found, places) for _, found, places in boxed])
        if page.places and boxed
        else ([], [])
    )
    in_lines = {one.number for (one, _, _), stands in zip(boxed, stand, strict=True) if stands}
    changes: list[tuple[int, Callable[[], None]]] = [(edit.start, partial(_join, page, edit)) for edit in edits]
    for one, found in pictures:
        if one.number not in in_lines:
            changes.append((one.start - page.was.start, partial(_insert, page, one, found)))
    changes.sort(key=lambda each: each[0])
    for _, change in reversed(changes):  # so that the places of those before stay
        change()


def _join(page: _Spliced, edit: Joined) -> None:
    read = [Recognised(start, stop, confidence) for start, stop, confidence in edit.confidences]
    _put(page, edit.start, edit.removed, edit.text, edit.boxes, read)


def _insert(page: _Spliced, picture: Picture, found: Document) -> None:
    """With an empty line to what stands above and below it."""
    at = picture.start - page.was.start
    before, behind = page.text[:at], page.text[at:]
    above = "\n" if before and not before.endswith("\n\n") else ""
    below = "\n" if behind.strip() and not behind.startswith("\n") else ""
    ends = "" if found.text.endswith("\n") else "\n"
    block = f"{above}{found.text}{ends}{below}"
    boxes = array("f", _none(len(above))) + _within(found.places[1], picture.box) if picture.box else None
    _put(page, at, 0, block, boxes, [_shifted(line, len(above)) for line in found.recognised])


def _put(
    page: _Spliced, at: int, removed: int, text: str, boxes: array[float] | None, read: Sequence[Recognised]
) -> None:
    """`text` in the place of `removed` characters that say nothing. `boxes` and `read` are of it."""
    if boxes is not None:
        places = page.places if page.places is not None else array("f")
        places = places + array("f", _none(len(page.text) - len(places) // 4))
        boxes = boxes + array("f", _none(len(text) - len(boxes) // 4))
        page.places = places[: 4 * at] + boxes + places[4 * (at + removed) :]
    page.text = page.text[:at] + text + page.text[at + removed :]
    grown = len(text) - removed
    page.recognised = [*(_shifted(line, at) for line in read), *(_shifted(line, grown) for line in page.recognised)]
    page.inserts.insert(0, (page.was.start + at + removed, grown))


def _none(characters: int) -> list[float]:
    return [math.nan] * (4 * characters)


def _within(places: array[float], box: Sequence[float]) -> array[float]:
    """Fractions of the picture as fractions of the page."""
    left, top, right, bottom = box
    found = array("f", places)
    for begin, across in ((0, True), (1, False), (2, True), (3, False)):
        low, size = (left, right - left) if across else (top, bottom - top)
        found[begin::4] = array("f", [low + each * size for each in places[begin::4]])
    return found


def _with_pictures(page: _Spliced, found: Sequence[Found | None]) -> Page:
    """How many pictures beside the text were read, and what became of the others, each wording once."""
    read, unread = (sum(isinstance(one, kind) for one in found) for kind in (Document, str))
    warnings: dict[str, int] = {}
    for one in found:
        reasons = one.pages[0].warnings if isinstance(one, Document) and one.text.strip() and one.pages else ()
        for reason in (one,) if isinstance(one, str) else reasons:
            warnings[str(reason)] = warnings.get(str(reason), 0) + 1
    reasons_told = (f"{pictures_in_words(many)} beside its text: {reason}" for reason, many in warnings.items())
    unread += page.now.pictures_unread
    return replace(page.now, pictures=read, pictures_unread=unread, warnings=(*page.now.warnings, *reasons_told))


class _Moves:
    """Where what stands in pages is, now that they and others before them have other texts."""

    def __init__(self, pages: Sequence[_Spliced]) -> None:
        self._pages = pages
        self._starts = [page.was.start for page in pages]
        self._by = [0, *accumulate(len(page.text) - (page.was.stop - page.was.start) for page in pages)]

    def page_of(self, start: int) -> int:
        """Counted from 0."""
        return max(bisect_right(self._starts, start) - 1, 0)

    def start(self, page: int) -> int:
        return self._starts[page] + self._by[page]

    def moved(self, one: Span) -> Span:
        """What stands in a page that has kept its text."""
        page = self.page_of(one.start)
        own = sum(length for at, length in self._pages[page].inserts if at <= one.start) if self._pages else 0
        return _shifted(one, self._by[page] + own)


def _shifted(one: Span, by: int) -> Span:
    return replace(one, start=one.start + by, stop=one.stop + by)


def _parts(parts: Sequence[Part], pages: Sequence[Page]) -> Iterator[Part]:
    """From the first of their pages to the last; one without pages is where the one before it ends."""
    end = 0
    for part in parts:
        own = [page for page in pages if page.part == part.number]
        start, end = (own[0].start, own[-1].stop) if own else (end, end)
        yield replace(part, start=start, stop=end)


def _legible(found: Found | None) -> Document | None:
    return found if isinstance(found, Document) and found.text.strip() else None


def _as_recognised(page: Page, found: Found | None) -> Page:
    """`how` and `warnings` of the page now."""
    if found is None:
        return page
    warnings = (str(found),) if isinstance(found, str) else tuple(each for one in found.pages for each in one.warnings)
    if _legible(found) is not None:
        return replace(page, how="ocr", warnings=(*page.warnings, *warnings))
    warnings = warnings if isinstance(found, str) else ("nothing readable",)
    return replace(page, how="layout" if page.stop > page.start else "none", warnings=(*page.warnings, *warnings))
