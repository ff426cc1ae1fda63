"""The engine as an extraction uses it: started as the settings say, given a prompt, waited for."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import Future, wait
from typing import Any, Protocol

from extractor.config import Settings
from extractor.errors import (
    SILENT,
    TOO_COMPLEX,
    Cancelled,
    DeadlineExceeded,
    InputError,
    InvalidOutput,
    SchemaError,
)
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import Demands, PrintedAnswers
from extractor.grammar.rewrite import rewritten
from extractor.grammar.trial import Judge
from extractor.prompt.prompt import Prompt
from extractor.run import Run

_POLL_S = 0.05  # how soon a withdrawal is noticed
_GRACE_S = 10.0  # the engine keeps deadlines; an engine this late is given up


class EngineLike(Protocol):
    """What is needed of `extractor.engine.Engine`; tests pass a scripted one."""

    def submit(self, request: Any, /) -> Future[Any]: ...
    def abort(self, future: Future[Any], /) -> None: ...
    def close(self) -> None: ...


def start_engine(settings: Settings) -> tuple[EngineLike, Any, dict[str, Any]]:
    """(engine, tokenizer, what is loaded). Torch is imported here and not before, or in the engine's own process."""
    if settings.engine_process:
        from extractor.engine.process import EngineProcess

        patience_s, fetches = settings.engine_silent_s, settings.may_fetch
        engine = EngineProcess("extractor.loading:load", settings, silent_s=patience_s, fetches=fetches)
        return engine, engine.tokenizer, engine.info
    from extractor.loading import load

    return load(settings)


def decode(
    engine: EngineLike, run: Run, prompt: Prompt, grammar: str, max_tokens: int, allowed: tuple[str, ...]
) -> Any:
    """The engine's Completion; waits for it, for the caller's withdrawal and for the deadline."""
    from extractor.engine import Params, Request

    options = run.options
    params = Params(
        max_tokens=max_tokens,
        drafters=allowed if options.drafters is None else tuple(one for one in options.drafters if one in allowed),
        temperature=options.temperature,
        seed=secrets.randbits(31) if options.seed is None else options.seed,
        deadline=run.deadline,
    )
    run.raise_if_withdrawn()
    future = engine.submit(Request(prompt.ids, prompt.source, prompt.shared, grammar, params, run.limits))
    given_up_at = run.deadline + _GRACE_S
    try:
        while not wait([future], _POLL_S if run.abort else max(given_up_at - time.monotonic(), 0)).done:
            run.raise_if_withdrawn()
            if time.monotonic() >= given_up_at:
                raise DeadlineExceeded("the engine did not end the extraction in time", code=SILENT)
    except (Cancelled, DeadlineExceeded):
        engine.abort(future)
        raise
    return future.result()


class Decoder:
    """Decodes under the narrowest grammar there is of a document: `demands` say which values it has to print, `judge`
    makes the grammars of strangers' schemas, `drafters` are those that may be used."""

    def __init__(
        self, engine: EngineLike, drafters: tuple[str, ...], demands: Demands, judge: Judge, bounds: Bounds
    ) -> None:
        self._engine, self._drafters = engine, drafters
        self._demands, self._judge, self._bounds = demands, judge, bounds

    def printed(self, run: Run) -> PrintedAnswers | None:
        """What an answer may be where values have to stand in the document; None where none has to."""
        schema, mode, text = run.schema, run.options.printed, run.document.text
        demand = self._demands.get(schema, mode)
        if demand is None:
            return None
        if schema.model is not None:
            return demand.of(text)
        left_s = run.deadline - time.monotonic()
        return self._judge.printed(demand, schema.json_schema, mode, text, left_s, run.abort)

    def completed(self, run: Run, prompt: Prompt, max_tokens: int, failed: InvalidOutput | None) -> Any:
        """What the model wrote, under the narrowest grammar there is that the engine can build and follow. One of a
        document may meet a limit only with what is written (a word of a thousand letters)."""
        drafters = self._drafters
        narrow = self._again(run, failed) if failed is not None else None
        if grammar := narrow or (run.printed and run.printed.grammar):
            try:
                return decode(self._engine, run, prompt, grammar, max_tokens, drafters)
            except InputError as error:
                if error.code not in (SchemaError.code, TOO_COMPLEX):
                    raise
            if run.printed is not None:
                run.printed = run.printed.without_grammar()
        return decode(self._engine, run, prompt, run.grammar, max_tokens, drafters)

    def _again(self, run: Run, failed: InvalidOutput) -> str | None:
        """The grammar under which only what was wrong with the last answer is written again; None where that cannot be
        said of its errors."""
        pointers = [error.pointer for error in failed.errors]
        if run.printed is not None and (demand := self._demands.get(run.schema, run.options.printed)) is not None:
            return run.printed.rewritten(demand.narrowed, failed.last, pointers)
        return rewritten(failed.last, pointers, NarrowedSchema(run.schema.json_schema, self._bounds).whole())
