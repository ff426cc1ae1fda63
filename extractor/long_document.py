"""A document that does not fit the model's context, or whose answer does not fit its limit: cut into windows, read
side by side as rows of the one engine, and merged (windows/). Where it is the schema that does not fit, that is cut
too, and the document is read once for each part of it (schema_parts/). Each window is an extraction of its own, under a
schema that lets it leave out what it does not show.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import takewhile

from cachetools import LRUCache

from extractor.config import Settings
from extractor.documents import Document
from extractor.engine.limits.limits import Why
from extractor.errors import NOT_PRINTED, DocumentError, ExtractorError
from extractor.grammar.compile import Grammars
from extractor.grammar.narrow.unfold import reached
from extractor.options import Options
from extractor.prompt.prompt import PromptBuilder
from extractor.result import Extraction, Other, Tell, tell_nobody
from extractor.run import LEAST_ANSWER, Run
from extractor.schema_parts.join import PartAnswer, united
from extractor.schema_parts.planner import Planner, ReadingPlan
from extractor.usage import Usage
from extractor.windows.invented import endless_lists, without_invented
from extractor.windows.merge import ANY, Shapes, Steps, merged
from extractor.windows.partial import partial, shapes
from extractor.windows.read import WindowAnswer, WindowOutcome, WindowPlace, read_all
from extractor.windows.translate import others_of, translated
from extractor.windows.tree import Node, flat, grown
from extractor.windows.turns import Turns
from extractor.windows.whole_answer import WholeAnswer, window_name, windows_read
from extractor.windows.window import Window
from schemas import Schema, loosened
from schemas.errors import pointer

_IN_A_LIST = re.compile(r"/\d+(?:/.*)?$")
_KEPT = 256  # schemas
_FINISH_S, _FINISH_SHARE = 10.0, 0.1  # kept of the time for what comes after the windows


@dataclass(frozen=True)
class _Reading:
    """One document that is being read. `until`: when no window begins any more. `compiling`: held while a
    grammar is made, once, however many windows need it."""

    run: Run
    plan: ReadingPlan
    options: Options
    until: float
    compiling: threading.Lock = field(default_factory=threading.Lock)


class LongDocuments:
    """`slots`: of the engine, of which all windows together take half at most, so that what fits finds one. `most`:
    tokens of a window, where the model does better with few. `read`: one extraction of what fits."""

    def __init__(
        self,
        prompts: PromptBuilder,
        grammars: Grammars,
        settings: Settings,
        slots: int,
        most: int | None,
        read: Callable[[Run], Extraction],
    ) -> None:
        self._grammars, self._settings, self._read = grammars, settings, read
        self._planner = Planner(prompts, settings, most)
        self._at_once = max(1, slots // 2)
        self._turns = Turns(self._at_once)
        self._partial: LRUCache[str, Schema] = LRUCache(_KEPT)
        self._shapes: LRUCache[str, Shapes] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def plan(self, run: Run, refusal: ExtractorError) -> ReadingPlan:
        """`refusal`: why the document cannot be read at once; raised where windows do not help. Raises DocumentError
        for a schema of which a piece does not fit, and for a document that takes too many windows."""
        wanted = run.options.max_output_tokens
        least = wanted or min(LEAST_ANSWER, self._settings.max_output_tokens)
        return self._planner.plan(run.document, run.schema, run.options, least, refusal)

    def read(self, run: Run, plan: ReadingPlan, tell: Tell = tell_nobody) -> WholeAnswer:
        """`plan`: as `plan` returned it. Its time begins now: sets the run's start and deadline. Raises what ended the
        first window where none was read."""
        run.started = time.monotonic()
        self._set_deadline(run, plan.windows)
        left_s = run.deadline - time.monotonic()
        until = run.deadline - min(_FINISH_S, _FINISH_SHARE * left_s)
        options = run.options.model_copy(update={"fields": True})  # rows are known by their places

        reading = _Reading(run, plan, options, until)

        def ask(place: WindowPlace, withdrawn: threading.Event) -> WindowAnswer:
            found = self._ask(reading, place, withdrawn)
            return WindowAnswer.of(found.data, found.fields, found.review)

        outcomes = read_all(
            plan.cutters, run.document, ask, at_once=self._at_once, until=until, abort=run.abort, tell=tell,
            left_out=plan.left_out,
        )  # fmt: skip
        _raise_where_none_was_read(outcomes)
        answers, left_out = [], Counter[str]()
        for number, part in enumerate(plan.parts):
            mine = [one for one in outcomes if one.part == number]
            tree, invented = _merged(run.document, mine, self._shapes_of(run.schema))
            answers.append(PartAnswer(part.tree, tree))
            left_out += invented
        (first, *others) = answers
        whole = united(plan.root, answers) if others else first.answer
        assert whole is not None
        reads = windows_read(run.document, outcomes, of_several=plan.of_several)
        parts = [part.pointers for part in plan.parts] if plan.of_several else []
        unlikely = sum(one.unlikely for one in outcomes)
        again = _again(run.document, outcomes)
        return WholeAnswer(flat(whole), reads, _ended(outcomes), left_out, parts, unlikely, again)

    def _ask(self, reading: _Reading, place: WindowPlace, withdrawn: threading.Event) -> Extraction:
        """One window. All of the document is no window: of that nothing may be left out, unless it prints nothing that
        could be there."""
        run, window = reading.run, place.window
        schema = reading.plan.parts[place.part].schema
        if window.start > 0 or window.stop < len(run.document.text):
            name = window_name(run.document, window, place.number, place.of)
            own_run = replace(run, document=window.document(run.document), part=name, shown=schema)
            return self._read_window(reading, own_run, self._partial_of(schema), withdrawn)
        own_run = replace(run, shown=schema)
        try:
            return self._read_window(reading, own_run, schema, withdrawn)
        except DocumentError as error:
            if error.code != NOT_PRINTED:
                raise
        return self._read_window(reading, own_run, self._partial_of(schema), withdrawn)

    def _read_window(self, reading: _Reading, own_run: Run, schema: Schema, withdrawn: threading.Event) -> Extraction:
        """The window's run, under this schema, when its turn comes. What it costs is the document's."""
        until = reading.until
        with reading.compiling:
            grammar = self._grammars.get(schema, until - time.monotonic(), withdrawn)
        with self._turns.taken(until, withdrawn):
            began = time.monotonic()
            own_run = replace(
                own_run, schema=schema, grammar=grammar, options=reading.options, started=began, usage=Usage(),
                deadline=min(until, began + self._settings.request_timeout_s), abort=withdrawn, printed=None,
            )  # fmt: skip
            try:
                return self._read(own_run)
            finally:
                with self._lock:
                    reading.run.usage.join(own_run.usage)

    def _partial_of(self, schema: Schema) -> Schema:
        """The schema of a window's answer."""
        with self._lock:
            kept = self._partial.get(schema.sha256)
        if kept is None:
            json_schema = partial(schema.json_schema)
            if "$defs" in json_schema and "definitions" not in json_schema:
                json_schema["$defs"] = reached({**json_schema, "$defs": {}}, json_schema["$defs"])
            kept = loosened(schema, json_schema)
            with self._lock:
                self._partial[schema.sha256] = kept
        return kept

    def _shapes_of(self, schema: Schema) -> Shapes:
        """How answers of windows are merged."""
        with self._lock:
            kept = self._shapes.get(schema.sha256)
        if kept is None:
            kept = shapes(schema.json_schema)
            with self._lock:
                self._shapes[schema.sha256] = kept
        return kept

    def _set_deadline(self, run: Run, windows: int) -> None:
        """Each round of windows may take as long as one extraction; the caller's own limit holds for all of them."""
        longest_s = self._settings.request_timeout_s * max(1, math.ceil(windows / self._at_once))
        run.deadline = run.started + min(run.options.timeout_s or longest_s, longest_s)


def _raise_where_none_was_read(outcomes: list[WindowOutcome]) -> None:
    """What ended the first window."""
    if any(one.answer is not None for one in outcomes):
        return
    errors = [one.error for one in outcomes if one.error is not None]
    if errors:
        raise next((error for error in errors if error.retryable), errors[0])
    raise DocumentError("the document has no words to extract from", code="empty_document")


def _merged(document: Document, outcomes: list[WindowOutcome], whole: Shapes) -> tuple[Node | None, Counter[str]]:
    """With how many items of lists were left out, by pointer. None where none was read."""
    answered = [(one.window, one.answer) for one in outcomes if one.answer is not None]
    trees: list[Node] = []
    endless: set[Steps] = set()
    left_out: Counter[str] = Counter()
    if not answered:
        return None, left_out
    for _, answer in answered:
        endless |= endless_lists(answer.data, answer.ended)
    for at, (window, answer) in enumerate(answered):
        fields, places = translated(answer.fields, window, document)
        grew = grown(answer.data, fields, answer.unprinted, window=at, places=places)
        tree, invented = without_invented(grew, endless)
        trees.append(tree)
        for path, count in invented.items():
            left_out[pointer(*takewhile(lambda step: step != ANY, path))] += count
    return merged(trees, _windows(answered), whole), left_out


def _windows(answered: list[tuple[Window, WindowAnswer]]) -> list[Window]:
    return [window for window, _ in answered]


def _again(document: Document, outcomes: list[WindowOutcome]) -> dict[str, list[Other]]:
    """By pointer, of what is in a list by that of the list."""
    found: dict[str, list[Other]] = {}
    for one in outcomes:
        for where, others in (one.answer.again if one.answer is not None else {}).items():
            found.setdefault(_IN_A_LIST.sub("", where), []).extend(others_of(others, one.window, document))
    return found


def _ended(outcomes: list[WindowOutcome]) -> list[tuple[str, Why]]:
    """Each once. Rows of a list are others in the whole."""
    ended = [one for reading in outcomes if reading.answer is not None for one in reading.answer.ended]
    return list(dict.fromkeys((_IN_A_LIST.sub("", where), why) for where, why in ended))
