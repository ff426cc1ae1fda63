"""Tasks for the bundled pair: a schema, a document and the answer, drawn from a seed.

`tasks(seed, split)` is endless and the same for the same seed. Layouts, labels and field names that the split holds out
never occur on the other side, by construction; values do so if they are short or of a kind that is not split
(`values.UNSPLIT`): see `unseen.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from extractor.lab.training import builtin_schemas, lexicon, lookalikes, naming, page, values
from extractor.lab.training.fields import JSON, AnswerPart, Leaf, object_answer, object_origins, object_schema
from extractor.lab.training.lexicon import TRAIN, Split
from extractor.lab.training.lookalikes import Lookalikes
from extractor.lab.training.open_fields import Maker
from extractor.lab.training.sources import Origin
from extractor.prompt.schema_text import fence, render_task


@dataclass(frozen=True)
class Task:
    """One extraction: what is asked, what is read, and the one right answer as compact JSON in schema order."""

    name: str
    description: str
    schema: JSON
    document: str
    answer: str
    kind: str  # "open", "words" or "builtin"
    origins: list[Origin | None] = field(default_factory=list)  # what each scalar of the answer comes from, in order

    def pieces(self) -> tuple[str, str, str]:
        """(task text with the opening fence, document, closing fence): each is tokenized by itself."""
        opening, body, closing = fence(self.document)
        return render_task(self.name, self.description, self.schema, []) + opening, body, closing


def drill(rng: Random, split: Split = TRAIN) -> Task:
    """Nothing but many short values, under labels of their own or in a table: the most look-ups a token can teach."""
    maker = Maker(rng, split, values.style(rng))
    if rng.random() < 0.5:
        maker.lookalikes = Lookalikes(rng, maker.look, split.values)
        some = rng.choices(lookalikes.KINDS, k=rng.randint(1, 3))
        kinds = rng.choices(some, k=14)
    else:
        kinds = rng.choices(_DRILLED, (10, 3, 4, 2, 1), k=14)
    leaves = [maker.leaf(kind) for kind in kinds[: rng.randint(3, 10)]]
    wanted = rng.randint(2, len(leaves)) if rng.random() < 0.4 else len(leaves)  # the others are printed all the same
    parts: list[AnswerPart] = [*leaves[:wanted]]
    chunks: list[list[str]] = []
    if rng.random() < 0.45:
        del parts[rng.choice((0, 0, 1, 2)) :]
        table = maker.table(rng.choices(kinds, k=rng.randint(2, 5)), rng.randint(2, 9))
        chunks.append(page.chunk(rng, table, split))
        parts.insert(rng.randint(0, len(parts)), table)
    pairs = page.pairs_of([part for part in parts if isinstance(part, Leaf)] + leaves[wanted:])
    rng.shuffle(pairs)
    chunks += page.clusters(rng, pairs, split, drill=True)
    rng.shuffle(chunks)
    document = "\n".join(line for lines in chunks for line in lines) or "-"
    return Task(
        rng.choice(_NAMES), "", object_schema(parts), document, object_answer(parts), "open", object_origins(parts)
    )


def task(rng: Random, split: Split = TRAIN, size: float = 1.0, own: float = 0.25) -> Task:
    """One task; `size` below 1 makes it small, above 1 long; 0 is a drill. `own`: the share of the project's own kinds
    among whole documents."""
    if not size:
        return drill(rng, split)
    upper = rng.random() < 0.07
    maker = Maker(rng, split, values.style(rng), upper)
    maker.nullable = rng.choice((0.0, 0.5, 0.5, 1.0))
    maker.absent = rng.choice((0.1, 0.3, 0.3, 0.6))
    draw = rng.random()
    if not split.names and draw < (own if size >= 1 else own / 4 if size >= 0.5 else 0.0):
        kind = rng.choice(builtin_schemas.KINDS)
        description, schema, document, answer, origins = builtin_schemas.document(rng, kind, split, maker)
        return Task(kind, description, schema, document, answer, "builtin", origins)
    words = not split.names and draw < 0.6
    parts = _parts(maker, words, size)
    extra: list[Leaf] = []
    for _ in range(rng.choice((0, 0, 1, 2, 3) if size >= 1 else (0, 0, 1))):
        leaf = _words(maker) if words else maker.open_leaf()
        if leaf:
            extra.append(leaf)
    document = page.page(rng, parts, extra, split)
    name = naming.keyify(rng, naming.open_label(rng, split.names)) if rng.random() < 0.5 else rng.choice(_NAMES)
    description = rng.choice(("", "", "", f"one {rng.choice(_NAMES)}", "what the document says"))
    kind = "words" if words else "open"
    return Task(name, description, object_schema(parts), document, object_answer(parts), kind, object_origins(parts))


_DRILLED = ("word", "int", "date", "amount", "percent")
_NAMES = (
    "record",
    "document",
    "entry",
    "form",
    "data",
    "details",
    "note",
    "sheet",
    "report",
    "letter",
    "message",
    "item",
)


def _words(maker: Maker) -> Leaf | None:
    concept = maker.rng.choice(list(lexicon.concepts().values()))
    return None if concept.value.startswith("list:") else maker.concept_leaf(concept)


def _parts(maker: Maker, words: bool, size: float) -> list[AnswerPart]:
    rng = maker.rng
    top = 2 if size < 0.5 else 4 if size < 1 else rng.choice((4, 6, 8, 12))
    parts: list[AnswerPart] = []
    for _ in range(rng.randint(1, top)):
        leaf = _words(maker) if words and rng.random() < 0.85 else maker.open_leaf()
        if leaf:
            parts.append(leaf)
    chance = 0.0 if size < 0.5 else 0.12 if size < 1 else 0.3
    if rng.random() < chance:
        parts.append(maker.group())
        if rng.random() < 0.3 and size >= 1:
            parts.append(maker.group())
    if rng.random() < chance * 1.2:
        parts.append(maker.rows(2 if size < 1 else 8 if size == 1 else 16))
    if rng.random() < chance * 0.7:
        parts.append(maker.listing())
    if not parts:
        parts.append(maker.open_leaf())
    rng.shuffle(parts)
    return parts


def tasks(seed: int, split: Split = TRAIN, size: float = 1.0) -> Iterator[Task]:
    """Endless; the same seed gives the same tasks."""
    rng = Random(f"{seed}/{split}/{size}")
    while True:
        yield task(rng, split, size)
