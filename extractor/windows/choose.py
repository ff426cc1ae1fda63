"""Which windows are read where all of them would be too many: for each part of the schema the first, and those that
have most to do with its fields, each field in turn. Pure, and the same for the same document and schema, so that a
document that is read again is read in the same windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from extractor.documents import Document
from extractor.windows.cut import Cutter
from extractor.windows.rank import WindowRanking, wanted_by
from extractor.windows.speaks_for import Terms, fields_of, weighed
from extractor.windows.terms import DocumentTerms
from extractor.windows.wordless import wordless

JSON = dict[str, Any]

_BESIDE = 0.25  # of the score of a window beside it


def left_out(
    document: Document, cutters: Sequence[Cutter], json_schemas: Sequence[JSON], most: int
) -> list[frozenset[int]]:
    """Of the windows of each part of the schema, by number, those that are not read, so that `most` at most are.
    `cutters[i]` is the document as `json_schemas[i]` is asked of it; there are no more than `most` of them."""
    if sum(len(cutter.windows) for cutter in cutters) <= most:
        return [frozenset()] * len(cutters)
    by_cutter = {cutter: _worded(document, cutter) for cutter in cutters}
    worded = [by_cutter[cutter] for cutter in cutters]
    fields = _by_part([fields_of(one) for one in json_schemas])
    wanted, terms_of = wanted_by(terms for part in fields for terms in part), DocumentTerms(document.text)
    rankings = {cutter: WindowRanking([terms_of.window(one) for one in cutter.windows], wanted) for cutter in by_cutter}
    shares = shared([len(some) for some in worded], most)
    found = []
    for cutter, candidates, part, share in zip(cutters, worded, fields, shares, strict=True):
        scores = [beside(rankings[cutter].scores(terms)) for terms in part]
        found.append(frozenset(candidates) - set(best(candidates, scores, share)))
    return found


def _by_part(fields: Sequence[Sequence[Terms]]) -> list[list[Terms]]:
    """Weighed among those of all parts."""
    all_of_them = iter(weighed([terms for part in fields for terms in part]))
    return [list(islice(all_of_them, len(part))) for part in fields]


def _worded(document: Document, cutter: Cutter) -> list[int]:
    """The windows that hold a word; the others are not read anyhow."""
    return [at for at, one in enumerate(cutter.windows) if not wordless(document.text, one.fresh, one.stop)]


def shared(wanted: Sequence[int], most: int) -> list[int]:
    """`most` windows for parts that want so many each: alike, and what one does not need is the others'."""
    given = [0] * len(wanted)
    left = most
    for turn, at in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        given[at] = min(wanted[at], left // (len(wanted) - turn))
        left -= given[at]
    return given


def beside(scores: Sequence[float]) -> list[float]:
    """With a share of those of the windows before and behind: what a field asks for may go on over a seam."""
    padded = [0.0, *scores, 0.0]
    return [score + _BESIDE * (padded[at] + padded[at + 2]) for at, score in enumerate(scores)]


def best(candidates: Sequence[int], scores: Sequence[Sequence[float]], most: int) -> list[int]:
    """`most` of these windows, in order. `scores[i]` are those of all windows for a field. The best for any field come
    before the first of the document, that before the second for any field, and what has to do with none comes last."""
    ranked = dict.fromkeys(_in_turns(candidates, scores))
    some = list(dict.fromkeys([*ranked, *candidates]))
    if most > 1 and candidates[0] not in some[:most]:
        some = [*some[: most - 1], candidates[0]]
    return sorted(some[:most])


def _in_turns(candidates: Sequence[int], scores: Sequence[Sequence[float]]) -> Iterator[int]:
    """Each field's best, then each one's second, and so on."""
    ranks = [
        sorted((at for at in candidates if own[at] > 0), key=lambda at, own=own: (-own[at], at))  # type: ignore[misc]
        for own in scores
    ]
    for place in range(max(map(len, ranks), default=0)):
        yield from (rank[place] for rank in ranks if place < len(rank))
