"""The engine as an extraction uses it: started as the settings say, given a prompt, waited for."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import Future, wait
from typing import Any, Protocol

from extractor.config import Settings
from extractor.errors import SILENT, Cancelled, DeadlineExceeded
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
