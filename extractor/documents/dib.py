"""A bitmap without the header of a file, as Windows keeps it in memory (DIB), as a file (BMP)."""

from __future__ import annotations

import struct

_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))  # bytes
_BIT_FIELDS = 3  # a kind of compression: three masks stand behind the header


def bmp_of(dib: bytes) -> bytes:
    """As it is where it is no DIB."""
    if len(dib) < 40 or (size := int.from_bytes(dib[:4], "little")) not in _HEADERS:
        return dib
    if size == 12:
        bits, palette = int.from_bytes(dib[10:12], "little"), 3
        colours = 1 << bits if bits <= 8 else 0
    else:
        bits, compression, colours = struct.unpack_from("<2xHI", dib, 12)[0:2] + struct.unpack_from("<I", dib, 32)
        palette = 4
        colours = colours or (1 << bits if bits <= 8 else 0)
        size += 12 if size == 40 and compression == _BIT_FIELDS else 0
    return b"BM" + struct.pack("<IHHI", 14 + len(dib), 0, 0, 14 + size + colours * palette) + dib
