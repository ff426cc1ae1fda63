"""From what a command line names (files, folders, globs, JSONL) to the lines of a batch, and from the batch's rows back
to a row for each. Holds the names, never the documents."""

from __future__ import annotations

import gzip
import os
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import orjson
import pydantic_core

from extractor.cli.byte_order import utf8_lines
from extractor.cli.documents import Source, sources
from extractor.client import Row, batches
from extractor.client.document import SubmitOptions, printable
from extractor.errors import DocumentError
from schemas.schema import Schema, inline

_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


@dataclass
class Inputs:
    """`how`: what is known of the files, beside lines that are written already. `unreadable`: what was wrong with a
    file, by its line, found out when the lines are made. Such a line is sent blank, so that the numbers of the others
    stay."""

    found: list[Source]
    options: Mapping[str, Any]
    how: SubmitOptions | None = None
    unreadable: dict[int, DocumentError] = field(default_factory=dict)
    _stdin: bytes | None = None

    @classmethod
    def of(
        cls,
        inputs: Iterable[str],
        options: Mapping[str, Any],
        but: Iterable[Path] = (),
        how: SubmitOptions | None = None,
    ) -> Inputs:
        """`but`: files that are none, wherever they lie. Raises DocumentError for an input that names nothing."""
        own = {os.path.realpath(path) for path in but}  # not resolve(), which raises where links lead in a circle
        found = [one for one in sources(inputs) if one.path is None or os.path.realpath(one.path) not in own]
        return cls(found, options, how)

    @property
    def all_lines(self) -> bool:
        return all(_is_jsonl(one) for one in self.found)

    @property
    def count(self) -> int | None:
        """None where it is not known before everything is read."""
        return None if any(_is_jsonl(one) for one in self.found) else len(self.found)

    def names(self) -> list[str]:
        return [one.name for one in self.found]

    def lines(self) -> Iterator[bytes]:
        """The same ones each time."""
        number = 0
        for one in self.found:
            if _is_jsonl(one) and one.path is not None:
                for line in _opened(one.path):
                    number += 1
                    yield self._with_options(line)
            else:
                number += 1
                yield self._line(number, one)

    def rows(self, rows: Iterable[Row[Any]], judge: Schema | None = None) -> Iterator[dict[str, Any]]:
        """One for each line, in their order. `judge` is of the files, and of the lines that name no schema."""
        judged = judge and inline(judge.json_schema).ref  # as the service calls it
        left = iter(rows)
        row = next(left, None)
        for number, name, line in self._named():
            if number in self.unreadable:
                error = self.unreadable[number]
                problem = {"code": error.code, "detail": error.detail, "errors": []}
                yield {"file": name, "id": None, "status": "failed", "data": None, "error": problem}
            elif row is not None and row.line == number:
                own = name is None and row.job is not None and row.job.schema_ != judged
                yield _as_json(batches.validated(row, None if own else judge), name, line)
                row = next(left, None)

    def _named(self) -> Iterator[tuple[int, str | None, int]]:
        """Every line's number, the name of the file that it is, and its number in the file that it is of."""
        number = 0
        for one in self.found:
            if _is_jsonl(one) and one.path is not None:
                for line, _ in enumerate(_opened(one.path), start=1):
                    number += 1
                    yield number, None, line
            else:
                number += 1
                yield number, one.name, 1

    def _line(self, number: int, one: Source) -> bytes:
        if number not in self.unreadable:
            try:
                document = one.file or self._piped(one)
                return batches.line(f"file-{number}", document, self.options, self.how)
            except DocumentError as error:
                self.unreadable[number] = error
        return b"\n"

    def _piped(self, one: Source) -> bytes:
        if self._stdin is None:
            self._stdin = one.read()  # it can be read once
        return self._stdin

    def _with_options(self, line: bytes) -> bytes:
        """The flags of the command are for lines that have no options of their own. They are written into the line, of
        which not a character changes: numbers keep their digits. What is no JSON is the service's to refuse."""
        line = line.removeprefix(BOM_UTF8)  # of a file that was put behind another
        if self.options and line.strip() and _takes_options(line):
            line = b'{"options":' + orjson.dumps(self.options) + b"," + line.partition(b"{")[2]
        return line.rstrip(b"\r\n") + b"\n"


def _takes_options(line: bytes) -> bool:
    """Whether it is an object without them, for the parser that the service has."""
    try:
        body = pydantic_core.from_json(line, allow_inf_nan=False)
    except ValueError:
        return False
    return isinstance(body, dict) and bool(body) and "options" not in body


def _is_jsonl(one: Source) -> bool:
    return one.path is not None and one.path.name.lower().endswith(_JSONL)


def _opened(path: Path) -> Iterator[bytes]:
    try:
        with cast("IO[bytes]", gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")) as file:
            yield from utf8_lines(file)
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise DocumentError(f"Cannot read {printable(path)}: {error}", code="unreadable_document") from None


def _as_json(row: Row[Any], name: str | None, line: int) -> dict[str, Any]:
    whose = {"custom_id": row.custom_id, "line": line} if name is None else {"file": name}
    status = "failed" if row.status == "refused" else row.status
    job_id = None if row.job is None else row.job.id
    data = None if row.job is None else row.job.data
    return {**whose, "id": job_id, "status": status, "data": data, "error": row.error}
