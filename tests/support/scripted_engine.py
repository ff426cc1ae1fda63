"""A worker's extractor over a real engine process with a scripted engine in it (tests/engine/child.py): what is asked
of the engine travels over the real pipe. `EXTRACTOR_EXTRACTOR_FACTORY=tests.support.scripted_engine:make`.

A document's size is its request's: `fill=4000000` puts so many bytes into its grammar. Each run is recorded as
scripted_worker.py does, and the engine's pid in `engine-of-<worker's pid>` beside it. The engine loads for some pulses
of the worker, so that one can see it do so, and may be silent for ENGINE_SILENT_S."""

from __future__ import annotations

import os
import re
import threading
from concurrent.futures import wait
from pathlib import Path
from typing import Any

from extractor.documents import Document
from extractor.engine import Request
from extractor.engine.process import EngineProcess
from extractor.errors import Cancelled
from tests.engine.child import ECHO
from tests.support.scripted_worker import Options, ScriptedExtraction, digest

__all__ = ["Options", "make"]


class Piped:
    def __init__(self) -> None:
        self._engine = EngineProcess(
            "tests.engine.child:loads_slowly", 5 * float(os.environ["EXTRACTOR_PULSE_S"]),
            silent_s=float(os.environ["ENGINE_SILENT_S"]),
        )  # fmt: skip

    def model_info(self) -> dict[str, Any]:
        return {"model": "scripted"}

    def stats(self) -> dict[str, Any]:
        return self._engine.stats()

    def trouble(self) -> str:
        return self._engine.trouble()

    def close(self) -> None:
        self._engine.close()

    def extract(
        self, document: Document | str, _schema: Any, _options: Options, *, abort: threading.Event | None = None
    ) -> ScriptedExtraction:
        text = document if isinstance(document, str) else document.text
        name = digest(text)
        if not isinstance(document, str):
            with Path(os.environ["SCRIPTED_LOG"]).open("a") as log:
                log.write(f"{os.getpid()} {name}\n")
        Path(os.environ["SCRIPTED_LOG"]).with_name(f"engine-of-{os.getpid()}").write_text(str(self._engine.pid))
        fill = re.search(r"\bfill=(\d+)", text)
        future = self._engine.submit(Request([ECHO, *text.encode()], grammar="x" * int(fill[1]) if fill else None))
        while not wait([future], 0.05).done:
            if abort is not None and abort.is_set():
                self._engine.abort(future)
                raise Cancelled("withdrawn")
        assert future.result().ids[1:] == list(text.encode())
        return ScriptedExtraction({"digest": name, "schema": "invoice@1"})


def make() -> Piped:
    return Piped()
