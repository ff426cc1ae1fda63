"""CSV and TSV: what separates cells is found out, and cells are given their address as in a sheet."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from extractor.documents import text
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.limits import ReadLimits
from extractor.documents.sheets.grid import COLUMNS, Grid

_SEPARATORS = "\t;|,"
_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 256 * 1024
_ALIKE = 0.6  # of the rows at least have as many cells as most
_MOST_LINES = 50  # in one cell; a quote that is never closed takes all that follows
_DECLARED = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # Excel's own first line
_DECIMAL = re.compile(r"(?<=\d),(?=\d)")
_ESCAPED = re.compile(r'(?<!\\)\\"')

csv.field_size_limit(sys.maxsize)


@dataclass(frozen=True)
class Dialect:
    """`separator` is None where each line is one cell."""

    separator: str | None
    quoted: bool = True
    escaped: bool = False  # a quote within quotes is declared by a backslash, not by two

    def rows(self, content: str) -> Iterator[list[str]]:
        if self.separator is None:
            return ([line] for line in content.split("\n"))
        return csv.reader(
            io.StringIO(content, newline=""),
            delimiter=self.separator,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            escapechar="\\" if self.escaped else None,
            skipinitialspace=True,
        )


def read(data: bytes, into: Builder, context: Context) -> None:
    content = text.as_text(text.decode(data, context.charset))
    first, dialect = 0, None
    if (declared := _DECLARED.match(content)) is not None:
        content, first, dialect = content[declared.end() :], 1, Dialect(declared.group(1), escaped=_is_escaped(content))
    dialect = dialect or _dialect(content, tabs="tab-separated" in context.media_type)
    grid = _grid(content, dialect, first, into.limits)
    if grid is None:
        grid = _grid(content, Dialect(dialect.separator, quoted=False), first, into.limits)
    if grid is not None:
        grid.write(into, titled=False)


def _grid(content: str, dialect: Dialect, first: int, limits: ReadLimits) -> Grid | None:
    """None where quotes do not match, so that a cell would take what is another's."""
    grid = Grid("", limits)
    most = 0 if content.count('"') % 2 else _MOST_LINES
    try:
        for at, row in enumerate(dialect.rows(content), first):
            for column, cell in enumerate(row[:COLUMNS]):
                if dialect.quoted and cell.count("\n") > most:
                    return None
                grid.put(at, column, cell)
    except csv.Error:
        if dialect.quoted:
            return None
        raise
    return grid


def _dialect(content: str, tabs: bool) -> Dialect:
    sample = content[:_SAMPLE_CHARACTERS]
    escaped = _is_escaped(sample)
    quoted = len(content) > len(sample) or content.count('"') % 2 == 0
    found = [
        (columns, separator)
        for separator in _SEPARATORS
        if (columns := _columns(sample, Dialect(separator, quoted, escaped))) > 1
    ]
    separators = [separator for _, separator in found]
    if tabs and "\t" in separators:
        return Dialect("\t", escaped=escaped)
    if len(found) > 1 and "," in separators and _is_decimal(sample):
        found = [each for each in found if each[1] != ","]
    return Dialect(max(found)[1] if found else None, escaped=escaped)


def _columns(sample: str, dialect: Dialect) -> int:
    """How many cells most rows have; 0 where rows are too different to be a table."""
    rows = dialect.rows(sample)
    try:
        counts = Counter(len(row) for row in islice(rows, _SAMPLE_ROWS) if row)
    except csv.Error:
        return 0
    if not counts:
        return 0
    columns, often = max(counts.items(), key=lambda count: (count[0] > 1, count[1]))
    near = sum(times for width, times in counts.items() if abs(width - columns) <= columns // 4)
    return columns if max(often, near) >= _ALIKE * counts.total() else 0


def _is_decimal(sample: str) -> bool:
    """Whether commas stand within numbers more often than between cells."""
    return 2 * len(_DECIMAL.findall(sample)) > sample.count(",")


def _is_escaped(sample: str) -> bool:
    return _ESCAPED.search(sample) is not None and '""' not in sample
