"""One extraction under way, and what is made of an answer's end."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Any

from extractor.answer.asked_again import Fault
from extractor.answer.written import WrittenText
from extractor.documents import Document
from extractor.engine import Completion
from extractor.engine.limits.limits import Limits, Why
from extractor.errors import Cancelled, DeadlineExceeded, TruncatedOutput
from extractor.evidence.ground import ground
from extractor.evidence.scalars import pointers
from extractor.grammar.printed.grammars import PrintedAnswers
from extractor.options import Options
from extractor.result import Known
from extractor.usage import Usage
from schemas import Schema

log = logging.getLogger(__name__)

LEAST_ANSWER = 256  # tokens an answer gets at least, where it may have so many: a long document may take the rest


@dataclass
class Run:
    """One extraction under way: what is asked of what, until when, and what it has cost so far (`usage` grows).
    `started` and `deadline` are of the monotonic clock. `limits`: of what the grammar leaves open. `printed`: the
    grammar of what the document prints, where one is asked for, from the first call of the model on. `written`: its
    last answer that was whole; `rewritten`: for what it was written again. Of a window of a document:
    `shown` is the schema that the prompt tells of, `part` which part of the document it is."""

    schema: Schema
    document: Document
    grammar: str  # of the schema, where none of the document is
    limits: Limits
    options: Options
    started: float
    deadline: float
    abort: threading.Event | None
    usage: Usage
    printed: PrintedAnswers | None = None
    written: WrittenText | None = None
    rewritten: frozenset[Fault] = frozenset()
    shown: Schema | None = None
    part: str = ""

    def keep(self, completion: Completion) -> None:
        """An answer of the engine's, where it came to its end."""
        if completion.finish == "stop":
            self.written = WrittenText.of(completion)

    def spent(self) -> dict[str, Any]:
        """The usage up to now, as a result says it."""
        self.usage.duration_s = time.monotonic() - self.started
        return self.usage.as_json()

    def given_fields(self, fields: dict[str, Known]) -> dict[str, Known]:
        """What is said of them where that is asked for."""
        return fields if self.options.fields else {}

    def raise_if_withdrawn(self) -> None:
        if self.abort is not None and self.abort.is_set():
            raise Cancelled("the extraction was cancelled")


def raise_unless_complete(finish: str, run: Run, max_tokens: int, text: str) -> None:
    """`finish`: why the engine ended the answer `text`."""
    if finish == "cancelled":
        raise Cancelled("the extraction was cancelled")
    if finish == "deadline":
        raise DeadlineExceeded(f"the extraction took longer than {_time_limit(run)}")
    if finish == "length":
        detail = f"the answer was not complete after {_token_limit(run, max_tokens)}"
        raise TruncatedOutput(detail, tokens=max_tokens, last=text)


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


def fields_of(text: str, run: Run, completion: Completion) -> dict[str, Known]:
    """What is known of each value. An answer that stands is not lost for it."""
    try:
        return ground(text, run.document, completion.logprobs, completion.sizes, run.schema.json_schema)
    except Exception as error:
        log.error("no evidence: %s at %s", type(error).__name__, traceback.extract_tb(error.__traceback__)[-1][:2])
        return {}


def ended_values(text: str, completion: Completion) -> list[tuple[str, Why]]:
    """The values of the answer `text` that a limit ended, by their pointers. `text` is the completion's own, or the
    part of it that is whole."""
    if not completion.ended:
        return []
    found = pointers(text)
    places = [(len(completion.text[: one.start].decode("utf-8", "replace")), one.why) for one in completion.ended]
    return [(found[start], why) for start, why in places if start in found]
