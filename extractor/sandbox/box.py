"""The parent's side: asks the zygote for children, gives each its call, and is there when one dies. Thread-safe."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from extractor.sandbox import wire
from extractor.sandbox.errors import Refused, SandboxError
from extractor.sandbox.limits import Limits

log = logging.getLogger(__name__)

START_S = 60.0  # for the zygote to import its module
_ANSWER_S = 10.0  # for the zygote to bury a child
_GRACE_S = 1.0  # the kernel keeps the wall limit; who is this late is killed by us
_LOOK_S = 0.05  # how soon a withdrawal is noticed
_COMMAND_BYTES = 65_536
_KEPT_ENVIRON = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")


@dataclass
class _Child:
    stream: socket.socket
    served: int = 0
    pid: int = 0


class Sandbox:
    """`module`: imported by the zygote; its functions take (JSON value, blobs) and return a JSON value, or that and a
    list of bytes. `setup`: JSON for the module's `setup`, which runs in each zygote once, with no limits and whatever
    files it needs; `blob` is its second argument, where there is one. `size` calls run at a time, `waiting` more may
    wait.
    """

    def __init__(
        self,
        module: str,
        limits: Limits | None = None,
        *,
        setup: Any = None,
        blob: bytes | None = None,
        size: int = 1,
        waiting: int = 256,
        environ: Sequence[str] = (),
    ) -> None:
        """Starts nothing yet: the first call does, or `start`. `environ` names further variables the zygote gets."""
        self.limits = limits or Limits()
        self._order = {"module": module, "setup": setup, "limits": asdict(self.limits)}
        self._blob = None if blob is None else _in_memory(blob)
        self._environ = (*_KEPT_ENVIRON, *environ)
        self._slots = threading.Semaphore(size)
        self._most, self._here = size + waiting, 0
        self._counting = threading.Lock()
        self._lock = threading.Lock()  # of the zygote and its idle children
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: deque[_Child] = deque()
        self._closed = False

    def start(self) -> None:
        """Returns when a child waits for work. Raises SandboxError."""
        with self._lock:
            self._ensure()
            if not self._idle:
                self._idle.append(self._fork())

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
        for one is bounded by as much again. Raises Refused as the function does, and SandboxError."""
        wall_s = self.limits.wall_s if wall_s is None else min(wall_s, self.limits.wall_s)
        with self._slot(wall_s, cancel):
            child = self._take()
            try:
                said, out = self._ask(child, {"function": function, "value": value, "wall_s": wall_s}, blobs, cancel)
            except BaseException:
                self._drop(child)
                raise
            self._give_back(child)
        return _answer(said, self.limits), out

    def pids(self) -> list[int]:
        """Of the zygote, when it runs."""
        zygote = self._zygote
        return [zygote.pid] if zygote is not None and zygote.poll() is None else []

    def close(self) -> None:
        """Idempotent. Whoever is waiting gets a SandboxError."""
        with self._lock:
            self._closed = True
            self._end_zygote()
            if self._blob is not None:
                os.close(self._blob)
                self._blob = None

    def __del__(self) -> None:
        with suppress(Exception):  # of one that nobody closed; at the end of the process there may be little left
            self.close()

    # ---- one call ----

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
        self, child: _Child, request: dict[str, Any], blobs: Sequence[bytes], cancel: threading.Event | None
    ) -> tuple[Any, list[bytes]]:
        """Raises SandboxError for a child that dies, stays away or says too much."""
        deadline = time.monotonic() + request["wall_s"] + _GRACE_S
        stream = child.stream
        try:
            child.pid = child.pid or self._pid(stream)
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
            raise self._epitaph(self._bury(child), request["wall_s"]) from None

    def _pid(self, stream: socket.socket) -> int:
        """Of a child that has been asked for. Where none comes the zygote hangs, which is no fault of the call."""
        try:
            return int(wire.receive(stream, _COMMAND_BYTES, time.monotonic() + _ANSWER_S)[0]["pid"])
        except TimeoutError:
            with self._lock:
                self._end_zygote()
            raise SandboxError("unavailable", f"no child was forked within {_ANSWER_S:g} s") from None

    def _epitaph(self, status: int | None, wall_s: float) -> SandboxError:
        if status == -signal.SIGALRM:
            return SandboxError("time", f"it takes longer than {wall_s:g} s")
        if status == -signal.SIGXCPU:
            return SandboxError("cpu", f"it takes more than {self.limits.cpu_s:g} s of processor time")
        if status == -signal.SIGABRT:  # how native code ends when it is refused memory
            return _memory(self.limits)
        if status is None:  # it went with its zygote, or was never there: that says nothing of the call
            return SandboxError("unavailable", "the process that children are forked from has ended")
        return SandboxError("crashed", f"its process ended with {_ending(status)}")

    # ---- children ----

    def _take(self) -> _Child:
        with self._lock:
            self._ensure()
            return self._idle.popleft() if self._idle else self._fork()

    def _give_back(self, child: _Child) -> None:
        """After a call that ended well. A spare is forked ahead of the next call."""
        child.served += 1
        spent = child.served >= self.limits.reuse
        with self._lock:
            if not spent and not self._closed:
                self._idle.appendleft(child)
            elif not self._idle and not self._closed and self._zygote is not None:
                with suppress(SandboxError, OSError):
                    self._idle.append(self._fork())
        if spent:
            self._drop(child)

    def _drop(self, child: _Child) -> None:
        """It is not used again: killed if it lives."""
        if child.pid:
            self._bury(child)
        child.stream.close()

    def _bury(self, child: _Child) -> int | None:
        pid, child.pid = child.pid, 0
        if not pid:
            return None
        with self._lock:
            if self._control is None:
                return None
            try:
                self._control.settimeout(_ANSWER_S)
                self._control.send(orjson.dumps({"do": "bury", "pid": pid}))
                said = orjson.loads(self._control.recv(_COMMAND_BYTES))
                return int(said["status"])
            except (OSError, ValueError, KeyError):  # the zygote is gone, and its children with it
                self._end_zygote()
                return None

    # ---- the zygote; under the lock ----

    def _fork(self) -> _Child:
        assert self._control is not None
        ours, theirs = socket.socketpair()
        try:
            self._control.settimeout(_ANSWER_S)
            socket.send_fds(self._control, [orjson.dumps({"do": "fork"})], [theirs.fileno()])
        except OSError:
            ours.close()
            self._end_zygote()
            raise SandboxError("unavailable", "the process that children are forked from has ended") from None
        finally:
            theirs.close()
        return _Child(ours)

    def _ensure(self) -> None:
        if self._closed:
            raise SandboxError("unavailable", "the sandbox is closed")
        if self._zygote is not None and self._zygote.poll() is None:
            return
        self._end_zygote()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._zygote = subprocess.Popen(
                [sys.executable, "-P", "-m", "extractor.sandbox.zygote", str(theirs.fileno())],
                env=_environ(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd="/",
            )
        self._control = ours
        try:
            ours.settimeout(START_S)
            descriptors = [] if self._blob is None else [self._blob]
            socket.send_fds(ours, [orjson.dumps(self._order)], descriptors)
            said = orjson.loads(ours.recv(_COMMAND_BYTES) or b'{"failed": "it ended"}')
        except OSError as error:
            said = {"failed": f"{type(error).__name__} within {START_S:g} s"}
        if "ready" not in said:
            self._end_zygote()
            raise SandboxError("unavailable", f"{self._order['module']} cannot be sandboxed: {said.get('failed')}")

    def _end_zygote(self) -> None:
        for child in self._idle:
            child.stream.close()
        self._idle.clear()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._zygote is not None:
            self._zygote.kill()  # its children go with it
            self._zygote.wait()
            self._zygote = None


def _in_memory(blob: bytes) -> int:
    """A file without a name, which every zygote can be handed."""
    descriptor = os.memfd_create("sandbox")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(blob)
    return descriptor


def _environ(names: Sequence[str]) -> dict[str, str]:
    """No secrets; and what we can import, the zygote can, whatever folder it is started in."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100 - zip files too
    return {**{name: os.environ[name] for name in names if name in os.environ}, "PYTHONPATH": path}


def _readable(stream: socket.socket) -> bool:
    poll = select.poll()  # select() knows no descriptor above 1,023
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(_LOOK_S * 1000))


def _answer(said: Any, limits: Limits) -> Any:
    if "value" in said:
        return said["value"]
    if "refused" in said:
        no = said["refused"]
        raise Refused(str(no["code"]), str(no["detail"]), **dict(no["more"]))
    if "memory" in said:
        raise _memory(limits)
    raise SandboxError("failed", str(said.get("failed"))[:300])


def _memory(limits: Limits) -> SandboxError:
    return SandboxError("memory", f"it takes more than {limits.memory_bytes // 1024**2:,} MiB of memory")


def _ending(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
