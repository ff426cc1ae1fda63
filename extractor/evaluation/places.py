"""Where values stand, as right answers say it, and whether evidence is there: by page, by place, by word. A wrong place
is worse than none, so both are counted. Knows documents and evidence; no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from extractor.documents import Document
from extractor.result import Evidence

Found = Literal["right", "elsewhere", "not_found", "rightly_none", "unprinted_found"]
Spans = Iterable[tuple[int, int]]
_WORD = re.compile(r"\S+")
_BEYOND = 0.5  # of a page, that a box may go over its edge; pixels and points go further


@dataclass(frozen=True)
class Place:
    """A stretch of the text that was read (`start`, `stop`), or a box on a page (`left, top, right, bottom` as
    fractions of the page), or a page alone."""

    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True)
class Grounding:
    """What became of the evidence of one value that is right: `right`, in another place (`elsewhere`), `not_found`;
    of a value that the document does not print it has `rightly_none`, or some all the same. `page`: whether it is on
    the right page, where pages are known. `words`: (words of both, of the evidence, of the right place)."""

    found: Found
    page: bool | None
    words: tuple[int, int, int] | None


def read_places(given: Any, expected: Any) -> dict[str, list[Place]]:
    """From `{pointer: [place, …]}`; a place is `[page, left, top, right, bottom]`, `[page]`, or an object with `page`,
    `box`, `start` and `stop`. No place: the document does not print the value. Raises ValueError."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError("places are an object: a list of places by pointer")
    found: dict[str, list[Place]] = {}
    for pointer, places in given.items():
        if not _has_scalar(expected, pointer):
            raise ValueError(f"places: {pointer!r} is no value of the answer")
        if not isinstance(places, list):
            raise ValueError(f"places: {pointer}: places stand in a list")
        found[pointer] = [_place(one, pointer) for one in places]
    return found


def beyond(places: dict[str, list[Place]], text: str) -> list[str]:
    """The pointers of places that end behind the `text` as it was read."""
    return [pointer for pointer, some in places.items() if any((one.stop or 0) > len(text) for one in some)]


def ground(evidence: Sequence[Evidence], places: Sequence[Place], document: Document | None, text: str) -> Grounding:
    """`text`: of the document as it was read. Without the `document` boxes have no words."""
    if not places:
        return Grounding("unprinted_found" if evidence else "rightly_none", None, None)
    pages = {place.page for place in places if place.page is not None}
    pages_there = {one["page"] for one in evidence if one["page"] is not None}
    hit = any(_meets(one, place) for one in evidence for place in places)
    return Grounding(
        "right" if hit else "elsewhere" if evidence else "not_found",
        bool(pages & pages_there) if pages and (pages_there or not evidence) else None,
        _words(evidence, places, document, text),
    )


def _place(given: Any, pointer: str) -> Place:
    if isinstance(given, list) and len(given) in (1, 5):
        given = {"page": given[0]} | ({"box": given[1:]} if len(given) == 5 else {})
    if not isinstance(given, dict) or not given or given.keys() - {"page", "box", "start", "stop"}:
        raise ValueError(f"places: {pointer}: a place is [page, left, top, right, bottom], [page], or an object")
    page, box, start, stop = (given.get(key) for key in ("page", "box", "start", "stop"))
    if not all(one is None or (isinstance(one, int) and not isinstance(one, bool)) for one in (page, start, stop)):
        raise ValueError(f"places: {pointer}: page, start and stop are whole numbers")
    if (start is None) != (stop is None):
        raise ValueError(f"places: {pointer}: start and stop stand together")
    if start is not None and stop is not None and not 0 <= start < stop:
        raise ValueError(f"places: {pointer}: start is 0 at least, and stop is behind it")
    if page is not None and page < 1:
        raise ValueError(f"places: {pointer}: pages are counted from 1")
    if box is None:
        return Place(page, None, start, stop)
    if (
        page is None
        or not isinstance(box, list)
        or len(box) != 4
        or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in box)
        or not all(-_BEYOND <= one <= 1 + _BEYOND for one in box)
    ):
        raise ValueError(
            f"places: {pointer}: a box is [left, top, right, bottom] on a page, each a fraction of it from 0 to 1"
        )
    return Place(page, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), start, stop)


def _has_scalar(value: Any, pointer: Any) -> bool:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        return False
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False
    return not isinstance(value, dict | list)


def _meets(found: Evidence, place: Place) -> bool:
    """Whether the stretches share a character, or the middle of a box lies in the place's."""
    if place.start is not None and place.stop is not None:
        return found["start"] < place.stop and place.start < found["stop"]
    if found["page"] != place.page:
        return False
    return place.box is None or any(_middle_in(box, place.box) for box in found["boxes"])


def _middle_in(box: Sequence[float], place: Sequence[float]) -> bool:
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place[0] <= across <= place[2] and place[1] <= down <= place[3]


def _words(
    evidence: Sequence[Evidence], places: Sequence[Place], document: Document | None, text: str
) -> tuple[int, int, int] | None:
    """Of several places where the value stands, the one that has most of the evidence's words."""
    answered = _touched(text, [(one["start"], one["stop"]) for one in evidence])
    best: tuple[int, int, int] | None = None
    for place in places:
        if place.start is not None and place.stop is not None:
            wanted = _touched(text, [(place.start, place.stop)])
        elif place.box is not None and document is not None:
            wanted = set(_in_box(document, place))
        else:
            continue
        counted = (len(answered & wanted), len(answered), len(wanted))
        if best is None or counted[0] > best[0]:
            best = counted
    return best


def _touched(text: str, spans: Spans) -> set[int]:
    """Where the words begin that the spans share a character with."""
    touched: set[int] = set()
    for start, stop in spans:
        begin = min(start, len(text))
        while begin > 0 and not text[begin - 1].isspace():
            begin -= 1
        touched.update(begin + found.start() for found in _WORD.finditer(text[begin:stop]))
    return touched


def _in_box(document: Document, place: Place) -> Iterator[int]:
    for page in document.pages:
        if page.number == place.page and place.box is not None:
            for found in _WORD.finditer(document.text, page.start, page.stop):
                if any(_middle_in(box.as_list(), place.box) for box in document.boxes(*found.span())):
                    yield found.start()
