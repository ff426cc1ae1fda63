"""A `Document` as its reader goes through the file: parts, pages, then text with what is known of its place.

Every reader writes through it, so limits, line ends and offsets are the same for all formats.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from extractor.documents.document import Cell, Document, FileName, Page, Part, Picture, Recognised
from extractor.documents.limits import ReadLimits

CELL = " | "  # between the cells of a row whose table the file tells; what is only placed keeps its columns by spaces
_NONE = (float("nan"),) * 4
_ODD = re.compile("[\x00\ud800-\udfff]")
_MOST_WARNINGS = 50


def pictures_in_words(many: int) -> str:
    return "a picture" if many == 1 else f"{many:,} pictures"


class AllDrawn(Exception):
    """Raised by the builder when the last page that was wanted has been drawn: the rest need not be read."""


class Builder:
    """`draw`: numbers of pages that are wanted as pictures. Then nothing but those is needed of the file: a reader may
    leave out what it likes of the others, and is stopped (AllDrawn) behind the last of them. `picture`: not the page is
    wanted, but the picture of this number that is on it. `on_page` is called with the number of each page that
    begins."""

    def __init__(
        self,
        limits: ReadLimits | None = None,
        draw: Collection[int] = (),
        on_page: Callable[[int], None] | None = None,
        picture: int = 0,
    ) -> None:
        self.limits = limits or ReadLimits()
        self.drawn: dict[int, Any] = {}
        self.damaged = False  # the picture that was wanted
        self._draw = frozenset(draw)
        self._picture = picture
        self._on_page = on_page
        self._texts: list[str] = []
        self._length = 0
        self._at_start = True  # of a line
        self._pages: list[Page] = []
        self._parts: list[Part] = []
        self._cells: list[Cell] = []
        self._recognised: list[Recognised] = []
        self._file_names: list[FileName] = []
        self._pictures: list[Picture] = []
        self._shown: set[str] = set()
        self._unread: Counter[str] = Counter()  # pictures of the page, by the reason
        self._warnings: list[str] = []
        self._places: dict[int, array[float]] = {}
        self._media_type = ""

    def begin_part(self, name: str | None, media_type: str, kind: str = "document") -> None:
        """Ends the part before. The limit is of parts within the document, which is not counted itself."""
        self.limits.check("parts", len(self._parts), self.limits.parts)
        self._break()
        self._end_part()
        self._media_type = self._media_type or media_type
        self._parts.append(Part(len(self._parts) + 1, name, media_type, kind, self._length, self._length))

    def begin_page(
        self,
        label: str | None = None,
        width: float | None = None,
        height: float | None = None,
        how: str = "text",
    ) -> bool:
        """Whether its contents are wanted; they may be added in any case."""
        if self._draw and len(self._pages) >= max(self._draw):
            raise AllDrawn
        self.limits.check("pages", len(self._pages) + 1, self.limits.pages)
        self._break()
        if not self._parts:
            self.begin_part(None, "application/octet-stream")
        number = len(self._pages) + 1
        self._pages.append(Page(number, self._length, self._length, len(self._parts), label, width, height, how))
        if self._on_page is not None:
            self._on_page(number)
        return not self._draw or number in self._draw

    @property
    def drawing(self) -> bool:
        """Whether pictures of pages are wanted, and no text."""
        return bool(self._draw) and not self._picture

    @property
    def passes_over(self) -> bool:
        """Whether nothing of the page that begins next is wanted."""
        return bool(self._draw) and len(self._pages) + 1 not in self._draw

    @property
    def page(self) -> int:
        """The number of the page that is being written; 0 before the first."""
        return len(self._pages)

    def add(
        self,
        text: str,
        boxes: array[float] | None = None,
        cell: str | None = None,
        confidence: float | None = None,
        names_file: bool = False,
    ) -> None:
        """`boxes`: four fractions of the page a character. `cell`: the address of what the text is all of.
        `confidence`: of a line that was read from a picture. `names_file`: the text is what a file within is called."""
        if boxes is None:
            text = text.replace("\r\n", "\n")
        elif len(boxes) != 4 * len(text):
            raise ValueError("four numbers a character")
        text = _ODD.sub("\ufffd", text).replace("\r", "\n")
        if not text:
            return
        if not self._pages or self._pages[-1].part != len(self._parts):
            self.begin_page()
        self.limits.check("characters", self._length + len(text), self.limits.characters)
        self._place(len(text), boxes)
        start, self._length = self._length, self._length + len(text)
        self._texts.append(text)
        self._at_start = text.endswith("\n")
        if cell is not None:
            self._cells.append(Cell(start, self._length, cell))
        if confidence is not None:
            self._recognised.append(Recognised(start, self._length, confidence))
        if names_file:
            self._file_names.append(FileName(start, self._length))

    def is_new(self, picture: str) -> bool:
        """Whether this part of the document shows a picture of this name for the first time."""
        name = f"{len(self._parts)}:{picture}"
        new = name not in self._shown
        self._shown.add(name)
        return new

    @property
    def parts_left(self) -> int:
        """How many more parts may begin."""
        return self.limits.parts + 1 - len(self._parts)

    def newline(self) -> None:
        """Ends the line, if anything stands in it."""
        if not self._at_start:
            self.add("\n")

    def warn(self, text: str) -> None:
        """For a person, about this page, or about the document before its first page. Never holds document text."""
        if sum(len(page.warnings) for page in self._pages) + len(self._warnings) >= _MOST_WARNINGS:
            return
        if self._pages:
            self._pages[-1] = replace(self._pages[-1], warnings=(*self._pages[-1].warnings, text))
        else:
            self._warnings.append(text)

    def leave_out(self, reason: str, pictures: int = 1) -> None:
        """Pictures that are not read and that a person may miss; what is the matter with them is told once a page."""
        self._unread[reason] += pictures

    def read_as(self, how: str) -> None:
        """Says how the page was read, where that is found out while reading it."""
        self._pages[-1] = replace(self._pages[-1], how=how)

    def draw(self, picture: Callable[[], Any]) -> None:
        """How this page is drawn, as an RGB picture of Pillow's; called at once if it is wanted, never otherwise."""
        if self.page in self._draw and not self._picture:
            self.drawn[self.page] = picture()

    def picture(self, draw: Callable[[], Any], box: tuple[float, ...] = (), number: int | None = None) -> None:
        """A picture that stands here, on a page that has text, and is to be read: what it says will be lines of their
        own. `draw` as in `draw`; raises AllDrawn behind it. `box`: in fractions of the page. `number`: of the page's
        pictures, where the reader counts them itself."""
        if not self._pages or self._pages[-1].part != len(self._parts):
            self.begin_page()
        self.newline()
        own = [one for one in self._pictures[-1:] if one.page == self.page]
        number = number or (own[0].number + 1 if own else 1)
        self._pictures.append(Picture(self.page, number, self._length, box))
        if self.page in self._draw and number == self._picture:
            try:
                self.drawn[self.page] = draw()
            except MemoryError:
                raise
            except Exception:  # of Pillow, about a damaged picture
                self.damaged = True
            raise AllDrawn

    def document(self, filename: str | None = None) -> Document:
        """What was built. The builder is done with then."""
        self._end_page()
        self._end_part()
        return Document(
            text="".join(self._texts),
            media_type=self._media_type or "text/plain",
            pages=tuple(self._pages),
            filename=filename,
            parts=tuple(self._parts),
            cells=tuple(self._cells),
            recognised=tuple(self._recognised),
            file_names=tuple(self._file_names),
            pictures=tuple(self._pictures),
            warnings=tuple(self._warnings),
            places=self._places,
        )

    def _place(self, characters: int, boxes: array[float] | None) -> None:
        page = self._pages[-1]
        if boxes is None and page.number not in self._places:
            return
        places = self._places.setdefault(page.number, array("f"))
        missing = self._length - page.start - len(places) // 4
        places.extend(_NONE * missing)
        places.extend(boxes if boxes is not None else _NONE * characters)

    def _break(self) -> None:
        """The page before ends, and its last line with it."""
        if self._length:
            self.newline()
        self._end_page()

    def _end_page(self) -> None:
        if self._pages:
            for reason, many in self._unread.items():
                self.warn(f"{pictures_in_words(many)} not read: {reason}")
            page, unread = self._pages[-1], self._unread.total()
            self._pages[-1] = replace(page, stop=self._length, pictures_unread=page.pictures_unread + unread)
            self._unread.clear()

    def _end_part(self) -> None:
        if self._parts:
            self._parts[-1] = replace(self._parts[-1], stop=self._length)
