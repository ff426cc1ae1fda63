"""S/MIME: what a signed message says, without a check of its signature (RFC 5652; BER as in X.690)."""

from __future__ import annotations

from collections.abc import Iterator

_OCTETS, _SEQUENCE, _FIRST = 0x04, 0x30, 0xA0
_CONSTRUCTED = 0x20
_SIGNED = bytes.fromhex("06092a864886f70d010702")
_MOST_DEPTH = 12
_MOST_PIECES = 100_000


def is_signed(data: bytes) -> bool:
    """Whether it is signed data, not encrypted."""
    return _SIGNED in data[:64]


def signed_content(data: bytes) -> bytes | None:
    """The message within; None where there is none, or the bytes make no sense."""
    try:
        info = next(_elements(data, 0, len(data)))
        for tag, start, stop in _elements(data, *info[1:]):
            if tag == _FIRST:
                _, start, stop = next(_elements(data, start, stop))
                wrapped = next(each for each in _elements(data, start, stop) if each[0] == _SEQUENCE)
                held = next(each for each in _elements(data, *wrapped[1:]) if each[0] == _FIRST)
                return b"".join(_octets(data, held[1], held[2], 0))
    except (StopIteration, IndexError, ValueError):
        pass
    return None


def _octets(data: bytes, start: int, stop: int, depth: int) -> Iterator[bytes]:
    if depth > _MOST_DEPTH:
        raise ValueError
    for tag, first, last in _elements(data, start, stop):
        if tag == _OCTETS:
            yield data[first:last]
        elif tag == _OCTETS | _CONSTRUCTED:
            yield from _octets(data, first, last, depth + 1)


def _elements(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """(tag, where its contents start, where they stop) of each element in a row."""
    at = start
    for _ in range(_MOST_PIECES):
        if at >= stop or data[at : at + 2] == b"\0\0":
            return
        tag, first, last, after = _element(data, at, stop, 0)
        yield tag, first, last
        at = after


def _element(data: bytes, at: int, stop: int, depth: int) -> tuple[int, int, int, int]:
    tag, size, first = data[at], data[at + 1], at + 2
    if size == 0x80:  # until a mark
        if depth > _MOST_DEPTH:
            raise ValueError
        inner = first
        while data[inner : inner + 2] != b"\0\0":
            inner = _element(data, inner, stop, depth + 1)[3]
        return tag, first, inner, inner + 2
    if size > 0x80:
        count = size & 0x7F
        size = int.from_bytes(data[first : first + count], "big")
        first += count
    if first + size > stop:
        raise ValueError
    return tag, first, first + size, first + size
