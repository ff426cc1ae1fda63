"""From what a command line names (files, folders, globs, JSONL) to the lines of a batch, and from the batch's rows back
to a row for each. Holds the names, never the documents."""

from __future__ import annotations

import gzip
import os
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

import pydantic_core

from extractor.cli.byte_order import utf8_lines
from extractor.cli.documents import Source, sources
from extractor.client import Row, batches
from extractor.client.document import SubmitOptions, printable
from extractor.client.validation import Validator
from extractor.errors import DocumentError
from schemas.jsontext import written

MAX_CUSTOM_ID = 64  # characters, as the service has it
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

    def rows(
        self, rows: Iterable[Row[Any]], judge: Validator | None = None, *, full: bool = False
    ) -> Iterator[dict[str, Any]]:
        """One for each line, in their order. `judge` is of the files, and of the lines that name no schema. `full`: as
        the service has them, each with the name of its file."""
        as_json = _in_full if full else _in_short
        judged = judge and _reference(judge)
        left = iter(rows)
        row = next(left, None)
        for number, name, line in self._named():
            if number in self.unreadable:
                error = self.unreadable[number]
                problem = {"code": error.code, "detail": error.detail, "errors": []}
                yield as_json(Row(number, None, "refused", None, problem, None), name, line)
            elif row is not None and row.line == number:
                own = name is None and row.job is not None and row.job.schema_ != judged
                yield as_json(batches.validated(row, None if own else judge), name, line)
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
                return batches.line(self._custom_id(number, one), document, self.options, self.how)
            except DocumentError as error:
                self.unreadable[number] = error
        return b"\n"

    def _custom_id(self, number: int, one: Source) -> str:
        """The name of the file, for whoever looks at the batch in the service; its end where it is longer than such an
        id may be. What would not be the only one of its name has its number instead."""
        end = one.name[1 - MAX_CUSTOM_ID :]
        if end not in self._own_ends or end.startswith("file-"):
            return f"file-{number}"
        return custom_id_of(one.name)

    @cached_property
    def _own_ends(self) -> frozenset[str]:
        """Ends of names that no other file has; of none beside lines, which have ids of their own."""
        if any(map(_is_jsonl, self.found)):
            return frozenset()
        ends = Counter(one.name[1 - MAX_CUSTOM_ID :] for one in self.found)
        return frozenset(end for end, times in ends.items() if times == 1)

    def _piped(self, one: Source) -> bytes:
        if self._stdin is None:
            self._stdin = one.read()  # it can be read once
        return self._stdin

    def _with_options(self, line: bytes) -> bytes:
        """The flags of the command are for lines that have no options of their own. They are written into the line, of
        which not a character changes: numbers keep their digits. What is no JSON is the service's to refuse."""
        line = line.removeprefix(BOM_UTF8)  # of a file that was put behind another
        if self.options and line.strip() and _takes_options(line):
            line = b'{"options":' + written(self.options) + b"," + line.partition(b"{")[2]
        return line.rstrip(b"\r\n") + b"\n"


def custom_id_of(name: str) -> str:
    """Of a file: its name, or the end of one that is longer than such an id may be."""
    return name if len(name) <= MAX_CUSTOM_ID else f"…{name[1 - MAX_CUSTOM_ID :]}"


def _reference(judge: Validator) -> str:
    """As the service calls a schema that was sent to it."""
    from schemas.schema import inline

    return inline(judge.json_schema).ref


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


def _in_short(row: Row[Any], name: str | None, line: int) -> dict[str, Any]:
    job = row.job
    known = {"id": None, "status": _status(row), "needs_review": False, "data": None}
    if job is not None:
        known |= {"id": job.id, "needs_review": job.needs_review, "data": job.data}
    return {**_whose(row, name, line), **known, "error": row.error}


def _in_full(row: Row[Any], name: str | None, line: int) -> dict[str, Any]:
    """What became no extraction has no result, and what is known of it."""
    known = {"id": None, "result": None} if row.job is None else row.job.as_json()
    whose = _whose(row, name, line)
    return whose | known | whose | {"status": _status(row), "error": row.error}


def _whose(row: Row[Any], name: str | None, line: int) -> dict[str, Any]:
    return {"custom_id": row.custom_id, "line": line} if name is None else {"file": name}


def _status(row: Row[Any]) -> str:
    return "failed" if row.status == "refused" else row.status
