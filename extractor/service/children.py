"""Child processes that never outlive us: started in a process group of their own, told to die with their parent,
their output passed on line by line under their name, and ended as a group.

Knows nothing of what runs in them (process_group.py does).
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_KEPT_LINES = 40

SUPERVISOR = "up"  # who says of the programs that they died, and what is done about it
Log = Callable[[str, str], None]  # who says it, and what


@dataclass(frozen=True)
class Program:
    """What to run. `inherits` picks which of our environment variables it gets, `environ` has further ones; `stdin` is
    all that it can read there. `parting` is the signal that the kernel sends it when its parent dies: SIGTERM for a
    program that has to write something first, SIGKILL for one that recovers by itself."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    inherits: Callable[[Mapping[str, str]], Mapping[str, str]] = dict
    stdin: bytes = b""
    parting: signal.Signals = signal.SIGKILL


class Child:
    """One run of a program. Its output goes to `log` under its name, except for lines that are `withheld`. The last
    lines of either kind are kept, to say why it died."""

    def __init__(self, program: Program, log: Log, withheld: Callable[[str], object] = lambda _: False) -> None:
        self.program = program
        self._log = log
        self._withheld = withheld
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        parent = os.getpid()
        self._process = subprocess.Popen(
            program.command,
            env={**program.inherits(os.environ), "PYTHONUNBUFFERED": "1", **program.environ},
            stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
            preexec_fn=lambda: _die_with(parent, program.parting),
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {program.name}", daemon=True)
        self._reader.start()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:  # broken: its last words say why
                pipe.write(program.stdin)

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_status(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll()

    def last_output(self) -> str:
        """The end of what it printed; its last line is usually the reason."""
        self._reader.join(timeout=1.0)
        return "\n".join(self._last)

    def signal(self, number: signal.Signals) -> None:
        """Sent to the process only, which ends its own children in order."""
        self._process.send_signal(number)

    def end(self, grace_s: float) -> int:
        """SIGTERM, `grace_s` seconds to finish, then SIGKILL to its whole group, so that nothing it started stays. A
        stopped process is continued, so that it gets the signal. Returns the exit status."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL to its whole group. Returns the exit status."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        status = self._process.wait()
        self._reader.join(timeout=1.0)
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        with io.TextIOWrapper(self._process.stdout, errors="replace") as lines:
            for line in lines:
                text = line.rstrip("\n")
                self._last.append(text)
                if not self._withheld(text):
                    self.tell(text)

    def tell(self, line: str) -> None:
        """Writes a line of its output to the log."""
        self._log(self.program.name, line)


class Restarts:
    """When a program that died is started again. Each death in a row doubles the pause, until it has `worked`."""

    def __init__(self, first_s: float = 0.5, longest_s: float = 30.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self.deaths = 0  # in a row
        self.not_before = 0.0

    def died(self, now: float) -> float:
        """Seconds until it may be started again."""
        pause_s = min(self._longest_s, self._first_s * 2.0 ** min(self.deaths, 16))
        self.not_before = now + pause_s
        self.deaths += 1
        return pause_s

    def worked(self) -> None:
        self.deaths = 0


def _die_with(parent: int, number: signal.Signals) -> None:
    """In the child, before exec. prctl(2): the signal comes when the *thread* that forked ends, so the thread that
    starts children has to live as long as the service does."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died in between
            os._exit(1)
