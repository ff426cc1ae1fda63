"""Documents written by hand, with marks around their values: the files of `written/`, read and checked.

`python -m extractor.lab.training.written` says what is wrong in them, with file and line, and what is in them. The
format is described in `written/README.md`. Knows nothing of schemas, prompts or tokens.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from extractor.notation import possible

FOLDER = Path(__file__).parent / "written"
NAMES = frozenset("person company shop street city address country goods service job school product title".split())
SHAPES = frozenset("code phone iban postcode".split())
WORDS = frozenset("email url".split())
NUMBERS = frozenset("amount number percent count".split())
GIVEN = frozenset("flag choice currency".split())  # what no text is read for: the mark says it
TYPES = NAMES | SHAPES | WORDS | NUMBERS | GIVEN | {"text", "date", "month", "time"}
_FIELD = re.compile(r"([a-z][a-z0-9_.\[\]]*)(?:=(\S+))?\s+([a-z]+)\s*(?:\|([^|]*))?(?:\|([^|]*))?")
_MARK = re.compile(r"\{([a-z][a-z0-9_.]*)(?:=(\d\d:\d\d(?=:)|[^:{}]*))?:([^{}]*)\}")  # a time's value has a colon
_ROW = re.compile(r"\.(\d+)(?=\.|$)")
_LANGUAGE = re.compile("[a-z]{2}")
_EIGHTHS = 8
_QUARTERS = 4
_NUMBER = r"-?\d+(\.\d+)?"
_GIVEN = {  # how a mark spells a value of a type
    "flag": "true|false", "date": r"\d{4}-[01]\d-[0-3]\d", "time": r"[012]\d:[0-5]\d", "month": r"\d{4}(-[01]\d)?",
    "currency": "[A-Z]{3}", "count": r"-?\d+", "amount": _NUMBER, "number": _NUMBER, "percent": _NUMBER,
}  # fmt: skip


class Unreadable(ValueError):
    """What is wrong, with file and line."""


@dataclass(frozen=True)
class FieldKind:
    """One value a schema may ask for: the keys users give it, and what they say of it. `path`: `total`, `seller.name`,
    `items[].amount` of a table's rows, `skills[]` of a list."""

    path: str
    type: str
    keys: tuple[str, ...]
    notes: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrittenMark:
    """`printed` stands at `start` of the document (code points) and means `value`, JSON's spelling without quotes.
    `row` is that of its table, -1 outside of tables."""

    path: str
    row: int
    printed: str
    value: str
    start: int


@dataclass(frozen=True)
class Written:
    """One document: its text without the marks, and the marks in the text's order."""

    kind: str
    language: str
    traits: frozenset[str]
    where: str  # file:line
    text: str
    marks: tuple[WrittenMark, ...]

    @property
    def held_out(self) -> bool:
        """For measuring only: nobody trains on it."""
        return self._sum % _EIGHTHS == 0

    @property
    def looked_at(self) -> bool:
        """Of those held out a quarter: what is chosen while training goes on is chosen by it, so no figure that is
        published comes from it."""
        return self.held_out and self._sum // _EIGHTHS % _QUARTERS == 0

    @property
    def _sum(self) -> int:
        return zlib.crc32(self.text.encode())


@dataclass
class File:
    kind: str = ""
    about: str = ""
    fields: dict[str, FieldKind] = field(default_factory=dict)
    documents: list[Written] = field(default_factory=list)


@cache
def files(folder: Path = FOLDER) -> tuple[File, ...]:
    """Raises Unreadable."""
    return tuple(read(path) for path in sorted(folder.glob("*.txt")))


def read(path: Path) -> File:
    """Raises Unreadable."""
    file, lines = File(), path.read_text("utf-8").split("\n")
    head = next((at for at, line in enumerate(lines) if line.startswith("===")), len(lines))
    for number, line in enumerate(lines[:head], 1):
        _head(file, line, f"{path.name}:{number}")
    if not file.kind or not file.fields:
        raise Unreadable(f"{path.name}: no @kind or no @field")
    starts = [at for at, line in enumerate(lines) if line.startswith("===")]
    if not starts:
        raise Unreadable(f"{path.name}: no document: none begins with a line of === and a language")
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        file.documents.append(_document(file, lines[at], "\n".join(lines[at + 1 : end]), f"{path.name}:{at + 1}"))
    return file


def _head(file: File, line: str, where: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "@kind":
        file.kind = rest.strip()
    elif word == "@about":
        file.about = rest.strip()
    elif word == "@field":
        found = _FIELD.fullmatch(rest.strip())
        if not found or found[3] not in TYPES or ((found[3] == "choice") != bool(found[2])):
            raise Unreadable(f"{where}: no field that can be read: {line}")
        path, options, type_, keys, notes = found.groups()
        split = [tuple(one.strip() for one in (part or "").split(";") if one.strip()) for part in (keys, notes)]
        keys = split[0] or (path.rpartition(".")[2].removesuffix("[]"),)
        file.fields[path] = FieldKind(path, type_, keys, split[1], tuple(options.split(",")) if options else ())
    elif line.strip():
        raise Unreadable(f"{where}: neither @kind, @about, @field nor a document: {line}")


def _document(into: File, head: str, text: str, where: str) -> Written:
    language, *traits = head.lstrip("=").split() or [""]
    if not _LANGUAGE.fullmatch(language):
        raise Unreadable(f"{where}: no language behind ===, or a document's own line that begins so: {head}")
    marks: list[WrittenMark] = []
    plain, last = "", 0
    file, _, head_line = where.partition(":")
    first = int(head_line) + 1 + len(text) - len(text.lstrip("\n"))
    text = text.strip("\n")
    for found in _MARK.finditer(text):
        plain += text[last : found.start()]
        last = found.end()
        named, value, printed = found.groups()
        rows, path = _ROW.findall(named), _ROW.sub("[]", named)
        line = f"{file}:{first + text.count(chr(10), 0, found.start())}"
        if path not in into.fields or len(rows) > 1:
            raise Unreadable(f"{line}: no @field {path}")
        kind = into.fields[path]
        value = _value(kind, printed, value, line)
        marks.append(WrittenMark(path, int(rows[0]) if rows else -1, printed, value, len(plain)))
        plain += printed
    plain += text[last:]
    if "{" in plain or "}" in plain:
        raise Unreadable(f"{where}: a brace that is no mark's: {plain[max(0, plain.find('{') - 20) :][:60]!r}")
    if not plain.strip():
        raise Unreadable(f"{where}: an empty document")
    _rows(marks, where)
    return Written(into.kind, language, frozenset(traits), where, plain, tuple(marks))


def _rows(marks: list[WrittenMark], where: str) -> None:
    tables: dict[str, set[int]] = {}
    for mark in marks:
        if mark.row >= 0:
            tables.setdefault(mark.path.partition("[]")[0], set()).add(mark.row)
    for table, rows in tables.items():
        if rows != set(range(len(rows))):
            raise Unreadable(f"{where}: the rows of {table} are {sorted(rows)}, not 0 to {len(rows) - 1}")


def _value(kind: FieldKind, printed: str, given: str | None, where: str) -> str:
    """JSON's spelling of what is printed, without quotes. Raises Unreadable."""
    if kind.type == "choice" and given not in kind.options:
        raise Unreadable(f"{where}: {kind.path} is one of {', '.join(kind.options)}: {given}")
    if kind.type == "flag" and given is None:
        raise Unreadable(f"{where}: {kind.path}=true or {kind.path}=false")
    if given is not None and not re.fullmatch(_GIVEN.get(kind.type, ".*"), given):
        raise Unreadable(f"{where}: {kind.path} is no {kind.type}: {given}")
    if given is not None:
        return given
    if not printed.strip() or kind.type == "currency":
        raise Unreadable(f"{where}: say {kind.path}=… before the colon")
    if kind.type in NUMBERS:
        meant = list(possible.numbers(printed))
        least = min(meant, key=len, default="") if kind.type == "count" else max(meant, key=len, default="")
        if not meant or len({abs(float(one)) for one in meant}) > 1:
            raise Unreadable(f"{where}: {printed!r} may be {meant or 'no number'}: say {kind.path}=… before the colon")
        return least
    readers: dict[str, Callable[[str], dict[str, None]]] = {
        "date": possible.days,
        "month": possible.months,
        "time": possible.hours,
    }
    if kind.type in readers:
        meant = list(readers[kind.type](printed))
        if kind.type == "time":
            meant = meant[:1]  # of `07:42` what is printed: in the afternoon `PM` would stand with it
        if len(meant) != 1:
            raise Unreadable(f"{where}: {printed!r} may be {meant or 'none'}: say {kind.path}=… before the colon")
        return meant[0]
    return " ".join(printed.split())


def doubts(written: Written) -> Iterator[str]:
    """What can be read and is hardly meant."""
    for one, other in pairwise(written.marks):
        beside = other.start == one.start + len(one.printed) and one.printed and other.printed
        if beside and (one.path, one.row) == (other.path, other.row):
            yield f"{written.where}: nothing between two parts of {one.path}: {one.printed!r} and {other.printed!r}"


def main() -> int:
    wrong, seen = 0, Counter[str]()
    counted: Counter[tuple[str, str]] = Counter()
    for path in sorted(FOLDER.glob("*.txt")):
        try:
            file = read(path)
        except Unreadable as error:
            print(error)
            wrong += 1
            continue
        for one in file.documents:
            seen[one.text] += 1
            counted[file.kind, one.language] += 1
            for doubt in doubts(one):
                print(doubt)
    kinds: dict[str, dict[str, int]] = {}
    for (kind, language), number in sorted(counted.items()):
        kinds.setdefault(kind, {})[language] = number
    for kind, languages in kinds.items():
        print(f"{kind:24} {sum(languages.values()):5}  {' '.join(f'{k} {n}' for k, n in languages.items())}")
    print(f"{sum(counted.values())} documents, {sum(n - 1 for n in seen.values())} of them twice, {wrong} files wrong")
    return 1 if wrong else 0


def documents(held_out: bool) -> Iterator[tuple[File, Written]]:
    """Those of one side of the split."""
    for file in files():
        for one in file.documents:
            if one.held_out == held_out:
                yield file, one


if __name__ == "__main__":
    sys.exit(main())
