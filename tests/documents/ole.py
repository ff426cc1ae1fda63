"""OLE files (compound files, [MS-CFB]) made in code, for mails of Outlook."""

from __future__ import annotations

import struct

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Storages are dictionaries, streams bytes."""
    entries: list[list] = []  # name, kind, child, left, right, data
    _enter("Root Entry", tree, entries)
    sectors: list[bytes] = []
    fat: list[int] = []
    mini, minifat = bytearray(), []
    placed = []
    for name, kind, *_, data in entries:
        if kind == 2 and data and len(data) < _CUTOFF:
            placed.append((_chain(minifat, -(-len(data) // _MINI)), len(data)))
            mini += data.ljust(-(-len(data) // _MINI) * _MINI, b"\0")
        elif kind == 2 and data:
            placed.append((_put(sectors, fat, data), len(data)))
        else:
            placed.append((_END if name != "Root Entry" else None, 0))
    placed[0] = (_put(sectors, fat, bytes(mini)) if mini else _END, len(mini))
    directory = b"".join(_entry(*entry[:5], start, size) for entry, (start, size) in zip(entries, placed, strict=True))
    while len(directory) % _SECTOR:
        directory += _entry("", 0, _FREE, _FREE, _FREE, 0, 0)
    first_directory = _put(sectors, fat, directory)
    first_minifat = _put(sectors, fat, struct.pack(f"<{len(minifat)}I", *minifat), b"\xff") if minifat else _END
    count = 1
    while count * 128 < len(fat) + count:
        count += 1
    fat_at = list(range(len(fat), len(fat) + count))
    fat += [_FAT] * count
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(count * _SECTOR, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII",
        bytes.fromhex("d0cf11e0a1b11ae1"),
        bytes(16),
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        bytes(6),
        0,
        count,
        first_directory,
        0,
        _CUTOFF,
        first_minifat,
        -(-len(minifat) // 128),
        _END,
        0,
    )
    header += struct.pack("<109I", *fat_at, *[_FREE] * (109 - count))
    return header + b"".join(sectors) + table


def _enter(name: str, of: bytes | Tree, entries: list[list]) -> int:
    at = len(entries)
    kind = 2 if isinstance(of, bytes) else 5 if not entries else 1
    entries.append([name, kind, _FREE, _FREE, _FREE, of if isinstance(of, bytes) else b""])
    before = None
    for inner in sorted(of, key=lambda each: (len(each), each.upper())) if isinstance(of, dict) else ():
        child = _enter(inner, of[inner], entries)
        if before is None:
            entries[at][2] = child
        else:
            entries[before][4] = child  # a tree that leans to the right
        before = child
    return at


def _entry(name: str, kind: int, child: int, left: int, right: int, start: int, size: int) -> bytes:
    wide = (name + "\0").encode("utf-16-le") if name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ", wide, len(wide), kind, 1, left, right, child, bytes(16), 0, 0, 0, start, size
    )


def _chain(fat: list[int], count: int) -> int:
    start = len(fat)
    fat += [*range(start + 1, start + count), _END]
    return start


def _put(sectors: list[bytes], fat: list[int], data: bytes, fill: bytes = b"\0") -> int:
    count = -(-len(data) // _SECTOR)
    data = data.ljust(count * _SECTOR, fill)
    sectors += [data[at : at + _SECTOR] for at in range(0, len(data), _SECTOR)]
    return _chain(fat, count)
