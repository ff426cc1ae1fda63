"""A program under another Python, which is told and answers one JSON object a line. Nobody waits for it in vain: each
answer has a time within which it, or a sign of progress, has to come."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from extractor.errors import ExtractorError

_LAST = 3  # lines of what it printed, told where it ended without a word


class BaselineError(ExtractorError):
    """An engine of another environment that cannot be had, or broke."""

    code = "baseline_failed"


class OtherPython:
    """`script`, run by `python` without this project's paths and without its own folder on the path. `name` is what
    errors call it. Raises OSError where `python` cannot be run."""

    def __init__(self, name: str, python: str, script: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self._unread = b""
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 -- closed in `close`
        try:
            self._process = subprocess.Popen(
                [python, "-I", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._printed,
                env=dict(environ),
                start_new_session=True,  # what it starts ends with it
            )
        except OSError:
            self._printed.close()
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)

    def ask(self, message: dict[str, Any], silent_s: float) -> dict[str, Any]:
        """Its answer. Raises BaselineError when it ends, or says nothing for `silent_s` seconds."""
        self._tell(json.dumps(message).encode() + b"\n", silent_s)
        while "steps" in (answer := self._answer(silent_s)):
            pass
        return answer

    def _tell(self, line: bytes, silent_s: float) -> None:
        until = time.monotonic() + silent_s
        while line:
            if not select.select([], [self._in], [], max(0.0, until - time.monotonic()))[1]:
                raise self._stalled(silent_s)
            try:
                line = line[os.write(self._in, line) :]
            except BrokenPipeError:
                return  # what it said before it ended, if anything, is read next

    def _answer(self, silent_s: float) -> dict[str, Any]:
        until = time.monotonic() + silent_s
        while b"\n" not in self._unread:
            if not select.select([self._out], [], [], max(0.0, until - time.monotonic()))[0]:
                raise self._stalled(silent_s)
            piece = os.read(self._out, 1 << 16)
            if not piece:
                raise self._ended()
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise BaselineError(f"{self.name} answered what is no JSON object: {line[:80]!r}")
        return answer

    def _stalled(self, silent_s: float) -> BaselineError:
        return BaselineError(f"{self.name} has said nothing for {silent_s:.0f} seconds and was ended{self._tail()}")

    def _ended(self) -> BaselineError:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return BaselineError(f"{self.name} closed its output{self._tail()}")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return BaselineError(f"{self.name} {how}{self._tail()}")

    def _tail(self) -> str:
        """The end of what it printed."""
        self._printed.seek(max(0, self._printed.seek(0, os.SEEK_END) - 4096))
        lines = [line.strip() for line in self._printed.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return f"; it printed last: {' / '.join(lines[-_LAST:])[-600:]}" if lines else ""

    def close(self) -> None:
        """Ends it, and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._printed):
            with suppress(OSError):  # of a pipe that broke
                file.close()  # type: ignore[union-attr]
