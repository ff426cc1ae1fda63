"""The embedded store for tests, over a folder of its own: a Unix socket, a password, and for the service the rights it
has in earnest. Tests come in by `client()`, which may do everything. `stop`, `kill`, `freeze`, `thaw` and `set_clock`
are the faults they inject."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import redis

from extractor.service.valkey import EmbeddedValkey

_ADMIN = "of-the-tests"
FAKETIME = next(iter(sorted(Path("/usr").glob("lib*/**/faketime/libfaketimeMT.so.1"))), None)


class Valkey:
    """Starts on `start()` or `with`; `url` stays the same over restarts, so AOF recovery can be tested."""

    def __init__(
        self,
        folder: Path,
        *,
        aof: bool = False,
        maxmemory: str = "0",
        faketime: bool = False,
        directives: Sequence[str] = (),
    ) -> None:
        """`faketime`: under libfaketime, where the test machine has it (`FAKETIME`). `directives`: of its
        configuration, beside the service's."""
        self.folder = folder
        self.lines: list[str] = []
        digest = hashlib.sha256(_ADMIN.encode()).hexdigest()
        ours = [f"user admin on #{digest} ~* &* +@all", *([] if aof else ["appendonly no"])]
        self._store = EmbeddedValkey(
            folder,
            lambda _, line: self.lines.append(line),
            max_memory=maxmemory,
            directives=[*ours, *directives],
            environ=self._faked() if faketime else {},
        )

    def start(self) -> Valkey:
        self._store.start()
        return self

    @property
    def url(self) -> str:
        """As the service gets it."""
        return self._store.url

    @property
    def socket(self) -> Path:
        assert self._store.socket is not None
        return self._store.socket

    @property
    def pid(self) -> int:
        assert self._store.child is not None
        return self._store.child.pid

    def client(self) -> redis.Redis:
        parts = urlsplit(self.url)
        path = parts.path
        return redis.Redis.from_url(f"unix://admin:{_ADMIN}@{path}?db=0", socket_timeout=5, retry=None)

    def stop(self) -> None:
        """SIGTERM, and waits; a frozen server is thawed first."""
        if self._store.child is not None and self._store.child.exit_status() is None:
            self.thaw()
        self._store.stop()

    def kill(self) -> None:
        if self._store.child is not None:
            self._store.child.kill()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def set_clock(self, seconds: float) -> None:
        """So far ahead of (below 0: behind) the machine's; only with `faketime`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self.folder / "faketime.new"
        written.write_text(f"{seconds:+f}\n")
        written.rename(self.folder / "faketime")

    def _faked(self) -> dict[str, str]:
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
