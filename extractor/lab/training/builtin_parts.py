"""What documents of the built-in schemas hold beside labelled values: parties, items, phones, jobs, attachments. Each
function adds its parts to the answer and returns the lines that print them.
"""

from __future__ import annotations

import json
from importlib.resources import files
from random import Random

from extractor.lab.training import lexicon, page, tables, texts, values
from extractor.lab.training.fields import JSON, AnswerPart, FieldGroup, Leaf, Listing, RowsPart
from extractor.lab.training.open_fields import Maker
from extractor.lab.training.values import PrintedValue

TABLES: JSON = json.loads((files("extractor.lab.training") / "data" / "kinds.json").read_text("utf-8"))
_PARTY: dict[str, list[str]] = TABLES["party"]
_TITLES: dict[str, list[str]] = TABLES["titles"]
_ITEM: dict[str, str] = TABLES["item"]
_REFUND: dict[str, list[str]] = TABLES["refund"]
_LINES: list[str] = TABLES["lines"]
_ATTACHMENTS = "Attachments;Attached;Files;Anhang;Anhänge;Attached files;Pièces jointes".split(";")


def party(rng: Random, key: str, labels: str, maker: Maker, parts: dict[str, AnswerPart]) -> list[str]:
    """A block of name, address and tax number under a heading, or with labels."""
    if rng.random() < 0.08:
        parts[key] = FieldGroup(key, "", [], absent=True)
        return []
    label = maker.label(rng.choice(_PARTY[labels]))
    name = Leaf("name", "company", "", maker.value("company" if rng.random() < 0.85 else "person"))
    where, tax = rng.random() < 0.75, rng.random() < 0.4
    address = Leaf("address", "address", "", maker.value("address") if where else None)
    number = Leaf("tax_id", "code", rng.choice(_PARTY["tax_id"]), maker.value("code") if tax else None)
    parts[key] = FieldGroup(key, label, [name, address, number])
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


def items(rng: Random, maker: Maker, parts: dict[str, AnswerPart], keys: tuple[str, ...]) -> list[str]:
    inner = Maker(rng, maker.split, maker.look, maker.upper, nullable=0.0)
    given = {key for key in keys if key == "description" or rng.random() < 0.8}
    plain = rng.random() < 0.4  # lines without a header
    if plain and "unit_price" in given and "amount" not in given:
        given = given - {"unit_price"} | {"amount"}  # nobody could tell a lone price from a lone amount
    columns = [leaf for key in keys if (leaf := inner.concept_leaf(lexicon.concepts()[_ITEM[key]], key=key, note=""))]
    count = rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 6))
    cells = [[inner.value(leaf.kind) if leaf.key in given else None for leaf in columns] for _ in range(count)]
    rows = parts["items"] = RowsPart(
        "items", rng.choice("Items;Positions;Positionen;Articles;Details;Contents;Lines".split(";")), columns, cells
    )
    if not cells:
        return []
    if plain:
        return [
            _item_line(rng, {leaf.key: cell for leaf, cell in zip(columns, row, strict=True) if cell}) for row in cells
        ]
    shown = [i for i, leaf in enumerate(columns) if leaf.key in given]
    some = RowsPart("items", rows.label, [columns[i] for i in shown], [[row[i] for i in shown] for row in cells])
    return page.chunk(rng, some, maker.split)


def _item_line(rng: Random, row: dict[str, PrintedValue]) -> str:
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


def contact(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[list[str]]:
    kinds = lexicon.enum("phonekind")
    kind = Leaf("kind", "enum", "", None, {"type": "string", "enum": list(kinds)}, nullable=True)
    number = Leaf("number", "phone", "", None)
    chosen = rng.sample(list(kinds), rng.choice((0, 1, 1, 2, 2, 3)))
    rows: list[list[PrintedValue | None]] = []
    lines = []
    for name in chosen:
        phone = maker.value("phone")
        named = rng.random() < 0.75
        rows.append([PrintedValue(name, f'"{name}"') if named else None, phone])
        lines.append(
            rng.choice(kinds[name] if named else ["Tel.", "Phone", "T", "Telefon"])
            + rng.choice((": ", " ", ". "))
            + phone.printed
        )
    parts["phones"] = RowsPart("phones", "", [kind, number], rows)
    if rng.random() < 0.3:
        parts["address"] = FieldGroup("address", "", [], absent=True)
        return [lines]
    drawn = {
        name: maker.value(value)
        for name, value in (("street", "street"), ("postal_code", "zip"), ("city", "city"), ("country", "country"))
    }
    if rng.random() < 0.5:
        del drawn["country"]
    order = ("street", "postal_code", "city", "country")
    parts["address"] = FieldGroup("address", "", [Leaf(name, "", "", drawn.get(name)) for name in order])
    place = f"{drawn['postal_code'].printed} {drawn['city'].printed}"
    where = [drawn["street"].printed, place, *([drawn["country"].printed] if "country" in drawn else [])]
    return [lines, where if rng.random() < 0.5 else [", ".join(where)]]


def resume(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[list[str]]:
    return [
        chunk
        for chunk in (
            _experience(rng, maker, parts),
            _education(rng, maker, parts),
            _skills(rng, maker, parts),
            _languages(rng, maker, parts),
        )
        if chunk
    ]


def _experience(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[str]:
    jobs: list[list[PrintedValue | None]] = []
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
    parts["experience"] = _rows("experience", ("title", "employer", "start", "end"), jobs)
    return lines if jobs else []


def _education(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[str]:
    degrees: list[list[PrintedValue | None]] = []
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
    parts["education"] = _rows("education", ("degree", "school", "year"), degrees)
    return lines if degrees else []


def _skills(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[str]:
    skills = rng.sample(lexicon.small("skill"), rng.choice((0, 2, 3, 4, 5)))
    parts["skills"] = Listing("skills", "", [values.text(skill) for skill in skills])
    return tables.listed(rng, rng.choice(_TITLES["skills"]), skills, maker.split.layouts) if skills else []


def _languages(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[str]:
    levels = lexicon.enum("level")
    spoken = rng.sample(lexicon.small("language"), rng.choice((0, 1, 2, 3)))
    rows: list[list[PrintedValue | None]] = []
    printed = []
    for name in spoken:
        level = rng.choice([*levels, None])
        rows.append([values.text(name), PrintedValue(level, f'"{level}"') if level else None])
        printed.append(f"{name} ({rng.choice(levels[level])})" if level else name)
    parts["languages"] = _rows("languages", ("name", "level"), rows)
    return tables.listed(rng, rng.choice(_TITLES["languages"]), printed, maker.split.layouts) if spoken else []


def _rows(key: str, columns: tuple[str, ...], rows: list[list[PrintedValue | None]]) -> RowsPart:
    return RowsPart(key, "", [Leaf(column, "", "", None) for column in columns], rows)


def ticket(rng: Random, maker: Maker, parts: dict[str, AnswerPart]) -> list[list[str]]:
    wants = rng.random() < 0.4
    refund_line = rng.choice(_REFUND["asked" if wants else "not"])
    story = [texts.sentence(rng) for _ in range(rng.randint(0, 3))]
    parts["refund_requested"] = Leaf(
        "refund_requested", "bool", "", PrintedValue("", "true" if wants else "false"), shown=False
    )
    chunks = [[line for line in [*story, refund_line] if line]]
    names = list(dict.fromkeys(texts.filename(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))))
    parts["attachments"] = Listing("attachments", "", [values.text(name) for name in names])
    if names:
        chunks.append(tables.listed(rng, rng.choice(_ATTACHMENTS), names, maker.split.layouts))
    category = parts.get("category")
    if isinstance(category, Leaf) and category.value is None:
        category.value = maker.enum(lexicon.enum("ticketcat"))
    return chunks
