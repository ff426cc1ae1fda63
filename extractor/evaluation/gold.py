"""Right answers, as files give them: JSON Lines, or a folder of documents with their answers beside them.

A line is `{"document": …, "expected": {…}}`, with `schema`, `places` and `custom_id` where they are known. `document`
is a text, the path of a file (from the folder of the JSONL), or the object that a line of a batch has (`text`, or
`content` with `filename`, `media_type` and `password`). In a folder `NAME.json` or `NAME.gold.json` holds the answer to
`NAME.pdf`, `NAME.txt` and so on; `NAME.schema.json` and `NAME.places.json` may stand beside it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from extractor.client.document import printable
from extractor.errors import FieldError, InputError, SchemaError
from extractor.evaluation.fits import misfits
from extractor.evaluation.places import Place, read_places
from schemas import Schema
from schemas.jsontext import read

JSON = dict[str, Any]
SchemaOf = Callable[[str | JSON, Path], Schema]  # by what a line names, seen from a folder; raises SchemaError
JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_BESIDE = (".gold.json", ".schema.json", ".places.json")
_HINTS = ("filename", "media_type", "password")
_LONGEST_PATH = 1_000


@dataclass(frozen=True)
class GoldCase:
    """One document and what is right of it. `hints`: what is known of the document's bytes (`filename`, `media_type`,
    `password`). `places`: by pointer into `expected`, where the value stands."""

    name: str
    document: str | bytes | Path
    expected: JSON
    schema: Schema
    places: dict[str, list[Place]] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)


def read_gold(path: Path, schema: Schema | None, schema_of: SchemaOf) -> list[GoldCase]:
    """`schema` is of the documents that name none. Raises InputError for what is wrong with the first faulty answer,
    SchemaError for a schema that is none."""
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as error:  # a name that is too long
        raise _wrong(f"Cannot read {printable(path)}: {error.strerror}") from None
    if is_folder:
        found = list(_of_folder(path, schema, schema_of))
        nothing = f"{printable(path)} holds no document with its NAME.json or NAME.gold.json beside it"
    elif is_there:
        found = list(_of_lines(path, schema, schema_of))
        nothing = f"{printable(path)} holds no line"
    else:
        raise _wrong(f"There is no file {printable(path)}")
    if not found:
        raise _wrong(nothing)
    return found


def _of_lines(path: Path, schema: Schema | None, schema_of: SchemaOf) -> Iterator[GoldCase]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            yield _case(f"{printable(path.name)}:{number}", _json(line, f"{printable(path)}, line {number}"), path,
                        schema, schema_of)  # fmt: skip


def _case(name: str, line: Any, path: Path, schema: Schema | None, schema_of: SchemaOf) -> GoldCase:
    if not isinstance(line, dict) or "document" not in line or not isinstance(line.get("expected"), dict):
        raise _wrong(f'{name}: a line is an object with "document" and "expected"')
    document, hints = _document(name, line["document"], path.parent)
    own = line.get("schema", line.get("json_schema"))
    if own is not None and (not isinstance(own, str | dict) or own == ""):
        raise _wrong(f"{name}: a schema is a name, a file or a JSON Schema")
    try:
        meant = schema if own is None else schema_of(own, path.parent)
    except SchemaError as error:
        raise SchemaError(f"{name}: {error.detail}", code=error.code, errors=error.errors) from None
    label = line.get("custom_id")
    return _checked(
        label if isinstance(label, str) and label else name,
        document, line["expected"], meant, line.get("places"), hints, name,
    )  # fmt: skip


def _document(name: str, document: Any, folder: Path) -> tuple[str | bytes | Path, dict[str, str]]:
    if isinstance(document, dict):
        hints = {key: document[key] for key in _HINTS if isinstance(document.get(key), str)}
        if isinstance(document.get("text"), str):
            return document["text"], hints
        try:
            return base64.b64decode(document["content"], validate=True), hints
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise _wrong(f'{name}: a document has its "text", or its bytes as base64 in "content"') from None
    if not isinstance(document, str) or not document.strip():
        raise _wrong(f"{name}: the document is a text, a path, or an object")
    if "\n" in document or len(document) > _LONGEST_PATH:
        return document, {}
    file = folder / document
    if _is_file(file):
        return file, {}
    if _looks_like_a_path(document):
        raise _wrong(f"{name}: there is no file {printable(file)}")
    return document, {}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that no file can be called
        return False


def _looks_like_a_path(text: str) -> bool:
    suffix = Path(text).suffix
    named = suffix[1:].isalnum() and 1 < len(suffix) <= 6 and suffix[1].isalpha()
    return " " not in text and (named or "/" in text)


def _of_folder(folder: Path, schema: Schema | None, schema_of: SchemaOf) -> Iterator[GoldCase]:
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".json" or not file.is_file() or _hidden(file.relative_to(folder)):
            continue
        gold = next((one for one in (_beside(file, ".gold.json"), _beside(file, ".json")) if one.is_file()), None)
        if gold is None:
            continue
        own, places = _beside(file, ".schema.json"), _beside(file, ".places.json")
        meant = schema_of(own.name, own.parent) if own.is_file() and schema is None else schema
        expected = _json(gold.read_bytes(), printable(gold))
        if not isinstance(expected, dict):
            raise _wrong(f"{printable(gold)}: an answer is an object")
        where = _json(places.read_bytes(), printable(places)) if places.is_file() else None
        name = printable(file.relative_to(folder))
        yield _checked(name, file, expected, meant, where, {}, printable(gold))


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.stem + ending)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _checked(
    name: str,
    document: str | bytes | Path,
    expected: JSON,
    schema: Schema | None,
    places: Any,
    hints: dict[str, str],
    where: str,
) -> GoldCase:
    if schema is None:
        raise _wrong(f"{where} names no schema; --schema gives the one of those without")
    if faults := misfits(schema.json_schema, expected):
        errors = tuple(FieldError(pointer, detail) for pointer, detail in faults)
        raise InputError(
            f"{where}: the answer does not fit the schema {schema.ref}", code="invalid_gold", errors=errors
        )
    try:
        known = read_places(places, expected)
    except ValueError as error:
        raise _wrong(f"{where}: {error}") from None
    return GoldCase(name, document, expected, schema, known, hints)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with cast("IO[bytes]", gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")) as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise _wrong(f"Cannot read {printable(path)}: {error}") from None


def _json(text: bytes, where: str) -> Any:
    try:
        return read(text.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:  # json's errors quote no text
        raise _wrong(f"{where} is not JSON: {error}") from None


def _wrong(detail: str) -> InputError:
    return InputError(detail, code="invalid_gold")
