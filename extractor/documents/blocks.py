"""What text documents are made of, whatever their format: paragraphs, tables whose cells hold paragraphs and tables,
page breaks. Readers build these; block_lines.py writes them down."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Break(Enum):
    """What stands between two blocks: a new page or an empty line."""

    PAGE = "page"
    GAP = "gap"


@dataclass(frozen=True)
class PictureBlock:
    """A picture that stands in the text. `name`: the same for the same picture; `data` loads its file; `points`: how
    wide and high it is shown, where that is known."""

    name: str
    data: Callable[[], bytes] = field(repr=False, compare=False)
    points: tuple[float, float] | None = None


@dataclass
class TableCell:
    """`span`: columns of the grid it covers. A cell that another one covers has no blocks."""

    blocks: list[Block] = field(default_factory=list)
    span: int = 1


@dataclass
class TableRow:
    cells: list[TableCell] = field(default_factory=list)
    heading: bool = False  # its cells name the columns


@dataclass
class Table:
    rows: list[TableRow] = field(default_factory=list)


# A string is a paragraph; its line ends are those that its author set.
Block: TypeAlias = "str | Table | Break | PictureBlock"

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SPACE = re.compile("[\u00a0\u2007\u202f]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PAGE_NUMBER = re.compile(r"\W*(?:\d{1,4}|[ivxl]{1,6})(?:\W{1,3}\d{1,4})?\W*")
_RUNS = re.compile(r"[ \t\n\f\r]+")


def cleaned(text: str) -> str:
    """Without what has no shape (soft hyphens, marks of direction, control characters); spaces of a fixed width are
    spaces. Joiners stay: emoji and some scripts are made with them."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", _SPACE.sub(" ", _INVISIBLE.sub("", text)))


def is_page_number(text: str) -> bool:
    """Whether a header or footer says no more than which page it is."""
    return _PAGE_NUMBER.fullmatch(text) is not None


def collapsed(text: str) -> str:
    """On one line, with single spaces."""
    return _RUNS.sub(" ", text).strip()
