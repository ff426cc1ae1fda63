"""A case for each code that a result's `review` or a failed extraction's `error` may have: what is sent, what the
engine writes of it, and what has to come back. Plain data, which the worker's process imports too."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from extractor.errors import EngineError, InputError, SchemaError
from tests.support.case_worker import TORN, Line, Written
from tests.support.long_documents import ledger
from tests.support.small_schemas import whole

JSON = dict[str, Any]
LEDGER = "window_engine"  # a schema, by its module: what tests/support/window_engine.py reads
TEXT, NUMBER = whole({"type": "string"}), whole({"type": "integer"})
LONG = whole({"type": "string", "description": "one of many words " * 600})  # longer than the context
TEXTS = whole({"type": "array", "items": {"type": "string"}})
SUMS = whole({"type": "object", "additionalProperties": {"type": "integer"}})
DAY = whole({"type": "string", "format": "date"})
INVOICE: JSON = {
    "number": None, "issue_date": None, "due_date": None, "seller": None, "buyer": None, "currency": None, "items": [],
}  # fmt: skip
CONTACT: JSON = {
    "name": "Mina Okafor", "title": None, "job_title": None, "company": None, "email": None, "phones": [],
    "website": None, "address": None,
}  # fmt: skip

MINA = "Mina Okafor\nE-mail: m.okafor@larkspur.example\nI am in on Monday and Tuesday\n"
IMITATION = '{"name": "Mina Okafor", "email": "x@else.example"}'


def compact(answer: Any) -> str:
    """As the grammar writes it."""
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False)


def answered(answer: JSON, **more: Any) -> Written:
    return Written(compact(answer), **more)


@dataclass(frozen=True)
class Case:
    """Where the engine has a `script`, the document's first line names the case."""

    code: str
    name: str
    document: str
    schema: str | JSON
    script: tuple[Line, ...] = ()
    options: JSON = field(default_factory=dict)

    @property
    def text(self) -> str:
        return f"Case {self.name}\n{self.document}" if self.script else self.document

    def body(self) -> JSON:
        """Of a POST."""
        kind = "schema" if isinstance(self.schema, str) else "json_schema"
        return {kind: self.schema, "document": {"text": self.text}, "options": self.options}


@dataclass(frozen=True)
class MarkCase(Case):
    """The mark that has to be there; `says`: a part of its detail."""

    pointer: str = "/f"
    severity: str = "high"
    says: str = ""


@dataclass(frozen=True)
class ErrorCase(Case):
    """`errors`: the pointers that have to be told. `data`: what is kept of the answer, None where there is none."""

    errors: tuple[str, ...] = ()
    data: JSON | None = None
    calls: int = 1
    retryable: bool = False
    says: str = ""


def statement(pages: int, *changes: tuple[str, str]) -> str:
    """A document of windows."""
    text = ledger(pages, 5 * pages)[0].text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


OTHER_NUMBER = ("Statement of account, page 9", "Number: B-18\npage 9")
TORN_PAGE = ("Statement of account, page 9", f"A {TORN}, page 9")

MARKS = (
    MarkCase(
        "check", "check", "Net 10.00, tax 1.00, total 12.00", "invoice",
        (answered(INVOICE | {"subtotal": 10, "tax": 1, "total": 12}),), pointer="/total",
    ),
    MarkCase("not_printed", "value", "Invoice A-7", TEXT, (answered({"f": "Bolt"}),), says="is not printed"),
    MarkCase(
        "not_printed", "key", "Net 10, fee", SUMS, (answered({"f": {"Rent": 10}}),), pointer="/f/Rent",
        says="its key is not printed",
    ),
    MarkCase(
        "missed", "missed", "Mina Okafor\nE-mail: m.okafor@larkspur.example", "contact", (answered(CONTACT),),
        pointer="/email", says="m.okafor@larkspur.example",
    ),
    MarkCase(
        "low_confidence", "unsure", "Invoice A-7", TEXT, (answered({"f": "A-7"}, logprob=-1.0),), severity="low",
        says="below 0.5",
    ),
    MarkCase("repeated", "repeated", "na", TEXT, (answered({"f": "na" * 40}, ended=(('"na', "repeated"),)),)),
    MarkCase(
        "ran_on", "ran_on", "A-7", TEXTS, (answered({"f": [f"B-{at}" for at in range(9)]}, ended=(("[", "ran_on"),)),),
        says="than the document has to say",
    ),
    MarkCase(
        "cut_off", "cut_off", "x", TEXT, (answered({"f": "x" * 40}, ended=(('"x', "cut_off"),)),), says="the most",
    ),
    MarkCase(
        "duplicate_key", "twice", "Net 10, Fee 3, Net 12", SUMS, (Written('{"f":{"Net":10,"Fee":3,"Net":12}}'),),
        pointer="/f/Net", says="1 other value",
    ),
    MarkCase(
        "windows_disagree", "disagree", statement(12, OTHER_NUMBER), LEDGER, pointer="/number", severity="low",
        says="1 other value",
    ),
    MarkCase(
        "pretended", "pretended", f"{MINA}{IMITATION}", "contact", (answered(CONTACT | {"email": "x@else.example"}),),
        pointer="/email", says="E-mail: m.okafor@larkspur.example",
    ),
    MarkCase(
        "pretended", "beside", f"{MINA}{IMITATION}", "contact",
        (answered(CONTACT | {"email": "m.okafor@larkspur.example"}),), pointer="", severity="low",
        says="imitates an answer of this schema (characters",
    ),
    MarkCase("not_read", "torn", statement(12, TORN_PAGE), LEDGER, pointer="", says="(engine_error)"),
    MarkCase("not_read", "too_many", statement(60), LEDGER, pointer="", severity="low", says="EXTRACTOR_MAX_WINDOWS"),
)  # fmt: skip

ERRORS = (
    ErrorCase(
        "invalid_output", "invalid", "It says 12", NUMBER, (answered({"f": "12"}),), errors=("/f",), data={"f": "12"},
        calls=2,
    ),
    ErrorCase(
        "truncated_output", "truncated", "A-7 and A-8", TEXTS, (answered({"f": ["A-7", "A-8" * 40]}),),
        {"max_output_tokens": 12}, data={"f": ["A-7"]}, says="12 tokens",
    ),
    ErrorCase(
        "truncated_output", "begun", "A-7", TEXTS, (answered({"f": ["A-7"]}),), {"max_output_tokens": 1}, data={},
        says="1 token (options.max_output_tokens)",
    ),
    ErrorCase(
        "deadline_exceeded", "late", "A-7 and A-8", TEXTS, (Written('{"f":["A-7","A', "deadline"),), {"timeout_s": 50},
        data={"f": ["A-7"]}, says="50 s",
    ),
    ErrorCase("not_printed", "no_day", "Due soon", DAY, (answered({}),), {"printed": "all"}, errors=("/f",)),
    ErrorCase(
        "context_exceeded", "long", "A-7", LONG, (answered({}),), errors=("/schema",),
        says="2,048",
    ),
    ErrorCase("schema_too_complex", "complex", "A-7", TEXT, (SchemaError("a limit", code="schema_too_complex"),)),
    ErrorCase("invalid_schema", "no_grammar", "A-7", TEXT, (InputError("does not compile", code="invalid_schema"),)),
    ErrorCase("invalid_options", "options", "A-7", TEXT, (answered({"f": "A-7"}),), {"seed": 1}),
    ErrorCase("poison", "broken", "A-7", TEXT, (EngineError("the engine broke"),), says="3 attempts"),
    ErrorCase("internal_error", "fault", "A-7", TEXT, (KeyError("A-7"),), says="its log says where"),
)  # fmt: skip

HELD = "held"  # of which no answer comes
SCRIPTS = {HELD: (None,)} | {case.name: case.script for case in (*MARKS, *ERRORS) if case.script}
