"""A document that does not fit the model's context, or whose answer does not fit its limit: cut into windows, read
side by side as rows of the one engine, and merged (windows/). Where it is the schema that does not fit, that is cut
too, and the document is read once for each part of it (schema_parts/). Each window is an extraction of its own, under a
schema that lets it leave out what it does not show.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from extractor.answer.asked_again import better, may_ask_again
from extractor.config import Settings
from extractor.errors import NOT_PRINTED, DeadlineExceeded, DocumentError, ExtractorError, FieldError, InvalidOutput
from extractor.grammar.compile import Grammars
from extractor.options import Options
from extractor.prompt.prompt import PromptBuilder
from extractor.result import Extraction, Tell, tell_nobody
from extractor.run import LEAST_ANSWER, Run
from extractor.schema_parts.likely_windows import likely_windows
from extractor.schema_parts.planner import Planner, ReadingPlan
from extractor.schema_parts.put_together import put_together
from extractor.usage import Usage
from extractor.windows.in_question import Questions, in_question
from extractor.windows.last_resort import likeliest, marked, untold, with_values, without_null
from extractor.windows.of_fields import of_fields
from extractor.windows.outcome import WindowAnswer, WindowOutcome, WindowPlace, raise_where_none_was_read
from extractor.windows.read import read_again, read_all
from extractor.windows.turns import Turns
from extractor.windows.whole_answer import WholeAnswer, window_name
from extractor.windows.window import Window
from extractor.windows.window_schemas import WindowSchemas
from schemas import Schema
from schemas.errors import pointer

_FINISH_S, _FINISH_SHARE = 10.0, 0.1  # kept of the time for what comes after the windows


@dataclass
class _Reading:
    """One document that is being read: `run` is its own. `until`: when no window begins any more. `compiling`: held
    while a grammar is made, once, however many windows need it. `runs`: the last of each part of the schema and window,
    with what all of them cost. `answers`: merged so far; `again`: how many windows were asked again."""

    run: Run
    plan: ReadingPlan
    options: Options
    until: float
    compiling: threading.Lock = field(default_factory=threading.Lock)
    runs: dict[tuple[int, Window], Run] = field(default_factory=dict)
    answers: int = 0
    again: int = 0


class LongDocuments:
    """`slots`: of the engine, of which all windows together take half at most, so that what fits finds one. `most`:
    tokens of a window, where the model does better with few. `read`: one extraction of what fits; `call_again`: one
    call of the model, with the errors of the answer that the run has written; `stand`: an extraction of what all
    windows say, where that stands."""

    def __init__(
        self,
        prompts: PromptBuilder,
        grammars: Grammars,
        settings: Settings,
        *,
        slots: int,
        most: int | None,
        read: Callable[[Run], Extraction],
        call_again: Callable[[Run, InvalidOutput], Extraction],
        stand: Callable[[Run, WholeAnswer], Extraction],
    ) -> None:
        self._grammars, self._settings = grammars, settings
        self._read, self._call_again, self._stand = read, call_again, stand
        self._planner = Planner(prompts, settings, most)
        self._at_once = max(1, slots // 2)
        self._turns = Turns(self._at_once)
        self._schemas = WindowSchemas()
        self._lock = threading.Lock()

    def plan(self, run: Run, refusal: ExtractorError) -> ReadingPlan:
        """`refusal`: why the document cannot be read at once; raised where windows do not help. Raises DocumentError
        for a schema of which a piece does not fit, and for a document that takes too many windows."""
        least = min(LEAST_ANSWER, run.options.max_output_tokens or self._settings.max_output_tokens)
        return self._planner.plan(run.document, run.schema, run.options, least, refusal)

    def read(self, run: Run, plan: ReadingPlan, tell: Tell = tell_nobody) -> Extraction:
        """`plan`: as `plan` returned it for the run, whose time begins anew. What does not stand is asked for once more
        of the windows that it is a matter of, and what then is missing still has to be told by the likeliest. Raises
        what ended the first window where none was read, and InvalidOutput, with the answer of fewer errors, where none
        stands."""
        reading = self._begun(run, plan)
        outcomes: list[WindowOutcome] | None = self._outcomes(reading, tell)
        failed, shown, begun = None, tuple[FieldError, ...](), outcomes
        while outcomes is not None:
            whole = self._put_together(reading, outcomes)
            reading.answers += 1
            try:
                return self._stand(reading.run, whole)
            except (InvalidOutput, DeadlineExceeded) as error:
                failed = better(failed, error, shown)
                begun = outcomes if failed is error else begun
                if failed is not error or not may_ask_again(reading.answers, self._most(reading), shown, error.errors):
                    break
                shown = error.errors
            outcomes = self._outcomes_again(reading, outcomes, whole, shown, tell)
        assert failed is not None
        assert begun is not None
        if (found := self._chosen(reading, begun, failed.errors, tell)) is not None:
            return found
        failed.kept["usage"] = reading.run.spent()
        raise failed

    def _begun(self, run: Run, plan: ReadingPlan) -> _Reading:
        started, most_s = time.monotonic(), self._time_for(run.options, plan.windows)
        until = started + most_s - min(_FINISH_S, _FINISH_SHARE * most_s)
        options = run.options.model_copy(update={"fields": True})  # rows are known by their places
        return _Reading(replace(run, started=started, deadline=started + most_s), plan, options, until)

    def _outcomes(self, reading: _Reading, tell: Tell) -> list[WindowOutcome]:
        run, plan = reading.run, reading.plan

        def ask(place: WindowPlace, withdrawn: threading.Event) -> WindowAnswer:
            found = self._ask(reading, place, withdrawn)
            return WindowAnswer.of(found.data, found.fields, found.review)

        outcomes = read_all(
            plan.cutters, run.document, ask, at_once=self._at_once, until=reading.until, abort=run.abort, tell=tell,
            left_out=plan.left_out,
        )  # fmt: skip
        raise_where_none_was_read(outcomes)
        return outcomes

    def _put_together(self, reading: _Reading, outcomes: list[WindowOutcome]) -> WholeAnswer:
        run = reading.run
        return put_together(run.document, reading.plan, outcomes, self._schemas.shapes_of(run.schema))

    def _outcomes_again(
        self,
        reading: _Reading,
        outcomes: list[WindowOutcome],
        whole: WholeAnswer,
        errors: tuple[FieldError, ...],
        tell: Tell,
    ) -> list[WindowOutcome] | None:
        """With those of windows that are asked once more. None where there are none."""
        questions = self._questions(reading, outcomes, whole, errors) if time.monotonic() < reading.until else None
        if questions is None or not questions.errors:
            return None
        places = {(outcomes[at].part, outcomes[at].window): tuple(some) for at, some in questions.errors.items()}

        def ask(place: WindowPlace, withdrawn: threading.Event) -> WindowAnswer:
            found = self._ask_again(reading, place, places[place.part, place.window], withdrawn)
            return WindowAnswer.of(found.data, found.fields, found.review)

        read = len(outcomes) + reading.again
        found = read_again(
            [outcomes[at] for at in questions.errors], reading.run.document, ask, at_once=self._at_once,
            until=reading.until, abort=reading.run.abort, tell=lambda done, total: tell(read + done, read + total),
        )  # fmt: skip
        reading.again += len(found)
        again = dict(zip(questions.errors, found, strict=True))
        kept = [one.without(questions.withdrawn.get(at, ())) for at, one in enumerate(outcomes)]
        return [again.get(at, one) for at, one in enumerate(kept)]

    def _questions(
        self, reading: _Reading, outcomes: list[WindowOutcome], whole: WholeAnswer, errors: tuple[FieldError, ...]
    ) -> Questions:
        """What is in question of which outcome's window."""
        plan, most = reading.plan, self._most(reading) or reading.answers + 1
        askable: dict[int, Run] = {}
        for at, one in enumerate(outcomes):
            run = reading.runs.get((one.part, one.window))
            if one.state == "read" and run is not None and run.written is not None and run.usage.model_calls < most:
                askable[at] = run
        placed = of_fields(errors, whole.tree, reading.run.schema.json_schema)
        texts = {at: one.document.text for at, one in askable.items()}
        likely = likely_windows(plan, outcomes, texts, [error.pointer for error in placed])
        return in_question(whole.tree, placed, askable.keys(), likely)

    def _chosen(
        self, reading: _Reading, outcomes: list[WindowOutcome], errors: tuple[FieldError, ...], tell: Tell
    ) -> Extraction | None:
        """As the last resort: what no window told, told by the likeliest, which may not leave it out, and marked. None
        where that is not all that is wrong, where no other answer is allowed, and where it does not stand then."""
        run, most = reading.run, self._most(reading)
        paths = untold(errors, self._put_together(reading, outcomes).tree, run.schema.json_schema)
        if not paths or (most is not None and reading.answers >= most) or time.monotonic() >= reading.until:
            return None
        texts = {
            at: reading.runs[one.part, one.window].document.text
            for at, one in enumerate(outcomes)
            if one.state == "read" and (one.part, one.window) in reading.runs
        }
        likely = likely_windows(reading.plan, outcomes, texts, [pointer(*path) for path in paths], every=True)
        questions = likeliest(paths, likely)
        places = {(outcomes[at].part, outcomes[at].window): some for at, some in questions.items()}

        def ask(place: WindowPlace, withdrawn: threading.Event) -> WindowAnswer:
            own_run = replace(reading.runs[place.part, place.window], rewritten=frozenset(), written=None)
            schema = self._schemas.partial_of(reading.plan.parts[place.part].schema)
            schema = without_null(schema, places[place.part, place.window])
            found = self._read_window(reading, place, own_run, schema, withdrawn)
            return WindowAnswer.of(found.data, found.fields, found.review)

        answers = read_again(
            [outcomes[at] for at in questions], run.document, ask, at_once=self._at_once, until=reading.until,
            abort=run.abort, tell=tell,
        )  # fmt: skip
        now = dict(zip(questions, answers, strict=True))
        merged = [with_values(one, now[at], questions[at]) if at in now else one for at, one in enumerate(outcomes)]
        try:
            found = self._stand(run, self._put_together(reading, merged))
        except (InvalidOutput, DeadlineExceeded):
            return None
        return replace(found, review=list(marked(found.review, paths, found.fields)))

    def _most(self, reading: _Reading) -> int | None:
        """Answers that are asked for, where somebody says how many."""
        return reading.options.max_model_calls or self._settings.max_model_calls

    def _ask(self, reading: _Reading, place: WindowPlace, withdrawn: threading.Event) -> Extraction:
        """One window. All of the document is no window: of that nothing may be left out, unless it prints nothing that
        could be there."""
        run, window = reading.run, place.window
        schema = reading.plan.parts[place.part].schema
        if window.start > 0 or window.stop < len(run.document.text):
            name = window_name(run.document, window, place.number, place.of)
            own_run = replace(run, document=window.document(run.document), part=name, shown=schema)
            return self._read_window(reading, place, own_run, self._schemas.partial_of(schema), withdrawn)
        own_run = replace(run, shown=schema)
        try:
            return self._read_window(reading, place, own_run, schema, withdrawn)
        except DocumentError as error:
            if error.code != NOT_PRINTED:
                raise
        return self._read_window(reading, place, own_run, self._schemas.partial_of(schema), withdrawn)

    def _read_window(
        self, reading: _Reading, place: WindowPlace, own_run: Run, schema: Schema, withdrawn: threading.Event
    ) -> Extraction:
        """The window's run, under this schema."""
        with reading.compiling:
            grammar = self._grammars.get(schema, reading.until - time.monotonic(), withdrawn)
        own_run = replace(own_run, schema=schema, grammar=grammar, options=reading.options)
        return self._in_turn(reading, place, own_run, withdrawn, self._read)

    def _ask_again(
        self, reading: _Reading, place: WindowPlace, errors: tuple[FieldError, ...], withdrawn: threading.Event
    ) -> Extraction:
        """Of a window whose answer has these errors, in pointers into that."""
        own_run = replace(reading.runs[place.part, place.window], rewritten=frozenset())
        assert own_run.written is not None
        last = own_run.written.string
        failed = InvalidOutput("what the windows say together does not stand", last=last, errors=errors)
        return self._in_turn(reading, place, own_run, withdrawn, lambda run: self._call_again(run, failed))

    def _in_turn(
        self,
        reading: _Reading,
        place: WindowPlace,
        own_run: Run,
        withdrawn: threading.Event,
        read: Callable[[Run], Extraction],
    ) -> Extraction:
        """The window's run, when its turn comes. What it costs is the document's."""
        with self._turns.taken(reading.until, withdrawn):
            began = time.monotonic()
            deadline = min(reading.until, began + self._settings.request_timeout_s)
            own_run = replace(own_run, started=began, usage=Usage(), deadline=deadline, abort=withdrawn, printed=None)
            before = reading.runs.get((place.part, place.window))
            try:
                return read(own_run)
            finally:
                with self._lock:
                    reading.run.usage.join(own_run.usage)
                    if before is not None:
                        own_run.usage.join(before.usage)
                    reading.runs[place.part, place.window] = replace(own_run, printed=None)

    def _time_for(self, options: Options, windows: int) -> float:
        """Seconds. Each round of windows may take as long as one extraction; the caller's own limit holds for all of
        them."""
        longest_s = self._settings.request_timeout_s * max(1, math.ceil(windows / self._at_once))
        return min(options.timeout_s or longest_s, longest_s)
