"""What runs in the child of `test_process.py`: an engine that does what a prompt says, and ways to fail."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from extractor.engine import Completion, Request, RequestStats
from extractor.errors import EngineError, InputError, ModelError

ECHO, HANG, DIE, REFUSE, LOSE_DEVICE, BUG, STUCK_READER, STUCK_STEP, STUCK_NATIVE, GARBLED, UNTOLD = range(1, 12)


class Garbled(Completion):
    """One that nobody can read on the other side of the pipe."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("not a number",)


class ChildEngine:
    def __init__(self) -> None:
        self.broken = False
        self._step_since: float | None = None

    def submit(self, request: Request) -> Future[Completion]:
        future: Future[Completion] = Future()
        match request.prompt[0]:
            case 1:
                future.set_result(Completion(request.prompt, b"", "stop", [], [], RequestStats()))
            case 11:
                future.set_result(Completion([], b"", "stop", [], [], lambda: None))  # type: ignore[arg-type]
            case 10:
                future.set_result(Garbled([], b"", "stop", [], [], RequestStats()))
            case 3:
                os._exit(7)
            case 4:
                raise InputError("too long", code="context_exceeded")
            case 6:
                raise ZeroDivisionError
            case 7:
                time.sleep(600)
            case 8:
                self._step_since = time.monotonic()
            case 9:
                re.match(r"(a*)*b", "a" * 64)  # holds the interpreter
            case 5:
                self.broken = True
                future.set_exception(EngineError("the engine failed: AcceleratorError"))
        return future

    def abort(self, future: Future[Completion]) -> None:
        future.set_result(Completion([], b"", "cancelled", [], [], RequestStats()))

    def progress(self) -> tuple[float, float | None]:
        return time.monotonic() - self._step_since if self._step_since else 0.0, 0.1

    def stats(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        """Holds nothing."""


def scripted() -> tuple[Any, Any, dict[str, Any]]:
    return ChildEngine(), "a tokenizer", {"context": 64}


def loads_slowly(seconds: float) -> tuple[Any, Any, dict[str, Any]]:
    time.sleep(seconds)
    return scripted()


def loads_for_ever() -> tuple[Any, Any, dict[str, Any]]:
    os.kill(os.getpid(), signal.SIGSTOP)
    return scripted()


def no_model() -> tuple[Any, Any, dict[str, Any]]:
    raise ModelError("no such folder", code="model_not_found")


def dies() -> tuple[Any, Any, dict[str, Any]]:
    os._exit(3)


def loads_once(mark: str) -> tuple[Any, Any, dict[str, Any]]:
    if Path(mark).exists():
        os._exit(3)
    Path(mark).touch()
    return scripted()


def tiny_model(folder: str) -> tuple[Any, Any, dict[str, Any]]:
    import torch

    from extractor.engine import Engine, EngineConfig
    from extractor.engine.model.loader import ModelSpec, load

    torch.set_num_threads(1)
    models = load(ModelSpec(model=folder))
    return Engine(models, EngineConfig(slots=2, context=1024)), models.tokenizer, models.info
