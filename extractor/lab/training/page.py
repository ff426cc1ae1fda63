"""A page from its parts: layouts, headings, tables, lists and the noise around them, in some order.

What a part says is printed once; noise says nothing of any field. Knows nothing of schemas or tokens.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from extractor.lab.training import layouts, lexicon, tables, texts
from extractor.lab.training.fields import AnswerPart, FieldGroup, Leaf, Listing, RowsPart
from extractor.lab.training.lexicon import Split
from extractor.lab.training.sentences import LabelledValue


def pairs_of(leaves: list[Leaf]) -> list[LabelledValue]:
    return [(leaf.label, leaf.value.printed) for leaf in leaves if leaf.value and leaf.shown]


def page(rng: Random, parts: list[AnswerPart], extra: list[Leaf], split: Split) -> str:
    """The document: `extra` leaves are printed too, though no field asks for them."""
    leaves = [part for part in parts if isinstance(part, Leaf)]
    pairs = pairs_of(leaves + extra)
    if rng.random() < 0.75:
        rng.shuffle(pairs)
    chunks = clusters(rng, pairs, split)
    chunks += [chunk(rng, part, split) for part in parts if not isinstance(part, Leaf)]
    if rng.random() < 0.7:
        rng.shuffle(chunks)
    return assemble(rng, chunks)


def clusters(rng: Random, pairs: list[LabelledValue], split: Split, drill: bool = False) -> list[list[str]]:
    """`pairs` in one to three layouts; in a drill more often in those that are hard to read."""
    if not pairs:
        return []
    count = min(len(pairs), rng.choice((1, 1, 1, 2, 2, 3)))
    cuts = sorted(rng.sample(range(1, len(pairs)), count - 1)) if count > 1 else []
    bounds = [0, *cuts, len(pairs)]
    spans = pairwise(bounds)
    hard = drill and not split.layouts and rng.random() < 0.5
    return [layouts.choose(rng, split.layouts, hard)(rng, pairs[a:b]) for a, b in spans]


def chunk(rng: Random, part: AnswerPart, split: Split) -> list[str]:
    """A group, table or list with its heading."""
    if isinstance(part, FieldGroup):
        inner = pairs_of(part.children)
        if part.absent or not inner:
            return []
        if rng.random() < 0.2 and not split.layouts:
            return layouts.choose(rng, False)(rng, [(f"{part.label} {label}", text) for label, text in inner])
        return [_heading(rng, part.label, split), *layouts.choose(rng, split.layouts)(rng, inner)]
    if isinstance(part, RowsPart):
        if not part.rows:
            return []
        order = list(range(len(part.columns)))
        if rng.random() < 0.5:
            rng.shuffle(order)
        head = [part.columns[i].label for i in order]
        cells = [[v.printed if (v := row[i]) else rng.choice(("-", "-", "n/a")) for i in order] for row in part.rows]
        table = tables.choose_table(rng, split.layouts)(rng, head, cells)
        return [_heading(rng, part.label, split), *table] if rng.random() < 0.6 else table
    if isinstance(part, Listing):
        return (
            tables.listed(rng, part.label, [item.printed for item in part.items], split.layouts) if part.items else []
        )
    return []


def _heading(rng: Random, label: str, split: Split) -> str:
    if split.layouts:
        return rng.choice((f"<< {label} >>", f"~ {label} ~"))
    return rng.choice(
        (label, f"{label}:", f"## {label}", f"{label.upper()}", f"[{label}]", f"--- {label} ---", f"**{label}**")
    )


def noise(rng: Random) -> str:
    """A line that says nothing any schema asks for."""
    draw = rng.random()
    if draw < 0.65:
        return rng.choice(lexicon.lines("lines.txt"))
    return texts.sentence(rng) if draw < 0.85 else texts.phrase(rng).upper()


def assemble(rng: Random, chunks: list[list[str]], bare: bool = False) -> str:
    """The lines of a page. `bare`: it begins with values that have no label, so nothing else stands before them."""
    lines: list[str] = [] if bare else [noise(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    gap = rng.random() < 0.6
    for some in chunks:
        if lines and some and gap:
            lines.append("")
        lines += some
        if rng.random() < 0.15:
            lines.append(noise(rng))
    if lines and gap:
        lines.append("")
    lines += [noise(rng) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    return "\n".join(lines).strip("\n")
