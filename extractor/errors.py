"""Every error the library raises, in one tree. Each knows its `code` (stable, for machines), whether trying
again can help (`retryable`), and the places at fault (`errors`, JSON pointers into the schema or the answer).

    ExtractorError
    ├── InputError               the caller's input; the same call fails again
    │   ├── SchemaError              unknown, invalid or refused schema
    │   └── DocumentError            empty, undecodable, too large, longer than the context
    ├── OutputError              the model answered, but not well enough; carries its last answer
    │   ├── InvalidOutput            fails the schema after every allowed ask
    │   └── TruncatedOutput          `max_output_tokens` came before the end of the JSON
    ├── ModelError               a checkpoint that cannot be found, read or run
    ├── EngineError              the engine broke under the request (retryable)
    ├── Cancelled                the caller withdrew
    └── DeadlineExceeded         the request's time ran out; carries what there was of an answer
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One fault: an RFC 6901 JSON pointer and what is wrong there."""

    pointer: str
    detail: str


def places_of(faults: Iterable[FieldError], detail: str) -> list[str]:
    """For a line each: where, and what is wrong there unless the error's own `detail` says just that; nothing of what
    that says of the place, too, and of a part of an address, which is all that is wrong with a call."""
    places = ((fault.pointer or "(the whole)", fault.detail) for fault in faults)
    lines = (pointer if what == detail else f"{pointer}: {what}" for pointer, what in places)
    return [line for line in lines if line not in detail and not line.startswith("/path/")]


class ExtractorError(Exception):
    """Base of the tree. `detail` is one sentence for a person; it never holds document text. Where the model had
    answered, `last` is its last answer as text, kept for the user, and `kept` what is known of it: its `data`, as far
    as it is whole, with `fields`, `review` and `usage` as of a result."""

    code: str = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, code: str | None = None, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.last = ""
        self.kept: dict[str, Any] = {}
        if code is not None:
            self.code = code


def code_of(error: Exception) -> str:
    """A label that tells of no document: an error that is not ours is `internal_error`."""
    return error.code if isinstance(error, ExtractorError) else "internal_error"


class InputError(ExtractorError):
    code = "invalid_input"


class SchemaError(InputError):
    code = "invalid_schema"


class DocumentError(InputError):
    code = "invalid_document"


class OutputError(ExtractorError):
    code = "invalid_output"

    def __init__(
        self, detail: str, *, last: str = "", code: str | None = None, errors: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__(detail, code=code, errors=errors)
        self.last = last


class InvalidOutput(OutputError):
    code = "invalid_output"


class TruncatedOutput(OutputError):
    """`tokens`: how many the answer might have."""

    code = "truncated_output"

    def __init__(self, detail: str, *, tokens: int = 0, last: str = "") -> None:
        super().__init__(detail, last=last)
        self.tokens = tokens


class ModelError(ExtractorError):
    code = "model_error"


class EngineError(ExtractorError):
    code = "engine_error"
    retryable = True


class Cancelled(ExtractorError):
    code = "cancelled"


class DeadlineExceeded(ExtractorError):
    """With the code `SILENT` it was not the engine that said so: it may have come to a standstill."""

    code = "deadline_exceeded"


SILENT = "engine_silent"
CONTEXT_EXCEEDED = "context_exceeded"  # a DocumentError: prompt and answer do not fit the model
TOO_COMPLEX = "schema_too_complex"  # a SchemaError: the grammar meets a limit of the grammar engine
NOT_PRINTED = "not_printed"  # a DocumentError: nothing that the document prints is what a field may be
BUSY = "engine_busy"  # as many wait for it as may: an EngineError that says nothing of the request


def where_raised(error: BaseException) -> str:
    """What a log says of one that was not expected, its class and its place: its text may quote the document."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
