"""Text, blocks, lists and tables of a page as they come → blocks. Spaces count once, as in a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from extractor.documents.blocks import Block, Break, PictureBlock, Table, TableCell, TableRow, cleaned
from extractor.documents.numerals import numeral
from extractor.sandbox import Rejected

_MOST_TABLES = 25  # within each other
_MOST_CELLS = 300_000
_WHITE = re.compile(r"[ \t\n\f\r]+")
_BREAK = "\0"  # a line ends here; no page holds this character
_AROUND_BREAK = re.compile(f" *{_BREAK} *")
_KEPT = "\u00a0"  # a space that counts; `cleaned` makes it a plain one
_STYLES = {"a": "lowerLatin", "A": "upperLatin", "i": "lowerRoman", "I": "upperRoman"}
_BULLET = "•"


@dataclass
class _List:
    counted: bool
    style: str
    next: int
    step: int


@dataclass
class _Open:
    """A table that is being read. `covered`: columns that cells of rows above cover (first, past the last, rows)."""

    table: Table = field(default_factory=Table)
    row: TableRow | None = None
    column: int = 0
    covered: list[tuple[int, int, int]] = field(default_factory=list)
    cell: list[Block] | None = None


class HtmlWriter:
    def __init__(self) -> None:
        self._out: list[list[Block]] = [[]]  # of the page, and of each cell that is open
        self._line: list[str] = []
        self._tables: list[_Open] = []
        self._lists: list[_List] = []
        self._mark = ""  # of a list's item, for its first line
        self._kept = 0  # elements that are open in which lines and spaces count
        self._cells = 0

    def blocks(self) -> list[Block]:
        self._flush()
        return self._out[0]

    def text(self, content: str) -> None:
        if self._kept:
            content = content.replace("\r\n", "\n").replace("\n", _BREAK)
            self._line.append(content.replace("\t", _KEPT * 8).replace(" ", _KEPT))
        elif self._line or not content.isspace():
            self._line.append(content)

    def picture(self, block: PictureBlock) -> None:
        """On a line of its own; the text goes on around it."""
        self._flush()
        self._out[-1].append(block)

    def line_break(self) -> None:
        self._line.append(_BREAK)

    # Blocks

    def begin_block(self, gap: bool = False, keeps_lines: bool = False) -> None:
        self._flush()
        if gap:
            self._out[-1].append(Break.GAP)
        self._kept += keeps_lines

    def end_block(self, gap: bool = False) -> None:
        self.begin_block(gap)

    def end_kept(self) -> None:
        self._flush()
        self._kept -= 1
        self._out[-1].append(Break.GAP)

    def _flush(self) -> None:
        if not self._line:
            return
        line = _WHITE.sub(" ", "".join(self._line)).strip(" ")
        self._line = []
        if _BREAK in line:
            line = _AROUND_BREAK.sub("\n", line)
        line = cleaned(line).rstrip()
        if not line:
            return
        mark, self._mark = self._mark, ""
        self._out[-1].append(f"{mark}{line.lstrip() if mark else line}")

    # Lists

    def begin_list(self, counted: bool, attributes: dict[str, str | None]) -> None:
        self.begin_block(gap=not self._lists)
        start = _number(attributes.get("start"), 1)
        style = _STYLES.get((attributes.get("type") or "").strip(), "decimal")
        self._lists.append(_List(counted, style, start, -1 if "reversed" in attributes else 1))

    def end_list(self) -> None:
        self._flush()
        if self._lists:
            self._lists.pop()
        if not self._lists:
            self._out[-1].append(Break.GAP)

    def begin_item(self, attributes: dict[str, str | None]) -> None:
        self._flush()
        if not self._lists:
            self._mark = f"{_BULLET} "
            return
        own = self._lists[-1]
        own.next = _number(attributes.get("value"), own.next)
        mark = f"{numeral(own.next, own.style)}." if own.counted else _BULLET
        own.next += own.step
        self._mark = f"{'  ' * (len(self._lists) - 1)}{mark} "

    def end_item(self) -> None:
        self._flush()
        self._mark = ""

    # Tables

    def begin_table(self) -> bool:
        """False where it lies too deep: its cells are blocks then."""
        self._flush()
        if len(self._tables) >= _MOST_TABLES:
            return False
        self._out[-1].append(Break.GAP)
        self._tables.append(_Open())
        return True

    def end_table(self) -> None:
        self.end_row()
        ended = self._tables.pop()
        self._out[-1] += [ended.table, Break.GAP]

    def begin_row(self, heading: bool) -> None:
        self._flush()
        if self._tables:
            self.end_row()
            self._tables[-1].row = TableRow(heading=heading)
            self._tables[-1].column = 0

    def end_row(self) -> None:
        self._flush()
        if not self._tables:
            return
        self.end_cell()
        at = self._tables[-1]
        if at.row is not None:
            at.table.rows.append(at.row)
            at.covered = [(first, past, rows - 1) for first, past, rows in at.covered if rows > 1]
        at.row = None

    def begin_cell(self, columns: int, rows: int) -> None:
        self._flush()
        if not self._tables or self._tables[-1].row is None:
            return
        self._cells += 1
        if self._cells > _MOST_CELLS:
            raise Rejected("document_too_complex", f"the HTML has tables of more than {_MOST_CELLS:,} cells")
        self.end_cell()
        at = self._tables[-1]
        if at.covered:
            self._skip_covered(at)
        blocks: list[Block] = []
        assert at.row is not None
        at.row.cells.append(TableCell(blocks, columns))
        if rows > 1:
            at.covered.append((at.column, at.column + columns, rows))
        at.column += columns
        at.cell = blocks
        self._out.append(blocks)

    def end_cell(self) -> None:
        self._flush()
        at = self._tables[-1] if self._tables else None
        if at is not None and at.cell is not None:
            self._out.pop()
            at.cell = None

    def _skip_covered(self, at: _Open) -> None:
        moved = True
        while moved:
            moved = False
            for first, past, rows in at.covered:
                current = rows and first <= at.column < past
                if current and at.row is not None:
                    at.row.cells.append(TableCell(span=past - at.column))
                    at.column = past
                    moved = True


def _number(value: str | None, default: int) -> int:
    value = (value or "").strip()
    return int(value) if value.removeprefix("-").isdecimal() and len(value) < 9 else default
