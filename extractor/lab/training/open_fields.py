"""Parts of schemas: fields nobody has seen before (open) and fields of the concept lexicon (known words).

Every part made here can be read off the document: its label is in it once, and key or description lead to the label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from extractor.lab.training import lexicon, naming, values
from extractor.lab.training.fields import FieldGroup, Leaf, Listing, RowsPart
from extractor.lab.training.lexicon import Concept, Split
from extractor.lab.training.lookalikes import Lookalikes, scrap
from extractor.lab.training.values import PrintedValue, Style

_OPEN_KINDS = [
    ("code", 8), ("amount", 4), ("date", 5), ("person", 4), ("company", 3), ("phrase", 6), ("int", 5), ("decimal", 5),
    ("bool", 4), ("enum", 5), ("email", 1), ("phone", 1), ("url", 1), ("city", 2), ("product", 3), ("sentence", 2),
    ("percent", 1), ("clock", 1), ("address", 1), ("version", 1), ("filename", 1), ("street", 1),
]  # fmt: skip
_TYPES: dict[str, dict[str, Any]] = {
    "amount": {"type": "number"}, "decimal": {"type": "number"}, "percent": {"type": "number"},
    "weight": {"type": "number"},
    "int": {"type": "integer"}, "year": {"type": "integer"}, "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}  # fmt: skip
_TEXT = {"type": "string"}
_WORDY = ("phrase", "product", "title", "company", "city")
_SCRAPS = 0.12  # of these are of words no list holds, in training: no token is to be known from its words alone


def type_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of value."""
    return _TYPES.get(kind, _TEXT)


@dataclass
class Maker:
    """Draws parts for one document: no label or key twice, one style throughout."""

    rng: Random
    split: Split
    look: Style
    upper: bool = False  # a document in capitals
    labels: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)  # concepts used, and those that share a name with one
    nullable: float = 0.5
    absent: float = 0.3  # of the nullable ones
    lookalikes: Lookalikes | None = None  # where the short values of a drill come from, when they are to look alike

    def value(self, kind: str) -> PrintedValue:
        drawn = values.draw(self.rng, kind, self.look, self.split)
        if not self.split.values and kind in _WORDY and self.rng.random() < _SCRAPS:
            words = values.text(" ".join(scrap(self.rng) for _ in range(self.rng.randint(1, 3))))
            drawn = words if values.sided(words, False) else drawn
        if (
            self.upper
            and drawn.json.startswith('"')
            and kind not in ("date", "currency", "email", "url", "clock", "year_month")
        ):
            return values.text(drawn.printed.upper())
        return drawn

    def enum(self, forms: dict[str, list[str]]) -> PrintedValue:
        options = list(forms)
        chosen = self.rng.choice(options[:-1] if options[-1] == "other" else options)
        printed = self.rng.choice(forms[chosen])
        return PrintedValue(printed.upper() if self.upper else printed, f'"{chosen}"')

    def label(self, text: str) -> str:
        cased = naming.case(self.rng, text)
        return cased.upper() if self.upper else cased

    def _nullable(self) -> tuple[bool, bool]:
        nullable = self.rng.random() < self.nullable
        return nullable, nullable and self.rng.random() < self.absent

    def free_label(self) -> str:
        while True:
            label = naming.open_label(self.rng, self.split.names)
            if not any(_overlap(label, other) for other in self.labels):
                self.labels.add(label)
                return label

    def open_leaf(self) -> Leaf:
        rng = self.rng
        label = self.free_label()
        kind = rng.choices([k for k, _ in _OPEN_KINDS], [w for _, w in _OPEN_KINDS])[0]
        key, note = naming.open_key(rng, label, self.split.names, self.keys)
        self.keys.add(key)
        nullable, absent = self._nullable()
        type_: dict[str, Any] = dict(type_of(kind))
        if kind == "enum":
            type_, value = self.open_enum()
        else:
            value = self.value(kind)
            if kind in ("email",) and rng.random() < 0.5:
                type_["format"] = "email"
            elif kind == "date" and rng.random() < 0.3 and not note:
                type_, note = (
                    dict(_TEXT),
                    rng.choice(("ISO date", "YYYY-MM-DD", "date as YYYY-MM-DD", "date, ISO 8601")),
                )
            elif kind in ("date", "amount", "bool") and not note and rng.random() < 0.15:
                note = {"date": "day", "amount": "amount of money", "bool": "true if marked"}[kind]
        return Leaf(key, kind, self.label(label), None if absent else value, type_, note, nullable)

    def open_enum(self) -> tuple[dict[str, Any], PrintedValue]:
        rng = self.rng
        options: dict[str, list[str]] = {}
        for _ in range(rng.randint(2, 5)):
            words = lexicon.word(rng, self.split.names).lower()
            if rng.random() < 0.25:
                words += "_" + lexicon.word(rng, self.split.names).lower()
            if rng.random() < 0.12:
                words = words.upper()
            plain = words.replace("_", " ")
            options[words] = [words, plain, plain.capitalize(), plain.upper(), plain.title()]
        return {"type": "string", "enum": list(options)}, self.enum(options)

    def concept_leaf(self, concept: Concept, *, key: str | None = None, note: str | None = None) -> Leaf | None:
        """A leaf of the lexicon; None when nothing unambiguous is left to call it; `key` is the caller's choice."""
        if not key and concept.id in self.barred:
            return None
        rng = self.rng
        kind = concept.value
        lone = _family(kind) not in self.kinds
        labels = [text for text in concept.labels if self._usable(text, lone)]
        keys = [key] if key else [name for name in concept.keys if self._key_usable(name, lone)]
        if not labels or not keys:
            return None
        label, key = rng.choice(labels), rng.choice(keys)
        self.labels.add(label.lower())
        self.keys.add(key)
        self.kinds.add(_family(kind))
        self.barred |= lexicon.namesakes().get(concept.id, set())  # a label of one known kind has none
        nullable, absent = self._nullable()
        if note is None:
            note = rng.choice(concept.notes) if rng.random() < 0.5 else ""
            note = note[:1].lower() + note[1:] if rng.random() < 0.5 else note
            if rng.random() < 0.08:
                note = naming.note_of(rng, label, self.split.names)
        type_: dict[str, Any] = dict(type_of(kind))
        if kind.startswith("enum:"):
            forms = lexicon.enum(kind.removeprefix("enum:"))
            type_["enum"] = list(forms)
            value = self.enum(forms)
        else:
            value = self.value(kind)
        shown = label.upper() if self.upper or rng.random() < 0.06 else label.lower() if rng.random() < 0.04 else label
        return Leaf(key, kind, shown, None if absent else value, type_, note, nullable)

    def _usable(self, text: str, lone: bool) -> bool:
        low = text.lower()
        return (
            low not in self.labels and lexicon.held(low) == self.split.names and (lone or low not in lexicon.generic())
        )

    def _key_usable(self, name: str, lone: bool) -> bool:
        return name not in self.keys and (lone or name.lower() not in lexicon.generic())

    def group(self) -> FieldGroup:
        """An open nested object."""
        label = self.free_label()
        key, note = naming.open_key(self.rng, label, self.split.names, self.keys)
        self.keys.add(key)
        inner = Maker(self.rng, self.split, self.look, self.upper, nullable=self.nullable, absent=self.absent)
        inner.labels = self.labels
        children = [inner.open_leaf() for _ in range(self.rng.randint(2, 4))]
        nullable, absent = self._nullable()
        return FieldGroup(key, self.label(label), children, note, nullable, absent)

    def rows(self, most: int) -> RowsPart:
        """An open table, or one of line items."""
        rng = self.rng
        inner = Maker(rng, self.split, self.look, self.upper, nullable=0.3, absent=0.0)
        columns: list[Leaf] = []
        if rng.random() < 0.5 and not self.split.names:
            ids = [
                "item",
                *rng.sample(
                    ["quantity", "unit_price", "line_total", "sku", "unit", "delivery_date", "tax_rate"],
                    rng.randint(1, 4),
                ),
            ]
            columns = [leaf for id_ in ids if (leaf := inner.concept_leaf(lexicon.concepts()[id_]))]
            rng.shuffle(columns)
            label, key, note = (
                "items",
                rng.choice(("items", "lines", "positions", "line_items", "articles", "entries")),
                "",
            )
            if key in self.keys:
                key = "table_rows"
        while len(columns) < 2:
            columns = [inner.open_leaf() for _ in range(rng.randint(2, 4))]
            label = self.free_label()
            key, note = naming.open_key(rng, label, self.split.names, self.keys)
        self.keys.add(key)
        count = rng.choice((1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8))
        cells = [[self._cell(column) for column in columns] for _ in range(min(count, most))]
        return RowsPart(key, self.label(label), columns, cells, note)

    def leaf(self, kind: str) -> Leaf:
        """A drill's: any label, a short value or one like the others."""
        rng = self.rng
        label = self.free_label()
        label = label.split(" ")[0] if rng.random() < 0.6 else label
        key, note = naming.open_key(rng, label, self.split.names, self.keys)
        self.keys.add(key)
        nullable = rng.random() < 0.4
        value = None if nullable and rng.random() < 0.4 else self._short(kind)
        return Leaf(key, kind, self.label(label), value, dict(type_of(kind)), note, nullable)

    def _short(self, kind: str) -> PrintedValue:
        if self.lookalikes:
            return self.lookalikes.draw(kind)
        return self._word() if kind == "word" else self.value(kind)

    def _word(self) -> PrintedValue:
        """On its side both as a word and as a value; the committed weights were drilled on words that were the former
        only."""
        while True:
            drawn = values.text(lexicon.word(self.rng, self.split.values))
            if values.sided(drawn, self.split.values):
                return drawn

    def table(self, kinds: list[str], count: int) -> RowsPart:
        """A drill's: `count` rows of short values, one column of each kind."""
        label = self.free_label()
        key, note = naming.open_key(self.rng, label, self.split.names, self.keys)
        self.keys.add(key)
        inner = Maker(self.rng, self.split, self.look, lookalikes=self.lookalikes)
        columns = [inner.leaf(kind) for kind in kinds]
        rows: list[list[PrintedValue | None]] = [
            [None if c.nullable and self.rng.random() < 0.2 else self._short(c.kind) for c in columns]
            for _ in range(count)
        ]
        return RowsPart(key, self.label(label), columns, rows, note)

    def _cell(self, column: Leaf) -> PrintedValue | None:
        if column.nullable and self.rng.random() < 0.2:
            return None
        if "enum" in column.type:
            options = column.type["enum"]
            return self.enum({option: [option, option.replace("_", " "), option.capitalize()] for option in options})
        return self.value(column.kind if not column.kind.startswith("enum") else "phrase")

    def listing(self) -> Listing:
        rng = self.rng
        if rng.random() < 0.35 and not self.split.names:
            known = lexicon.concepts()[rng.choice(("skills", "languages"))]
            labels = [text for text in known.labels if self._usable(text, True)]
            keys = [name for name in known.keys if name not in self.keys]
            if labels and keys:
                key, label = rng.choice(keys), rng.choice(labels)
                self.keys.add(key)
                self.labels.add(label.lower())
                items = rng.sample(lexicon.small(known.value.removeprefix("list:")), rng.randint(1, 6))
                return Listing(key, label, [values.text(item) for item in items], rng.choice(("", *known.notes)))
        label = self.free_label()
        key, note = naming.open_key(rng, label, self.split.names, self.keys)
        self.keys.add(key)
        kind = rng.choice(("phrase", "skill", "person", "code", "city", "product", "filename", "language"))
        seen = {}
        for _ in range(rng.randint(1, 6)):
            drawn = self.value(kind)
            seen[drawn.json] = drawn
        return Listing(key, self.label(label), list(seen.values()), note)


def _overlap(a: str, b: str) -> bool:
    """Whether one label stands inside the other, or both start alike: such a pair would be ambiguous."""
    return a in b or b in a or a.split(" ")[0] == b.split(" ")[0]


def _family(kind: str) -> str:
    return "name" if kind in ("person", "company", "first", "last") else kind
