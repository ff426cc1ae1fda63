"""Documents of the project's own kinds (invoice, receipt, ...), against the JSON Schemas of `schemas/`, word for word.

Which concept a field means is a table here; a field the table does not know is null in every answer.
"""

from __future__ import annotations

from functools import cache
from random import Random

from extractor.lab.training import builtin_parts as parts_of
from extractor.lab.training import layouts, lexicon, page
from extractor.lab.training.builtin_parts import TABLES
from extractor.lab.training.fields import JSON, AnswerPart, Leaf, object_answer, object_origins
from extractor.lab.training.lexicon import Concept, Split
from extractor.lab.training.open_fields import Maker
from extractor.lab.training.sources import Origin
from extractor.lab.training.values import PrintedValue
from schemas.registry import Registry

_FIELDS: dict[str, dict[str, str]] = TABLES["fields"]  # field -> "concept" or "concept/value kind"
_LABELS: dict[str, list[str]] = TABLES["labels"]
_HEADS: dict[str, list[str]] = TABLES["heads"]


@cache
def schema_of(kind: str) -> tuple[str, JSON]:
    """(description, JSON Schema) as the registry gives them."""
    schema = Registry.discover().get(kind)
    return schema.description, schema.json_schema


KINDS = tuple(_FIELDS)


def document(rng: Random, kind: str, split: Split, maker: Maker) -> tuple[str, JSON, str, str, list[Origin | None]]:
    """(description, schema, document, answer, what its values come from) of a built-in schema."""
    description, schema = schema_of(kind)
    maker.nullable, maker.absent = 1.0, rng.choice((0.1, 0.25, 0.5))
    symbol = maker.look.sign != "" and rng.random() < 0.8
    parts: dict[str, AnswerPart] = {}
    for key, meaning in _FIELDS[kind].items():
        leaf = _leaf(key, meaning, maker)
        if leaf:
            parts[key] = leaf
    chunks: list[list[str]] = []
    head: list[str] = [rng.choice(_HEADS[kind])] if rng.random() < 0.6 else []
    _special(rng, kind, maker, parts, chunks)
    _currency(rng, maker, parts, symbol)
    answered = _answered(schema, parts)
    answer, origins = object_answer(answered), object_origins(answered)
    bare = _bare(rng, kind, parts, head)
    leaves = [part for part in parts.values() if isinstance(part, Leaf) and not part.bare]
    pairs = page.pairs_of(leaves)
    if rng.random() < 0.5:
        rng.shuffle(pairs)
    money = [pair for leaf in leaves if leaf.kind == "amount" for pair in page.pairs_of([leaf])]
    if money and rng.random() < 0.6:  # totals stand together, below
        rest = [pair for pair in pairs if pair not in money]
        body = page.clusters(rng, rest, split)
        ends = [layouts.choose(rng, split.layouts)(rng, money)]
    else:
        body, ends = page.clusters(rng, pairs, split), []
    if rng.random() < 0.3:
        rng.shuffle(chunks)
    order = [head, *body, *chunks, *ends] if rng.random() < 0.7 else [head, *chunks, *body, *ends]
    text = page.assemble(rng, order, bare)
    return description, schema, text, answer, origins


def _leaf(key: str, meaning: str, maker: Maker) -> Leaf | None:
    name, _, kind = meaning.partition("/")
    known = lexicon.concepts().get(name)
    labels = known.labels if known else _LABELS[name]
    concept = Concept(name, kind or (known.value if known else "code"), [key], labels)
    maker.kinds.discard("name" if concept.value in ("person", "company") else concept.value)
    maker.keys.discard(key)
    return maker.concept_leaf(concept, key=key, note="")


def _currency(rng: Random, maker: Maker, parts: dict[str, AnswerPart], symbol: bool) -> None:
    """The currency is said by a label, by the signs of the amounts, or not at all."""
    leaf = parts.get("currency")
    amounts = [part for part in parts.values() if isinstance(part, Leaf) and part.kind == "amount" and part.value]
    signed = any(
        part.value
        and not part.value.printed.replace(" ", "").replace("'", "").replace(",", "").replace(".", "").isdigit()
        for part in amounts
    )
    if not isinstance(leaf, Leaf):
        return
    if signed or (amounts and symbol and maker.look.sign):
        leaf.value = PrintedValue(maker.look.currency, f'"{maker.look.currency}"')
        leaf.shown = rng.random() < 0.2
    elif rng.random() < 0.5:
        leaf.value = PrintedValue(maker.look.currency, f'"{maker.look.currency}"')
        leaf.shown = True
    else:
        leaf.value = None


def _bare(rng: Random, kind: str, parts: dict[str, AnswerPart], head: list[str]) -> bool:
    """What real documents print without a label: a shop's name, a person's name, above everything else; whether it did.
    What follows a name means nothing without one."""
    order = {
        "receipt": ("merchant", "address"),
        "resume": ("name", "headline"),
        "contact": ("title+name", "job_title", "company"),
    }
    if kind not in order or rng.random() < 0.3:
        return False
    if not _filled_leaf(parts.get("merchant" if kind == "receipt" else "name")):
        return False
    lines = [[leaf for name in key.split("+") if (leaf := _filled_leaf(parts.get(name)))] for key in order[kind]]
    for leaf in (leaf for leaves in lines for leaf in leaves):
        leaf.bare = True
    lines_of_values = [" ".join(leaf.value.printed for leaf in leaves if leaf.value) for leaves in lines if leaves]
    head[:] = [*lines_of_values, *head] if rng.random() < 0.8 else [*head, *lines_of_values]
    return True


def _filled_leaf(part: AnswerPart | None) -> Leaf | None:
    return part if isinstance(part, Leaf) and part.value else None


def _special(rng: Random, kind: str, maker: Maker, parts: dict[str, AnswerPart], chunks: list[list[str]]) -> None:
    if kind == "invoice":
        chunks.append(parts_of.party(rng, "seller", "seller", maker, parts))
        chunks.append(parts_of.party(rng, "buyer", "buyer", maker, parts))
        chunks.append(parts_of.items(rng, maker, parts, ("description", "quantity", "unit_price", "amount")))
    elif kind == "purchase_order":
        chunks.append(parts_of.party(rng, "buyer", "order_buyer", maker, parts))
        chunks.append(parts_of.party(rng, "supplier", "supplier", maker, parts))
        chunks.append(parts_of.items(rng, maker, parts, ("sku", "description", "quantity", "unit_price", "amount")))
    elif kind == "receipt":
        chunks.append(parts_of.items(rng, maker, parts, ("description", "quantity", "amount")))
    elif kind == "shipping_notice":
        chunks.append(parts_of.items(rng, maker, parts, ("sku", "description", "quantity")))
    elif kind == "contact":
        chunks += parts_of.contact(rng, maker, parts)
    elif kind == "resume":
        chunks += parts_of.resume(rng, maker, parts)
    elif kind == "support_ticket":
        chunks += parts_of.ticket(rng, maker, parts)


def _answered(schema: JSON, parts: dict[str, AnswerPart]) -> list[AnswerPart]:
    """The parts in the schema's order, one that is null for each field nobody filled."""
    ordered: list[AnswerPart] = []
    for key in schema["properties"]:
        part = parts.get(key)
        ordered.append(part or Leaf(key, "", "", None))
    return ordered
