"""Tasks from documents written by hand: a schema as users write it, the document with other values, the answer.

A document whose kind is a built-in schema's is asked for with that schema word for word two times of three. Otherwise
its fields are drawn, ordered and named anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from random import Random

from extractor.lab.training.builtin_schemas import KINDS, schema_of
from extractor.lab.training.exchange import exchanged, pool
from extractor.lab.training.fields import JSON, quote
from extractor.lab.training.generate import Task
from extractor.lab.training.naming import keyify
from extractor.lab.training.sources import Origin
from extractor.lab.training.written import FieldKind, File, Written, WrittenMark, documents

_BUILTIN = 0.65  # of the documents of a built-in kind
_TYPES: dict[str, JSON] = {
    "date": {"type": "string", "format": "date"}, "amount": {"type": "number"}, "number": {"type": "number"},
    "percent": {"type": "number"}, "count": {"type": "integer"}, "flag": {"type": "boolean"},
    "month": {"type": "string", "pattern": "^[0-9]{4}(-(0[1-9]|1[0-2]))?$"},
    "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
}  # fmt: skip
_BARE = frozenset(("amount", "number", "percent", "count", "flag"))  # JSON without quotes


@cache
def _documents(held_out: bool) -> tuple[tuple[File, Written], ...]:
    return tuple(documents(held_out))


def drawn(rng: Random, held_out: bool = False) -> Task:
    """A task of one side of the split, with other values than were written. Raises IndexError where none is written."""
    file, written = rng.choice(_documents(held_out))
    types = {path: field.type for path, field in file.fields.items()}
    return task(file, exchanged(written, types, rng, pool(held_out)), rng)


def every(rng: Random, held_out: bool) -> Iterator[Task]:
    """One of each document of the side, as it was written."""
    for file, written in _documents(held_out):
        yield task(file, written, rng)


def looked_at(rng: Random) -> Iterator[Task]:
    """One of each held-out document that training looks at on its way."""
    return (task(file, written, rng) for file, written in _documents(True) if written.looked_at)


def never_seen(rng: Random, count: int) -> Iterator[tuple[str, Task]]:
    """(kind, task) of `count` held-out documents that nothing was chosen by, as they were written, drawn by chance;
    those of a built-in kind under the built-in schema word for word."""
    unseen = [(file, written) for file, written in _documents(True) if not written.looked_at]
    rng.shuffle(unseen)
    for file, written in unseen[:count]:
        yield file.kind, task(file, written, rng, builtin=1.0)


def task(file: File, written: Written, rng: Random, builtin: float = _BUILTIN) -> Task:
    """`builtin`: how often a document of a built-in kind is asked for with the built-in schema, unless it says nothing
    of what that must have."""
    if file.kind in KINDS and rng.random() < builtin:
        description, schema = schema_of(file.kind)
        answering = Answering(file, written, {path: path for path in file.fields})
        answer, origins = answering.answer(schema)
        if not answering.lacking:
            return Task(file.kind, description, schema, written.text, answer, "written", origins)
    schema, paths = _schema(file, rng)
    description = file.about if rng.random() < 0.5 else ""
    name = rng.choice((file.kind, keyify(rng, file.kind.replace("_", " ")), "record", "document"))
    answer, origins = Answering(file, written, paths).answer(schema)
    return Task(name, description, schema, written.text, answer, "written", origins)


class Answering:
    """The answer of one document under a schema whose own paths `paths` ties to the fields of the document's kind.
    `lacking`: whether null stands in it where the schema will have no null."""

    def __init__(self, file: File, written: Written, paths: dict[str, str]) -> None:
        self._file, self._written, self._paths, self.lacking = file, written, paths, False
        self._marks: dict[tuple[str, int], list[WrittenMark]] = defaultdict(list)
        for mark in written.marks:
            self._marks[mark.path, mark.row].append(mark)

    def answer(self, schema: JSON) -> tuple[str, list[Origin | None]]:
        """JSON in the schema's order, and what each of its scalars comes from."""
        self._root, self._origins = schema, list[Origin | None]()
        return self._value(schema, "", -1) or "null", self._origins

    def _value(self, node: JSON, path: str, row: int) -> str | None:
        """JSON of what the document says; None where it says nothing, and then no origin either."""
        node = self._resolved(node)
        if "properties" in node:
            return self._object(node, path, row)
        if node.get("type") == "array":
            return self._array(node, path)
        marks = self._marks.get((self._paths.get(path, ""), row), [])
        if not marks:
            return None
        type_ = self._file.fields[marks[0].path].type
        if type_ in _TYPES or self._file.fields[marks[0].path].options:
            marks = marks[:1]  # what is printed of it again is that, or shorter: never a part of it
        value = _joined([mark.value for mark in marks])
        json = value if type_ in _BARE else quote(value)
        last = max(range(len(marks)), key=lambda at: len({mark.printed for mark in marks[: at + 1]}))  # of its parts
        printed = self._written.text[marks[0].start : marks[last].start + len(marks[last].printed)]
        shown = json in ("true", "false") or not printed
        self._origins.append(None if shown else Origin(printed, json, at=marks[0].start))
        return json

    def _object(self, node: JSON, path: str, row: int) -> str | None:
        pairs, known, begun = [], False, len(self._origins)
        for key, inner in node["properties"].items():
            value = self._value(inner, f"{path}.{key}" if path else key, row)
            known = known or value not in (None, "[]")
            if value is None:
                value = self._nothing(inner)
            pairs.append(f"{quote(key)}:{value}")
        if not known and path:
            del self._origins[begun:]
            return None
        return "{" + ",".join(pairs) + "}"

    def _nothing(self, node: JSON) -> str:
        """What stands for a value that the document does not say."""
        self._origins.append(None)
        if self._resolved(node).get("type") == "boolean":
            return "false"
        self.lacking = self.lacking or "anyOf" not in node
        return "null"

    def _array(self, node: JSON, path: str) -> str:
        inner = f"{path}[]"
        tables = {field.partition("[]")[0] for own, field in self._paths.items() if own.partition("[]")[0] == path}
        rows = sorted({row for field, row in self._marks if row >= 0 and field.partition("[]")[0] in tables})
        items = []
        for row in rows:
            begun = len(self._origins)
            value = self._value(node["items"], inner, row)
            if value is None:
                del self._origins[begun:]
                continue
            items.append(value)
        return f"[{','.join(items)}]"

    def _resolved(self, node: JSON) -> JSON:
        """Without `$ref` and without the null that may stand there too."""
        while True:
            if "$ref" in node:
                node = self._root["$defs"][node["$ref"].rpartition("/")[2]]
            elif "anyOf" in node:
                node = next(one for one in node["anyOf"] if one.get("type") != "null")
            else:
                return node


def _joined(parts: list[str]) -> str:
    return " ".join(dict.fromkeys(parts))


def _schema(file: File, rng: Random) -> tuple[JSON, dict[str, str]]:
    """A schema of some of the kind's fields, and for each of its own paths the field's."""
    maker = _Maker(rng)
    chosen = [field for field in file.fields.values() if rng.random() < maker.share]
    chosen = chosen or [rng.choice(list(file.fields.values()))]
    if rng.random() < 0.4:
        rng.shuffle(chosen)
    groups: dict[str, list[FieldKind]] = defaultdict(list)  # those of one object or table stand together
    for field in chosen:
        groups[_group(field.path) or field.path].append(field)
    properties: JSON = {}
    for name, fields in groups.items():
        maker.add(properties, name, fields)
    return _object(properties), maker.paths


def _group(path: str) -> str:
    """The object or table a field is in; empty for none."""
    return path.partition("[]")[0] + "[]" if "[]." in path else path.rpartition(".")[0]


class _Maker:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.share = rng.choice((0.4, 0.7, 1.0))
        self._nullable, self._described = rng.choice((0.3, 1.0, 1.0)), rng.choice((0.0, 0.4, 1.0))
        self._flat = rng.random() < 0.4
        self.paths: dict[str, str] = {}

    def add(self, properties: JSON, name: str, fields: list[FieldKind]) -> None:
        rng = self._rng
        if name.endswith("[]") and fields[0].path != name:
            key = _free(keyify(rng, name[:-2].replace("_", " ")) if rng.random() < 0.5 else name[:-2], properties)
            inner = self._fields(fields, f"{key}[].")
            properties[key] = {"type": "array", "items": _object(inner)}
        elif fields[0].path.endswith("[]"):
            key = _free(rng.choice(fields[0].keys), properties)
            self.paths[f"{key}[]"] = fields[0].path
            properties[key] = {"type": "array", "items": {"type": "string"}, **self._note(fields[0])}
        elif fields[0].path != name and not self._flat:
            key = _free(name, properties)
            inner = self._fields(fields, f"{key}.")
            properties[key] = {"anyOf": [_object(inner), {"type": "null"}]}
        else:
            for field in fields:
                stem = field.path.rpartition(".")[0]
                key = _free(f"{stem}_{rng.choice(field.keys)}" if stem else rng.choice(field.keys), properties)
                self.paths[key] = field.path
                properties[key] = self._field(field)

    def _fields(self, fields: list[FieldKind], before: str) -> JSON:
        properties: JSON = {}
        for field in fields:
            key = _free(self._rng.choice(field.keys), properties)
            self.paths[before + key] = field.path
            properties[key] = self._field(field)
        return properties

    def _field(self, field: FieldKind) -> JSON:
        type_ = {"enum": list(field.options)} if field.options else dict(_TYPES.get(field.type, {"type": "string"}))
        if field.type != "flag":  # a value that is not there has to be said somehow
            type_ = {"anyOf": [type_, {"type": "null"}]}
        return {**type_, **self._note(field)}

    def _note(self, field: FieldKind) -> JSON:
        is_described = field.notes and self._rng.random() < self._described
        return {"description": self._rng.choice(field.notes)} if is_described else {}


def _free(key: str, taken: JSON) -> str:
    return key if key not in taken else next(f"{key}_{n}" for n in range(2, 99) if f"{key}_{n}" not in taken)


def _object(properties: JSON) -> JSON:
    required, kind = list(properties), "object"
    return {"type": kind, "properties": properties, "required": required, "additionalProperties": False}
