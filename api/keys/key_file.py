"""The file of API keys, looked at again and again while the service runs. What is found counts when a second poll finds
the same, so a file that is being written is waited for. Whatever cannot be used (a file that is gone, broken or of no
bytes) changes nothing: the keys from before stay. Knows no request."""

from __future__ import annotations

import stat
from pathlib import Path

from api.keys.keys import MAX_FILE_BYTES, ApiKeys, KeyConfigError, file_of

_FileStatus = tuple[int, int, int, int, int]


class KeyFile:
    """`keys` are those in force; `fault`: why the file as it is now cannot be used, or "". A change counts after two
    calls of `poll`, which reads the file only where its status has changed. A link that leads elsewhere, as
    Kubernetes swaps them, is another file."""

    def __init__(self, path: Path) -> None:
        """Raises KeyConfigError."""
        self.path = path
        self.keys = ApiKeys.load(str(path))
        self.fault = ""
        self._settled: _FileStatus | None = None
        self._before: bytes | str | None = None  # what the last poll found: content, or why there is none

    @classmethod
    def of_setting(cls, source: str) -> KeyFile | None:
        """None where `source` is entries, or a pipe, which can be read once. Raises KeyConfigError."""
        path = file_of(source)
        return cls(path) if path is not None and path.is_file() else None

    def poll(self) -> ApiKeys | None:
        """Other keys than before. None: nothing new, or nothing that can be used (`fault`)."""
        try:
            seen = _status(self.path)
            if seen == self._settled:
                return None
            found: bytes | str = _content(self.path)
        except OSError as error:
            seen, found = None, error.strerror or type(error).__name__
        if found != self._before:
            self._before, self._settled = found, None
            return None
        self._settled = seen
        return self._parsed(found)

    def _parsed(self, found: bytes | str) -> ApiKeys | None:
        try:
            if not isinstance(found, bytes):
                raise KeyConfigError(found)
            if not found:
                raise KeyConfigError("It is empty; one that is to let nobody in says so in a comment")
            keys = ApiKeys.of_file(found)
        except KeyConfigError as error:
            self.fault = str(error)
            return None
        self.fault = ""
        if keys.entries == self.keys.entries:
            return None
        self.keys = keys
        return keys


def _status(path: Path) -> _FileStatus:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "It is not a file")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _content(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MAX_FILE_BYTES + 1)
