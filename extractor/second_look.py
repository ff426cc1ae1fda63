"""A null that is likely a miss is asked for once more, as no null, and the value takes its place where it is likely
right. How likely either is, a fit says (calibration/): of a model without one nothing is asked for again.

Where a label of the field is printed with something behind it that is no other value (review/missed.py), a null is a
miss whatever the fit says, and a value that stands elsewhere and is not sure is likely a mistake. The grammar then
holds the value to what stands there, and it has to be surer than not, and no more.

The prompt shows the field as one that may not be null: a model believes its value less where it might have left it out.
Only what is asked for is decoded, all else of the answer is held, and is as sure as it was: a fit is of answers that
were looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from extractor.answer.duplicate_keys import replaced
from extractor.answer.written import WrittenText
from extractor.calibration.calibrator import Calibrator
from extractor.decode import Decoder, as_whole
from extractor.engine import Completion
from extractor.errors import DeadlineExceeded, DocumentError, OutputError
from extractor.evidence.scalars import Scalar, byte_spans, scalars
from extractor.evidence.spans import Span, overlap
from extractor.findings import Findings, SeenAnswer
from extractor.grammar.nullable import required_at
from extractor.notation.field_looks import look_of
from extractor.notation.looks import LOOKS, SURE
from extractor.result import Known
from extractor.review.missed import may_hold, missed
from extractor.run import Run, raise_unless_complete
from extractor.validate import Answer
from schemas import Schema
from schemas.errors import Place, parts_of
from schemas.nodes import nodes_at

DOUBTED = 0.4  # a null is asked for again up to this confidence,
BELIEVED = 0.7  # and a value takes its place from this one on: between the two it stays and a person looks
BELIEVED_AT_LABEL = 0.5  # the same of a value that stands behind the printed label of its field
BELIEVED_OF_LOOK = 0.3  # and of one that looks as only values of its field do: the grammar lets nothing else be written
DOUBTED_ELSEWHERE = 0.6  # a value that stands elsewhere is asked for again up to this confidence
MOST = 16  # values of an answer


class _Doubted(NamedTuple):
    """What of an answer is asked for again, by pointer: `nulls` that are likely misses, and the values, null or not,
    whose label is printed with something else behind it: the `places` where that stands. `looks`: the nulls that can be
    nothing but what looks as values of their fields do."""

    nulls: list[str]
    places: dict[str, Span]
    looks: set[str]

    @property
    def pointers(self) -> list[str]:
        return list(dict.fromkeys([*self.nulls, *self.places]))


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
        """With values for nulls that are likely misses, and what stands at a field's label for what does not; as it is
        where none is believed, where another call of the model is not allowed, and of a window, which may leave out
        what it does not show. Adds to what the run has cost. Raises Cancelled, EngineError."""
        allowed = run.options.max_model_calls or self.most_calls
        if allowed == 1 or run.shown is not None or not self.calibrator.judges_both:
            return seen
        doubted = _doubted(run, seen)
        try:
            return self._filled(run, seen, doubted) if doubted.pointers else seen
        except (OutputError, DocumentError, DeadlineExceeded):  # the answer that there is does not fall with it
            return seen

    def _filled(self, run: Run, seen: SeenAnswer, doubted: _Doubted) -> SeenAnswer:
        """Raises what ends a call of the model and what reading an answer does."""
        found = self._written_again(run, seen, doubted)
        if found is None or not (sure := self._believed(run, seen, found, doubted)):
            return seen
        whole = as_whole(seen.completion, _with(seen, found, sure), run)
        answer = self.read(run, whole.finish, len(whole.sizes), WrittenText.of(whole).string)
        if _doubts(answer, sure) - _doubts(seen.answer, sure):  # a check of the schema's speaks against them
            return seen
        filled = self.findings.seen(run, whole, answer)
        sure = {at: known["confidence"] for at, known in seen.fields.items()} | sure
        return filled._replace(fields={at: {**known, "confidence": sure[at]} for at, known in filled.fields.items()})

    def _written_again(self, run: Run, seen: SeenAnswer, doubted: _Doubted) -> Completion | None:
        """The engine's completion; None where the values can be nothing else. Raises what did not let it end."""
        shown, written = _showing(run.schema, doubted.pointers), WrittenText.of(seen.completion)
        places = {at: run.document.text[slice(*span)] for at, span in doubted.places.items()}
        found = self.decoder.filled(run, shown, written, doubted.nulls, places)
        if found is not None:
            run.usage.add(found.stats)
            raise_unless_complete(found.finish, run, len(found.sizes), WrittenText.of(found).string)
        return found

    def _believed(self, run: Run, seen: SeenAnswer, found: Completion, doubted: _Doubted) -> dict[str, float | None]:
        """Those that are likely right, with how likely that is. What is another field's value already is no find."""
        fields, believed = self.findings.fields(run, found), dict[str, float | None]()
        others = [known for at, known in seen.fields.items() if known["evidence"] and at not in doubted.places]
        for at in (one for one in doubted.pointers if one in fields):
            known = fields[at]
            at_label = at in doubted.places and any(overlap(place, doubted.places[at]) for place in _places(known))
            enough = self._enough(seen, at, at_label=at_label, of_look=at in doubted.looks)
            if (known["confidence"] or 0.0) >= enough and not _is_taken(known, others):
                believed[at] = known["confidence"]
                others.append(known)
        return believed

    def _enough(self, seen: SeenAnswer, pointer: str, *, at_label: bool, of_look: bool) -> float:
        """How sure what was found has to be: a value surer than the one whose place it takes."""
        enough, before = BELIEVED_AT_LABEL if at_label else BELIEVED, seen.fields[pointer]
        enough = min(enough, BELIEVED_OF_LOOK) if of_look else enough
        return max(enough, before["confidence"] or 0.0) if before["evidence"] else enough


def _doubted(run: Run, seen: SeenAnswer) -> _Doubted:
    passed_over = {at: _behind(seen.fields[at]) for at, _ in missed(seen.fields, run.schema.json_schema)}
    free, absent = _by_look(run, seen.fields)
    found = [one.pointer for one in doubted_nulls(seen.text, seen.fields, passed_over.keys() | free)]
    nulls = [at for at in found if at not in absent]
    elsewhere = _elsewhere(run, seen)
    places = {at: span for at, span in passed_over.items() if at in nulls} | dict(
        islice(elsewhere.items(), MOST - len(nulls))
    )
    return _Doubted(nulls, places, free)


def _by_look(run: Run, fields: Mapping[str, Known]) -> tuple[set[str], set[str]]:
    """Of texts that look as no others do: those of which the document prints what looks so and is no other value, and
    those of which it prints none. Empty where values need not be printed: nothing then holds them to their look."""
    if run.options.printed == "none":
        return set(), set()
    looks = {at: look for at in fields if (look := look_of(parts_of(at)[-1])) and _is_text(run.schema, at)}
    taken = [place for known in fields.values() for place in _places(known)]
    printed = {look: list(LOOKS[look].spans(run.document.text)) for look in set(looks.values())}
    free = {look for look, places in printed.items() if any(not _overlaps(one, taken) for one in places)}
    absent = {look for look in SURE & printed.keys() if not printed[look]}
    return {at for at in looks if looks[at] in free}, {at for at in looks if looks[at] in absent}


def _is_text(schema: Schema, pointer: str) -> bool:
    """Whether the value there may be any text."""
    nodes = nodes_at(schema.json_schema, parts_of(pointer))
    return any("string" in node.get("type", ()) and "enum" not in node for node in nodes)


def _overlaps(one: Span, others: Sequence[Span]) -> bool:
    return any(overlap(one, other) for other in others)


def _behind(null: Known) -> Span:
    """Of the label of a null that was passed over."""
    label = null["label"]
    assert label is not None
    assert label["behind"] is not None
    return label["behind"]["start"], label["behind"]["stop"]


def _elsewhere(run: Run, seen: SeenAnswer) -> dict[str, Span]:
    """Of doubted values that stand at no label of their own: what stands behind one that is printed."""
    return {
        at: span
        for at, span in seen.elsewhere.items()
        if _is_doubted(seen.fields[at]) and may_hold(run.schema.json_schema, at, run.document.text[slice(*span)])
    }


def _is_doubted(value: Known) -> bool:
    return bool(value["evidence"]) and value["label"] is None and (value["confidence"] or 0.0) <= DOUBTED_ELSEWHERE


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


def _showing(schema: Schema, pointers: list[str]) -> Schema:
    """The schema as the prompt shows it: what is asked for may not be null."""
    shown = required_at(schema.json_schema, [parts_of(pointer) for pointer in pointers])
    return replace(schema, json_schema=shown, sha256="/".join([schema.sha256, *pointers]))


def _with(seen: SeenAnswer, found: Completion, pointers: Iterable[str]) -> WrittenText:
    """The answer with what was found at `pointers`."""
    spans, new, written = byte_spans(seen.text), byte_spans(WrittenText.of(found).string), WrittenText.of(found)
    return replaced(WrittenText.of(seen.completion), {spans[at]: written.part(*new[at]) for at in pointers})


def _is_taken(known: Known, others: list[Known]) -> bool:
    """Whether one of its places is one of another value's."""
    taken = [place for other in others for place in _places(other)]
    return any(_overlaps(one, taken) for one in _places(known))


def _places(known: Known) -> list[Span]:
    return [(one["start"], one["stop"]) for one in known["evidence"]]


def _doubts(answer: Answer, found: Container[str]) -> Counter[Place | str]:
    """How many checks fail at each place. What they say counts where a value was found: elsewhere it may be the old
    doubt with other figures."""
    return Counter(one if one[0] in found else one[0] for one in answer.doubts)
