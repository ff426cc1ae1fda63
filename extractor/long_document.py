"""A document that does not fit the model's context, or whose answer does not fit its limit: cut into windows, read
side by side as rows of the one engine, and merged (windows/). Each window is an extraction of its own, under a schema
that lets it leave out what it does not show.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, takewhile

from cachetools import LRUCache

from extractor.config import Settings
from extractor.documents import Document
from extractor.engine.limits.limits import Why
from extractor.errors import CONTEXT_EXCEEDED, DocumentError, ExtractorError, FieldError
from extractor.grammar.compile import Grammars
from extractor.grammar.narrow.unfold import reached
from extractor.prompt.prompt import PromptBuilder
from extractor.result import Extraction, Mark, Other, Tell, Usage, WindowRead, tell_nobody
from extractor.review import ended_marks
from extractor.run import LEAST_ANSWER, Run
from extractor.windows.cut import Cutter
from extractor.windows.invented import endless_lists, without_invented
from extractor.windows.merge import ANY, Shapes, Steps, merged
from extractor.windows.partial import holds_lists, partial, shapes
from extractor.windows.plan import cutter_of, room_for
from extractor.windows.read import WindowAnswer, WindowOutcome, read_all
from extractor.windows.translate import translated
from extractor.windows.tree import Flat, Node, ValueNode, flat, grown
from extractor.windows.turns import Turns
from extractor.windows.window import Window
from schemas import Schema, loosened
from schemas.errors import pointer

_IN_A_LIST = re.compile(r"/\d+(?:/.*)?$")
_KEPT = 256  # schemas
_FINISH_S, _FINISH_SHARE = 10.0, 0.1  # kept of the time for what comes after the windows


@dataclass(frozen=True)
class WholeAnswer:
    """What all windows say together, and what became of each. `ended`: values that did not end by themselves; of one in
    a list, the list. `invented`: how many items were left out, by pointer of such a list."""

    answer: Flat
    windows: list[WindowRead]
    ended: list[tuple[str, Why]]
    invented: Counter[str]

    def marks(self) -> list[Mark]:
        """Values that did not end by themselves, windows that say different things, and pages that were not read."""
        marks: list[Mark] = list(ended_marks(self.ended, self.invented))
        for where, others in self.answer.disagreements.items():
            detail = f"another part of the document says otherwise ({len(others)} other value{'s'[: len(others) > 1]})"
            shown = [_other(leaf) for leaf in others]
            marks.append(
                {"pointer": where, "code": "windows_disagree", "detail": detail, "severity": "low", "others": shown}
            )
        attempted = [one for one in self.windows if one["state"] != "skipped"]
        for (state, code), some in groupby(attempted, key=lambda one: (one["state"], one["code"])):
            if state in ("failed", "truncated"):
                how = "were not read" if state == "failed" else "were not read to their end"
                detail = f"{_stretch(list(some))} {how} ({code})"
                marks.append({"pointer": "", "code": "not_read", "detail": detail, "severity": "high"})
        return marks


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
        self._prompts, self._grammars, self._settings, self._read = prompts, grammars, settings, read
        self._most = most
        self._at_once = max(1, slots // 2)
        self._turns = Turns(self._at_once)
        self._partial: LRUCache[str, tuple[Schema, Shapes]] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def cut(self, run: Run, refusal: ExtractorError) -> Cutter:
        """`refusal`: why the document cannot be read at once; raised where windows do not help, because it is the
        schema that does not fit. Raises DocumentError for one that takes too many of them."""
        answer = run.options.max_output_tokens or self._settings.max_output_tokens
        least = run.options.max_output_tokens or min(LEAST_ANSWER, answer)
        lists = holds_lists(run.schema.json_schema, run.schema.json_schema)
        left = self._prompts.left(run.schema)
        room = room_for(left, answer, least, self._most, lists=lists)
        if room is None and isinstance(refusal, DocumentError):
            raise _no_room(self._prompts.context, left, least, run.options.max_output_tokens)
        if room is None:
            raise refusal
        cutter = cutter_of(run.document, self._prompts.counts, room, self._settings.max_windows)
        if len(cutter.windows) < 2:
            raise refusal
        return cutter

    def read(self, run: Run, cutter: Cutter, tell: Tell = tell_nobody) -> WholeAnswer:
        """`cutter`: as `cut` returned it. Its time begins now: sets the run's start and deadline. Raises what ended the
        first window where none was read."""
        run.started = time.monotonic()
        part, whole = self._part_of(run.schema)
        self._set_deadline(run, len(cutter.windows))
        grammar = self._grammars.get(part, run.deadline - time.monotonic(), run.abort)
        left_s = run.deadline - time.monotonic()
        until = run.deadline - min(_FINISH_S, _FINISH_SHARE * left_s)

        options = run.options.model_copy(update={"fields": True})  # rows are known by their places

        def ask(window: Window, number: int, of: int, withdrawn: threading.Event) -> WindowAnswer:
            own = window.document(run.document)
            part_name = _part_name(run.document, window, number, of)
            with self._turns.taken(until, withdrawn):
                began = time.monotonic()
                deadline = min(until, began + self._settings.request_timeout_s)
                how = (grammar, run.limits, options, began, deadline, withdrawn)
                run_of_window = Run(part, own, *how, Usage(), None, run.schema, part_name)
                try:
                    found = self._read(run_of_window)
                finally:
                    with self._lock:
                        run.usage.join(run_of_window.usage)
            return WindowAnswer.of(found.data, found.fields, found.review)

        outcomes = read_all(cutter, run.document, ask, at_once=self._at_once, until=until, abort=run.abort, tell=tell)
        answer, invented = _merged(run.document, outcomes, whole)
        return WholeAnswer(answer, [_read(run.document, one) for one in outcomes], _ended(outcomes), invented)

    def _part_of(self, schema: Schema) -> tuple[Schema, Shapes]:
        """The schema of a window's answer, and how such answers are merged."""
        with self._lock:
            kept = self._partial.get(schema.sha256)
        if kept is None:
            json_schema = partial(schema.json_schema)
            if "$defs" in json_schema and "definitions" not in json_schema:
                json_schema["$defs"] = reached({**json_schema, "$defs": {}}, json_schema["$defs"])
            kept = loosened(schema, json_schema), shapes(schema.json_schema)
            with self._lock:
                self._partial[schema.sha256] = kept
        return kept

    def _set_deadline(self, run: Run, windows: int) -> None:
        """Each round of windows may take as long as one extraction; the caller's own limit holds for all of them."""
        longest_s = self._settings.request_timeout_s * max(1, math.ceil(windows / self._at_once))
        run.deadline = run.started + min(run.options.timeout_s or longest_s, longest_s)


def _no_room(context: int, left: int, least: int, max_output_tokens: int | None) -> DocumentError:
    """It is not the document that is too long. `max_output_tokens`: of the answer, where the caller names them."""
    size, fewer = context - left, "for fewer max_output_tokens, " if max_output_tokens else ""
    needs = "may have" if max_output_tokens else "needs at least"
    detail = (
        f"the prompt of the schema is {size:,} tokens of the context's {context:,} (EXTRACTOR_CONTEXT, or what the "
        f"model and its memory allow), and the answer {needs} {least:,} of them "
        "beside a part of the document: ask for fewer fields, with shorter names and descriptions, "
        f"{fewer}or use a model with a longer context"
    )
    too_long = f"is {size:,} tokens; with an answer and a part of a document they exceed {context:,}"
    where = FieldError("/schema", too_long)
    return DocumentError(detail, code=CONTEXT_EXCEEDED, errors=(where,))


def _merged(document: Document, outcomes: list[WindowOutcome], whole: Shapes) -> tuple[Flat, Counter[str]]:
    """With how many items of lists were left out, by pointer. Raises what ended the first window where none was
    read."""
    answered = [(one.window, one.answer) for one in outcomes if one.answer is not None]
    if not answered:
        errors = [one.error for one in outcomes if one.error is not None]
        if errors:
            raise next((error for error in errors if error.retryable), errors[0])
        raise DocumentError("the document has no words to extract from", code="empty_document")
    trees: list[Node] = []
    endless: set[Steps] = set()
    left_out: Counter[str] = Counter()
    for _, answer in answered:
        endless |= endless_lists(answer.data, answer.ended)
    for at, (window, answer) in enumerate(answered):
        fields, places = translated(answer.fields, window, document)
        grew = grown(answer.data, fields, answer.unprinted, window=at, places=places)
        tree, invented = without_invented(grew, endless)
        trees.append(tree)
        for path, count in invented.items():
            left_out[pointer(*takewhile(lambda step: step != ANY, path))] += count
    return flat(merged(trees, [window for window, _ in answered], whole)), left_out


def _ended(outcomes: list[WindowOutcome]) -> list[tuple[str, Why]]:
    """Each once. Rows of a list are others in the whole."""
    ended = [one for reading in outcomes if reading.answer is not None for one in reading.answer.ended]
    return list(dict.fromkeys((_IN_A_LIST.sub("", where), why) for where, why in ended))


def _read(document: Document, one: WindowOutcome) -> WindowRead:
    code = one.error.code if one.error is not None else None
    span = {"start": one.window.fresh, "stop": one.window.stop}
    return {**span, "pages": _pages_of(document, one.window), "state": one.state, "code": code}  # type: ignore[typeddict-item]


def _pages_of(document: Document, window: Window) -> list[int] | None:
    """The first and the last; None where the document has no pages."""
    found = [page.number for page in document.pages if page.start < window.stop and window.fresh < page.stop]
    return [found[0], found[-1]] if found and len(document.pages) > 1 else None


def _stretch(windows: list[WindowRead]) -> str:
    """From the first to the last of windows that follow each other."""
    first, last = windows[0], windows[-1]
    if first["pages"] is not None and last["pages"] is not None:
        return _pages([first["pages"][0], last["pages"][1]])
    return f"characters {first['start']:,} to {last['stop']:,}"


def _pages(pages: list[int] | None) -> str:
    if pages is None:
        return ""
    return f"pages {pages[0]}-{pages[1]}" if pages[0] < pages[1] else f"page {pages[0]}"


def _part_name(document: Document, window: Window, number: int, of: int) -> str:
    """What the prompt says of a window."""
    return ", ".join(filter(None, (f"part {number} of {of}", _pages(_pages_of(document, window)))))


def _other(leaf: ValueNode) -> Other:
    known = leaf.known
    evidence, confidence = ([], None) if known is None else (known["evidence"], known["confidence"])
    return {"value": leaf.value, "evidence": evidence, "confidence": confidence}
