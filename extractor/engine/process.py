"""The engine in a process of its own, with the engine's interface: what kills it kills nobody else.

The child (child.py) loads the model and runs the engine; requests and completions travel over a pipe. When the child
dies (a signal, out of memory, a device that can no longer be trusted), or falls silent and is killed for it
(heartbeat.py), every future it held ends with an `EngineError`, and a new child is started; requests that come
meanwhile wait for it.
When its parent dies the child sees the pipe's end and goes too. Deadlines need no translation: `time.monotonic()` is
one clock for all processes of a machine.

Nobody who submits, aborts or asks ever waits for the pipe: a thread writes to it, another reads, a third watches.
"""

from __future__ import annotations

import atexit
import logging
import queue
import signal
import threading
import time
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Any

from extractor import errors
from extractor.engine.child import LOST_DEVICE
from extractor.engine.heartbeat import EVERY_S, Heartbeat, silence
from extractor.engine.pipe import Outbox, hang_up, write_out
from extractor.engine.sequence import Completion, Request
from extractor.engine.spawn import EngineChild, spawn
from extractor.errors import EngineError, ExtractorError

log = logging.getLogger(__name__)

MAX_WAITING = 1024  # requests in the child's hands or waiting for it
TRIES = 3  # children in a row that may die before they are ready
PAUSE_S = 1.0  # before the next of those
CLOSE_S = 10.0
KILLED_S = 1.0
SILENT_S = 10.0  # a child that says nothing for so long is killed
SILENT_LOADING_S = 60.0  # while it loads: importing and mapping a model may hold an interpreter for long


class EngineProcess:
    """Starts the child and returns when it has loaded. `make`, as `module:function`, is called there with `given`
    (picklable) and returns (engine, tokenizer, info), as `loading.load` does: this process need not import torch.

    `fetches`: whether it may have to ask a model hub: then the child gets the token for it. Once it has loaded, it has
    no network.

    Raises what `make` raised of our errors (`ModelError`, …), `EngineError` for a child that dies while it loads."""

    def __init__(self, make: str, *given: Any, silent_s: float = SILENT_S, fetches: bool = False) -> None:
        self._make, self._given, self._silent_s, self._fetches = make, given, silent_s, fetches
        self._changed = threading.Condition()
        self._pending: dict[int, tuple[Request, Future[Completion]]] = {}
        self._numbers: dict[int, int] = {}  # by id of a future
        self._aborted: set[int] = set()
        self._next = 0
        self._closed = False
        self._ready = False
        self._trouble = "the engine loads"
        self._broken: str | None = None
        self._outbox: Outbox | None = None  # of the child that has loaded
        self._killed_for = ""
        self._heartbeat, self._heard_at = Heartbeat(), time.monotonic()
        self.restarts = 0
        self._pipe, self._child = self._spawn()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="engine-watch", daemon=True).start()
        try:
            self.tokenizer, self.info = self._greeting(self._pipe)
        except EOFError:
            self._child.join(CLOSE_S)
            self._over.set()
            raise EngineError(f"the engine's process {self._epitaph()} while it loaded") from None
        except BaseException as error:
            if not isinstance(error, ExtractorError):  # withdrawn (Ctrl-C): the child would go on loading
                self._child.kill()
            self._child.join(CLOSE_S)
            self._over.set()
            raise
        self._begin()
        self._thread = threading.Thread(target=self._listen, name="engine-process", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        return int(self._child.pid or 0)

    # ---- the engine's interface; from any thread, and without waiting for the child ----

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
            number = self._numbers.get(id(future))
            if number is not None and number not in self._aborted:  # said once: so the outbox has an end too
                self._aborted.add(number)
                self._send(("abort", number))

    def depth(self) -> int:
        """Requests in the child's hands or waiting for it."""
        return len(self._pending)

    def stats(self) -> dict[str, Any]:
        """What the child's engine has done since it started, as of its last heartbeat. Empty until there was one."""
        with self._changed:
            stats = self._heartbeat.stats
            return {**stats, "restarts": self.restarts} if stats else {}

    def ready(self) -> bool:
        """Whether there is a child that has loaded and is heard of; what is submitted while there is none waits."""
        return self._ready

    def trouble(self) -> str:
        """Why it is not ready, for a person; empty when it is."""
        return "" if self._ready else self._trouble

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
        self._over.set()

    # ---- the child's life ----

    def _spawn(self) -> tuple[Connection, EngineChild]:
        self._heartbeat, self._heard_at, self._killed_for = Heartbeat(), time.monotonic(), ""
        return spawn(self._make, self._given, fetches=self._fetches)

    def _greeting(self, pipe: Connection) -> tuple[Any, dict[str, Any]]:
        while True:
            word, *rest = pipe.recv()
            if word == "failed":
                raise _raised(*rest)
            if word == "ready":
                return rest[0], rest[1]
            self._take_heartbeat(rest[1])

    def _begin(self) -> None:
        """The child has loaded: it hears of what waits, and of all that is sent from now on."""
        outbox: Outbox = queue.SimpleQueue()
        self._writer = threading.Thread(target=write_out, args=(self._pipe, outbox), name="engine-writer", daemon=True)
        with self._changed:
            self._outbox, self._heard_at, self._ready = outbox, time.monotonic(), True
            for number, (request, _) in self._pending.items():
                self._send(("submit", number, request))
            for number in self._aborted:  # withdrawn while there was nobody to tell
                self._send(("abort", number))
            if self._closed:
                self._send(("close",))
        self._writer.start()

    def _send(self, message: tuple[Any, ...]) -> None:
        """Under the lock. Where there is no child nothing is said: the next one is told of all that is pending."""
        if self._outbox is not None:
            self._outbox.put(message)

    def _listen(self) -> None:
        while True:
            self._hear_out()
            self._child.join(CLOSE_S)
            why = "was closed" if self._closed else self._epitaph()
            self._end()
            self._fail_all(EngineError(f"the engine's process {why}", code="engine_crashed"))
            if self._closed or not self._restart(why):
                self._fail_all(EngineError(self._broken or "the engine was closed"))  # who came meanwhile
                return

    def _hear_out(self) -> None:
        """Until the pipe comes to its end. What cannot be read ends the child: nobody knows for whom it was."""
        try:
            while True:
                self._hear(*self._pipe.recv())
        except (EOFError, OSError):
            return
        except Exception as error:  # its text may quote a document
            log.error("what the engine's process says cannot be read: %s", type(error).__name__)
            self._killed_for = "said what cannot be read"
            self._child.kill()

    def _hear(self, word: str, number: int, *payload: Any) -> None:
        if word == "heartbeat":
            self._take_heartbeat(payload[0])
            return
        with self._changed:
            _, future = self._pending.pop(number)
            self._numbers.pop(id(future))
            self._aborted.discard(number)
        if word == "done":
            future.set_result(payload[0])
        else:
            future.set_exception(_raised(*payload))

    def _take_heartbeat(self, heartbeat: Heartbeat) -> None:
        self._heartbeat, self._heard_at = heartbeat, time.monotonic()

    def _watch(self) -> None:
        """Kills a child that hangs: its death is then noticed as any other is."""
        looked_at = time.monotonic()
        while not self._over.wait(EVERY_S):
            now = time.monotonic()
            if now - looked_at > 3 * EVERY_S:  # it was we who were stopped, or had no processor
                self._heard_at = now
            looked_at = now
            most = self._silent_s if self._ready else max(self._silent_s, SILENT_LOADING_S)
            # Both now: once this child is dead the next one's are there at any moment.
            pipe, child, why = self._pipe, self._child, silence(self._heartbeat, now - self._heard_at, most)
            if why and child.is_alive() and not self._closed:
                self._trouble = f"the engine's process {why} and is killed"
                self._killed_for, self._ready = why, False
                child.kill()
                child.join(KILLED_S)
                hang_up(pipe)  # a process that its device's driver holds does not even die

    def _end(self) -> None:
        """The child is gone: nothing is sent to it any more, and its writer ends."""
        with self._changed:
            outbox, self._outbox, self._ready = self._outbox, None, False
        if outbox is not None:
            outbox.put(None)
            self._writer.join(CLOSE_S)
        self._pipe.close()

    def _fail_all(self, error: EngineError) -> None:
        with self._changed:
            lost, self._pending, self._numbers = list(self._pending.values()), {}, {}
            self._aborted.clear()
        for _, future in lost:
            future.set_exception(error)

    def _restart(self, why: str) -> bool:
        """A new child, and what was submitted while there was none; False when none will stay."""
        for attempt in range(TRIES):
            self._trouble = f"the engine's process {why}; another is being started"
            log.error(self._trouble)
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, PAUSE_S * attempt):
                    return False
            try:
                self._pipe, self._child = self._spawn()  # for which there may be no memory just now
                self._greeting(self._pipe)
            except Exception as error:
                if not isinstance(error, EOFError | OSError | ExtractorError):
                    self._child.kill()  # it has loaded, and says what cannot be read
                self._child.join(CLOSE_S)
                self._pipe.close()
                why = f"did not load again ({str(error) or self._epitaph()})"
                continue
            self.restarts += 1
            self._begin()
            return True
        with self._changed:
            self._trouble = self._broken = f"the engine's process {why}, {TRIES} times in a row"
        log.error(self._broken)
        return False

    def _epitaph(self) -> str:
        code = self._child.exitcode
        if self._killed_for:
            return f"{self._killed_for} and was killed"
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return "lost its device" if code == LOST_DEVICE else f"ended with status {code}"


def _raised(kind: str, detail: str, code: str) -> ExtractorError:
    found: type[ExtractorError] = getattr(errors, kind, EngineError)
    return found(detail, code=code)
