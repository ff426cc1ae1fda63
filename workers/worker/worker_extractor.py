"""The extractor of a worker, whatever `EXTRACTOR_EXTRACTOR_FACTORY` makes: loaded once, warmed up, asked whether it
still answers. Only `extract` and `model_info` are required of it; what else it offers is used (the library's
`Extractor` has all of it). Knows no job and no ledger."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from extractor.errors import DeadlineExceeded, EngineError, ExtractorError, InputError, OutputError
from extractor.grammar.verdicts import Verdicts
from workers.config import WorkerSettings
from workers.observability.logs import where_raised

log = structlog.get_logger(__name__)
_QUICK_TRIAL_S = 0.25
_TRIES = 3  # of engines that die while they are asked whether they answer
_WARM_UP = ("Warm-up: 1", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


class WorkerExtractor:
    """`load` before anything else."""

    def __init__(self, settings: WorkerSettings, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._module: Any = None
        self._extractor: Any = None
        self._prepared = threading.Event()
        self.model: dict[str, Any] = {}

    def load(self, verdicts: Verdicts) -> None:
        """Returns when the model has answered. Raises whatever loading it raises."""
        module, _, name = self._settings.extractor_factory.partition(":")
        try:
            self._module = importlib.import_module(module)  # torch, at last
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
            raise _wrong_factory(f"there is no module {module}") from None
        make = getattr(self._module, name, None)
        if make is None:
            raise _wrong_factory(f"{module} has no {name!r}")
        self._extractor = make()
        if (keep_verdicts := self._offered("keep_verdicts")) is not None:
            keep_verdicts(verdicts)
        self._warm_up()
        self.model = self._extractor.model_info()

    def extract(self, document: Any, schema: Any, options: dict[str, Any], abort: threading.Event | None = None) -> Any:
        """`Extractor.extract` with options as the API takes them. `Options` is found beside the extractor's factory."""
        return self._extractor.extract(document, schema, self._options(options), abort=abort)

    def begin(self, document: Any, schema: Any, options: dict[str, Any], abort: threading.Event | None = None) -> Any:
        """As `extract`; of a document that is to be read in windows a LongRead, where the extractor makes them."""
        begin = self._offered("begin") or self._extractor.extract
        return begin(document, schema, self._options(options), abort=abort)

    def _options(self, options: dict[str, Any]) -> Any:
        try:
            return self._module.Options(**options)
        except (TypeError, ValueError) as error:
            raise InputError("this worker does not know these options", code="invalid_options") from error

    def knows(self, json_schema: Any, *, try_now: bool) -> bool:
        """Whether a document under this schema of a request need not wait for a trial. With `try_now` one that is over
        in a moment, as most are, is held at once."""
        judged = self._offered("judged")
        try:
            if judged is not None and not judged(json_schema):
                if not self._prepared.is_set() or not try_now:
                    return False
                self._extractor.judge(json_schema, _QUICK_TRIAL_S)
        except (DeadlineExceeded, EngineError):
            return False
        except ExtractorError:
            pass  # what is wrong with it the extraction says
        return True

    def judge(self, json_schema: Any, wall_s: float, cancel: threading.Event) -> None:
        """`Extractor.judge`."""
        self._extractor.judge(json_schema, wall_s, cancel)

    def prepare_trials(self) -> None:
        """What the first trial would wait for."""
        try:
            if (prepare := self._offered("prepare_trials")) is not None:
                prepare()
        finally:
            self._prepared.set()

    def answers(self) -> bool:
        """Whether the engine still works, asked after it failed on a document: was it the document, or the engine?
        One that dies while it is asked was dying already: what is asked again waits for the next."""
        for _ in range(_TRIES):
            try:
                self._warm_up()
            except Exception as error:
                log.error("the engine does not answer", worker=self._worker, **where_raised(error))
                if not (isinstance(error, EngineError) and error.code == "engine_crashed"):
                    return False
            else:
                return True
        return False

    def stats(self) -> dict[str, Any]:
        """Of its engine; empty before a model is loaded, and for an extractor that has none."""
        stats = self._offered("stats")
        return stats() if stats is not None else {}

    def trouble(self) -> str:
        """Why its engine cannot answer now; empty when it can."""
        trouble = self._offered("trouble")
        return "" if trouble is None else str(trouble())

    def close(self) -> None:
        if (close := self._offered("close")) is not None:
            close()

    def _offered(self, name: str) -> Callable[..., Any] | None:
        found: Callable[..., Any] | None = getattr(self._extractor, name, None)
        return found

    def _warm_up(self) -> None:
        if self._settings.warm_up:
            document, schema = _WARM_UP
            with suppress(OutputError):  # an answer that is no good is an answer
                self.extract(document, schema, {"max_output_tokens": 16, "max_model_calls": 1})


def _wrong_factory(why: str) -> InputError:
    return InputError(f"EXTRACTOR_EXTRACTOR_FACTORY, which is module:callable: {why}", code="invalid_settings")
