"""Pictures on the sheets of an XLS, which xlrd passes over ([MS-XLS], 2.4.102 and 2.4.170; [MS-ODRAW], 2.2).

The workbook keeps them once, each with a number; drawings on its sheets refer to these. Older programs put a bitmap
among the records of the sheet itself.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator

import olefile

from extractor.documents.blocks import Block, PictureBlock
from extractor.documents.dib import bmp_of

_BEGIN, _END, _SHEET, _CONTINUE, _BITMAP, _STORE, _DRAWING = 0x0809, 0x0A, 0x85, 0x3C, 0x7F, 0xEB, 0xEC
_OLD_BITMAP = re.compile(rb"\x7f\0..\x09\0\x01\0", re.DOTALL)
_ENTRY, _PROPERTIES, _PICTURE = 0xF007, 0xF00B, 0x0104
_KINDS = range(0xF01A, 0xF02B)  # of pictures: from a metafile to a JPEG for print
_DIB = 0xF01F
_ENTRY_BYTES, _IDENTITY_BYTES, _OLD_BYTES = 36, 16, 8
_CONTAINER, _MOST_DEPTH = 0xF, 10
_MOST_RECORDS = 5_000_000


def pictures_by_sheet(data: bytes) -> list[list[Block]]:
    """Of each sheet of cells, in the order of the workbook; [] where there are no pictures at all, or the file is of a
    kind that keeps none."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            stream = ole.openstream("Workbook").read()
    except OSError:
        return []
    store, starts = _globals(stream)
    found = list(_stored(store))
    if not found and _OLD_BITMAP.search(stream) is None:
        return []
    return [list(_of_sheet(stream, start, found)) for start in starts]


def _globals(stream: bytes) -> tuple[bytes, list[int]]:
    """The store of pictures, and where each sheet of cells begins."""
    store, starts = b"", []
    for code, content in _records(stream, 0):
        if code == _STORE:
            store += content
        elif code == _SHEET and len(content) > 5 and content[5] == 0:
            starts.append(int.from_bytes(content[:4], "little"))
    return store, starts


def _of_sheet(stream: bytes, start: int, store: list[bytes]) -> Iterator[Block]:
    drawn = b""
    for code, content in _records(stream, start):
        if code == _DRAWING:
            drawn += content
        elif code == _BITMAP:
            yield _block(bmp_of(content[_OLD_BYTES:]))
    for number in _shown(drawn):
        if 1 <= number <= len(store):
            yield _block(store[number - 1])


def _block(data: bytes) -> PictureBlock:
    return PictureBlock(f"picture:{zlib.crc32(data):x}-{len(data)}", lambda: data)


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Those from `start` to the end of what begins there, with what continues them."""
    at, depth, held = start, 0, (0, b"")
    for _ in range(_MOST_RECORDS):
        if at + 4 > len(stream):
            break
        code, size = struct.unpack_from("<HH", stream, at)
        at += 4 + size
        if code == _CONTINUE:
            if held[0] in (_STORE, _DRAWING, _BITMAP):
                held = held[0], held[1] + stream[at - size : at]
            continue
        yield held
        held = code, stream[at - size : at]
        depth += (code == _BEGIN) - (code == _END)
        if depth <= 0:
            break
    yield held


def _art(data: bytes, depth: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """(instance, type, content) of the records of a drawing, without what only holds others."""
    at = 0
    while at + 8 <= len(data):
        version, kind, size = struct.unpack_from("<HHI", data, at)
        content = data[at + 8 : at + 8 + size]
        at += 8 + size
        if version & _CONTAINER != _CONTAINER:
            yield version >> 4, kind, content
        elif depth < _MOST_DEPTH:
            yield from _art(content, depth + 1)


def _stored(store: bytes) -> Iterator[bytes]:
    """The pictures in the order of their numbers; b"" for one that lies elsewhere."""
    for instance, kind, content in _art(store):
        if kind == _ENTRY:
            name = content[33] if len(content) > 33 else 0
            yield next((_picture(*one) for one in _art(content[_ENTRY_BYTES + name :])), b"")
        elif kind in _KINDS:
            yield _picture(instance, kind, content)


def _picture(instance: int, kind: int, content: bytes) -> bytes:
    data = content[_IDENTITY_BYTES * (1 + (instance & 1)) + 1 :]
    return bmp_of(data) if kind == _DIB else data


def _shown(drawn: bytes) -> Iterator[int]:
    """The numbers of pictures that shapes show."""
    for count, kind, content in _art(drawn):
        if kind == _PROPERTIES:
            for at in range(0, min(6 * count, len(content) - 5), 6):
                name, value = struct.unpack_from("<HI", content, at)
                if name & 0x3FFF == _PICTURE:
                    yield value
