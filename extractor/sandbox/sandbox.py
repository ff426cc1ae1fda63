"""The parent's side: gives each call a child, waits for its answer, and says what became of a child that died.
Thread-safe."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from extractor.sandbox import wire
from extractor.sandbox.errors import Rejected, SandboxError
from extractor.sandbox.forked import ForkedChild, ForkedChildren
from extractor.sandbox.limits import SandboxLimits

_GRACE_S = 1.0  # the kernel keeps the wall limit; who is this late is killed by us
_LOOK_S = 0.05  # how soon a withdrawal is noticed


class Sandbox:
    """`module`: imported by the zygote; its functions take (JSON value, blobs) and return a JSON value, or that and a
    list of bytes. `setup`: JSON for the module's `setup`, which runs in each zygote once, with no limits and whatever
    files it needs; `blob` is its second argument, where there is one. `size` calls run at a time, `waiting` more may
    wait.
    """

    def __init__(
        self,
        module: str,
        limits: SandboxLimits | None = None,
        *,
        setup: Any = None,
        blob: bytes | None = None,
        size: int = 1,
        waiting: int = 256,
        environ: Sequence[str] = (),
    ) -> None:
        """Starts nothing yet: the first call does, or `start`. `environ` names further variables the zygote gets."""
        self.limits = limits or SandboxLimits()
        order = {"module": module, "setup": setup, "limits": asdict(self.limits)}
        self._children = ForkedChildren(order, blob, environ, self.limits.reuse)
        self._slots = threading.Semaphore(size)
        self._most, self._here = size + waiting, 0
        self._counting = threading.Lock()

    def start(self) -> None:
        """Returns when a child waits for work. Raises SandboxError."""
        self._children.start()

    def call(
        self,
        function: str,
        value: Any = None,
        blobs: Sequence[bytes] = (),
        *,
        wall_s: float | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Any, list[bytes]]:
        """What the function returns. `wall_s` (at most the limits') counts from when the call has a child; the wait
        for one is bounded by as much again. Raises Rejected as the function does, and SandboxError."""
        wall_s = self.limits.wall_s if wall_s is None else min(wall_s, self.limits.wall_s)
        with self._slot(wall_s, cancel):
            child = self._children.take()
            try:
                reply, out = self._ask(child, {"function": function, "value": value, "wall_s": wall_s}, blobs, cancel)
            except BaseException:
                self._children.drop(child)
                raise
            self._children.give_back(child)
        return _result(reply, self.limits), out

    def call_twice(
        self,
        function: str,
        value: Any = None,
        blobs: Sequence[bytes] = (),
        *,
        wall_s: float | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Any, list[bytes]]:
        """As `call`, and once more where its child crashed or went with its zygote: whoever was killed (for want of
        memory, say) may not be to blame."""
        try:
            return self.call(function, value, blobs, wall_s=wall_s, cancel=cancel)
        except SandboxError as error:
            if error.kind not in ("crashed", "unavailable"):
                raise
        return self.call(function, value, blobs, wall_s=wall_s, cancel=cancel)

    def pids(self) -> list[int]:
        """Of the zygote, when it runs."""
        return self._children.pids()

    def close(self) -> None:
        """Idempotent. Whoever is waiting gets a SandboxError."""
        self._children.close()

    def __del__(self) -> None:
        with suppress(Exception):  # of one that nobody closed; at the end of the process there may be little left
            self.close()

    @contextmanager
    def _slot(self, wait_s: float, cancel: threading.Event | None) -> Iterator[None]:
        with self._counting:
            if self._here >= self._most:
                raise SandboxError("busy", f"{self._most:,} calls are running or waiting already")
            self._here += 1
        try:
            deadline = time.monotonic() + wait_s
            while not self._slots.acquire(timeout=_LOOK_S if cancel else max(wait_s, 0.001)):
                if cancel is not None and cancel.is_set():
                    raise SandboxError("cancelled", "the call was withdrawn")
                if time.monotonic() >= deadline:
                    raise SandboxError("busy", f"no child was free within {wait_s:g} s")
            try:
                yield
            finally:
                self._slots.release()
        finally:
            with self._counting:
                self._here -= 1

    def _ask(
        self, child: ForkedChild, request: dict[str, Any], blobs: Sequence[bytes], cancel: threading.Event | None
    ) -> tuple[Any, list[bytes]]:
        """Raises SandboxError for a child that dies, stays away or says too much."""
        deadline = time.monotonic() + request["wall_s"] + _GRACE_S
        stream = child.stream
        try:
            self._children.learn_pid(child)
            stream.settimeout(max(deadline - time.monotonic(), 0.001))
            wire.send(stream, request, blobs)
            while cancel is not None and not _readable(stream):
                if cancel.is_set():
                    raise SandboxError("cancelled", "the call was withdrawn")
                if time.monotonic() >= deadline:
                    raise TimeoutError
            return wire.receive(stream, self.limits.reply_bytes, deadline)
        except TimeoutError:
            raise SandboxError("time", f"it takes longer than {request['wall_s']:g} s") from None
        except (wire.TooMuch, ValueError):
            raise SandboxError("crashed", "its answer is longer than an answer may be") from None
        except (EOFError, OSError):
            raise self._cause_of_death(self._children.reap(child), request["wall_s"]) from None

    def _cause_of_death(self, status: int | None, wall_s: float) -> SandboxError:
        if status == -signal.SIGALRM:
            return SandboxError("time", f"it takes longer than {wall_s:g} s")
        if status == -signal.SIGXCPU:
            return SandboxError("cpu", f"it takes more than {self.limits.cpu_s:g} s of processor time")
        if status == -signal.SIGABRT:  # how native code ends when it is refused memory
            return _memory(self.limits)
        if status is None:  # it went with its zygote, or was never there: that says nothing of the call
            return SandboxError("unavailable", "the process that children are forked from has ended")
        return SandboxError("crashed", f"its process ended with {_ending(status)}")


def _readable(stream: socket.socket) -> bool:
    poll = select.poll()  # select() knows no descriptor above 1,023
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(_LOOK_S * 1000))


def _result(reply: Any, limits: SandboxLimits) -> Any:
    if "value" in reply:
        return reply["value"]
    if "refused" in reply:
        no = reply["refused"]
        raise Rejected(str(no["code"]), str(no["detail"]), **dict(no["more"]))
    if "memory" in reply:
        raise _memory(limits)
    raise SandboxError("failed", str(reply.get("failed"))[:300])


def _memory(limits: SandboxLimits) -> SandboxError:
    return SandboxError("memory", f"it takes more than {limits.memory_bytes // 1024**2:,} MiB of memory")


def _ending(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
