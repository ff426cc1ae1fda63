"""The child's side of process.py: load, give up the network, then do as the parent says until it closes the pipe or
dies. `python -P -m extractor.engine.child DESCRIPTOR`, started by spawn.py."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

from extractor.engine.heartbeat import EVERY_S, Heartbeat
from extractor.engine.sequence import Completion, Request
from extractor.errors import EngineError, ExtractorError
from extractor.processes.collector import importing
from extractor.processes.log_lines import LineFormat, LineFormatter, LineHandler
from extractor.processes.packages import missing
from extractor.sandbox.network import close_network

log = logging.getLogger(__name__)

LOST_DEVICE = 70  # exit status
COMPILERS = 2  # grammars built at a time


def main() -> None:
    """Returns when the parent has said so; ends the process where the parent or the device is gone."""
    # Ctrl-C in a terminal and a supervisor's SIGTERM reach every process of a group; how to stop the parent says.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _log_lines()
    pipe = Connection(int(sys.argv[1]))
    try:
        make, given = pipe.recv()
    except (EOFError, OSError):
        return  # the parent died meanwhile
    child = _Child(pipe)
    threading.Thread(target=child.beat, name="heartbeat", daemon=True).start()
    try:
        module, _, function = make.partition(":")
        with importing():
            make_engine = getattr(importlib.import_module(module), function)
        engine, tokenizer, info = make_engine(*given)
    except ImportError as error:
        child.say("failed", "ModelError", missing(error), "missing_package")
        raise SystemExit(1) from None
    except Exception as error:
        child.say("failed", *as_message(error))
        raise SystemExit(1) from None
    if not close_network():
        log.warning("this kernel has no seccomp: the engine keeps a network that it does not need")
    child.run(engine, tokenizer, info)


def _log_lines() -> None:
    """Of what is wrong, as the other processes log it."""
    handler = LineHandler(sys.stderr)
    handler.setFormatter(LineFormatter(LineFormat.chosen(os.environ, sys.stderr)))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)


class HostedEngine(Protocol):
    """What the child asks of the engine that it was given: those of `Engine`."""

    broken: bool

    def submit(self, request: Request, /) -> Future[Completion]: ...
    def abort(self, future: Future[Completion], /) -> None: ...
    def progress(self) -> tuple[float, float | None]: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...


class _Child:
    """The engine and the pipe to the parent. Messages that come: ("submit", number, request), ("abort", number),
    ("close",). Messages that go: ("heartbeat", 0, a Heartbeat), ("ready", tokenizer, info), ("done", number,
    completion), ("failed", number, *as_message)."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._speaking = threading.Lock()
        self._running: dict[int, Future[Completion] | None] = {}  # None: its grammar is being built
        self._early: set[int] = set()  # of those, who was withdrawn
        self._order = threading.Lock()
        # A matcher is built without the interpreter, so steps go on beside it; what was judged takes a second at most.
        self._compilers = ThreadPoolExecutor(COMPILERS, thread_name_prefix="compiler")
        self._engine: HostedEngine | None = None  # until it has loaded
        self._since: dict[int, float] = {}  # when it was begun to submit each of those that are

    def say(self, *message: Any) -> None:
        with self._speaking, suppress(OSError):
            self._pipe.send(message)

    def beat(self) -> None:
        """For ever, from before there is an engine."""
        while True:
            self.say("heartbeat", 0, self._heartbeat())
            time.sleep(EVERY_S)

    def _heartbeat(self) -> Heartbeat:
        since, engine = min(list(self._since.values()), default=None), self._engine
        if engine is None:
            return Heartbeat()
        handling_s = time.monotonic() - since if since is not None else 0.0
        return Heartbeat(handling_s, *engine.progress(), engine.stats())

    def run(self, engine: HostedEngine, tokenizer: Any, info: dict[str, Any]) -> None:
        """Until the parent closes the pipe or says so. Ends the process where the parent is gone."""
        self.say("ready", tokenizer, info)
        self._engine = engine
        try:
            while True:
                word, *rest = self._pipe.recv()
                if word == "close":
                    break
                if word == "submit":
                    self._running[rest[0]] = None
                    self._compilers.submit(self._submit, engine, *rest)
                elif word == "abort":
                    self._abort(engine, rest[0])
        except (EOFError, OSError):
            os._exit(0)  # the parent is dead: nobody waits for a row to end
        engine.close()

    def _submit(self, engine: HostedEngine, number: int, request: Request) -> None:
        self._since[number] = time.monotonic()
        try:
            future = engine.submit(request)
        except Exception as error:
            self._forget(number)
            self.say("failed", number, *as_message(error))
            return
        finally:
            del self._since[number]
        with self._order:
            self._running[number] = future
            withdrawn = number in self._early
        future.add_done_callback(lambda future: self._done(engine, number, future))
        if withdrawn:
            engine.abort(future)

    def _abort(self, engine: HostedEngine, number: int) -> None:
        with self._order:
            future = self._running.get(number)
            if number in self._running:
                self._early.add(number)
        if future is not None:
            engine.abort(future)

    def _done(self, engine: HostedEngine, number: int, future: Future[Completion]) -> None:
        if engine.broken:  # a device that lost its context fails every step from now on
            os._exit(LOST_DEVICE)
        self._forget(number)
        try:
            self.say("done", number, future.result())
        except Exception as error:  # the request's own, or that its answer cannot be written: there is no memory
            self.say("failed", number, *as_message(error))

    def _forget(self, number: int) -> None:
        with self._order:
            self._running.pop(number, None)
            self._early.discard(number)


def as_message(error: BaseException) -> tuple[str, str, str]:
    """An error as it travels: (class, detail, code). Of an error that is not ours only the class is told: its message
    may quote a document."""
    if isinstance(error, ExtractorError):
        return type(error).__name__, error.detail, error.code
    return "EngineError", f"the engine failed: {type(error).__name__}", EngineError.code


if __name__ == "__main__":
    main()
