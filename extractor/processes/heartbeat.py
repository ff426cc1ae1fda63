"""The heartbeat of a process, in a file: which process, when it last moved, and for how long that is to be believed.

The supervisor of `extractor up` and probes of containers read it, on the same machine. It needs no store, so a store
that is away makes no process look dead. Times are `time.monotonic()`, one clock for all processes of a machine, which
nobody sets. Knows no document."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

_BYTES = 1024  # always: writing over what is there needs no room on a full disk
_MOST_WHY = 300
_TRIES = 3


@dataclass(frozen=True)
class Beat:
    """`born`: when the kernel started `pid`, so that a later process with the same pid is not taken for it. `state` as
    in `GET /v1/workers`, or `down`; `why` says what is wrong."""

    pid: int
    born: int
    at: float
    good_for_s: float
    state: str
    why: str = ""

    def silent(self, now: float | None = None) -> bool:
        """Whether it has not moved for longer than it promised. An `at` in the future is from before the machine's
        start."""
        age_s = (time.monotonic() if now is None else now) - self.at
        return not 0.0 <= age_s <= self.good_for_s

    def kill(self) -> bool:
        """SIGKILL, if the pid is still the process that wrote this; whether it was."""
        if born(self.pid) != self.born:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return True


class HeartbeatFile:
    """The file of one process. `beat` is cheap and safe in any thread, and raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def beat(self, state: str, good_for_s: float, why: str = "", pid: int | None = None) -> None:
        """`pid`: the process that this one speaks for; None: itself."""
        who = os.getpid() if pid is None else pid
        beat = Beat(who, born(who), time.monotonic(), good_for_s, state, why[:_MOST_WHY])
        written = json.dumps(asdict(beat)).encode()
        while len(written) > _BYTES:  # letters that JSON writes as escapes
            beat = Beat(**{**asdict(beat), "why": beat.why[: len(beat.why) // 2]})
            written = json.dumps(asdict(beat)).encode()
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            os.ftruncate(self._file, _BYTES)
        os.pwrite(self._file, written.ljust(_BYTES), 0)

    def close(self, *, remove: bool = False) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if remove:
            self.path.unlink(missing_ok=True)


def read(path: Path) -> Beat | None:
    """None when there is no file, or it holds no heartbeat."""
    for _ in range(_TRIES):  # it may be being written
        try:
            return Beat(**json.loads(path.read_bytes()))
        except (ValueError, TypeError):
            time.sleep(0.01)
        except OSError:
            return None
    return None


def born(pid: int) -> int:
    """In ticks since the machine's start; 0 when there is no such process."""
    return _stat(pid)[1]


def _stat(pid: int) -> tuple[str, int]:
    """From proc(5): its state (Z: it has ended and its parent has not collected it), and when it was started."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, ValueError, IndexError):
        return "", 0


@cache
def machine() -> str:
    """Names the run of the machine and the pid namespace of this process; empty where /proc has neither."""
    try:
        run = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{run} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def ended(where: str, pid: int, since: int) -> bool:
    """Whether the process that was born at `since` on the machine `where` (the `machine()` there) has certainly ended.
    False where this process cannot know."""
    if not where or where != machine():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's
    state, started = _stat(pid)
    return state in ("Z", "X") or started not in (0, since)
