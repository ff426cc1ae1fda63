"""Rows of RTF, which has no tables: cells end, rows end, and what follows says whether it is still in a row."""

from __future__ import annotations

from dataclasses import dataclass, field

from extractor.documents.blocks import Block, Break, Table, TableCell, TableRow

_MOST_DEPTH = 30


@dataclass
class _OpenTable:
    """A table that is being read: its rows, the cells of its last row, the blocks of the last cell."""

    rows: list[TableRow] = field(default_factory=list)
    cells: list[TableCell] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


class Tables:
    """Level 0 is the text, 1 a table in it, 2 a table in a cell of that, and so on."""

    def __init__(self) -> None:
        self._levels = [_OpenTable()]
        self.merged: list[bool] = []  # of the row that is being defined: whether a cell is covered by another

    @property
    def blocks(self) -> list[Block]:
        """All that was read. Tables that are open end."""
        self._fold(0)
        return self._levels[0].blocks

    def add(self, block: Block, level: int) -> None:
        """`level`: of the paragraph. A break between pages in a row stands before it."""
        if block is not Break.PAGE or level == 0:
            self._at(level).blocks.append(block)
        else:
            self._levels[0].blocks.append(block)

    def end_cell(self, level: int) -> None:
        at = self._at(max(1, level))
        at.cells.append(TableCell(at.blocks))
        at.blocks = []

    def end_row(self, level: int) -> None:
        at = self._at(max(1, level))
        if at.blocks:
            self.end_cell(level)
        for cell, merged in zip(at.cells, self.merged, strict=False):
            if merged:
                cell.blocks = []
        if at.cells:
            at.rows.append(TableRow(at.cells))
        at.cells = []

    def _at(self, level: int) -> _OpenTable:
        level = min(level, _MOST_DEPTH)
        self._fold(level)
        while len(self._levels) <= level:
            self._levels.append(_OpenTable())
        return self._levels[level]

    def _fold(self, level: int) -> None:
        """Ends the tables that lie deeper."""
        while len(self._levels) - 1 > level:
            ended = self._levels.pop()
            if ended.blocks:
                ended.cells.append(TableCell(ended.blocks))
            if ended.cells:
                ended.rows.append(TableRow(ended.cells))
            if ended.rows:
                self._levels[-1].blocks.append(Table(ended.rows))
