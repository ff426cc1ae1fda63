"""The engine in a process of its own, with the engine's interface: what kills it kills nobody else.

The child loads the model and runs the engine; requests and completions travel over a pipe. When the child dies (a
signal, out of memory, a device that can no longer be trusted) every future it held ends with an `EngineError`, and a
new child is started; requests that come meanwhile wait for it. When its parent dies the child sees the pipe's end and
goes too. Deadlines need no translation: `time.monotonic()` is one clock for all processes of a machine.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import multiprocessing as mp
import os
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from extractor import errors
from extractor.engine.sequence import Completion, Request
from extractor.errors import EngineError, ExtractorError

log = logging.getLogger(__name__)

MAX_WAITING = 1024  # requests in the child's hands or waiting for it
TRIES = 3  # children in a row that may die before they are ready
PAUSE_S = 1.0  # before the next of those
CLOSE_S = 10.0
LOST_DEVICE = 70  # exit status


class EngineProcess:
    """Starts the child and returns when it has loaded. `make`, as `module:function`, is called there with `given`
    (picklable) and returns (engine, tokenizer, info), as `loading.load` does: this process need not import torch.

    Raises what `make` raised of our errors (`ModelError`, …), `EngineError` for a child that dies while it loads."""

    def __init__(self, make: str, *given: Any) -> None:
        self._make, self._given = make, given
        self._context = mp.get_context("spawn")  # a fork would share the parent's threads and CUDA context
        self._changed = threading.Condition()
        self._pending: dict[int, tuple[Request, Future[Completion]]] = {}
        self._numbers: dict[int, int] = {}  # by id of a future
        self._aborted: set[int] = set()
        self._next = 0
        self._closed = False
        self._broken: str | None = None
        self._pipe, self._child = self._spawn()
        self.restarts = 0
        self._figures: dict[str, Any] = {}
        try:
            self.tokenizer, self.info = self._greeting(self._pipe)
        except EOFError:
            self._child.join(CLOSE_S)
            raise EngineError(f"the engine's process {self._epitaph()} while it loaded") from None
        self._thread = threading.Thread(target=self._listen, name="engine-process", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # before multiprocessing waits for a child that waits for us

    @property
    def pid(self) -> int:
        return int(self._child.pid or 0)

    # ---- the engine's interface; from any thread ----

    def submit(self, request: Request) -> Future[Completion]:
        """As `Engine.submit`, but a request the engine refuses fails its future. Raises `EngineError`: closed, given
        up, or `engine_busy` when as many wait as may."""
        future: Future[Completion] = Future()
        future.set_running_or_notify_cancel()
        with self._changed:
            if self._closed or self._broken:
                raise EngineError(self._broken or "the engine is closed")
            if len(self._pending) >= MAX_WAITING:
                raise EngineError(f"{MAX_WAITING:,} requests wait for the engine already", code="engine_busy")
            self._next += 1
            number = self._next
            self._pending[number] = request, future
            self._numbers[id(future)] = number
            self._send(("submit", number, request))
        return future

    def abort(self, future: Future[Completion]) -> None:
        """As `Engine.abort`."""
        with self._changed:
            if number := self._numbers.get(id(future)):
                self._aborted.add(number)
                self._send(("abort", number))

    def depth(self) -> int:
        """Requests in the child's hands or waiting for it."""
        return len(self._pending)

    def figures(self) -> dict[str, Any]:
        """What the child's engine has done since it started, as it said when it was asked the last time; it is asked
        again now, and nobody waits for it. Empty until it has answered once."""
        with self._changed:
            self._send(("figures",))
            return {**self._figures, "restarts": self.restarts} if self._figures else {}

    def close(self) -> None:
        """Ends the child; whoever is still waiting gets an `EngineError`."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            self._send(("close",))
            self._changed.notify_all()
        self._child.join(CLOSE_S)
        if self._child.is_alive():
            self._child.kill()
        self._thread.join(CLOSE_S)

    # ---- the child's life ----

    def _spawn(self) -> tuple[Connection, Any]:
        ours, theirs = self._context.Pipe()
        child = self._context.Process(target=_serve, args=(theirs, self._make, self._given), name="engine", daemon=True)
        child.start()
        theirs.close()  # so that the child's end is the last one: its death ends our reading
        return ours, child

    @staticmethod
    def _greeting(pipe: Connection) -> tuple[Any, dict[str, Any]]:
        word, *rest = pipe.recv()
        if word == "failed":
            raise _raised(*rest)
        return rest[0], rest[1]

    def _listen(self) -> None:
        while True:
            try:
                while True:
                    self._hear(*self._pipe.recv())
            except (EOFError, OSError):
                self._child.join(CLOSE_S)
            why = "was closed" if self._closed else self._epitaph()
            self._fail_all(EngineError(f"the engine's process {why}", code="engine_crashed"))
            if self._closed or not self._restart(why):
                return

    def _hear(self, word: str, number: int, *said: Any) -> None:
        with self._changed:
            if word == "figures":
                self._figures = said[0]
                return
            _, future = self._pending.pop(number)
            self._numbers.pop(id(future))
            self._aborted.discard(number)
        if word == "done":
            future.set_result(said[0])
        else:
            future.set_exception(_raised(*said))

    def _fail_all(self, error: EngineError) -> None:
        with self._changed:
            lost, self._pending, self._numbers = list(self._pending.values()), {}, {}
            self._aborted.clear()
        for _, future in lost:
            future.set_exception(error)

    def _restart(self, why: str) -> bool:
        """A new child, and what was submitted while there was none; False when none will stay."""
        for attempt in range(TRIES):
            log.error("the engine's process %s; starting another", why)
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, PAUSE_S * attempt):
                    return False
            pipe, child = self._spawn()
            try:
                self._greeting(pipe)
            except (EOFError, OSError, ExtractorError) as error:
                child.join(CLOSE_S)
                why = f"did not load again ({error or child.exitcode})"
                continue
            with self._changed:
                self._pipe, self._child, self._figures = pipe, child, {}
                self.restarts += 1
                for number, (request, _) in self._pending.items():
                    self._send(("submit", number, request))
                for number in self._aborted:  # withdrawn while there was nobody to tell
                    self._send(("abort", number))
                if self._closed:
                    self._send(("close",))
            return True
        with self._changed:
            self._broken = f"the engine's process {why}, {TRIES} times in a row"
        log.error(self._broken)
        self._fail_all(EngineError(self._broken))
        return False

    def _send(self, message: tuple[Any, ...]) -> None:
        """Under the lock. To a child that is gone nothing is said: what was submitted is sent to the next one, or its
        future has failed already."""
        with suppress(OSError, ValueError):
            self._pipe.send(message)

    def _epitaph(self) -> str:
        code = self._child.exitcode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return "lost its device" if code == LOST_DEVICE else f"ended with status {code}"


def _raised(kind: str, detail: str, code: str) -> ExtractorError:
    found: type[ExtractorError] = getattr(errors, kind, EngineError)
    return found(detail, code=code)


def _told(error: BaseException) -> tuple[str, str, str]:
    """An error as it travels: (class, detail, code). Of an error that is not ours only the class is told: its message
    may quote a document."""
    if isinstance(error, ExtractorError):
        return type(error).__name__, error.detail, error.code
    return "EngineError", f"the engine failed: {type(error).__name__}", EngineError.code


# ---- in the child ----


def _serve(pipe: Connection, make: str, given: tuple[Any, ...]) -> None:
    """Load, then do as the parent says until it closes the pipe or dies."""
    # Ctrl-C in a terminal and a supervisor's SIGTERM reach every process of a group; how to stop the parent says.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    speaking = threading.Lock()

    def say(*message: Any) -> None:
        with speaking, suppress(OSError):
            pipe.send(message)

    try:
        module, _, function = make.partition(":")
        engine, tokenizer, info = getattr(importlib.import_module(module), function)(*given)
    except Exception as error:
        say("failed", *_told(error))
        raise SystemExit(1) from None
    say("ready", tokenizer, info)
    running: dict[int, Future[Completion]] = {}

    def done(number: int, future: Future[Completion]) -> None:
        if engine.broken:  # a device that lost its context fails every step from now on
            os._exit(LOST_DEVICE)
        running.pop(number, None)
        error = future.exception()
        say("done", number, future.result()) if error is None else say("failed", number, *_told(error))

    def submit(number: int, request: Request) -> None:
        try:
            running[number] = future = engine.submit(request)
        except Exception as error:
            say("failed", number, *_told(error))
        else:
            future.add_done_callback(lambda future: done(number, future))

    try:
        while True:
            word, *rest = pipe.recv()
            if word == "submit":
                submit(*rest)
            elif word == "abort" and rest[0] in running:
                engine.abort(running[rest[0]])
            elif word == "figures":
                say("figures", 0, getattr(engine, "figures", dict)())
            elif word == "close":
                break
    except (EOFError, OSError):
        os._exit(0)  # the parent is dead: nobody waits for a row to end
    engine.close()
