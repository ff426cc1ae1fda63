"""Where a value stands in a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Fragment(NamedTuple):
    """`text[start:stop]` of a document; `mismatch`: 0 where it is the value letter by letter, 1 but for capitals, 2
    in another notation, 3 where it is a number that seems to say something else."""

    start: int
    stop: int
    mismatch: int


Occurrence = tuple[Fragment, ...]  # one value, in one piece or more, in the order of the document


def in_one_piece(places: Iterable[Fragment]) -> list[Occurrence]:
    """Each in one piece."""
    return [(place,) for place in places]
