"""Files that may begin with a byte order mark: to UTF-8 without one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

from extractor.byte_order import LONGEST, marked


def as_utf8(data: bytes) -> bytes:
    """Raises UnicodeDecodeError where the bytes are not what the mark says."""
    encoding, length = marked(data) or ("utf-8", 0)
    return data[length:] if encoding == "utf-8" else data[length:].decode(encoding).encode()


def utf8_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, with their ends, one at a time. Raises UnicodeDecodeError."""
    head = file.read(LONGEST)
    encoding, length = marked(head) or ("utf-8", 0)
    rest = io.BufferedReader(_After(head[length:], file))
    if encoding == "utf-8":
        yield from rest
    else:
        for line in io.TextIOWrapper(rest, encoding=encoding, newline="\n"):
            yield line.encode()


class _After(io.RawIOBase):
    """What has been read of a file, and then the rest."""

    def __init__(self, head: bytes, file: IO[bytes]) -> None:
        self._head = head
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._head[: len(buffer)] if self._head else self._file.read(len(buffer))
        self._head = self._head[len(part) :]
        buffer[: len(part)] = part
        return len(part)
