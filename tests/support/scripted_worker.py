"""A scripted extractor for real worker processes: what it does is written in the document, what it answers is derived
from it, and it loads in no time. `EXTRACTOR_EXTRACTOR_FACTORY=tests.support.scripted_worker:Scripted` puts it into a
worker.

A document is text with commands anywhere in it: `sleep=0.2` (seconds, stops on abort), `stubborn=3` (sleeps through an
abort), `die` (SIGKILL to its own process), `raise=engine|output|memory|bug|silent`, `huge` (an answer no JSON encoder
takes), `deadlock=heartbeat|consumer` (that part of its worker never moves again). Each run is recorded as a line
`<pid> <digest>` in the file named by SCRIPTED_LOG; while a file `broken` lies beside it, all runs are EngineErrors.
A worker lacks the schema that SCRIPTED_LACKS names."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kombu.asynchronous import get_event_loop

from extractor.documents import Document
from extractor.documents.describe import describe
from extractor.errors import (
    SILENT,
    Cancelled,
    DeadlineExceeded,
    EngineError,
    FieldError,
    InvalidOutput,
    ModelError,
    SchemaError,
)


@dataclass(frozen=True)
class Options:
    """Takes what the real ones take that tests use."""

    max_output_tokens: int | None = None
    max_model_calls: int = 2
    timeout_s: float | None = None


@dataclass(frozen=True)
class ScriptedExtraction:
    data: dict[str, Any]
    document: Document | None = None

    def as_json(self) -> dict[str, Any]:
        document = {} if self.document is None else {"document": describe(self.document)}
        usage = {"model_calls": 1}
        return document | {
            "data": self.data,
            "fields": {},
            "review": [],
            "usage": usage,
            "asks": 1,
            "model": "scripted",
            "schema": "x",
        }


def digest(text: str) -> str:
    """What every run of a document answers."""
    return hashlib.sha256(text.encode()).hexdigest()


class Scripted:
    """A schema of a request may say in `x-trial` how long its trial takes (seconds), or `refuse`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def judged(self, json_schema: dict[str, Any]) -> bool:
        return "x-trial" not in json_schema or repr(json_schema) in self._known

    def judge(self, json_schema: dict[str, Any], wall_s: float, cancel: threading.Event | None = None) -> None:
        takes_s = json_schema["x-trial"]
        if takes_s == "refuse":
            raise SchemaError("it takes too long to build", code="schema_too_complex")
        if (cancel or threading.Event()).wait(min(takes_s, wall_s)):
            raise Cancelled("the extraction was cancelled")
        if takes_s > wall_s:
            raise DeadlineExceeded("the trial was not over in time")
        self._known.add(repr(json_schema))

    def model_info(self) -> dict[str, Any]:
        return {"model": "scripted"}

    def close(self) -> None:
        """Holds nothing."""

    def extract(
        self, document: Document | str, schema: Any, _options: Options, *, abort: threading.Event | None = None
    ) -> ScriptedExtraction:
        text = document if isinstance(document, str) else document.text
        if isinstance(schema, dict) and schema.get("x-trial") == "refuse":
            raise SchemaError("it takes too long to build", code="schema_too_complex")
        if schema == os.environ.get("SCRIPTED_LACKS") and not isinstance(document, str):
            raise SchemaError(f"{schema} is of another version", code="unknown_schema")
        name = digest(text)
        path = os.environ.get("SCRIPTED_LOG")
        if path and not isinstance(document, str):
            with Path(path).open("a") as log:
                log.write(f"{os.getpid()} {name}\n")
        if path and Path(path).with_name("broken").exists():
            raise EngineError("the engine is gone")
        if "die" in text.split():
            os.kill(os.getpid(), signal.SIGKILL)
        _deadlock(_argument(text, "deadlock"))
        _sleep(float(_argument(text, "stubborn") or 0), None)
        _sleep(float(_argument(text, "sleep") or 0), abort)
        _raise(_argument(text, "raise"), text)
        if "huge" in text.split():
            return ScriptedExtraction({"digest": name, "n": {1, 2}})
        said = {"digest": name, "schema": schema if isinstance(schema, str) else "inline"}
        return ScriptedExtraction(said, document if isinstance(document, Document) else None)


def no_model() -> Scripted:
    raise ModelError("./none: no such folder", code="model_not_found")


def _argument(text: str, name: str) -> str | None:
    found = re.search(rf"\b{name}=(\S+)", text)
    return found[1] if found else None


def _sleep(seconds: float, abort: threading.Event | None) -> None:
    if abort is None:
        time.sleep(seconds)
    elif abort.wait(seconds) if seconds else abort.is_set():
        raise Cancelled("withdrawn")


def _deadlock(part: str | None) -> None:
    from workers.worker.runtime import Runtime

    if part == "heartbeat":
        Runtime.current().heartbeat._lock.acquire()
    elif part == "consumer":
        Runtime.current().watchdog.expect("the consumer", 3.0)  # it may be slower than a test is patient
        get_event_loop().call_soon(time.sleep, 1000)


def _raise(kind: str | None, text: str) -> None:
    if kind == "engine":
        raise EngineError("the engine broke")
    if kind == "output":
        raise InvalidOutput("two fields are wrong", last='{"n": "x"}', errors=(FieldError("/n", "not an integer"),))
    if kind == "silent":
        raise DeadlineExceeded("the engine did not end the extraction in time", code=SILENT)
    if kind == "memory":
        raise MemoryError
    if kind == "bug":
        raise KeyError(text)
