"""What is known of an answer beside its data: where its values stand and how sure they are, what of it a person should
look at, and what is kept of one that does not stand."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from extractor.answer.canonical import canonical
from extractor.answer.complete import completed
from extractor.answer.duplicate_keys import Duplicate, replaced
from extractor.answer.written import WrittenText, forced_text
from extractor.calibration.calibrator import Calibrator
from extractor.engine import Completion
from extractor.engine.limits.limits import Why
from extractor.errors import where_raised
from extractor.evidence.ground import GroundedAnswer
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.scalars import byte_spans, pointers
from extractor.evidence.spans import Span
from extractor.grammar.printed.grammars import Demands
from extractor.notation.file_names import without
from extractor.pretended import pretended
from extractor.result import Known, Mark, Other, Unprinted
from extractor.review.marks import BELOW, review
from extractor.review.missed import missed
from extractor.run import Run
from extractor.validate import Answer
from schemas import jsontext
from schemas.errors import Place, parts_of

log = logging.getLogger(__name__)

MOST_OTHERS = 5  # values that are told of one key


class SeenAnswer(NamedTuple):
    """An answer that stands: as the engine wrote it, as it was read, and what is known of its values. `elsewhere`: of
    values that stand at no label of their own, what stands behind one that the document prints, by pointer."""

    completion: Completion
    answer: Answer
    fields: dict[str, Known]
    elsewhere: Mapping[str, Span]

    @property
    def text(self) -> str:
        return WrittenText.of(self.completion).string


class Findings:
    """`demands`: which values have to be printed. `below`: the confidence under which a value is marked where the
    options do not say. `completion` is the engine's, of the answer that is asked about."""

    def __init__(self, demands: Demands, calibrator: Calibrator, below: float = BELOW) -> None:
        self._demands, self._calibrator, self._below = demands, calibrator, below

    def below(self, run: Run) -> float:
        """The confidence under which a value or a null of the run is marked."""
        own = run.options.review_below
        return self._below if own is None else own

    def seen(self, run: Run, completion: Completion, answer: Answer) -> SeenAnswer:
        """`answer`: the completion as it was read."""
        return SeenAnswer(completion, answer, *self._known(run, completion))

    def fields(self, run: Run, completion: Completion) -> dict[str, Known]:
        """What is known of each value of the answer; what is marked follows from it, asked for or not."""
        return self._known(run, completion)[0]

    def _known(self, run: Run, completion: Completion) -> tuple[dict[str, Known], dict[str, Span]]:
        """Of each value, and what stands behind other labels."""
        text = WrittenText.of(completion).string
        held = "none" if run.printed is None or run.printed.grammar is None else run.options.printed
        fields, elsewhere = _grounded(text, run, completion)
        schema = run.schema.json_schema
        return self._calibrator.calibrated(fields, text, run.document, schema, completion, held), elsewhere

    def marks_of(self, run: Run, seen: SeenAnswer, again: Sequence[Duplicate]) -> list[Mark]:
        """What a person should look at. `again`: the members that have keys which their objects had already."""
        others = self.others(run, seen.completion, seen.answer.data, again)
        ended = ended_values(seen.text, seen.completion)
        marks = self.marks(run, seen.answer.data, seen.answer.doubts, seen.fields, ended, others)
        return marks + pretended_marks(run, seen.text, seen.fields)

    def others(self, run: Run, completion: Completion, data: Any, again: Sequence[Duplicate]) -> dict[str, list[Other]]:
        """By pointer, what the answer says of a key once more, where that is something else. A scalar is looked up as
        if it stood in the place of the first."""
        found: dict[str, dict[bytes, Duplicate]] = {}
        for one in again:
            value = canonical(jsontext.read(one.value.text))
            if value and value != canonical(value_at(data, one.pointer)):
                found.setdefault(one.pointer, {}).setdefault(value, one)
        some = {pointer: list(values.values())[:MOST_OTHERS] for pointer, values in found.items()}
        written = WrittenText.of(completion)
        spans = byte_spans(written.string) if some else {}
        others: dict[str, list[Other]] = {pointer: [] for pointer in some}
        for rank in range(max(map(len, some.values()), default=0)):
            ranked = {pointer: values[rank] for pointer, values in some.items() if rank < len(values)}
            swapped = replaced(written, {spans[at]: one.value for at, one in ranked.items() if at in spans})
            fields = self.fields(run, swapped.put_into(completion, completion.ended)) if spans else {}
            for pointer, one in ranked.items():
                others[pointer].append(_other(one, fields.get(pointer)))
        return others

    def kept(self, run: Run, completion: Completion, again: Sequence[Duplicate] = ()) -> dict[str, Any]:
        """What is known of an answer that does not stand: as much of it as is whole."""
        whole = completed(WrittenText.of(completion).string)
        completion = _up_to(completion, whole)
        try:
            data = jsontext.read(whole)
            jsontext.written(data)  # as the ledger keeps it
        except (ValueError, TypeError, RecursionError):
            return {"usage": run.spent()}
        fields = self.fields(run, completion)
        others = self.others(run, completion, data, again)
        marks = self.marks(run, data, [], fields, ended_values(whole, completion), others)
        marks += pretended_marks(run, whole, fields)
        return {"data": data, "fields": run.given_fields(fields), "review": marks, "usage": run.spent()}

    def marks(
        self,
        run: Run,
        data: Any,
        doubts: list[Place],
        fields: dict[str, Known],
        ended: list[tuple[str, Why]],
        others: dict[str, list[Other]],
    ) -> list[Mark]:
        """Of an answer that stands. It is not lost for it."""
        found = {pointer for pointer, known in fields.items() if known["evidence"]}
        try:
            unprinted = self._unprinted(run, data, found)
            left_out = missed(fields, run.schema.json_schema)
        except Exception as error:
            log.error("not compared: %s", where_raised(error))
            unprinted, left_out = [], []
        return review(doubts, unprinted, fields, left_out, ended, others, below=self.below(run))

    def _unprinted(self, run: Run, data: Any, found: set[str]) -> list[Unprinted]:
        """Keys stand somewhere as values do: in other capitals, or with other signs between their words."""
        unprinted = self._demands.unprinted(run.schema, data, run.reading, found)
        if not any(one.key for one in unprinted):
            return unprinted
        index = DocumentIndex(without(run.document.text, run.document.spans_of_file_names))
        return [one for one in unprinted if not (one.key and index.find(_words_of(one.pointer)))]


def _grounded(text: str, run: Run, completion: Completion) -> tuple[dict[str, Known], dict[str, Span]]:
    """What is known of each value, and what stands behind other labels. An answer that stands is not lost for it."""
    try:
        grounded = GroundedAnswer(text, run.document, run.schema.json_schema)
        return grounded.fields(completion.logprobs, completion.sizes), grounded.behind_other_labels()
    except Exception as error:
        log.error("no evidence: %s", where_raised(error))
        return {}, {}


def pretended_marks(run: Run, text: str, fields: dict[str, Known]) -> list[Mark]:
    """Of the answer `text`. It is not lost for it."""
    try:
        return list(pretended(text, run.document, run.schema.json_schema, fields))
    except Exception as error:
        log.error("not compared: %s", where_raised(error))
        return []


def ended_values(text: str, completion: Completion) -> list[tuple[str, Why]]:
    """The values of the answer `text` that a limit ended, by their pointers. `text` is the completion's own, or the
    part of it that is whole."""
    if not completion.ended:
        return []
    found = pointers(text)
    places = [(len(completion.text[: one.start].decode("utf-8", "replace")), one.why) for one in completion.ended]
    return [(found[start], why) for start, why in places if start in found]


def value_at(data: Any, pointer: str) -> Any:
    """None where there is none."""
    for step in parts_of(pointer):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def _other(one: Duplicate, known: Known | None) -> Other:
    evidence, confidence = ([], None) if known is None else (known["evidence"], known["confidence"])
    return {"value": jsontext.read(one.value.text), "evidence": evidence, "confidence": confidence}


def _words_of(pointer: str) -> str:
    """Of the key that a pointer leads to."""
    return parts_of(pointer)[-1].replace("_", " ")


def _up_to(completion: Completion, whole: str) -> Completion:
    """The completion as that of `whole`: what its text begins with, closed."""
    text = whole.encode()
    same = next((at for at, (a, b) in enumerate(zip(completion.text, text, strict=False)) if a != b), len(text))
    closed = WrittenText.of(completion).part(0, same) + forced_text(text[same:].decode())
    return closed.put_into(completion, completion.ended)
