"""The engine as an extraction uses it: started as the settings say, given a prompt, waited for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from extractor.answer.asked_again import faults
from extractor.answer.excerpt import excerpt
from extractor.answer.written import WrittenText
from extractor.config import Settings
from extractor.engine import Completion, Params, Request
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.text import ended_in
from extractor.errors import (
    CONTEXT_EXCEEDED,
    SILENT,
    TOO_COMPLEX,
    DeadlineExceeded,
    DocumentError,
    InputError,
    InvalidOutput,
    SchemaError,
)
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import Demands, PrintedAnswers
from extractor.grammar.printed.reading import PrintedDocument
from extractor.grammar.rewrite import Rewriting, filled, rewriting
from extractor.grammar.trial import Judge
from extractor.prompt.prompt import Prompt, PromptBuilder
from extractor.run import LEAST_ANSWER, Run
from schemas import Schema

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_POLL_S = 0.05  # how soon a withdrawal is noticed
_GRACE_S = 10.0  # the engine keeps deadlines; an engine this late is given up


class EngineLike(Protocol):
    """What is needed of `extractor.engine.Engine`; tests pass a scripted one."""

    def submit(self, request: Request, /) -> Future[Completion]: ...
    def abort(self, future: Future[Completion], /) -> None: ...
    def close(self) -> None: ...


def start_engine(settings: Settings) -> tuple[EngineLike, PreTrainedTokenizerFast, dict[str, Any]]:
    """(engine, tokenizer, what is loaded). Torch is imported here and not before, or in the engine's own process."""
    if settings.engine_process:
        from extractor.engine.process import EngineProcess

        patience_s, fetches = settings.engine_silent_s, settings.may_fetch
        engine = EngineProcess("extractor.loading:load", settings, silent_s=patience_s, fetches=fetches)
        return engine, engine.tokenizer, engine.info
    from extractor.loading import load

    return load(settings)


def decode(
    engine: EngineLike,
    run: Run,
    prompt: Prompt,
    grammar: str,
    max_tokens: int,
    allowed: tuple[str, ...],
    begun: str = "",
) -> Completion:
    """What the engine writes; waits for it, for the caller's withdrawal and for the deadline. `begun`: how the answer
    begins, at the end of the prompt."""
    options = run.options
    params = Params(
        max_tokens=max_tokens,
        drafters=allowed if options.drafters is None else tuple(one for one in options.drafters if one in allowed),
        temperature=options.temperature,
        seed=secrets.randbits(31) if options.seed is None else options.seed,
        deadline=run.deadline,
    )
    run.raise_if_withdrawn()
    request = Request(prompt.ids, prompt.source, prompt.shared, grammar, params, run.limits, begun.encode())
    future = engine.submit(request)
    given_up_at = run.deadline + _GRACE_S
    try:
        while not wait([future], _POLL_S if run.abort else max(given_up_at - time.monotonic(), 0)).done:
            run.raise_if_withdrawn()
            if time.monotonic() >= given_up_at:
                raise DeadlineExceeded("the engine did not end the extraction in time", code=SILENT)
    except BaseException:  # whoever stops to wait, with Ctrl-C too, wants no more of it
        engine.abort(future)
        raise
    return future.result()


class Decoder:
    """Decodes under the narrowest grammar there is of a document: `demands` say which values it has to print, `judge`
    makes the grammars of strangers' schemas, `settings` say which drafters may be used and how long an answer is."""

    def __init__(
        self,
        engine: EngineLike,
        settings: Settings,
        demands: Demands,
        judge: Judge,
        bounds: Bounds,
        prompts: PromptBuilder,
    ) -> None:
        self._engine, self._drafters, self._most_tokens = engine, settings.drafters, settings.max_output_tokens
        self._demands, self._judge, self._bounds, self._prompts = demands, judge, bounds, prompts

    def answered(self, run: Run, failed: InvalidOutput | None) -> tuple[Completion, int]:
        """What the model wrote, and how many tokens it might have. Where there is no room to show it all of the answer
        that `failed`, it is shown what of it was wrong. Raises DocumentError where there is no room for that either."""
        try:
            return self._answered(run, failed, failed.last if failed is not None else None)
        except DocumentError as error:
            if failed is None or error.code != CONTEXT_EXCEEDED:
                raise
            part = excerpt(failed.last, [one.pointer for one in failed.errors])
            if part is None:
                raise
        return self._answered(run, failed, part)

    def _answered(self, run: Run, failed: InvalidOutput | None, last: str | None) -> tuple[Completion, int]:
        """`last`: as much of the answer that `failed` as is shown; of a part of it little is written again. An answer
        may have as many tokens as are wanted, or as there is room for."""
        whole, wanted = failed is None or last == failed.last, run.options.max_output_tokens or self._most_tokens
        least = min(LEAST_ANSWER, wanted)
        errors = failed.errors if failed is not None else ()
        shown, text = run.shown or run.schema, run.document.text
        prompt = self._prompts.build(shown, text, least if whole else 1, last=last, errors=errors, part=run.part)
        max_tokens = min(wanted, prompt.room)
        if run.printed is None:  # of a document that fits the model, and no longer one
            run.printed = self._printed(run)
        return self._completed(run, prompt, max_tokens, failed, as_long=whole), max_tokens

    def _printed(self, run: Run) -> PrintedAnswers | None:
        """What an answer may be where values have to stand in the document; None where none has to."""
        schema, mode, text = run.schema, run.options.printed, run.document.text
        names = run.document.spans_of_file_names
        demand = self._demands.get(schema, mode)
        if demand is None:
            return None
        if schema.model is not None:
            return demand.of(text, names)
        left_s = run.deadline - time.monotonic()
        return self._judge.printed(demand, schema.json_schema, mode, text, left_s, run.abort, names)

    def _completed(
        self, run: Run, prompt: Prompt, max_tokens: int, failed: InvalidOutput | None, *, as_long: bool = True
    ) -> Completion:
        """What the model wrote, under the narrowest grammar there is that the engine can build and follow. One of a
        document may meet a limit only with what is written (a word of a thousand letters). Raises DocumentError where
        no room is left for what was wrong; `as_long`: for as many tokens of it as there were."""
        again = self._again(run, failed) if failed is not None else None
        if failed is not None and again is not None:
            begun = self._prompts.begun(prompt, again.head, again.tokens if as_long else 1)
            run.rewritten = faults(failed.errors)
            if found := self._if_taken(lambda: self._rewritten(run, begun, max_tokens, again)):
                return found
        if run.printed is not None and (grammar := run.printed.grammar):
            if found := self._if_taken(lambda: self._decoded(run, prompt, grammar, max_tokens)):
                return found
            run.printed = run.printed.without_grammar()
        return self._decoded(run, prompt, run.grammar, max_tokens)

    def filled(
        self, run: Run, shown: Schema, written: WrittenText, nulls: list[str], places: Mapping[str, str]
    ) -> Completion | None:
        """The answer `written` with its `nulls` written again, as no nulls, and with what stands in `places` of the
        document for the values at these pointers; the prompt tells of the schema `shown`. None where they can be
        nothing else, or no grammar says so. Raises DocumentError where there is no room."""
        again = filled(written, nulls, *self._held_to_all(run), places)
        if again is None:
            return None
        prompt = replace(self._prompts.build(shown, run.document.text, 1), shared=0)  # few others will begin so
        begun = self._prompts.begun(prompt, again.head, again.tokens)
        most = run.options.max_output_tokens or self._most_tokens
        return self._if_taken(lambda: self._rewritten(run, begun, most, again))

    def _if_taken(self, decoded: Callable[[], Completion]) -> Completion | None:
        """None where the engine cannot build or follow the grammar."""
        try:
            return decoded()
        except InputError as error:
            if error.code not in (SchemaError.code, TOO_COMPLEX):
                raise
        return None

    def _decoded(self, run: Run, prompt: Prompt, grammar: str, max_tokens: int, begun: str = "") -> Completion:
        return decode(self._engine, run, prompt, grammar, max_tokens, self._drafters, begun)

    def _again(self, run: Run, failed: InvalidOutput) -> Rewriting | None:
        """How only what was wrong with the last answer is written again; None where that cannot be said of its errors,
        and where it has been tried: something else may be wrong."""
        pointers = [error.pointer for error in failed.errors]
        if run.written is None or run.rewritten >= faults(failed.errors):
            return None
        return rewriting(run.written, pointers, *self._held_to(run))

    def _held_to(self, run: Run) -> tuple[dict[str, Any], PrintedDocument | None]:
        """The rewritten schema that values are written again under, and the document that has to print them."""
        demand = self._demands.get(run.schema, run.options.printed)
        if demand is not None and run.printed is not None and run.printed.grammar is not None:
            return demand.narrowed, run.printed.document
        return NarrowedSchema(run.schema.json_schema, self._bounds).whole(), None

    def _held_to_all(self, run: Run) -> tuple[dict[str, Any], PrintedDocument | None]:
        """The same where each of them has to be printed, demanded or not, unless the caller wants none to be."""
        demand = self._demands.get(run.schema, "none" if run.options.printed == "none" else "all")
        if demand is None or run.reading.too_long:
            return self._held_to(run)
        return demand.narrowed, run.reading

    def _rewritten(self, run: Run, begun: Prompt, max_tokens: int, again: Rewriting) -> Completion:
        """The whole answer; of one that did not come to its end, as far as it did. `begun`: the prompt with its
        head."""
        found = self._decoded(run, begun, again.grammar, min(max_tokens, begun.room), again.head)
        written = WrittenText.of(found)
        return as_whole(found, again.joined(written) if found.finish == "stop" else again.unfinished(written), run)


def as_whole(completion: Completion, whole: WrittenText, run: Run) -> Completion:
    """The engine's completion, as one of the answer `whole`."""
    ended = ended_in(whole.text, run.limits, Repeats(run.document.text.encode("utf-8", "replace")))
    return whole.put_into(completion, ended)
