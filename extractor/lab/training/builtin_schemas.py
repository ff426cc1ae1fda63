"""Documents of the project's own kinds (invoice, receipt, ...), against the JSON Schemas of `schemas/`, word for word.

Which concept a field means is a table here; a field the table does not know is null in every answer.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from random import Random

from extractor.lab.training import layouts, lexicon, page, tables, texts, values
from extractor.lab.training.fields import JSON, Group, Leaf, Listing, Part, Rows, object_answer, object_origins
from extractor.lab.training.lexicon import Concept, Split
from extractor.lab.training.open_fields import Maker
from extractor.lab.training.sources import Origin
from extractor.lab.training.values import Value
from schemas.registry import Registry

_TABLES: JSON = json.loads((files("extractor.lab.training") / "data" / "kinds.json").read_text("utf-8"))
_FIELDS: dict[str, dict[str, str]] = _TABLES["fields"]  # field -> "concept" or "concept/value kind"
_LABELS: dict[str, list[str]] = _TABLES["labels"]
_PARTY: dict[str, list[str]] = _TABLES["party"]
_HEADS: dict[str, list[str]] = _TABLES["heads"]
_TITLES: dict[str, list[str]] = _TABLES["titles"]
_ITEM: dict[str, str] = _TABLES["item"]
_REFUND: dict[str, list[str]] = _TABLES["refund"]
_LINES: list[str] = _TABLES["lines"]


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
    parts: dict[str, Part] = {}
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
    made = page.assemble(rng, order, bare)
    return description, schema, made, answer, origins


def _leaf(key: str, meaning: str, maker: Maker) -> Leaf | None:
    name, _, kind = meaning.partition("/")
    known = lexicon.concepts().get(name)
    labels = known.labels if known else _LABELS[name]
    concept = Concept(name, kind or (known.value if known else "code"), [key], labels)
    maker.kinds.discard("name" if concept.value in ("person", "company") else concept.value)
    maker.keys.discard(key)
    return maker.concept_leaf(concept, key=key, note="")


def _currency(rng: Random, maker: Maker, parts: dict[str, Part], symbol: bool) -> None:
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
        leaf.value = Value(maker.look.currency, f'"{maker.look.currency}"')
        leaf.shown = rng.random() < 0.2
    elif rng.random() < 0.5:
        leaf.value = Value(maker.look.currency, f'"{maker.look.currency}"')
        leaf.shown = True
    else:
        leaf.value = None


def _bare(rng: Random, kind: str, parts: dict[str, Part], head: list[str]) -> bool:
    """What real documents print without a label: a shop's name, a person's name, above everything else; whether it did.
    What follows a name means nothing without one."""
    order = {
        "receipt": ("merchant", "address"),
        "resume": ("name", "headline"),
        "contact": ("title+name", "job_title", "company"),
    }
    if kind not in order or rng.random() < 0.3:
        return False
    if not _said(parts.get("merchant" if kind == "receipt" else "name")):
        return False
    lines = [[leaf for name in key.split("+") if (leaf := _said(parts.get(name)))] for key in order[kind]]
    for leaf in (leaf for leaves in lines for leaf in leaves):
        leaf.bare = True
    made = [" ".join(leaf.value.printed for leaf in leaves if leaf.value) for leaves in lines if leaves]
    head[:] = [*made, *head] if rng.random() < 0.8 else [*head, *made]
    return True


def _said(part: Part | None) -> Leaf | None:
    return part if isinstance(part, Leaf) and part.value else None


def _special(rng: Random, kind: str, maker: Maker, parts: dict[str, Part], chunks: list[list[str]]) -> None:
    if kind == "invoice":
        chunks.append(_party(rng, "seller", "seller", maker, parts))
        chunks.append(_party(rng, "buyer", "buyer", maker, parts))
        chunks.append(_items(rng, maker, parts, ("description", "quantity", "unit_price", "amount")))
    elif kind == "purchase_order":
        chunks.append(_party(rng, "buyer", "order_buyer", maker, parts))
        chunks.append(_party(rng, "supplier", "supplier", maker, parts))
        chunks.append(_items(rng, maker, parts, ("sku", "description", "quantity", "unit_price", "amount")))
    elif kind == "receipt":
        chunks.append(_items(rng, maker, parts, ("description", "quantity", "amount")))
    elif kind == "shipping_notice":
        chunks.append(_items(rng, maker, parts, ("sku", "description", "quantity")))
    elif kind == "contact":
        chunks += _contact(rng, maker, parts)
    elif kind == "resume":
        chunks += _resume(rng, maker, parts)
    elif kind == "support_ticket":
        wants = rng.random() < 0.4
        said = rng.choice(_REFUND["asked" if wants else "not"])
        story = [texts.sentence(rng) for _ in range(rng.randint(0, 3))]
        parts["refund_requested"] = Leaf(
            "refund_requested", "bool", "", Value("", "true" if wants else "false"), shown=False
        )
        chunks.append([line for line in [*story, said] if line])
        names = list(dict.fromkeys(texts.filename(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))))
        parts["attachments"] = Listing("attachments", "", [values.text(name) for name in names])
        if names:
            chunks.append(
                tables.listed(
                    rng,
                    rng.choice("Attachments;Attached;Files;Anhang;Anhänge;Attached files;Pièces jointes".split(";")),
                    names,
                    maker.split.layouts,
                )
            )
        for required in ("category",):
            leaf = parts.get(required)
            if isinstance(leaf, Leaf) and leaf.value is None:
                leaf.value = maker.enum(lexicon.enum("ticketcat"))


def _party(rng: Random, key: str, labels: str, maker: Maker, parts: dict[str, Part]) -> list[str]:
    """A block of name, address and tax number under a heading, or with labels."""
    if rng.random() < 0.08:
        parts[key] = Group(key, "", [], absent=True)
        return []
    label = maker.label(rng.choice(_PARTY[labels]))
    name = Leaf("name", "company", "", maker.value("company" if rng.random() < 0.85 else "person"))
    where, tax = rng.random() < 0.75, rng.random() < 0.4
    address = Leaf("address", "address", "", maker.value("address") if where else None)
    number = Leaf("tax_id", "code", rng.choice(_PARTY["tax_id"]), maker.value("code") if tax else None)
    parts[key] = Group(key, label, [name, address, number])
    printed = name.value.printed if name.value else ""
    lines = [f"{label}: {printed}"] if rng.random() < 0.6 else [label + rng.choice((":", "")), printed]
    if address.value:
        text = address.value.printed
        draw = rng.random()
        if draw < 0.3:
            lines[-1] += f", {text}"
        elif draw < 0.6:
            lines += text.split(", ")
        else:
            lines.append(text if draw < 0.85 else f"{rng.choice(_PARTY['address'])}: {text}")
    if number.value:
        lines.append(f"{number.label}{rng.choice((': ', ' '))}{number.value.printed}")
    return lines


def _items(rng: Random, maker: Maker, parts: dict[str, Part], keys: tuple[str, ...]) -> list[str]:
    inner = Maker(rng, maker.split, maker.look, maker.upper, nullable=0.0)
    given = {key for key in keys if key == "description" or rng.random() < 0.8}
    plain = rng.random() < 0.4  # lines without a header
    if plain and "unit_price" in given and "amount" not in given:
        given = given - {"unit_price"} | {"amount"}  # nobody could tell a lone price from a lone amount
    columns = [leaf for key in keys if (leaf := inner.concept_leaf(lexicon.concepts()[_ITEM[key]], key=key, note=""))]
    count = rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6))
    made = [[inner.value(leaf.kind) if leaf.key in given else None for leaf in columns] for _ in range(count)]
    rows = parts["items"] = Rows(
        "items", rng.choice("Items;Positions;Positionen;Articles;Details;Contents;Lines".split(";")), columns, made
    )
    if not made:
        return []
    if plain:
        return [
            _item_line(rng, {leaf.key: cell for leaf, cell in zip(columns, row, strict=True) if cell}) for row in made
        ]
    shown = [i for i, leaf in enumerate(columns) if leaf.key in given]
    some = Rows("items", rows.label, [columns[i] for i in shown], [[row[i] for i in shown] for row in made])
    return page.chunk(rng, some, maker.split)


def _item_line(rng: Random, row: dict[str, Value]) -> str:
    """One line of items as receipts print them, no header above; what is missing leaves no trace."""
    line = rng.choice(_LINES)
    cells = {"d": "description", "q": "quantity", "u": "unit_price", "a": "amount"}
    for mark, key in cells.items():
        cell = row.get(key)
        if cell:
            if "{" + mark + "}" not in line:
                line += f"  {cell.printed}" if mark != "q" else ""
                line = f"{cell.printed} x {line}" if mark == "q" else line
            line = line.replace("{" + mark + "}", cell.printed)
    for left in (
        "{q} x ",
        "{q}x ",
        " x{q}",
        "{q} x",
        " x {u}",
        " @ {u}",
        "x {u}",
        " = {a}",
        ": {a}",
        "{q}",
        "{u}",
        "{a}",
        "{d}",
    ):
        line = line.replace(left, "")
    sku = row.get("sku")
    return f"{sku.printed}  {line.strip(' ,')}" if sku else line.strip(" ,=:")


def _contact(rng: Random, maker: Maker, parts: dict[str, Part]) -> list[list[str]]:
    kinds = lexicon.enum("phonekind")
    kind = Leaf("kind", "enum", "", None, {"type": "string", "enum": list(kinds)}, nullable=True)
    number = Leaf("number", "phone", "", None)
    chosen = rng.sample(list(kinds), rng.choice((0, 1, 1, 2, 2, 3)))
    rows: list[list[Value | None]] = []
    lines = []
    for name in chosen:
        phone = maker.value("phone")
        named = rng.random() < 0.75
        rows.append([Value(name, f'"{name}"') if named else None, phone])
        lines.append(
            rng.choice(kinds[name] if named else ["Tel.", "Phone", "T", "Telefon"])
            + rng.choice((": ", " ", ". "))
            + phone.printed
        )
    parts["phones"] = Rows("phones", "", [kind, number], rows)
    if rng.random() < 0.3:
        parts["address"] = Group("address", "", [], absent=True)
        return [lines]
    drawn = {
        name: maker.value(value)
        for name, value in (("street", "street"), ("postal_code", "zip"), ("city", "city"), ("country", "country"))
    }
    if rng.random() < 0.5:
        del drawn["country"]
    order = ("street", "postal_code", "city", "country")
    parts["address"] = Group("address", "", [Leaf(name, "", "", drawn.get(name)) for name in order])
    place = f"{drawn['postal_code'].printed} {drawn['city'].printed}"
    where = [drawn["street"].printed, place, *([drawn["country"].printed] if "country" in drawn else [])]
    return [lines, where if rng.random() < 0.5 else [", ".join(where)]]


def _resume(rng: Random, maker: Maker, parts: dict[str, Part]) -> list[list[str]]:
    jobs: list[list[Value | None]] = []
    lines: list[str] = [rng.choice(_TITLES["experience"])]
    form = rng.randrange(4)
    for _ in range(rng.choice((0, 1, 2, 2, 3))):
        title, employer = maker.value("job"), maker.value("company")
        start, end = maker.value("year_month"), maker.value("year_month") if rng.random() < 0.7 else None
        until = end.printed if end else rng.choice(("today", "present", "now", "heute", "aujourd'hui", "actualidad"))
        jobs.append([title, employer, start, end])
        dash = rng.choice((" - ", " – ", "–", " to "))
        span = f"{start.printed}{dash}{until}"
        lines += (
            [f"{span}: {title.printed}, {employer.printed}"],
            [f"{title.printed} at {employer.printed} ({span})"],
            [f"{title.printed}, {employer.printed}", span],
            [f"{span}  {title.printed}", employer.printed],
        )[form]
    columns = [Leaf(key, "", "", None) for key in ("title", "employer", "start", "end")]
    parts["experience"] = Rows("experience", "", columns, jobs)
    made = [lines] if jobs else []
    degrees: list[list[Value | None]] = []
    lines = [rng.choice(_TITLES["education"])]
    form = rng.randrange(3)
    for _ in range(rng.choice((0, 1, 1, 2))):
        degree, school, year = maker.value("degree"), maker.value("school"), maker.value("year")
        degrees.append([degree, school, year])
        lines.append(
            (
                f"{year.printed} {degree.printed}, {school.printed}",
                f"{degree.printed}, {school.printed}, {year.printed}",
                f"{degree.printed} - {school.printed} ({year.printed})",
            )[form]
        )
    parts["education"] = Rows(
        "education", "", [Leaf(key, "", "", None) for key in ("degree", "school", "year")], degrees
    )
    made += [lines] if degrees else []
    skills = rng.sample(lexicon.small("skill"), rng.choice((0, 2, 3, 4, 5)))
    parts["skills"] = Listing("skills", "", [values.text(skill) for skill in skills])
    if skills:
        made.append(tables.listed(rng, rng.choice(_TITLES["skills"]), skills, maker.split.layouts))
    levels = lexicon.enum("level")
    spoken = rng.sample(lexicon.small("language"), rng.choice((0, 1, 2, 3)))
    rows: list[list[Value | None]] = []
    told = []
    for name in spoken:
        level = rng.choice([*levels, None])
        rows.append([values.text(name), Value(level, f'"{level}"') if level else None])
        told.append(f"{name} ({rng.choice(levels[level])})" if level else name)
    parts["languages"] = Rows("languages", "", [Leaf(key, "", "", None) for key in ("name", "level")], rows)
    if spoken:
        made.append(tables.listed(rng, rng.choice(_TITLES["languages"]), told, maker.split.layouts))
    return made


def _answered(schema: JSON, parts: dict[str, Part]) -> list[Part]:
    """The parts in the schema's order, one that is null for each field nobody filled."""
    ordered: list[Part] = []
    for key in schema["properties"]:
        part = parts.get(key)
        ordered.append(part or Leaf(key, "", "", None))
    return ordered
