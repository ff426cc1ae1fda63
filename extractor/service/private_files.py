"""Folders and files that nobody but their owner reads, and where in them a Unix socket can be.

For what a service keeps to itself on a machine that it shares with others. Knows nothing of what is kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from extractor.processes.heartbeat import born, ended, machine

_SCRATCH = "extractor-up-"
_SOCKET_PATH = 107  # bytes of a path that bind(2) takes, the last of sockaddr_un's 108 being its end


def private_folder(folder: Path) -> bool:
    """It is there now, ours, and closed to everybody else (0700). False where that cannot be: another user's folder, a
    path that is no folder, a file system without permissions."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        found = folder.stat()
        return found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return False


def runtime_folder(of: Path) -> Path | None:
    """Makes a private folder with a short path that belongs to the folder `of`: always the same one, so that nothing
    piles up after a SIGKILL. None where another user holds its name. Whoever asks for it removes it."""
    name = hashlib.sha256(os.fsencode(of.resolve())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"extractor-{os.geteuid()}-{name}"
    with suppress(OSError):
        folder.mkdir(mode=0o700)
    return folder if not folder.is_symlink() and private_folder(folder) else None


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder among temporary files, named after this process; it goes at the end. Those of processes that
    were killed go when the next one is made. Raises OSError."""
    here = hashlib.sha256(machine().encode()).hexdigest()[:8]
    _remove_left_folders(here)
    folder = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{here}-{os.getpid()}-{born(os.getpid())}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_folders(here: str) -> None:
    """Only ours, and only of processes that have certainly ended: pids of other containers mean nothing here."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}{here}-*"):
        with suppress(OSError, ValueError):
            pid, since, _ = folder.name.removeprefix(f"{_SCRATCH}{here}-").split("-", 2)
            if folder.lstat().st_uid == os.geteuid() and ended(machine(), int(pid), int(since)):
                shutil.rmtree(folder, ignore_errors=True)


def remove_if_empty(folder: Path | None) -> None:
    """What cannot be removed stays."""
    if folder is not None:
        with suppress(OSError):
            folder.rmdir()


def write_secret(path: Path, text: str) -> None:
    """A new file, 0600 from its first byte on; one that was there is replaced. Raises OSError."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def takes_socket(path: Path) -> bool:
    """Whether a Unix socket can be made there, found out by making one; what a dead server left is removed. False for
    a path that is too long or that no URL can name, and on file systems that have no sockets."""
    try:
        long = len(os.fspath(path).encode()) > _SOCKET_PATH
        path.unlink(missing_ok=True)
        if long:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(os.fspath(path))
        path.unlink()
    except (OSError, UnicodeEncodeError):
        return False
    return True
