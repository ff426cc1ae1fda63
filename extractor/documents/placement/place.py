"""Lines of a region → text in which what is in a column stands in a column, with as few spaces as that takes.

A segment stands to the right of everything that ends before it on the page, on whatever line, with a gap that no text
has. So a row's cells are told apart, an empty cell stays empty, and columns are straight without the page's own
emptiness.
"""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from extractor.documents.builder import Builder
from extractor.documents.placement.glyphs import Word
from extractor.documents.placement.lines import Line, Segment
from extractor.documents.placement.wrap import parted, whole

GAP = 3  # spaces between cells
_MOST_INDENT = 6
_MOST_CENTRED = 24
_LONG = 60  # characters: a longer text keeps no column free beside it on other lines
_UNIT = re.compile(r"[A-Za-z]{1,3}\.?$")  # CR, OD, EUR, kg
_NONE = (float("nan"),) * 4
_SAME = 1.5  # points: edges as close as that are one column's
_EXACT, _LINE = 0.05, 0.3  # of the size: how far baselines on one line are apart, at most
_STAGGER = 1.1  # of the size: a line that is no further down is none of its own
_ROOMY = 1.75  # times the usual distance of lines: a paragraph ends


@dataclass(slots=True)
class PlacedText:
    """A line of the text with its place: four fractions a character."""

    text: str
    boxes: array[float]
    confidence: float | None

    def add_to(self, into: Builder) -> None:
        """As a line of its own."""
        self.boxes.extend(_NONE)
        into.add(self.text + "\n", self.boxes, confidence=self.confidence)


def joined_lines(lines: Sequence[PlacedText]) -> tuple[str, array[float]]:
    """As one text, and four fractions a character of it."""
    boxes = array("f")
    for line in lines:
        boxes.extend(line.boxes)
        boxes.extend(_NONE)
    return "".join(f"{line.text}\n" for line in lines), boxes


def lines_of(segments: list[Segment]) -> list[Line]:
    """Segments of a region by the line they stand on."""
    lines: list[Line] = []
    exact = _gathered(segments, _EXACT)
    for number, line in enumerate(exact):
        following = exact[number + 1] if number + 1 < len(exact) else None
        if lines and (_near(lines[-1], line, _LINE) or _staggered(lines[-1], line, following)):
            lines[-1].segments += line.segments
        else:
            lines.append(line)
    for line in lines:
        line.segments.sort(key=lambda one: one.left)
    return lines


def _gathered(segments: list[Segment], slack: float) -> list[Line]:
    lines: list[Line] = []
    for one in sorted(segments, key=lambda one: one.base):
        line = Line([one], one.base, one.size)
        if lines and _near(lines[-1], line, slack):
            lines[-1].segments.append(one)
        else:
            lines.append(line)
    return lines


def _near(one: Line, other: Line, slack: float) -> bool:
    return other.base - one.base <= slack * min(one.size, other.size)


def _staggered(row: Line, line: Line, following: Line | None) -> bool:
    """Whether `line` is of the row before it, only printed a little lower, where that leaves room: too near to be a
    line below, and nearer than to the one that follows, or the figures that a row of many cells lacks."""
    step = line.base - row.base
    if step > _STAGGER * min(line.size, row.size) or _overlap(row, line):
        return False
    if following is None or following.base - line.base > 1.2 * step:
        return True
    return len(row.segments) >= 4 and len(following.segments) <= 2 and all(_is_figure(one) for one in line.segments)


def _overlap(one: Line, other: Line) -> bool:
    return any(a.left < b.right and b.left < a.right for a in one.segments for b in other.segments)


def placed(segments: list[Segment]) -> Iterator[PlacedText]:
    """The text of a region, a line at a time; an empty one where the page leaves room."""
    lines = _unbroken(lines_of(segments))
    columns = _columns([one for line in lines for one in line.segments])
    for line in lines:
        if len(line.segments) == 1 and _stands_alone(line.segments[0], lines):
            columns[id(line.segments[0])] = min(columns[id(line.segments[0])], _MOST_CENTRED)
    steps = [two.base - one.base for one, two in itertools.pairwise(lines)]
    usual = median(steps) if steps else 0.0
    for number, line in enumerate(lines):
        if number and steps[number - 1] > max(_ROOMY * usual, 1.8 * line.size):
            yield PlacedText("", array("f"), None)
        yield _text(line, columns)


def _stands_alone(one: Segment, lines: list[Line]) -> bool:
    """Whether it is in no column: a heading in the middle of the page."""
    return not any(
        abs(one.left - other.left) <= _SAME or abs(one.right - other.right) <= _SAME
        for line in lines
        if len(line.segments) > 1
        for other in line.segments
    )


def _text(line: Line, columns: dict[int, int]) -> PlacedText:
    text: list[str] = []
    boxes: array[float] = array("f")
    length = 0
    surest: list[float] = []
    for number, segment in enumerate(line.segments):
        pad = columns[id(segment)] - length
        if number:
            pad = max(pad, GAP)
        text.append(" " * pad)
        boxes.extend(_NONE * pad)
        length += pad
        for at, word in enumerate(segment.words):
            if at:
                text.append(" ")
                boxes.extend(_NONE)
                length += 1
            text.append(word.text)
            for glyph in word.glyphs:
                boxes.extend(glyph.box)
            length += len(word.text)
            if word.confidence is not None:
                surest.append(word.confidence)
    return PlacedText("".join(text), boxes, min(surest, default=None))


def _columns(segments: list[Segment]) -> dict[int, int]:
    """The column of the text in which each segment begins, by its id."""
    if not segments:
        return {}
    edge = min(one.left for one in segments)
    width = median(_width(one) for one in segments)
    by_left = sorted(segments, key=lambda one: one.left)
    waiting = sorted(segments, key=lambda one: one.right)
    columns: dict[int, int] = {}
    passed, reach = 0, 0  # what ends before the place we are at, and the furthest column any of it reaches
    at = 0
    while at < len(by_left):
        group = [by_left[at]]
        while at + len(group) < len(by_left) and by_left[at + len(group)].left - group[0].left <= _SAME:
            group.append(by_left[at + len(group)])
        while waiting[passed].right <= group[0].left + _SAME and id(waiting[passed]) in columns:
            reach = max(reach, columns[id(waiting[passed])] + min(waiting[passed].length, _LONG))
            passed += 1
        column = reach + GAP if passed else 0
        column = max(column, min(_MOST_INDENT, int((group[0].left - edge) / width + 0.3)))
        for one in group:
            columns[id(one)] = column
        at += len(group)
    _align_right(segments, columns)
    return columns


def _align_right(segments: list[Segment], columns: dict[int, int]) -> None:
    """Figures that end below each other do so in the text too."""
    numbers = sorted((one for one in segments if _is_figure(one)), key=lambda one: one.right)
    at = 0
    while at < len(numbers):
        group = [numbers[at]]
        while at + len(group) < len(numbers) and numbers[at + len(group)].right - group[-1].right <= 0.5 * _SAME:
            group.append(numbers[at + len(group)])
        at += len(group)
        if max(one.left for one in group) - min(one.left for one in group) <= _SAME:
            continue
        end = max(columns[id(one)] + one.length for one in group)
        for one in group:
            columns[id(one)] = end - one.length


def _is_figure(one: Segment) -> bool:
    text = _UNIT.sub("", "".join(word.text for word in one.words))
    return len(text) <= 20 and 2 * sum(char.isdigit() for char in text) >= len(text) > 0


def _width(one: Segment) -> float:
    return max((one.right - one.left) / max(one.length, 1), 0.5)


def _unbroken(lines: list[Line]) -> list[Line]:
    """Words that a hyphen parts at the end of a line of prose are made whole, on that line."""
    found: list[Line] = []
    for line in lines:
        last = found[-1] if found else None
        if last is not None and len(last.segments) == 1 and len(line.segments) == 1:
            one, other = last.segments[0], line.segments[0]
            if len(one.words) > 1 and not other.cell and parted(one.words[-1], other.words[0]):
                _take(one.words, other.words)
                if not other.words:
                    continue
        found.append(line)
    return found


def _take(words: list[Word], following: list[Word]) -> None:
    words[-1] = whole(words[-1], following.pop(0))
