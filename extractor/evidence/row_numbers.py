"""Whether a number only counts the rows of a table: it begins its line, and the row before or the next begins with its
own number too."""

from __future__ import annotations

import re

from extractor.evidence.occurrence import Fragment

_AROUND = 400  # characters up and down
_LEADING = re.compile(r"^[ |]*0*(\d+)\b", re.MULTILINE)


def counts(text: str, fragment: Fragment, row: int) -> bool:
    """`row`: which of the rows it is said of, from 0."""
    start, stop, _ = fragment
    begins = not text[text.rfind("\n", max(0, start - _AROUND), start) + 1 : start].strip(" |")
    if not begins or text[start:stop].lstrip("0") != str(row + 1):
        return False
    before, behind = text[max(0, start - _AROUND) : start], text[stop : stop + _AROUND]
    return any(
        leading[1] == str(number)
        for number, part in ((row, before), (row + 2, behind))
        for leading in _LEADING.finditer(part)
    )
