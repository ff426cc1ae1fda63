"""One extraction under way, and how its answer may have come to an end."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from extractor.answer.asked_again import Fault
from extractor.answer.written import WrittenText
from extractor.documents import Document
from extractor.engine import Completion
from extractor.engine.limits.limits import Limits
from extractor.errors import Cancelled, DeadlineExceeded, ExtractorError, TruncatedOutput
from extractor.grammar.printed.grammars import PrintedAnswers
from extractor.grammar.printed.reading import PrintedDocument
from extractor.options import Options
from extractor.result import Known
from extractor.usage import Usage
from schemas import Schema

LEAST_ANSWER = 256  # tokens an answer gets at least, where it may have so many: a long document may take the rest


@dataclass
class Run:
    """One extraction under way. What is asked of what, and until when, stays; what calls of the model have come to
    grows. A window of a document has a run of its own, made of the document's by `replace`."""

    schema: Schema
    document: Document
    grammar: str  # of the schema, where none of the document is
    limits: Limits  # of what the grammar leaves open
    options: Options
    started: float  # on the monotonic clock, as the deadline
    deadline: float
    abort: threading.Event | None  # withdrawn when set
    # What grows
    usage: Usage
    printed: PrintedAnswers | None = None  # what the document prints, where it has to; from the first call on
    written: WrittenText | None = None  # the last answer that came to its end
    rewritten: frozenset[Fault] = frozenset()  # the errors for which parts of that were written again
    # Of a window
    shown: Schema | None = None  # the schema that the prompt tells of
    part: str = ""  # which part of the document it is, as the prompt says it

    def keep(self, completion: Completion) -> None:
        """An answer of the engine's, where it came to its end."""
        if completion.finish == "stop":
            self.written = WrittenText.of(completion)

    def spent(self) -> dict[str, Any]:
        """The usage up to now, as a result says it."""
        self.usage.duration_s = time.monotonic() - self.started
        return self.usage.as_json()

    @cached_property
    def reading(self) -> PrintedDocument:
        """What the document prints, whether or not anything has to be printed; of an answer, so behind the first
        call."""
        if self.printed is not None:
            return self.printed.document
        return PrintedDocument(self.document.text, self.document.spans_of_file_names)

    def given_fields(self, fields: dict[str, Known]) -> dict[str, Known]:
        """What is said of them where that is asked for."""
        return fields if self.options.fields else {}

    def raise_if_withdrawn(self) -> None:
        if self.abort is not None and self.abort.is_set():
            raise Cancelled("the extraction was cancelled")


def raise_unless_complete(finish: str, run: Run, max_tokens: int, text: str) -> None:
    """`finish`: why the engine ended the answer `text`, which might have `max_tokens`. Raises Cancelled,
    DeadlineExceeded, TruncatedOutput."""
    if finish == "cancelled":
        raise Cancelled("the extraction was cancelled")
    if finish == "deadline":
        raise DeadlineExceeded(f"the extraction took longer than {_time_limit(run)}")
    if finish == "length":
        detail = f"the answer was not complete after {_token_limit(run, max_tokens)}"
        raise TruncatedOutput(detail, tokens=max_tokens, last=text)


def is_as_long_as_asked(error: ExtractorError, options: Options) -> bool:
    """Whether the answer was cut off at as many tokens as the caller allows: windows would not make that right."""
    return isinstance(error, TruncatedOutput) and error.tokens == options.max_output_tokens


def _time_limit(run: Run) -> str:
    """With what set it."""
    seconds = f"{round(run.deadline - run.started, 3):g} s"
    if run.options.timeout_s is None:
        return f"{seconds} (EXTRACTOR_REQUEST_TIMEOUT_S)"
    return f"{seconds}, which options.timeout_s left it"


def _token_limit(run: Run, tokens: int) -> str:
    """With what set it, as far as one can tell."""
    wanted = run.options.max_output_tokens
    if wanted is None:
        setting = "EXTRACTOR_MAX_OUTPUT_TOKENS or the context's room; options.max_output_tokens may allow more"
    else:
        setting = "options.max_output_tokens" if tokens == wanted else "the context's room"
    return f"{tokens:,} token{'s'[: tokens != 1]} ({setting})"
