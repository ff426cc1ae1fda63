"""Files that begin with a byte order mark, as editors and shells on Windows write them: to UTF-8 without one."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import IO

_MARKS = (  # the longer first: UTF-16's is the beginning of UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST = 4


def as_utf8(data: bytes) -> bytes:
    """Raises UnicodeDecodeError where the bytes are not what the mark says."""
    encoding = _marked(data)
    return data if encoding is None else data.decode(encoding).encode()


def utf8_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, with their ends, one at a time. Raises UnicodeDecodeError."""
    head = file.read(_LONGEST)
    encoding = _marked(head)
    whole = _After(head, file)
    if encoding in (None, "utf-8-sig"):
        whole.head = head.removeprefix(codecs.BOM_UTF8)
        yield from io.BufferedReader(whole)
    else:
        for line in io.TextIOWrapper(io.BufferedReader(whole), encoding=encoding, newline="\n"):
            yield line.encode()


def _marked(head: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


class _After(io.RawIOBase):
    """What has been read of a file, and then the rest."""

    def __init__(self, head: bytes, file: IO[bytes]) -> None:
        self.head = head
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self.head[: len(buffer)] if self.head else self._file.read(len(buffer))
        self.head = self.head[len(part) :]
        buffer[: len(part)] = part
        return len(part)
