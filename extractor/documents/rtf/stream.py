"""One run of text of an RTF file, that of the document, of a header or of a note: its paragraphs, rows and pages."""

from __future__ import annotations

from collections.abc import Callable

from extractor.documents.blocks import Block, Break, cleaned
from extractor.documents.rtf.tables import Tables
from extractor.documents.tabs import spread


class Stream:
    """`notes` stand at the foot of the page."""

    def __init__(self) -> None:
        self._pieces: list[str] = []  # of the paragraph, so far
        self._shown: list[Block] = []  # pictures in it
        self.notes: list[Block] = []
        self._tables = Tables()
        self._level = 0  # of tables, as the paragraph says
        self._in_row = self._page_before = self._section_ended = self._merged = False

    def blocks(self) -> list[Block]:
        """All of it. The stream is done with then."""
        self._end_paragraph(ends=False)
        return [*self._tables.blocks, *self.notes]

    def say(self, text: str) -> None:
        self._pieces.append(text)

    def show(self, pictures: list[Block]) -> None:
        """What stands in the paragraph and is no text; it is told behind it."""
        self._shown += pictures

    def act(self, word: str, number: int | None) -> None:
        """A control word that ends or shapes what stands in the stream; others are of no matter."""
        act = _ACTS.get(word)
        if act is not None:
            act(self, number)

    # Paragraphs and pages

    @property
    def _depth(self) -> int:
        return max(self._level, 1 if self._in_row else 0)

    def _paragraph(self, _: int | None) -> None:
        self._end_paragraph()

    def _end_paragraph(self, ends: bool = True) -> None:
        """`ends`: as the file says; else it only goes no further."""
        if not self._pieces and not self._shown and not ends:
            return
        text, self._pieces = _paired(cleaned("".join(self._pieces))), []
        if text.strip() and (self._section_ended or self._page_before):
            self._page_before = False
            self._page(None)
        laid_out = "\n".join(spread(line, {}) for line in text.split("\n"))
        if laid_out.strip() or ends:
            self._tables.add(laid_out if laid_out.strip() else "", self._depth)
        shown, self._shown = self._shown, []
        for picture in shown:
            self._tables.add(picture, self._depth)

    def _page(self, _: int | None) -> None:
        self._section_ended = False
        if self._pieces or self._shown:
            self._end_paragraph(ends=False)
        notes, self.notes = self.notes, []
        for note in notes:
            self._tables.add(note, self._depth)
        self._tables.add(Break.PAGE, 0)

    def _section(self, _: int | None) -> None:
        if self._pieces or self._shown:
            self._end_paragraph(ends=False)
        self._section_ended = True

    def _section_goes_on(self, _: int | None) -> None:
        self._section_ended = False

    def _defaults(self, _: int | None) -> None:
        self._level = 0
        self._page_before = False

    def _begins_page(self, number: int | None) -> None:
        self._page_before = number != 0

    # Rows

    def _in_table(self, number: int | None) -> None:
        self._level = max(self._level, 0 if number == 0 else 1)

    def _deep(self, number: int | None) -> None:
        self._level = max(0, number or 0)

    def _define_row(self, _: int | None) -> None:
        self._in_row = True
        self._tables.merged = []
        self._merged = False

    def _merge(self, _: int | None) -> None:
        self._merged = True

    def _define_cell(self, _: int | None) -> None:
        self._tables.merged.append(self._merged)
        self._merged = False

    def _cell(self, _: int | None) -> None:
        self._in_row = True
        self._level = min(self._level, 1)
        self._end_paragraph(ends=False)
        self._tables.end_cell(1)

    def _row(self, _: int | None) -> None:
        self._tables.end_row(1)
        self._in_row = False

    def _nested_cell(self, _: int | None) -> None:
        level = max(2, self._level)
        self._end_paragraph(ends=False)
        self._tables.end_cell(level)

    def _nested_row(self, _: int | None) -> None:
        self._tables.end_row(max(2, self._level))


def _paired(text: str) -> str:
    """Characters that were told as two halves are one."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_ACTS: dict[str, Callable[[Stream, int | None], None]] = {
    "par": Stream._paragraph,
    "page": Stream._page,
    "sect": Stream._section,
    "sbknone": Stream._section_goes_on,
    "sbkcol": Stream._section_goes_on,
    "pard": Stream._defaults,
    "pagebb": Stream._begins_page,
    "intbl": Stream._in_table,
    "itap": Stream._deep,
    "trowd": Stream._define_row,
    "clmrg": Stream._merge,
    "clvmrg": Stream._merge,
    "cellx": Stream._define_cell,
    "cell": Stream._cell,
    "row": Stream._row,
    "nestcell": Stream._nested_cell,
    "nestrow": Stream._nested_row,
}
