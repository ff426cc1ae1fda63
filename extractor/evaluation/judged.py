"""One document's answer, judged: what became of each leaf, with the model's confidence and the place it gave. Knows
results as the service gives them (docs/api.md); no model and no service."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from extractor.documents import Document
from extractor.evaluation.compare import Outcome, compare
from extractor.evaluation.gold import GoldCase
from extractor.evaluation.metrics import Judgement
from extractor.evaluation.places import Grounding, ground
from extractor.evaluation.printed import PrintedText, written_values
from extractor.result import Evidence

JSON = dict[str, Any]
_RAN_ON = "truncated_output"  # the answer ran on until it was cut off
_ENDED = frozenset({"repeated", "ran_on", "cut_off"})  # of a result's review: a value that did not end by itself


@dataclass(frozen=True)
class Answered:
    """What came of one document: the result with its document's text, or the error. `seconds`: from its start to its
    end. `document`: as it was read, where it was read here."""

    result: JSON | None
    error: JSON | None
    seconds: float
    document: Document | None = None

    @property
    def data(self) -> Any:
        return self.result["data"] if self.result else None

    @property
    def text(self) -> str:
        """Of the document, as it was read; empty where that is not known."""
        text = (self.result or {}).get("document", {}).get("text")
        return str(text or (self.document.text if self.document is not None else ""))

    @property
    def file_names(self) -> list[tuple[int, int]]:
        """Where the text says what files are called."""
        if self.document is not None:
            return self.document.spans_of_file_names
        spans = (self.result or {}).get("document", {}).get("file_names", ())
        return [(name["start"], name["stop"]) for name in spans]


@dataclass(frozen=True)
class JudgedLeaf:
    """An outcome with what is known of the answer's side. `printed`: whether the document prints the value; None where
    that is not asked (null, booleans, what the schema lists)."""

    outcome: Outcome
    confidence: float | None = None
    evidence: tuple[Evidence, ...] = ()
    printed: bool | None = None
    grounding: Grounding | None = None


@dataclass(frozen=True)
class Judged:
    """`unprinted`: all values that the answer says and the document does not print, by pointer, in the gold answer or
    not; `written`: how many might have been."""

    case: GoldCase
    answered: Answered
    leaves: list[JudgedLeaf]
    unprinted: dict[str, str | int | Decimal] = field(default_factory=dict)
    written: int = 0

    @property
    def right(self) -> bool:
        """Every leaf is."""
        return self.answered.error is None and all(leaf.outcome.right for leaf in self.leaves)

    @property
    def ran_on(self) -> bool:
        return self.answered.error is not None and self.answered.error["code"] == _RAN_ON

    @property
    def was_ended(self) -> bool:
        """A value of it did not end by itself, and the answer stands."""
        marks = (self.answered.result or {}).get("review", ())
        return any(mark["code"] in _ENDED for mark in marks)


def judge(case: GoldCase, answered: Answered) -> Judged:
    """A document that failed has no answer: all of it is missing."""
    outcomes = compare(case.schema.json_schema, case.expected, answered.data)
    fields: JSON = answered.result.get("fields", {}) if answered.result else {}
    written = written_values(case.schema.json_schema, answered.data)
    written = written if answered.text else {}  # else nobody can say what is printed
    known = PrintedText(answered.text, answered.file_names, case.schema.json_schema)
    unprinted = {pointer: value for pointer, value in written.items() if not known.prints(value, pointer)}
    leaves = []
    for outcome in outcomes:
        pointer = outcome.pointer_in_answer or ""
        field = fields.get(pointer, {}) if outcome.pointer_in_answer is not None else {}
        evidence = tuple(field.get("evidence", ()))
        printed = pointer not in unprinted if pointer in written else None
        leaves.append(
            JudgedLeaf(
                outcome, field.get("confidence"), evidence, printed, _grounding(case, answered, outcome, evidence)
            )
        )
    return Judged(case, answered, leaves, unprinted, len(written))


def _grounding(
    case: GoldCase, answered: Answered, outcome: Outcome, evidence: tuple[Evidence, ...]
) -> Grounding | None:
    """Of a value that is right and of which it is known where it stands."""
    places = case.places.get(outcome.pointer_in_gold or "") if outcome.pointer_in_gold is not None else None
    if places is None or outcome.kind not in ("exact", "normalised") or answered.result is None:
        return None
    return ground(evidence, places, answered.document, answered.text)


def of_values(leaves: list[JudgedLeaf]) -> list[Judgement]:
    """(confidence, right) of each value that an answer gave."""
    return [
        (leaf.confidence, leaf.outcome.right)
        for leaf in leaves
        if leaf.confidence is not None and leaf.outcome.value not in (None, [])
    ]


def of_nulls(leaves: list[JudgedLeaf]) -> list[Judgement]:
    """(confidence, right) of each null that an answer gave; one that stands for an object is right where all of the
    object is missing rightly."""
    found: dict[str, Judgement] = {}
    for leaf in leaves:
        pointer = leaf.outcome.pointer_in_answer
        if pointer is not None and leaf.confidence is not None and leaf.outcome.value is None:
            right = leaf.outcome.right and found.get(pointer, (0.0, True))[1]
            found[pointer] = leaf.confidence, right
    return list(found.values())
