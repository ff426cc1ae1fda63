"""What crosses the border: a JSON value and bytes beside it, each with its length in front. Nothing is executed or
unpickled on either side; lengths are held to a limit before anything is read."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import orjson

_HEAD = struct.Struct("!QI")  # bytes of JSON, number of blobs
_LENGTH = struct.Struct("!Q")
_MOST_BLOBS = 65_536


class TooMuch(Exception):
    """A message longer than its reader takes."""


def send(stream: socket.socket, value: Any, blobs: Sequence[bytes | memoryview] = ()) -> None:
    """Raises TypeError for what is not JSON, OSError (TimeoutError among it) when the other side is gone or slow."""
    head = orjson.dumps(value)
    lengths = b"".join(_LENGTH.pack(len(blob)) for blob in blobs)
    stream.sendall(_HEAD.pack(len(head), len(blobs)) + lengths + head)
    for blob in blobs:
        stream.sendall(blob)


def receive(stream: socket.socket, most: int, deadline: float | None = None) -> tuple[Any, list[bytes]]:
    """Raises EOFError when the other side is gone, TimeoutError past `deadline` (on `time.monotonic()`), TooMuch and
    ValueError for what no honest sender sends."""
    size, count = _HEAD.unpack(_read(stream, _HEAD.size, deadline))
    if count > _MOST_BLOBS or size > most:
        raise TooMuch
    lengths = [each[0] for each in _LENGTH.iter_unpack(_read(stream, _LENGTH.size * count, deadline))]
    if size + sum(lengths) > most:
        raise TooMuch
    value = orjson.loads(_read(stream, size, deadline))
    return value, [_read(stream, length, deadline) for length in lengths]


def _read(stream: socket.socket, size: int, deadline: float | None) -> bytes:
    if size == 0:
        return b""
    room = memoryview(bytearray(size))
    got = 0
    while got < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            stream.settimeout(left)
        read = stream.recv_into(room[got:])
        if read == 0:
            raise EOFError
        got += read
    return bytes(room)
