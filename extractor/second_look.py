"""A null that is likely a miss is asked for once more, as no null, and the value takes its place where it is likely
right. How likely either is, a fit says (calibration/): of a model without one nothing is asked for again. A null beside
a printed label of its own, with something behind it that is no other value (review/missed.py), is a miss whatever the
fit says: a value that stands there has to be surer than not, and no more.

The prompt shows the field as one that may not be null: a model believes its value less where it might have left it out.
Only what is asked for is decoded, all else of the answer is held, and is as sure as it was: a fit is of answers that
were looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from extractor.answer.duplicate_keys import replaced
from extractor.answer.written import WrittenText
from extractor.calibration.calibrator import Calibrator
from extractor.decode import Decoder, as_whole
from extractor.engine import Completion
from extractor.errors import DeadlineExceeded, DocumentError, OutputError
from extractor.evidence.scalars import Scalar, byte_spans, scalars
from extractor.evidence.spans import overlap
from extractor.findings import Findings, SeenAnswer
from extractor.grammar.nullable import required_at
from extractor.result import Known
from extractor.review.missed import missed
from extractor.run import Run, raise_unless_complete
from extractor.validate import Answer
from schemas import Schema
from schemas.errors import Place

DOUBTED = 0.4  # a null is asked for again up to this confidence,
BELIEVED = 0.7  # and a value takes its place from this one on: between the two it stays and a person looks
BELIEVED_AT_LABEL = 0.5  # the same of a value that stands behind the null's printed label
MOST = 16  # nulls of an answer


@dataclass(frozen=True)
class SecondLook:
    """`read`: an answer as the schema has it, of a run, how it ended, its most tokens and its text. `most_calls`: of
    the model, where the options do not say; None where the settings do not either."""

    decoder: Decoder
    findings: Findings
    calibrator: Calibrator
    read: Callable[[Run, str, int, str], Answer]
    most_calls: int | None

    def of(self, run: Run, seen: SeenAnswer) -> SeenAnswer:
        """With values for nulls that are likely misses; as it is where none is believed, where another call of the
        model is not allowed, and of a window, which may leave out what it does not show. Adds to what the run has cost.
        Raises Cancelled, EngineError."""
        allowed = run.options.max_model_calls or self.most_calls
        if allowed == 1 or run.shown is not None or not self.calibrator.judges_both:
            return seen
        passed_over = {at for at, _ in missed(seen.fields, run.schema.json_schema)}
        doubted = doubted_nulls(seen.text, seen.fields, passed_over)
        try:
            return self._filled(run, seen, doubted, passed_over) if doubted else seen
        except (OutputError, DocumentError, DeadlineExceeded):  # the answer that there is does not fall with it
            return seen

    def _filled(self, run: Run, seen: SeenAnswer, doubted: list[Scalar], passed_over: Container[str]) -> SeenAnswer:
        """Raises what ends a call of the model and what reading an answer does."""
        found = self._written_again(run, seen, doubted)
        if found is None or not (sure := self._believed(run, seen, found, doubted, passed_over)):
            return seen
        whole = as_whole(seen.completion, _with(seen, found, sure), run)
        answer = self.read(run, whole.finish, len(whole.sizes), WrittenText.of(whole).string)
        if _doubts(answer, sure) - _doubts(seen.answer, sure):  # a check of the schema's speaks against them
            return seen
        fields = self.findings.fields(run, whole)
        sure = {at: known["confidence"] for at, known in seen.fields.items()} | sure
        return SeenAnswer(whole, answer, {at: {**known, "confidence": sure[at]} for at, known in fields.items()})

    def _written_again(self, run: Run, seen: SeenAnswer, doubted: list[Scalar]) -> Completion | None:
        """The engine's completion; None where the nulls can be nothing else. Raises what did not let it end."""
        shown, written = _showing(run.schema, doubted), WrittenText.of(seen.completion)
        found = self.decoder.without_nulls(run, shown, written, [one.pointer for one in doubted])
        if found is not None:
            run.usage.add(found.stats)
            raise_unless_complete(found.finish, run, len(found.sizes), WrittenText.of(found).string)
        return found

    def _believed(
        self, run: Run, seen: SeenAnswer, found: Completion, doubted: list[Scalar], passed_over: Container[str]
    ) -> dict[str, float | None]:
        """Those that are likely right, with how likely that is. What is another field's value already is no find."""
        fields, believed = self.findings.fields(run, found), dict[str, float | None]()
        others = [known for known in seen.fields.values() if known["evidence"]]
        for at in (one.pointer for one in doubted if one.pointer in fields):
            known = fields[at]
            at_label = at in passed_over and _stands_behind(known, seen.fields[at])
            enough = BELIEVED_AT_LABEL if at_label else BELIEVED
            if (known["confidence"] or 0.0) >= enough and not _is_taken(known, others):
                believed[at] = known["confidence"]
                others.append(known)
        return believed


def doubted_nulls(text: str, fields: Mapping[str, Known], passed_over: Container[str] = ()) -> list[Scalar]:
    """The nulls of an answer that are likely misses, those first that are doubted most; `passed_over`: pointers of
    those that are in any case. None in a list: what its rows leave out, the others do say, so the schema of a row has
    to keep its nulls."""
    nulls = [one for one in scalars(text) if one.value is None and one.pointer in fields]
    sure = {
        one: confidence
        for one in nulls
        if all(isinstance(step, str) for step in one.path)
        and (confidence := fields[one.pointer]["confidence"]) is not None
        and (confidence <= DOUBTED or one.pointer in passed_over)
    }
    return sorted(sure, key=lambda one: sure[one])[:MOST]


def _showing(schema: Schema, doubted: list[Scalar]) -> Schema:
    """The schema as the prompt shows it."""
    paths = [[str(step) for step in one.path] for one in doubted]
    shown = required_at(schema.json_schema, paths)
    return replace(schema, json_schema=shown, sha256="/".join([schema.sha256, *(one.pointer for one in doubted)]))


def _with(seen: SeenAnswer, found: Completion, pointers: Iterable[str]) -> WrittenText:
    """The answer with what was found at `pointers`."""
    spans, new, written = byte_spans(seen.text), byte_spans(WrittenText.of(found).string), WrittenText.of(found)
    return replaced(WrittenText.of(seen.completion), {spans[at]: written.part(*new[at]) for at in pointers})


def _stands_behind(known: Known, null: Known) -> bool:
    """Whether a value stands behind the label of the null that it takes the place of."""
    label = null["label"]
    behind = label["behind"] if label is not None else None
    return behind is not None and any(
        overlap((one["start"], one["stop"]), (behind["start"], behind["stop"])) for one in known["evidence"]
    )


def _is_taken(known: Known, others: list[Known]) -> bool:
    """Whether one of its places is one of another value's."""
    places = [(one["start"], one["stop"]) for other in others for one in other["evidence"]]
    return any(overlap((one["start"], one["stop"]), place) for one in known["evidence"] for place in places)


def _doubts(answer: Answer, found: Container[str]) -> Counter[Place | str]:
    """How many checks fail at each place. What they say counts where a value was found: elsewhere it may be the old
    doubt with other figures."""
    return Counter(one if one[0] in found else one[0] for one in answer.doubts)
