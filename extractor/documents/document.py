"""What every other room sees of a document, whatever file it was: its text, and where each character stands."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Page:
    """A half-open span of the document's text, numbered from 1 through all parts.

    `label` is what the source calls it (a sheet's or chapter's name). `width` and `height` are in points, None where
    the source has no pages of a size. `how` it was read: "text" (as the file says it), "layout" (placed by its
    coordinates), "ocr", or "none" (a picture that nobody read). `pictures`: how many pictures on it were read by OCR
    beside that; `pictures_unread`: how many were not, though a person may miss them. `warnings` are for a person.
    """

    number: int
    start: int
    stop: int
    part: int = 1
    label: str | None = None
    width: float | None = None
    height: float | None = None
    how: str = "text"
    warnings: tuple[str, ...] = ()
    pictures: int = 0
    pictures_unread: int = 0


@dataclass(frozen=True)
class Picture:
    """A picture in the text of page `page`, still to be read: what it says belongs at `start`, the begin of a line.
    `number` counts the page's from 1. `box`: where it is on the page, in fractions of it; empty where pages have no
    size."""

    page: int
    number: int
    start: int
    box: tuple[float, ...] = ()


@dataclass(frozen=True)
class Part:
    """A file, or what lay in it: `kind` is "document" (the file itself), "attachment" or "message" (a mail within)."""

    number: int
    name: str | None
    media_type: str
    kind: str
    start: int
    stop: int


@dataclass(frozen=True)
class Cell:
    """`address` as a spreadsheet writes it (`B7`, `Sheet1!B7`)."""

    start: int
    stop: int
    address: str


@dataclass(frozen=True)
class Recognised:
    """A line read from a picture; `confidence` from 0 to 1."""

    start: int
    stop: int
    confidence: float


@dataclass(frozen=True)
class FileName:
    """Where a reader wrote what a file within the document is called, so that whoever reads the text knows of it. It is
    a value of fields that ask for files, and of no others."""

    start: int
    stop: int


@dataclass(frozen=True)
class Box:
    """On page `page`, in fractions of its width and height, from its left top corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float

    def as_list(self) -> list[float]:
        return [round(each, 4) for each in (self.left, self.top, self.right, self.bottom)]


@dataclass(frozen=True)
class Document:
    """`text` has `\\n` line ends and no NUL; offsets count its characters. `pages` and `parts` cover it in order.

    `places` has, for each page whose characters have boxes, four fractions of the page (left, top, right, bottom) a
    character of its span; NaN where a character has none, as a space that only keeps columns apart.
    """

    text: str
    media_type: str = "text/plain"
    pages: tuple[Page, ...] = ()
    filename: str | None = None
    parts: tuple[Part, ...] = ()
    cells: tuple[Cell, ...] = ()
    recognised: tuple[Recognised, ...] = ()
    file_names: tuple[FileName, ...] = ()
    pictures: tuple[Picture, ...] = ()
    warnings: tuple[str, ...] = ()
    places: Mapping[int, array[float]] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:  # document text stays out of logs and tracebacks
        return f"Document({len(self.text)} characters, {self.media_type}, {len(self.pages)} page(s))"

    @property
    def spans_of_file_names(self) -> list[tuple[int, int]]:
        return [(name.start, name.stop) for name in self.file_names]

    def part_at(self, offset: int) -> Part | None:
        """The part whose span holds `offset`."""
        at = bisect_right(self.parts, offset, key=lambda part: part.start) - 1
        while at > 0 and self.parts[at].start == self.parts[at].stop:  # an empty part holds nothing
            at -= 1
        return self.parts[at] if at >= 0 and offset < self.parts[at].stop else None

    def cell_at(self, offset: int) -> Cell | None:
        """The cell of a sheet whose span holds `offset`."""
        at = bisect_right(self.cells, offset, key=lambda cell: cell.start) - 1
        return self.cells[at] if at >= 0 and offset < self.cells[at].stop else None

    def confidence(self, start: int, stop: int) -> float | None:
        """The least of the lines of pictures in the span; None where nothing of it was read from one."""
        found = [line.confidence for line in self.recognised if line.start < stop and start < line.stop]
        return min(found, default=None)

    def boxes(self, start: int, stop: int) -> list[Box]:
        """One for each line that the span has on a page, in reading order; empty where there are no places."""
        found: list[Box] = []
        for page in self.pages:
            places = self.places.get(page.number)
            if places is None or page.stop <= start or stop <= page.start:
                continue
            line: list[tuple[float, ...]] = []
            for offset in range(max(start, page.start), min(stop, page.stop)):
                at = (offset - page.start) * 4
                glyph = tuple(places[at : at + 4])
                if self.text[offset] == "\n" or (line and _apart(line[-1], glyph)):
                    found += _around(page.number, line)
                    line = []
                if not math.isnan(glyph[0]) and not self.text[offset].isspace():
                    line.append(glyph)
            found += _around(page.number, line)
        return found


# What the lists of a Document hold, by their names: for whoever writes it down (packing.py, stored.py).
LISTS: dict[str, type[Any]] = {
    "pages": Page,
    "parts": Part,
    "cells": Cell,
    "recognised": Recognised,
    "file_names": FileName,
    "pictures": Picture,
}


def _apart(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Neither beside each other nor one above the other: a line ended there, though the text goes on (a word that was
    broken by a hyphen is joined)."""
    if math.isnan(other[0]):
        return False
    across = min(one[2], other[2]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[1], other[1])
    return across <= 0 and along <= 0.3 * min(one[3] - one[1], other[3] - other[1])


def _around(page: int, glyphs: list[tuple[float, ...]]) -> list[Box]:
    if not glyphs:
        return []
    left, top, right, bottom = zip(*glyphs, strict=True)
    return [Box(page, min(left), min(top), max(right), max(bottom))]
