"""Occurrences that are a part of another value's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal
from itertools import accumulate

from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.scalars import Scalar
from extractor.evidence.structure import row_of


def apart(found: list[Scalar], occurrences: list[Occurrence]) -> list[Occurrence]:
    """`occurrences` without numbers that are part of a text of another row: the `1` of `Milk 1l` is no count."""
    pairs = list(zip(found, occurrences, strict=True))
    texts = sorted((*where[0][:2], at) for at, (one, where) in enumerate(pairs) if where and isinstance(one.value, str))
    kept: list[Occurrence] = []
    for one, where in pairs:
        if where and isinstance(one.value, int | Decimal) and not isinstance(one.value, bool):
            start, stop, _ = where[0]
            behind = bisect_right(texts, start, key=lambda text: text[0])
            first, last, at = texts[behind - 1] if behind else (0, 0, 0)
            if last >= stop and last - first > stop - start and row_of(found[at]) != row_of(one):
                where = ()
        kept.append(where)
    return kept


def not_within(likely: list[list[Occurrence]]) -> list[list[Occurrence]]:
    """Without places that are a part of another value's (a town in a name), where a value has others."""
    spans = sorted((fragment.start, fragment.stop) for each in likely for occurrence in each for fragment in occurrence)
    stops = list(accumulate((stop for _, stop in spans), max))

    def within(fragment: Fragment) -> bool:
        before = bisect_left(spans, (fragment.start, 0))
        beside = bisect_right(spans, (fragment.start, fragment.stop))
        longer = beside < len(spans) and spans[beside][0] == fragment.start
        return longer or (before > 0 and stops[before - 1] >= fragment.stop)

    return [[occurrence for occurrence in each if not within(occurrence[0])] or each for each in likely]
