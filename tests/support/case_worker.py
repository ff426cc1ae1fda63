"""A worker's extractor whose engine writes what a test's case says: the first line of a document names it, `Case NAME`
(tests/codes/cases.py). A document that names none is read as tests/support/window_engine.py reads it, but for windows
that show a `torn page`: of those the engine breaks.

`EXTRACTOR_EXTRACTOR_FACTORY=tests.support.case_worker:make`. Its options are those of an earlier version, which knew no
`seed`."""

from __future__ import annotations

import re
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from extractor import Extractor
from extractor import Options as AllOptions
from extractor.config import read_settings
from extractor.engine import Request
from extractor.engine.limits.limits import Ended, Why
from extractor.errors import EngineError
from tests.support.scripted import tokenizer
from tests.support.window_engine import WindowEngine

__all__ = ["Options", "make"]
CASE = re.compile(r"\bCase (\w+)\b")
TORN = "torn page"


class Options(AllOptions):
    seed: None = None


@dataclass(frozen=True)
class Written:
    """An answer. `ended`: how a value of it begins that a limit ended, and why; `logprob`: of each of its tokens."""

    text: str
    finish: str = "stop"
    ended: tuple[tuple[str, Why], ...] = ()
    logprob: float = -0.01


Line = Written | Exception | None  # None: no answer comes


class CaseEngine(WindowEngine):
    """The n-th request of a case gets its n-th line, those after the last one the last."""

    def __init__(self, encoder: Any, scripts: dict[str, tuple[Line, ...]]) -> None:
        super().__init__(encoder, _break_where_torn)
        self._scripts, self._count = scripts, Counter[str]()
        self._closed = threading.Event()

    def _completion(self, request: Request, text: str) -> Any:
        case = CASE.search(request.source.decode())
        if case is None:
            return super()._completion(request, text)
        line = self._next(case[1])
        if isinstance(line, Exception):
            raise line
        if line is None:
            self._closed.wait()
            raise EngineError("the engine was closed")
        return self._written(request, line)

    def _next(self, case: str) -> Line:
        script = self._scripts[case]
        with self._lock:
            self._count[case] += 1
            return script[min(self._count[case], len(script)) - 1]

    def _written(self, request: Request, line: Written) -> Any:
        completion = super()._completion(request, line.text)
        ended = [Ended(completion.text.index(start.encode()), why) for start, why in line.ended]
        finish = completion.finish if line.finish == "stop" else line.finish
        return replace(completion, finish=finish, ended=ended, logprobs=[line.logprob] * len(completion.ids))

    def abort(self, future: Future[Any], /) -> None:
        """What is held is held."""

    def close(self) -> None:
        self._closed.set()


def _break_where_torn(text: str) -> None:
    if TORN in text:
        raise EngineError("the engine broke")


def make() -> Extractor:
    from tests.codes.cases import SCRIPTS

    encoder = tokenizer()
    return Extractor(read_settings(), engine=CaseEngine(encoder, SCRIPTS), tokenizer=encoder)
