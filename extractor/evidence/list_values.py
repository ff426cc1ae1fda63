"""Where the values of a list stand: one after the other, each in a place of its own. What is in the list more often
than in the document has no place the times that are too many.

The likeliest way through the document is looked for: each value behind the one before, near it or behind a label; a
value that is on no such way (the answer may be sorted) takes what is left of its own places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from extractor.evidence.occurrence import Occurrence

FindInList = Callable[[int, int], list[Occurrence]]  # the places of value n of the list, those behind an offset first

_WAYS = 12  # that are followed at a time
_NEXT = 4  # places behind the one before
_LEFT_OUT = 8.0  # as a power of two: characters that a value may stand away rather than nowhere on the way
_SOON = 0.01  # of values that are too many the last are left out
_BACKWARDS, _OFF, _LABELLED = 1.0, 0.5, 2.0
_NEAR, _LINE = 24, 200  # characters to the same value again; to the next line
_AT_LABEL = 3
_COMPARED = 200  # values with each other


@dataclass(frozen=True)
class _ValuePath:
    cost: float
    stop: int
    widest: int  # of the gaps so far
    last: tuple[int, Occurrence] | None
    before: _ValuePath | None


class ListValues:
    """`values` of one list; `label`: how far a place is behind a label of its, `labels.FAR` at most; `since`: where
    what came before it in the answer stands; all of it within `bounds`."""

    def __init__(
        self,
        text: str,
        values: Sequence[object],
        find: FindInList,
        label: Callable[[Occurrence], int],
        since: int,
        bounds: tuple[int, int],
    ) -> None:
        self._text, self._values, self._find, self._label = text, values, find, label
        self._since, self._bounds = since, bounds
        self._within = self._longer() if len(values) <= _COMPARED else []

    def occurrences(self) -> list[Occurrence]:
        """Empty for a value that has none."""
        ways = [_ValuePath(0.0, self._bounds[0], 0, None, None)]
        for at in range(len(self._values)):
            left_out = _LEFT_OUT + _SOON / (1 + at)
            further = [_ValuePath(way.cost + left_out, way.stop, way.widest, None, way) for way in ways]
            further += [on for way in ways for on in self._on(way, at)]
            best: dict[int, _ValuePath] = {}
            for way in sorted(further, key=lambda way: way.cost):
                best.setdefault(way.stop, way)
            ways = list(best.values())[:_WAYS]
        occurrences: list[Occurrence] = [()] * len(self._values)
        widest, way = ways[0].widest, ways[0]
        while way.before is not None:
            if way.last is not None:
                occurrences[way.last[0]] = way.last[1]
            way = way.before
        for at, occurrence in enumerate(occurrences):
            if not occurrence:
                occurrences[at] = self._left(at, occurrences, widest)
        return occurrences

    def _on(self, way: _ValuePath, at: int) -> list[_ValuePath]:
        """Where a way may go on."""
        if way.widest == 0 and way.stop == self._bounds[0]:  # nothing yet: it may begin anywhere
            return [
                _ValuePath(way.cost + self._begin(occurrence), occurrence[-1].stop, 0, (at, occurrence), way)
                for occurrence in self._candidates(at, self._since)
            ]
        ahead = sorted((one for one in self._candidates(at, way.stop) if one[0].start >= way.stop), key=_start)
        further = []
        for occurrence in ahead[:_NEXT]:
            gap, label = occurrence[0].start - way.stop, self._label(occurrence)
            again = self._values[at] in self._values[max(0, at - _COMPARED) : at]
            if again and not self._near(way.stop, occurrence, way.widest):
                continue
            cost = min(math.log2(1 + gap), math.log2(1 + label) + _LABELLED) + _OFF * occurrence[0].mismatch
            further.append(
                _ValuePath(way.cost + cost, occurrence[-1].stop, max(way.widest, gap), (at, occurrence), way)
            )
        return further

    def _begin(self, occurrence: Occurrence) -> float:
        start, _, off = occurrence[0]
        return math.log2(1 + self._label(occurrence)) + _OFF * off + _BACKWARDS * (start < self._since)

    def _left(self, at: int, occurrences: list[Occurrence], widest: int) -> Occurrence:
        """Of a value on no way: the place nearest to a label, then to the others, that is nobody's."""
        others = [fragment for occurrence in occurrences for fragment in occurrence]
        candidates = [
            occurrence
            for occurrence in self._candidates(at, self._since)
            if not any(one.start < other.stop and other.start < one.stop for one in occurrence for other in others)
        ]
        if any(where and self._values[other] == self._values[at] for other, where in enumerate(occurrences)):
            candidates = [
                occurrence for occurrence in candidates if self._gap(occurrence, others) <= max(_NEAR, widest)
            ]
        return min(
            candidates, key=lambda occurrence: (self._label(occurrence), self._gap(occurrence, others)), default=()
        )

    def _gap(self, occurrence: Occurrence, others: Sequence[tuple[int, int, int]]) -> int:
        start, stop = occurrence[0].start, occurrence[-1].stop
        return min((max(start - one[1], one[0] - stop) for one in others), default=0)

    def _near(self, stop: int, occurrence: Occurrence, widest: int) -> bool:
        """Whether the same value once more may stand there, and is no other mention of it."""
        start = occurrence[0].start
        next_line = start - stop <= _LINE and self._text.count("\n", stop, start) == 1
        return start - stop <= max(_NEAR, 2 * widest) or next_line or self._label(occurrence) <= _AT_LABEL

    def _candidates(self, at: int, since: int) -> list[Occurrence]:
        first, last = self._bounds
        found = [one for one in self._find(at, since) if first <= one[0].start and one[-1].stop <= last]
        return [one for one in found if not any(_is_within(one, longer) for longer in self._within)]

    def _longer(self) -> list[tuple[int, int]]:
        """Where values stand that have another as a part: `red wine`, where `red` is in the list too."""
        texts = [str(value).lower() for value in self._values]
        hold = [at for at, text in enumerate(texts) if any(text != other and other in text for other in texts)]
        return [(one[0].start, one[-1].stop) for at in hold for one in self._find(at, self._bounds[0])]


def _start(occurrence: Occurrence) -> int:
    return occurrence[0].start


def _is_within(occurrence: Occurrence, longer: tuple[int, int]) -> bool:
    start, stop = occurrence[0].start, occurrence[-1].stop
    return longer[0] <= start and stop <= longer[1] and stop - start < longer[1] - longer[0]
