"""Bytes of an upload → lines, never more of it in memory than one line and one chunk. Unpacks gzip, which announces
itself by its first two bytes; knows the limits and nothing of what a line means."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from api.problems import Problem, limited

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib: expect gzip's header and trailer
_PIECE_BYTES = 256 * 1024
_RATIO_FROM_BYTES = 1024 * 1024  # small uploads may be as dense as they like


@dataclass(frozen=True)
class RawLine:
    """`content` is None for a line over the limit, which was not kept. `digest` is that of everything up to its end."""

    number: int
    content: bytearray | None
    digest: str


@dataclass(frozen=True)
class UploadLimits:
    line_bytes: int
    total_bytes: int
    ratio: int
    lines: int


class LineSplitter:
    """`feed` chunks as they come, then `end`; both yield the lines that are complete, blank ones left out (but
    counted). Raises Problem: 413 for what is over a limit, 400 for broken gzip."""

    def __init__(self, limits: UploadLimits, *, gzip: bool = False) -> None:
        """`gzip`: the sender said that it is."""
        self._limits = limits
        self._gunzip = _Gunzip(limits)
        self._said_gzip = gzip
        self._is_gzip: bool | None = None
        self._head = b""
        self._rest = bytearray()
        self._skipping = False
        self._total = 0
        self._hash = hashlib.blake2b(digest_size=16)
        self.number = 0

    @property
    def packed(self) -> bool:
        """As far as can be told: before two bytes came, as the sender said."""
        return self._said_gzip if self._is_gzip is None else self._is_gzip

    @property
    def unfinished(self) -> int:
        return len(self._rest)

    def feed(self, chunk: bytes) -> Iterator[RawLine]:
        if self._is_gzip is None:
            self._head += chunk
            if len(self._head) < len(_GZIP):
                return
            chunk, self._head = self._head, b""
            self._is_gzip = chunk.startswith(_GZIP)
            if self._said_gzip and not self._is_gzip:
                raise _broken_gzip("it does not begin as gzip does")
        for piece in self._gunzip.pieces(chunk) if self._is_gzip else (chunk,):
            yield from self._split(piece)

    def end(self) -> Iterator[RawLine]:
        """The last line may have no line break."""
        if self._is_gzip:
            self._gunzip.end()
        yield from self._split(self._head)
        if self._rest or self._skipping:
            yield from self._split(b"\n")

    def _split(self, piece: bytes) -> Iterator[RawLine]:
        self._total += len(piece)
        if self._total > self._limits.total_bytes:
            raise _over("max_batch_bytes", self._limits.total_bytes, "A batch may have {} bytes, unpacked")
        start = 0
        while (stop := piece.find(b"\n", start)) >= 0:
            self._keep(piece[start : stop + 1])
            yield from self._line()
            start = stop + 1
        self._keep(piece[start:])

    def _keep(self, part: bytes) -> None:
        self._hash.update(part)
        if self._skipping or len(self._rest) + len(part) > self._limits.line_bytes + 1:  # and the line break
            self._skipping = True
            self._rest.clear()
        else:
            self._rest += part

    def _line(self) -> Iterator[RawLine]:
        self.number += 1
        if self.number > self._limits.lines:
            raise _over("max_batch_lines", self._limits.lines, "A batch may have {} lines, blank ones included")
        content = None if self._skipping else _stripped(self._rest)
        self._skipping, self._rest = False, bytearray()
        if content is None or content:
            yield RawLine(self.number, content, self._hash.copy().hexdigest())


def _stripped(line: bytearray) -> bytearray:
    """Without white space around it, and not copied for the sake of its end: it may be long."""
    for end in (b"\n", b"\r"):
        if line.endswith(end):
            del line[-1:]
    return line.strip() if line[:1].isspace() or line[-1:].isspace() else line


class _Gunzip:
    """One or several gzip members, unpacked a piece at a time."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._packed = self._unpacked = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        self._packed += len(chunk)
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                piece = self._member.decompress(chunk, _PIECE_BYTES)
            except zlib.error:
                raise _broken_gzip("its data are damaged") from None
            self._unpacked += len(piece)
            if self._unpacked > _RATIO_FROM_BYTES and self._unpacked > self._limits.ratio * self._packed:
                raise _over("max_batch_ratio", self._limits.ratio, "gzip may unpack to {} times its size")
            yield piece
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def end(self) -> None:
        if not self._member.eof:
            raise _broken_gzip("it ends in the middle")


def _broken_gzip(why: str) -> Problem:
    return Problem("invalid_gzip", f"The upload is not gzip: {why}", errors=[("", why)])


def _over(name: str, limit: int, what: str) -> Problem:
    detail = what.format(limit)
    extra = limited(name, limit)
    return Problem("batch_too_large", detail, errors=[("", detail)], headers={"Connection": "close"}, extra=extra)
