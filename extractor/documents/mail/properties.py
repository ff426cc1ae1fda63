"""Properties of an Outlook message, its recipients and attachments ([MS-OXMSG], 2.4)."""

from __future__ import annotations

import datetime
import email.utils
import struct
from typing import Any

from extractor.documents.rtf.charsets import of_page
from extractor.documents.text import decode
from extractor.sandbox import Rejected

_TABLE = "__properties_version1.0"
_UNICODE, _BYTES, _BINARY = 0x001F, 0x001E, 0x0102
_CODE_PAGE, _INTERNET_PAGE = 0x3FFD, 0x3FDE
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_FULL_DATE = 2**63


class Storage:
    """A folder of an OLE file. `ole` is olefile's."""

    def __init__(self, ole: Any, path: tuple[str, ...]) -> None:
        self._ole, self._path = ole, path

    def stream(self, name: str) -> bytes | None:
        path = [*self._path, name]
        if not self._ole.exists(path) or self._ole.get_type(path) != 2:
            return None
        with self._ole.openstream(path) as stream:
            return bytes(stream.read())

    def folder(self, name: str) -> Storage | None:
        path = (*self._path, name)
        found = self._ole.exists(list(path)) and self._ole.get_type(list(path)) == 1
        return Storage(self._ole, path) if found else None

    def folders(self, start: str) -> list[Storage]:
        """Those whose names begin so, in order."""
        depth = len(self._path)
        names = {
            path[depth]
            for path in self._ole.listdir(streams=False, storages=True)
            if len(path) == depth + 1 and tuple(path[:depth]) == self._path and path[depth].startswith(start)
        }
        return [Storage(self._ole, (*self._path, name)) for name in sorted(names)]


class Properties:
    """Of one folder; `header`: bytes before the table of those that have a fixed size."""

    def __init__(self, storage: Storage, header: int) -> None:
        self._storage = storage
        table = storage.stream(_TABLE) or b""
        self._fixed: dict[int, bytes] = {}
        for at in range(header, len(table) - 15, 16):
            tag, _, value = struct.unpack_from("<II8s", table, at)
            self._fixed.setdefault(tag >> 16, value)

    @property
    def charset(self) -> str:
        """Of what is told as bytes."""
        return of_page(self.number(_INTERNET_PAGE) or self.number(_CODE_PAGE) or 1252)

    def is_text(self, number: int) -> bool:
        return self._storage.stream(_name(number, _UNICODE)) is not None

    def text(self, number: int) -> str:
        """A string; "" where there is none."""
        wide = self._storage.stream(_name(number, _UNICODE))
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self._storage.stream(_name(number, _BYTES))
        if narrow is None:
            return ""
        try:
            return narrow.decode(of_page(self.number(_CODE_PAGE) or 1252)).rstrip("\0")
        except UnicodeDecodeError:
            return _guessed(narrow).rstrip("\0")

    def raw(self, number: int) -> bytes:
        """What is stored under a number, as bytes; b"" where there is nothing."""
        for kind in (_BINARY, _UNICODE, _BYTES):
            found = self._storage.stream(_name(number, kind))
            if found is not None:
                return found
        return b""

    def has(self, number: int) -> bool:
        """Whether it has a value of a fixed size."""
        return number in self._fixed

    def number(self, number: int) -> int:
        """A whole number of 32 bits; 0 where there is none."""
        return int(struct.unpack("<i4x", self._fixed[number])[0]) if number in self._fixed else 0

    def date(self, number: int) -> str:
        """A time as mails write it; "" where there is none."""
        (ticks,) = struct.unpack("<Q", self._fixed.get(number, bytes(8)))
        if not 0 < ticks < _FULL_DATE:
            return ""
        try:
            return email.utils.format_datetime(_EPOCH + datetime.timedelta(microseconds=ticks // 10))
        except (OverflowError, ValueError):
            return ""


def _name(number: int, kind: int) -> str:
    return f"__substg1.0_{number:04X}{kind:04X}"


def _guessed(data: bytes) -> str:
    try:
        return decode(data)
    except Rejected:
        return data.decode("cp1252", "replace")
