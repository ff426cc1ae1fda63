"""Which windows speak of a field, where a schema may be read in parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractor.schema_parts.part import holds
from extractor.schema_parts.planner import ReadingPlan
from extractor.windows.in_question import Likely, LikelyWindows
from extractor.windows.outcome import WindowOutcome
from extractor.windows.tree import Path
from schemas.errors import parts_of


def likely_windows(
    plan: ReadingPlan,
    outcomes: Sequence[WindowOutcome],
    texts: Mapping[int, str],
    pointers: Sequence[str],
    *,
    every: bool = False,
) -> Likely:
    """By the fields at `pointers`, of the `outcomes` that have `texts`, by number: those of the part of the schema that
    holds a field. With `every` those too whose text does not speak of it, last."""
    parts = []
    for number, part in enumerate(plan.parts):
        mine = [one for one in pointers if holds(part.tree, parts_of(one))]
        its = {at: text for at, text in texts.items() if outcomes[at].part == number}
        parts.append((part.tree, LikelyWindows(its, part.schema.json_schema, mine), list(its) if every else []))

    def likely(path: Path) -> list[int]:
        found = [at for tree, windows, rest in parts if holds(tree, path) for at in (*windows.for_field(path), *rest)]
        return list(dict.fromkeys(found))

    return likely
