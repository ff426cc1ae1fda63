"""Blocks → lines of text as on a page. A row of a table is one line, its cells kept apart by CELL.

A row stands on several lines where its author wrote it so: two columns of an address and its particulars, or cells
whose lines run in parallel. Their first lines stand on one line then, their second on the next, as they do on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from extractor.documents.blocks import Block, Break, PictureBlock, Table, TableRow, collapsed
from extractor.documents.builder import CELL, Builder
from extractor.documents.pictures_within import place

_BESIDE_CHARACTERS = 80  # a line that stands beside another is no longer
_BESIDE_LINES = 40
_AT_ONCE = 500  # lines that are written together
_JOINED_CHARACTERS = 2_000  # a cell that is longer is text of its own
_HEADING_CHARACTERS = 24
_MOST_SPAN = 1_000
_OPENING = re.compile(r"(?:US|C|A|HK|NT)?[$€£¥₹]|\(|[$€£¥₹] ?\(")
_FIGURE = re.compile(r"\(?[-–]?[\d.,]*\d|[-–—]$")
_NUMBER = re.compile(r"[-–($€£¥ ]*[\d.,]*\d")
_CLOSING = re.compile(r"\)|%|\)%|%\)")

LineOrBreak = str | PictureBlock | None  # None: a page ends here


def write(blocks: Iterable[Block], into: Builder, *, begun: bool = False) -> None:
    """Adds the lines to the page that has begun; a page break begins the next. `begun`: lines stand above them."""
    waiting: list[str] = []
    for line in lines(blocks, begun=begun):
        if isinstance(line, str):
            waiting.append(line)
        if not isinstance(line, str) or len(waiting) >= _AT_ONCE:
            _add(waiting, into)
            waiting = []
        if line is None:
            into.begin_page()
        elif isinstance(line, PictureBlock):
            place(line, into)
    _add(waiting, into)


def _add(waiting: list[str], into: Builder) -> None:
    if waiting:
        into.add("\n".join([*waiting, ""]))


def lines(blocks: Iterable[Block], *, begun: bool = False) -> Iterator[LineOrBreak]:
    """Empty lines stand alone and between others, never first or last on a page. `begun`: lines stand above them."""
    gap = False
    for line in _all_lines(blocks):
        if line == "":
            gap = begun
            continue
        if isinstance(line, PictureBlock):
            yield line
            continue
        if gap and line is not None:
            yield ""
        gap, begun = False, line is not None
        yield line


def _all_lines(blocks: Iterable[Block]) -> Iterator[LineOrBreak]:
    for block in blocks:
        if isinstance(block, str):
            if "\n" in block:
                yield from (line.rstrip() for line in block.split("\n"))
            else:
                yield block.rstrip()
        elif block is Break.PAGE:
            yield None
        elif block is Break.GAP:
            yield ""
        elif isinstance(block, PictureBlock):
            yield block
        elif isinstance(block, Table):
            yield from _table(block)


@dataclass
class _Cell:
    """`lines` are what stands in it, `joint` what keeps them apart on one line."""

    lines: list[str] = field(default_factory=list)
    joint: str = " "
    span: int = 1
    spaced: list[str] = field(default_factory=list)  # the lines as they are, with the empty ones between them

    @property
    def text(self) -> str:
        return self.joint.join(self.lines)


def _table(table: Table) -> Iterator[LineOrBreak]:
    """Columns in which nothing is said only make room, and are left out."""
    rows = [_Laid(row) for row in table.rows]
    alone = {column for row in rows for column, cell in row.cells.items() if cell.span == 1}
    for row in rows:
        row.settle(alone)
    columns = sorted({column for row in rows for column in row.cells})
    for at, row in enumerate(rows):
        cells = [row.cells.get(column, _Cell()) for column in columns]
        yield from [None] * row.pages
        yield from _row(cells, row.heading or (at == 0 and _is_heading(cells)))
        yield from row.pictures


class _Laid:
    """A row: its cells by the column of the grid where they begin, those that say nothing left out. What its pictures
    say stands below it."""

    def __init__(self, row: TableRow) -> None:
        self.heading, self.pages = row.heading, 0
        self.pictures: list[PictureBlock] = []
        self.cells: dict[int, _Cell] = {}
        column = 0
        for cell in row.cells:
            found = list(lines(cell.blocks)) if cell.blocks else []
            self.pages = max(self.pages, found.count(None))
            self.pictures += [line for line in found if isinstance(line, PictureBlock)]
            texts = [line for line in found if isinstance(line, str)]
            if written := [line if CELL in line else collapsed(line) for line in texts if line]:
                nested = any(isinstance(block, Table) for block in cell.blocks)
                self.cells[column] = _Cell(written, CELL if nested else " ", cell.span, texts)
            column += cell.span
        self._glue()

    def settle(self, alone: set[int]) -> None:
        """What spans columns stands in the first of them in which other rows have a cell of its own."""
        for column in [column for column, cell in self.cells.items() if cell.span > 1 and column not in alone]:
            cell = self.cells.pop(column)
            own = [at for at in range(column, column + min(cell.span, _MOST_SPAN)) if at in alone]
            self.cells[own[0] if own and own[0] not in self.cells else column] = cell

    def _glue(self) -> None:
        """A currency's sign or a bracket that has a cell of its own, for the sake of alignment, joins its figure."""
        before: int | None = None
        for column, cell in list(self.cells.items()):
            last = self.cells[before] if before is not None else _Cell()
            if before is not None and len(cell.lines) == len(last.lines) == 1:
                if _OPENING.fullmatch(last.text) and _FIGURE.match(cell.text):
                    cell.lines = [last.text + ("" if last.text.endswith("(") else " ") + cell.text]
                    del self.cells[before]
                elif _CLOSING.fullmatch(cell.text) and _NUMBER.fullmatch(last.text):
                    last.lines = [last.text + cell.text]
                    del self.cells[column]
                    continue
            before = column


def _is_heading(cells: Sequence[_Cell]) -> bool:
    """Whether a first row names its columns in words that were broken to fit."""
    full = [cell for cell in cells if cell.lines]
    return len(full) > 2 and all(
        len(line) <= _HEADING_CHARACTERS and not any(char.isdigit() for char in line)
        for cell in full
        for line in cell.lines
    )


def _row(cells: Sequence[_Cell], heading: bool) -> Iterator[str]:
    full = [cell for cell in cells if cell.lines]
    if len(full) == 1 and not heading and len(full[0].lines) > 1:
        yield from full[0].spaced
    elif not heading and max((len(cell.lines) for cell in full), default=0) > 1 and _beside(full):
        yield from _side_by_side(cells)
    elif not heading and any(len(cell.lines) > 1 and len(cell.text) > _JOINED_CHARACTERS for cell in full):
        yield from _one_after_the_other(full)
    elif full:
        yield _joined([cell.text for cell in cells])


def _beside(full: Sequence[_Cell]) -> bool:
    counts = [len(cell.lines) for cell in full]
    parallel = len(full) <= 2 or any(count > 1 and counts.count(count) > 1 for count in counts)
    short = all(len(line) <= _BESIDE_CHARACTERS for cell in full for line in cell.lines)
    return parallel and (len(full) == 1 or (short and max(counts) <= _BESIDE_LINES))


def _side_by_side(cells: Sequence[_Cell]) -> Iterator[str]:
    """Of a line that only one cell has, the column goes without saying."""
    for at in range(max(len(cell.lines) for cell in cells)):
        row = [cell.lines[at] if at < len(cell.lines) else "" for cell in cells]
        alone = [line for line in row if line]
        yield alone[0] if at and len(alone) == 1 else _joined(row)


def _one_after_the_other(full: Sequence[_Cell]) -> Iterator[str]:
    """Text in columns: what is short begins the first line of what is long after it."""
    begun: list[str] = []
    for cell in full:
        if len(cell.lines) == 1 and cell is not full[-1] and len(cell.text) <= _BESIDE_CHARACTERS:
            begun.append(cell.text)
        else:
            yield _joined([*begun, cell.lines[0]])
            yield from cell.lines[1:]
            begun = []


def _joined(texts: Sequence[str]) -> str:
    """Without the empty ones at the end."""
    return CELL.join(texts[: max(at for at, text in enumerate(texts, 1) if text)]).rstrip()
