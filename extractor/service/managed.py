"""One process that the service keeps running: its program, the child that runs it now, whether that child moves, and
why the last one died. Knows heartbeat files and HTTP, but no store. process_group.py decides what is started when."""

from __future__ import annotations

import json
import re
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from extractor.processes.heartbeat import HeartbeatFile, read
from extractor.processes.launch import UNRECOVERABLE
from extractor.service.children import Child, Log, Program, Restarts

START_S = 120.0  # until the first sign of life: importing takes its time on a busy machine
_PROBE_S = 3.0
_OF_A_ROOM = re.compile(r"extractor (api|workers): ")


@dataclass
class ManagedProcess:
    """`heartbeat`: the file in which the child says that it lives; this process writes it while there is no child."""

    program: Program
    heartbeat: HeartbeatFile | None = None
    child: Child | None = None
    restarts: Restarts = field(default_factory=Restarts)

    @property
    def name(self) -> str:
        return self.program.name

    def start(self, log: Log) -> None:
        """Raises OSError where no process can be had."""
        self.child = Child(self.program, log, last_word)
        self.report("starting", START_S, pid=self.child.pid)

    def end(self, *, reported: bool) -> str:
        """Kills the child and all that it started, and returns its last output. What it said last about why it ends
        (`last_word`) goes to the log, unless the caller tells that itself (`reported`)."""
        if self.child is None:
            return ""
        self.child.kill()
        output = self.child.last_output()
        for line in filter(last_word, () if reported else output.splitlines()):
            self.child.tell(line)
        self.child = None
        return output

    def report(self, state: str, good_for_s: float, why: str = "", pid: int | None = None) -> None:
        """Writes the heartbeat in the child's place. A disk that cannot be written is no reason to stop."""
        if self.heartbeat is not None:
            with suppress(OSError):
                self.heartbeat.beat(state, good_for_s, why, pid)

    def close(self) -> None:
        if self.heartbeat is not None:
            self.heartbeat.close()

    def stalled(self) -> str:
        """For the log, that the child no longer moves; empty while it does, or where it writes no heartbeat."""
        beat = read(self.heartbeat.path) if self.heartbeat is not None else None
        if beat is None or self.child is None or beat.pid != self.child.pid or not beat.silent():
            return ""
        return f"{self.name} has not moved for {time.monotonic() - beat.at:.0f} s"

    def is_ready(self) -> bool:
        """Whether the heartbeat is the child's own and says `ready`."""
        beat = read(self.heartbeat.path) if self.heartbeat is not None else None
        return beat is not None and self.child is not None and (beat.pid, beat.state) == (self.child.pid, "ready")


class ApiProbe:
    """Asks an API whether it answers, by /healthz and /readyz, which need no key."""

    def __init__(self, url: str, silent_s: float) -> None:
        """`silent_s`: after so many seconds without an answer an API that has answered before is `silent`."""
        self._client = httpx.Client(base_url=url, timeout=_PROBE_S, trust_env=False)
        self._silent_s = silent_s
        self.begin()

    def begin(self) -> None:
        """Call it when another API has been started: that one has its own time until its first answer."""
        self._heard_at, self._most_s = time.monotonic(), START_S

    def answers(self) -> bool:
        """Whether it answers now, whatever it says."""
        return self._ask("/healthz") is not None

    def ready(self) -> set[int]:
        """The pids of the workers that are ready, as the API says; empty where it does not answer."""
        try:
            workers = json.loads(self._ask("/readyz") or b"{}").get("workers", [])
            return {int(worker["pid"]) for worker in workers if worker["ready"]}
        except (ValueError, KeyError):
            return set()

    def silent(self) -> str:
        """For the log, that it has not answered for too long; empty before that."""
        silent_s = time.monotonic() - self._heard_at
        return f"api has not answered for {silent_s:.0f} s" if silent_s > self._most_s else ""

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str) -> bytes | None:
        """The body of its answer, whatever the status; empty where it closes the connection, as a full one does; None
        where it does not answer. A stopped process does not: only the kernel takes the connection."""
        body = b""
        try:
            body = self._client.get(path).content
        except (httpx.RemoteProtocolError, httpx.ReadError):
            pass
        except httpx.TransportError:
            return None
        self._heard_at, self._most_s = time.monotonic(), self._silent_s
        return body


def ending(status: int) -> str:
    """An exit status in words: `status 1`, or `SIGKILL` for -9."""
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def last_word(line: str) -> str:
    """The reason, if in this line a program says why it ends and another start would end in the same way; else empty.
    Such lines do not go to the log: whoever started the programs tells the reason once, however many say it."""
    if found := _OF_A_ROOM.match(line):
        return line[found.end() :]
    if f'"status": {UNRECOVERABLE}' not in line:
        return ""
    with suppress(ValueError, AttributeError):
        return str(json.loads(line).get("detail", ""))
    return ""


def reason(words: str) -> str:
    """The `last_word` in a program's last output, or else all of that output."""
    return next(filter(None, map(last_word, reversed(words.splitlines()))), words)
