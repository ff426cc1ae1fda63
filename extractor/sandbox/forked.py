"""The children that calls run in, seen from the parent. The zygote that they are forked from is started, asked for them
and, when it is gone, replaced. Thread-safe."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from extractor.sandbox import wire
from extractor.sandbox.errors import SandboxError

START_S = 60.0  # for the zygote to import its module
_ANSWER_S = 10.0  # for the zygote to fork a child or to reap one
_COMMAND_BYTES = 65_536
_KEPT_ENVIRON = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")


@dataclass
class ForkedChild:
    """`stream`: its calls go in and their answers come out. `zygote`: whose child it is, and who alone can reap it.
    `pid` is 0 until it has said its own, and when reaped."""

    stream: socket.socket
    zygote: subprocess.Popen[bytes]
    served: int = 0
    pid: int = 0


class ForkedChildren:
    """`order`: what the zygote is told to import, as zygote.py takes it; `blob` goes with it. A child serves `reuse`
    calls."""

    def __init__(self, order: Mapping[str, Any], blob: bytes | None, environ: Sequence[str], reuse: int) -> None:
        self._order, self._reuse = order, reuse
        self._blob = None if blob is None else _in_memory(blob)
        self._environ = (*_KEPT_ENVIRON, *environ)
        self._lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: deque[ForkedChild] = deque()
        self._closed = False

    def start(self) -> None:
        """Returns when a child waits for work. Raises SandboxError."""
        with self._lock:
            self._ensure()
            if not self._idle:
                self._idle.append(self._fork())

    def take(self) -> ForkedChild:
        """Raises SandboxError."""
        with self._lock:
            self._ensure()
            return self._idle.popleft() if self._idle else self._fork()

    def give_back(self, child: ForkedChild) -> None:
        """After a call that ended well. A spare is forked ahead of the next call."""
        child.served += 1
        with self._lock:
            if child.served < self._reuse and child.zygote is self._zygote:
                self._idle.appendleft(child)
                return
            if not self._idle and self._zygote is not None:
                with suppress(SandboxError):
                    self._idle.append(self._fork())
        self.drop(child)

    def drop(self, child: ForkedChild) -> None:
        """It is not used again: killed if it lives."""
        if child.pid:
            self.reap(child)
        child.stream.close()

    def learn_pid(self, child: ForkedChild) -> None:
        """Of a child that has been forked. Raises SandboxError where none says its own: then the zygote hangs, which is
        no fault of the call."""
        try:
            if not child.pid:
                reply, _ = wire.receive(child.stream, _COMMAND_BYTES, time.monotonic() + _ANSWER_S)
                child.pid = int(reply["pid"])
        except TimeoutError:
            with self._lock:
                self._end_zygote()
            raise SandboxError("unavailable", f"no child was forked within {_ANSWER_S:g} s") from None

    def reap(self, child: ForkedChild) -> int | None:
        """What it ended with, killed if it lives; None where nobody can tell."""
        pid, child.pid = child.pid, 0
        if not pid:
            return None
        with self._lock:
            if self._control is None or child.zygote is not self._zygote:
                return None  # it went with its zygote; the next knows no such child, and its pid may be another's
            try:
                self._control.settimeout(_ANSWER_S)
                self._control.send(orjson.dumps({"do": "reap", "pid": pid}))
                reply = orjson.loads(self._control.recv(_COMMAND_BYTES))
                return int(reply["status"])
            except (OSError, ValueError, KeyError):  # the zygote is gone, and its children with it
                self._end_zygote()
                return None

    def pids(self) -> list[int]:
        """Of the zygote, when it runs."""
        zygote = self._zygote
        return [zygote.pid] if zygote is not None and zygote.poll() is None else []

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            self._closed = True
            self._end_zygote()
            if self._blob is not None:
                os.close(self._blob)
                self._blob = None

    # Below: under the lock.

    def _fork(self) -> ForkedChild:
        assert self._control is not None
        assert self._zygote is not None
        ours, theirs = _pair(socket.SOCK_STREAM)
        try:
            self._control.settimeout(_ANSWER_S)
            socket.send_fds(self._control, [orjson.dumps({"do": "fork"})], [theirs.fileno()])
        except OSError:
            ours.close()
            self._end_zygote()
            raise SandboxError("unavailable", "the process that children are forked from has ended") from None
        finally:
            theirs.close()
        return ForkedChild(ours, self._zygote)

    def _ensure(self) -> None:
        if self._closed:
            raise SandboxError("unavailable", "the sandbox is closed")
        if self._zygote is not None and self._zygote.poll() is None:
            return
        self._end_zygote()
        self._zygote, ours = self._started()
        self._control = ours
        try:
            ours.settimeout(START_S)
            descriptors = [] if self._blob is None else [self._blob]
            socket.send_fds(ours, [orjson.dumps(self._order)], descriptors)
            reply = orjson.loads(ours.recv(_COMMAND_BYTES) or b'{"failed": "it ended"}')
        except OSError as error:
            reply = {"failed": f"{type(error).__name__} within {START_S:g} s"}
        if "ready" not in reply:
            self._end_zygote()
            raise SandboxError("unavailable", f"{self._order['module']} cannot be sandboxed: {reply.get('failed')}")

    def _started(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """A new zygote, and our end of what it is told through."""
        ours, theirs = _pair(socket.SOCK_SEQPACKET)
        with theirs:
            try:
                zygote = subprocess.Popen(
                    [sys.executable, "-P", "-m", "extractor.sandbox.zygote", str(theirs.fileno())],
                    env=_environ(self._environ),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    cwd="/",
                )
            except OSError as error:
                ours.close()
                raise _nothing_left(error) from None
        return zygote, ours

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


def _pair(kind: socket.SocketKind) -> tuple[socket.socket, socket.socket]:
    """Raises SandboxError."""
    try:
        return socket.socketpair(socket.AF_UNIX, kind)
    except OSError as error:
        raise _nothing_left(error) from None


def _nothing_left(error: OSError) -> SandboxError:
    """No process, no memory or no descriptor is to be had, which says nothing of the call."""
    return SandboxError("unavailable", f"this machine has no room for another process ({error.strerror})")


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
