"""One process that the service keeps running: its program, the child that runs it now, whether that moves, and why the
last one died. Knows heartbeats' files and HTTP; knows no store. process_group.py decides who is started when."""

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
    """`heartbeat`: the file that the child writes, and this process while there is none."""

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
        """Kills the child, with what it started and left behind, and returns its last output. `reported`: the caller
        reports its last word; else, as it said one and then died of something else, that is a line of the log."""
        if self.child is None:
            return ""
        self.child.kill()
        output = self.child.last_output()
        for line in filter(last_word, () if reported else output.splitlines()):
            self.child.tell(line)
        self.child = None
        return output

    def report(self, state: str, good_for_s: float, why: str = "", pid: int | None = None) -> None:
        """Writes the heartbeat in the child's place. A disk that takes nothing is no reason not to go on."""
        if self.heartbeat is not None:
            with suppress(OSError):
                self.heartbeat.beat(state, good_for_s, why, pid)

    def close(self) -> None:
        if self.heartbeat is not None:
            self.heartbeat.close()

    def stalled(self) -> str:
        """What is to be said of one that no longer moves; empty while it does, or says nothing here."""
        beat = read(self.heartbeat.path) if self.heartbeat is not None else None
        if beat is None or self.child is None or beat.pid != self.child.pid or not beat.silent():
            return ""
        return f"{self.name} has not moved for {time.monotonic() - beat.at:.0f} s"

    def is_ready(self) -> bool:
        """As its heartbeat says."""
        beat = read(self.heartbeat.path) if self.heartbeat is not None else None
        return beat is not None and self.child is not None and (beat.pid, beat.state) == (self.child.pid, "ready")


class ApiProbe:
    """Asks an API whether it answers. What is told here is not of documents: /healthz and /readyz need no key."""

    def __init__(self, url: str, silent_s: float) -> None:
        """`silent_s`: an API that has answered once and then not for so long is to be replaced."""
        self._client = httpx.Client(base_url=url, timeout=_PROBE_S, trust_env=False)
        self._silent_s = silent_s
        self.begin()

    def begin(self) -> None:
        """Another API has been started."""
        self._heard_at, self._most_s = time.monotonic(), START_S

    def answers(self) -> bool:
        """Whether it says anything, now."""
        return self._ask("/healthz") is not None

    def ready(self) -> set[int]:
        """The pids of the workers that it calls ready; empty when none is, or it does not say."""
        try:
            workers = json.loads(self._ask("/readyz") or b"{}").get("workers", [])
            return {int(worker["pid"]) for worker in workers if worker["ready"]}
        except (ValueError, KeyError):
            return set()

    def silent(self) -> str:
        """What is to be said of one that has been silent for too long; empty before that."""
        silent_s = time.monotonic() - self._heard_at
        return f"api has not answered for {silent_s:.0f} s" if silent_s > self._most_s else ""

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str) -> bytes | None:
        """Its answer, whatever it is. One that ends our connection lives, and is full; one that is stopped takes it
        (the kernel does) and says nothing."""
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
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def last_word(line: str) -> str:
    """Why another start would end alike, where a program says so in this line; empty of any other line. Who started it
    tells that, once for all programs that say it: so it is no line of the log."""
    if found := _OF_A_ROOM.match(line):
        return line[found.end() :]
    if f'"status": {UNRECOVERABLE}' not in line:
        return ""
    with suppress(ValueError, AttributeError):
        return str(json.loads(line).get("detail", ""))
    return ""


def reason(words: str) -> str:
    """Of what a program printed last, what is meant for a person."""
    return next(filter(None, map(last_word, reversed(words.splitlines()))), words)
