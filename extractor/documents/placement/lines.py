"""Words → lines, and lines → segments: what stands together on a line, as a cell of a row or the line of a column."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from extractor.documents.placement.glyphs import Word

_LINE = 0.3  # of the size: how far baselines on one line are apart
_SMALL = 0.85  # of the size of its line: a superscript's or subscript's
_LEVEL = 0.05  # of the size: how far baselines of one height are apart
_CELL_GAP = 0.85  # of the size: what is no space between words any more
_EDGE_GAP = 0.42  # of the size, where a column begins or ends on other lines
_SENTENCE = 20  # characters of a line that is one
_MOST_PIECES = 12
_WIDEST = 3.0  # of the size: a gap that can come of making lines equally long
_EDGES = 3  # so many of them
_SET_WIDE = 1.7  # times the line's usual gap, where that is wide because lines are made equally long


@dataclass(slots=True)
class Segment:
    """Words with one space between each. `left` and `right` are where it stands on the page."""

    words: list[Word]
    left: float
    right: float
    top: float
    bottom: float
    base: float
    size: float
    # A cell of a table with lines around it, which has been told already
    cell: bool = False

    @property
    def length(self) -> int:
        return sum(len(word.text) for word in self.words) + len(self.words) - 1


@dataclass(slots=True)
class Line:
    """Segments from left to right."""

    segments: list[Segment]
    base: float
    size: float

    @property
    def top(self) -> float:
        return min(segment.top for segment in self.segments)

    @property
    def bottom(self) -> float:
        return max(segment.bottom for segment in self.segments)


def segment_of(words: list[Word], cell: bool = False) -> Segment:
    return Segment(
        words,
        min(word.left for word in words),
        max(word.right for word in words),
        min(word.top for word in words),
        max(word.bottom for word in words),
        median(word.base for word in words),
        median(word.size for word in words),
        cell,
    )


def rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words by the line they stand on, from left to right; lines from top to bottom. Small ones (footnote marks) go to
    the line they touch."""
    if not words:
        return []
    usual = median(word.size for word in words)
    rows: list[list[Word]] = []
    raised: list[Word] = []
    for word in sorted(words, key=lambda word: word.base):
        if word.size < _SMALL * usual:
            raised.append(word)
            continue
        _join(rows, word)
    small: list[list[Word]] = []
    for word in raised:
        line = _level(rows, word) or _touched(rows, word)
        if line is not None:
            line.append(word)
        else:
            _join(small, word)
    rows += small
    rows.sort(key=lambda row: median(word.base for word in row))
    rows = _with_marks(rows)
    for row in rows:
        row.sort(key=lambda word: word.left)
    return rows


def _with_marks(rows: list[list[Word]]) -> list[list[Word]]:
    """Those that are one small word go to the line next to them that it touches: a page of small print has footnote
    marks too, which are small beside their words alone."""
    kept: list[list[Word]] = []
    for at, row in enumerate(rows):
        beside = [*kept[-1:], *rows[at + 1 : at + 2]]
        touched = _touched(beside, row[0]) if len(row) == 1 else None
        if touched is not None:
            touched.append(row[0])
        else:
            kept.append(row)
    return kept


def _join(rows: list[list[Word]], word: Word) -> None:
    """To the last line, if its baseline is the same; words come by their baselines."""
    if rows:
        last = rows[-1][-1]
        first = rows[-1][0]
        slack = _LINE * min(last.size, word.size)
        if word.base - last.base <= slack and word.base - first.base <= 1.5 * slack:
            rows[-1].append(word)
            return
    rows.append([word])


def _level(rows: list[list[Word]], word: Word) -> list[Word] | None:
    """The line whose letters stand where this word's do: it is of another script or font, not raised."""
    at = bisect_left(rows, word.base - _LEVEL * word.size, key=lambda row: row[0].base)
    return rows[at] if at < len(rows) and rows[at][0].base <= word.base + _LEVEL * word.size else None


def _touched(rows: list[list[Word]], word: Word) -> list[Word] | None:
    """The line of a word right beside this one that is taller and as high as it."""
    for row in rows:
        base = row[0].base
        if base + row[0].size < word.top or base - 2 * row[0].size > word.bottom:
            continue
        for other in row:
            beside = min(abs(word.left - other.right), abs(other.left - word.right))
            if (
                word.size < _SMALL * other.size
                and beside < 0.5 * other.size
                and other.top <= word.middle <= other.bottom
            ):
                return row
    return None


def segments_of(row: Sequence[Word], bars: Iterable[float] = ()) -> list[Segment]:
    """A line cut where gaps are too wide for spaces, and at `bars`: where upright rules cross it."""
    found: list[Segment] = []
    bars = list(bars)
    wide = _wide(row)
    held: list[Word] = []
    for word in row:
        if held:
            last = held[-1]
            gap = word.left - last.right
            barred = any(last.right - 0.2 * last.size <= bar <= word.left + 0.2 * word.size for bar in bars)
            if barred or gap > wide * max(last.size, word.size):
                found.append(segment_of(held))
                held = []
        held.append(word)
    if held:
        found.append(segment_of(held))
    return found


def parted_at_edges(segments: list[Segment]) -> list[Segment]:
    """Segments cut once more where a gap is small but a column of cells begins or ends at it on other lines."""
    begins: Counter[int] = Counter()
    ends: Counter[int] = Counter()
    lines: dict[int, list[Segment]] = defaultdict(list)
    for one in segments:
        lines[round(one.base)].append(one)
    for line in lines.values():
        line.sort(key=lambda one: one.left)
        begins.update(round(one.left) for one in line[1:])
        ends.update(round(one.right) for one in line[:-1] if any(char.isdigit() for char in one.words[-1].text))
    found: list[Segment] = []
    for one in segments:
        cuts = [
            at
            for at, (last, word) in enumerate(pairwise(one.words), 1)
            if word.left - last.right > _EDGE_GAP * one.size
            and (_many(begins, word.left) or (_many(ends, last.right) and last.text[-1:].isalnum()))
        ]
        if one.cell or not cuts:
            found.append(one)
            continue
        for begin, end in pairwise([0, *cuts, len(one.words)]):
            found.append(segment_of(one.words[begin:end]))
    return found


def rejoined(segments: list[Segment]) -> list[Segment]:
    """Lines that were only set wide so as to end where the line above or below ends are one segment again."""
    whole = [one for one in segments if one.length >= _SENTENCE and len(one.words) >= 3 and not one.cell]
    taken: set[int] = set()
    found: list[Segment] = []
    ordered = sorted((one for one in segments if not one.cell), key=lambda one: (round(one.base), one.left))
    for at, first in enumerate(ordered):
        if id(first) in taken:
            continue
        run = [first]
        for one in ordered[at + 1 : at + _MOST_PIECES]:
            last = run[-1]
            if abs(one.base - first.base) > 0.1 * first.size or one.left - last.right > _WIDEST * first.size:
                break
            run.append(one)
            if any(_spans(model, run) for model in whole):
                found.append(segment_of([word for piece in run for word in piece.words]))
                taken |= {id(piece) for piece in run}
                break
    return [one for one in segments if id(one) not in taken] + found


def _spans(model: Segment, run: list[Segment]) -> bool:
    """Whether `run` begins and ends where `model`, right above or below it, does."""
    near = 0.4 * model.size
    return (
        0.5 * model.size < abs(model.base - run[0].base) < 2 * model.size
        and abs(model.left - run[0].left) < near
        and abs(model.right - run[-1].right) < near
    )


def _many(edges: Counter[int], at: float) -> bool:
    return sum(edges[round(at) + step] for step in (-1, 0, 1)) >= _EDGES


def _wide(row: Sequence[Word]) -> float:
    """Above which part of the size a gap parts cells."""
    gaps = sorted((word.left - last.right) / max(last.size, word.size, 0.1) for last, word in pairwise(row))
    narrow = [gap for gap in gaps if gap < 1.6]
    if len(narrow) < 4 or len(narrow) < 0.6 * len(gaps) or _mostly_figures(row):
        return _CELL_GAP
    return max(_CELL_GAP, _SET_WIDE * median(narrow))


def _mostly_figures(row: Sequence[Word]) -> bool:
    return sum(any(char.isdigit() for char in word.text) for word in row) * 2 > len(row)
