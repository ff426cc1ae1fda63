"""Starts the engine's process (child.py): a fresh interpreter with a pipe to its parent and an environment of its own.

Not by `multiprocessing`: its children inherit the whole environment, and run the parent's main module again."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from extractor.processes.environment import of_engine


class EngineChild:
    """A process that was started, and how it is. Thread-safe."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exitcode(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def join(self, timeout_s: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)

    def kill(self) -> None:
        self._process.kill()


def spawn(make: str, given: tuple[Any, ...], *, fetches: bool) -> tuple[Connection, EngineChild]:
    """Our end of the pipe, and the child, which calls `make` (`module:function`) with `given`. `fetches`: whether it
    may have to ask a model hub, and so gets the token for it."""
    ours, theirs = Pipe()
    # What can be imported here can be there; -P, so that the working folder is not on its path unless it is on ours.
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100 - zip files too
    with theirs:  # closed here, so that the child's end is the last one: its death ends our reading
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "extractor.engine.child", str(theirs.fileno())],
            env={**of_engine(os.environ, fetches=fetches), "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
    with suppress(OSError):  # it died at once: reading from it says so
        ours.send((make, given))
    return ours, EngineChild(process)
