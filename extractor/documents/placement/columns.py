"""The order in which a page is read: columns of prose one after the other, everything else line by line.

Only prose makes a column. Short texts beside each other (a table, a form, two addresses) are a row, and belong
together; sentences that fill their lines on both sides of a gutter are not.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import mean, median

from extractor.documents.placement.lines import Segment
from extractor.documents.placement.ruled import RuledLines

_LINES = 3  # of a block of prose at least
_LENGTH = 20  # characters of its lines
_WORDS = 3.0
_FULL = 0.8  # of the block's width: a line that is full
_SHARE_FULL = 0.6  # of its lines
_SAME_EDGE = 3.0  # points: lines that begin as near begin below each other
_EDGES = 6  # edges that are tried
_MARGIN_LINES = 8  # of a column that goes its own way, at least
_BESIDE = 0.2  # of the size: how near lines are that are one row
_FEW_BESIDE, _STEADY = 0.45, 0.7  # of the lines: fewer are beside others, or as far from them as the rest is
_NEXT, _HEADING = 1.0, 3.0  # of the size: how far from a column's prose a line, and a heading, is still the column's
_DEEPEST = 12  # columns within columns


class _Block:
    """Segments below each other, and the box around them."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments
        self.left = min(one.left for one in segments)
        self.right = max(one.right for one in segments)
        self.top = min(one.top for one in segments)
        self.bottom = max(one.bottom for one in segments)


def in_order(segments: list[Segment], rules: RuledLines, depth: int = 0) -> list[list[Segment]]:
    """Regions of the page in the order they are read; within each its lines are."""
    if depth >= _DEEPEST or len(segments) < 2 * _LINES:
        return [segments] if segments else []
    gutter = _gutter(segments, rules) or _margin(segments, rules)
    if gutter is None:
        return [segments]
    across, top, bottom = gutter
    above: list[Segment] = []
    left: list[Segment] = []
    right: list[Segment] = []
    below: list[Segment] = []
    for one in segments:
        middle = (one.top + one.bottom) / 2
        if middle < top:
            above.append(one)
        elif middle > bottom:
            below.append(one)
        else:
            (left if (one.left + one.right) / 2 < across else right).append(one)
    if not left or not right:
        return [segments]
    regions: list[list[Segment]] = []
    for part in (above, left, right, below):
        regions += in_order(part, rules, depth + 1)
    return regions


def _gutter(segments: list[Segment], rules: RuledLines) -> tuple[float, float, float] | None:
    """(x, top, bottom) of the strip between two columns of prose that is longest; None where there are none."""
    blocks = [block for block in _blocks(segments) if _is_prose(block)]
    best: tuple[float, float, float, float] | None = None
    for one in blocks:
        for other in blocks:
            overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
            size = one.segments[0].size
            if other.left <= one.right or overlap < 2 * size:
                continue
            across = (one.right + other.left) / 2
            down = (max(one.top, other.top) + min(one.bottom, other.bottom)) / 2
            top, bottom = _zone(segments, rules, across, down)
            least = max(2 * size, best[0] if best else 0.0)
            if bottom - top > least:  # only then is it worth a closer look, which makes it no longer
                top, bottom = _extent(segments, blocks, across, top, bottom)
            if bottom - top > least:
                best = bottom - top, across, top, bottom
    return best[1:] if best else None


def _zone(segments: list[Segment], rules: RuledLines, across: float, down: float) -> tuple[float, float]:
    """How far up and down from `down` nothing crosses `across`."""
    crossing = _crossing(segments, rules, across)
    top = max((bottom for _, bottom in crossing if bottom <= down), default=float("-inf"))
    bottom = min((top for top, _ in crossing if top >= down), default=float("inf"))
    if any(top < down < bottom for top, bottom in crossing):
        return down, down
    highest, lowest = min(one.top for one in segments), max(one.bottom for one in segments)
    return max(top, highest - 1), min(bottom, lowest + 1)


def _margin(segments: list[Segment], rules: RuledLines) -> tuple[float, float, float] | None:
    """The same of a column beside a page's text that goes its own way, as in the CVs of our days: its lines are not at
    the heights of the others. Rows of a table are."""
    begins = Counter(round(one.left / _SAME_EDGE) for one in segments)
    best: tuple[float, float, float] | None = None
    for edge, many in begins.most_common(_EDGES):
        if many < _MARGIN_LINES:
            break
        across = (edge - 1) * _SAME_EDGE
        top, bottom = _longest(segments, rules, across)
        inside = [one for one in segments if top <= (one.top + one.bottom) / 2 <= bottom]
        left, right = ([one for one in inside if (one.left < across) == side] for side in (True, False))
        if (best is None or bottom - top > best[2] - best[1]) and _go_their_own_ways(left, right):
            best = across, top, bottom
    return best


def _longest(segments: list[Segment], rules: RuledLines, across: float) -> tuple[float, float]:
    """The longest stretch in which nothing crosses `across`."""
    top, best = min(one.top for one in segments) - 1, (0.0, 0.0)
    end = max(one.bottom for one in segments) + 1
    for begin, stop in [*sorted(_crossing(segments, rules, across)), (end, end)]:
        best = max(best, (top, begin), key=lambda zone: zone[1] - zone[0])
        top = max(top, stop)
    return best


def _go_their_own_ways(left: list[Segment], right: list[Segment]) -> bool:
    """Whether both are columns of text, and few of their lines stand beside each other."""
    bases = [sorted({round(one.base) for one in side}) for side in (left, right)]
    few, many = sorted(bases, key=len)
    if len(few) < _MARGIN_LINES or not all(map(_is_worded, (left, right))):
        return False
    near = _BESIDE * median(one.size for one in left + right)
    steps = [_nearest(many, base) - base for base in few]
    usual = median(steps)  # rows whose cells stand a little higher on one side do so by the same everywhere
    beside = sum(abs(step) < near for step in steps)
    steady = sum(abs(step - usual) < near for step in steps)
    return beside < _FEW_BESIDE * len(few) and steady < _STEADY * len(few)


def _nearest(numbers: list[int], to: int) -> int:
    at = bisect_left(numbers, to)
    return min(numbers[max(at - 1, 0) : at + 1], key=lambda number: abs(number - to))


def _is_worded(side: list[Segment]) -> bool:
    text = "".join(word.text for one in side for word in one.words)
    return sum(char.isalpha() for char in text) >= 0.6 * len(text)


def _extent(
    segments: list[Segment], prose: list[_Block], across: float, top: float, bottom: float
) -> tuple[float, float]:
    """What of the strip from `top` to `bottom` has columns beside it: from the first line of their prose to the last,
    and what follows right behind it. A table, signatures or a footnote further down are below the columns."""
    strip = [block for block in prose if block.top < bottom and block.bottom > top]
    paired = [block for block in strip if any(_is_beside(block, other) for other in strip)]
    inside = [block for block in strip if any(_is_of_column(block, other) for other in paired)]
    if not inside:
        return top, bottom
    first, last = min(block.top for block in inside), max(block.bottom for block in inside)
    edges = [block.left for block in inside]
    ordered = sorted(segments, key=lambda one: one.top)
    for one in ordered:
        if last < one.bottom <= bottom and one.top - last < _reach(one, segments, across, edges):
            last = one.bottom
    for one in reversed(ordered):
        if top <= one.top < first and first - one.bottom < _reach(one, segments, across, edges):
            first = one.top
    return max(top, first - 1), min(bottom, last + 1)


def _reach(one: Segment, segments: list[Segment], across: float, edges: list[float]) -> float:
    """How far from columns that begin at `edges` a line may be to be a line of theirs: as far as headings are, where
    both sides have one; not at all, where it is a row of something else."""
    line = [one, *_beside(one, segments, across)]
    if len(line) == 1:
        return _NEXT * one.size
    return _HEADING * one.size if all(min(abs(each.left - edge) for edge in edges) < one.size for each in line) else 0.0


def _is_beside(one: _Block, other: _Block) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 2 * one.segments[0].size and (one.right < other.left or other.right < one.left)


def _is_of_column(one: _Block, other: _Block) -> bool:
    """Whether `one` is set as `other` is: as wide, and in letters as large."""
    size = other.segments[0].size
    return (
        abs(one.left - other.left) < 2 * size
        and abs(one.right - other.right) < 2 * size
        and abs(one.segments[0].size - size) < 0.1 * size
    )


def _beside(one: Segment, segments: list[Segment], across: float) -> list[Segment]:
    """What stands on its line on the other side of the gutter."""
    return [
        other
        for other in segments
        if abs(other.base - one.base) < 0.3 * one.size and (other.left > across) != (one.left > across)
    ]


def _crossing(segments: list[Segment], rules: RuledLines, across: float) -> list[tuple[float, float]]:
    """(top, bottom) of what does."""
    return [
        *((one.top, one.bottom) for one in segments if one.left < across < one.right),
        *((y, y) for y, left, right in rules.lying if left < across - 5 and across + 5 < right),
    ]


def _is_prose(block: _Block) -> bool:
    if len(block.segments) < _LINES:
        return False
    width = block.right - block.left
    full = sum(one.right - block.left >= _FULL * width for one in block.segments[:-1])
    text = "".join(word.text for one in block.segments for word in one.words)
    return (
        mean(one.length for one in block.segments) >= _LENGTH
        and mean(len(one.words) for one in block.segments) >= _WORDS
        and full >= _SHARE_FULL * (len(block.segments) - 1)
        and sum(char.isalpha() for char in text) >= 0.65 * len(text)
    )


def _blocks(segments: Sequence[Segment]) -> list[_Block]:
    """Segments right below each other. One with two below it, or above it, is linked to neither."""
    loose = [one for one in sorted(segments, key=lambda one: one.base) if not one.cell]
    below: dict[int, list[int]] = defaultdict(list)
    above: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(loose):
        for later in range(at + 1, len(loose)):
            other = loose[later]
            if other.top - one.bottom > 0.9 * one.size:
                break
            shared = min(one.right, other.right) - max(one.left, other.left)
            if (
                shared > 0.3 * min(one.right - one.left, other.right - other.left)
                and other.base - one.base > 0.5 * one.size
                and max(one.size, other.size) < 1.35 * min(one.size, other.size)
                and not any(_between(loose[step], one, other) for step in below[at])
            ):
                below[at].append(later)
                above[later].append(at)
    chain: dict[int, list[Segment]] = {}
    for at, one in enumerate(loose):
        before = above[at]
        if len(before) == 1 and len(below[before[0]]) == 1:
            chain[at] = chain[before[0]]
            chain[at].append(one)
        else:
            chain[at] = [one]
    return [_Block(list(each)) for each in {id(each): each for each in chain.values()}.values()]


def _between(step: Segment, one: Segment, other: Segment) -> bool:
    """Whether `step`, right below `one`, stands between it and `other`."""
    return other.base - step.base > 0.5 * one.size and min(step.right, other.right) > max(step.left, other.left)
