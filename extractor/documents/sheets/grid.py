"""A sheet's rows → a page: a row a line, cells kept apart by CELL, each with its address. Columns that are empty in all
rows are left out, and of empty rows one is kept."""

from __future__ import annotations

from collections.abc import Iterable

from extractor.documents.blocks import cleaned, collapsed
from extractor.documents.builder import CELL, Builder
from extractor.documents.limits import ReadLimits

COLUMNS = 16_384  # as Excel's
_ROWS = 4_000_000
_CELLS = 1_000_000
_MERGED_ROWS = 2_000_000  # that are looked at


class Grid:
    """Rows and columns count from 0. Raises Rejected `document_too_complex` for too many cells or characters."""

    def __init__(self, name: str, limits: ReadLimits) -> None:
        self.name = name
        self._limits = limits
        self._rows: dict[int, dict[int, str]] = {}
        self._cells = self._characters = self._looked_at = 0

    def put(self, row: int, column: int, text: str) -> None:
        content = text if text.isalnum() else collapsed(cleaned(text))
        if not content or not 0 <= column < COLUMNS or not 0 <= row < _ROWS:
            return
        self._cells += 1
        self._characters += len(content)
        self._limits.check("cells in a sheet", self._cells, _CELLS)
        self._limits.check("characters", self._characters, self._limits.characters)
        self._rows.setdefault(row, {})[column] = content

    def drop(self, first_row: int, last_row: int, first_column: int, last_column: int) -> None:
        """Empties the cells that a merged one covers: of the range all but the first."""
        rows = range(first_row, last_row + 1)
        self._looked_at += min(len(rows), len(self._rows))
        if self._looked_at > _MERGED_ROWS:  # no sheet is merged so; what a cell covers is shown then
            return
        for row in rows if len(rows) < len(self._rows) else [row for row in self._rows if row in rows]:
            cells = self._rows.get(row, {})
            for column in [at for at in cells if first_column <= at <= last_column]:
                if (row, column) != (first_row, first_column):
                    del cells[column]

    def __bool__(self) -> bool:
        return any(self._rows.values())

    def write(self, into: Builder, titled: bool, sheet_in_address: bool = False, more: Iterable[str] = ()) -> None:
        """Begins a page. `titled`: the name of the sheet stands above it. `more`: lines that stand below."""
        into.begin_page(label=self.name or None)
        if titled and self.name:
            into.add(f"{self.name}\n")
        columns = sorted({column for cells in self._rows.values() for column in cells})
        before: int | None = None
        prefix = f"{quoted(self.name)}!" if sheet_in_address else ""
        for row in sorted(at for at, cells in self._rows.items() if cells):
            if before is not None and row > before + 1:
                into.add("\n")
            before = row
            cells = self._rows[row]
            self._write_row(into, row, cells, columns, prefix)
        for line in more:
            into.add(f"{line}\n")

    def _write_row(self, into: Builder, row: int, cells: dict[int, str], columns: list[int], prefix: str) -> None:
        last = max(cells)
        gap = ""
        for column in columns:
            if column > last:
                break
            if column in cells:
                into.add(gap)
                into.add(cells[column], cell=f"{prefix}{address(row, column)}")
                gap = CELL
            else:
                gap += CELL
        into.add("\n")


def address(row: int, column: int) -> str:
    """(6, 1) → `B7`."""
    letters = ""
    column += 1
    while column:
        column, at = divmod(column - 1, 26)
        letters = chr(65 + at) + letters
    return f"{letters}{row + 1}"


def place(reference: str) -> tuple[int, int] | None:
    """`B7` → (6, 1); None for what is no address."""
    letters = reference.rstrip("0123456789")
    row_digits = reference[len(letters) :]
    if (
        not row_digits
        or len(row_digits) > 8
        or not 1 <= len(letters) <= 3
        or not (letters.isascii() and letters.isalpha())
    ):
        return None
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(row_digits) - 1, column - 1


def quoted(sheet: str) -> str:
    """The name of a sheet as it stands before an address."""
    plain = sheet.replace("_", "").isalnum() and sheet[:1].isalpha()
    return sheet if plain else "'" + sheet.replace("'", "''") + "'"
