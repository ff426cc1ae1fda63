"""Pictures that lie in a document of text: which of them are looked at in their place, and those of a document that
says nothing in text, as pages that were scanned and pasted into it.

A picture is looked at where it is large enough to hold text: 4,500 square points as it is shown (a stamp of 4 by
1.5 cm), or as many as its pixels make at 96 an inch, and neither a line nor an icon. Each once, wherever it is shown
again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from extractor.documents.archive import Archive
from extractor.documents.blocks import Block, PictureBlock, Table, TableRow
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.limits import ReadLimits
from extractor.documents.sniff import sniff
from extractor.sandbox import Rejected

_SUFFIXES = frozenset(".png .jpg .jpeg .tif .tiff .bmp .gif .webp".split())
_AREA, _TOLD_AREA = 4_500.0, 1_500.0  # square points: what is looked at, and what a person may miss
_SHORT, _LONG, _RATIO = 14.0, 54.0, 40.0  # points; times as long as wide
_LEAST_PIXELS = 24, 90  # of the shorter and the longer side
_MAIL_PIXELS, _MAIL_SIDE = 100_000, 100
_POINT = 0.75  # of a pixel where nobody says how large it is shown
_UNREADABLE = "of a kind that is not read here (a drawing of Windows, or SVG)"
_SMALL = "too small, too coarse or too narrow to hold text"


def read_pictures(archive: Archive, folder: str, into: Builder, context: Context) -> None:
    """Each as a part, in the order of their numbers."""
    names = [name for name in archive.names if name.startswith(folder)]
    for name in sorted(names, key=_in_order):
        path = PurePosixPath(name)
        if path.suffix.lower() in _SUFFIXES:
            context.embedded(archive.read(name), into, filename=path.name)


def picture_of(archive: Archive, name: str, points: tuple[float, float] | None = None) -> list[Block]:
    """The member `name` of an archive, shown `points` large; nothing where there is none."""
    return [PictureBlock(name, partial(archive.read, name), points)] if name in archive else []


def without_pictures(blocks: list[Block]) -> list[Block]:
    """What is left to say where the pictures are read by themselves."""
    return [_without(block) for block in blocks if not isinstance(block, PictureBlock)]


def _without(block: Block) -> Block:
    if not isinstance(block, Table):
        return block
    cells = [[replace(cell, blocks=without_pictures(cell.blocks)) for cell in row.cells] for row in block.rows]
    return Table([TableRow(own, row.heading) for own, row in zip(cells, block.rows, strict=True)])


def is_large(data: bytes) -> bool:
    """Whether a picture of a mail's text is more than a logo or what stands in signatures."""
    from extractor.documents import pictures

    with suppress(Exception):  # Pillow's, of a damaged one
        kind = sniff(data, None, None)
        width, height = pictures.size_of(data, kind, ReadLimits()) if kind in pictures.KINDS else (0, 0)
        return width * height >= _MAIL_PIXELS and min(width, height) >= _MAIL_SIDE
    return False


def place(picture: PictureBlock, into: Builder) -> None:
    """Has it looked at in its place, if that is worth it; says so where a person may miss it."""
    if not into.is_new(picture.name):
        return
    from extractor.documents import pictures  # needs Pillow, which who reads only text may lack

    try:
        data = picture.data()
        kind = sniff(data) if data else "image/png"
        size = pictures.size_of(data, kind, into.limits) if kind in pictures.KINDS else None
    except Rejected as no:
        into.leave_out(no.detail)
        return
    except Exception:  # of Pillow, about a damaged picture: the document around it is not
        into.leave_out("damaged")
        return
    points = picture.points or ((size[0] * _POINT, size[1] * _POINT) if size else (0.0, 0.0))
    reason = _why_not(points, size)
    if reason is None:
        into.picture(partial(pictures.drawn, data, kind))
    elif points[0] * points[1] >= _TOLD_AREA or (size is None and picture.points is None):
        into.leave_out(reason)


def _why_not(points: tuple[float, float], pixels: tuple[int, int] | None) -> str | None:
    if pixels is None:
        return _UNREADABLE
    short, long = sorted(points)
    sharp = all(side >= least for side, least in zip(sorted(pixels), _LEAST_PIXELS, strict=True))
    large = points[0] * points[1] >= _AREA and short >= _SHORT and long >= _LONG
    return None if large and sharp and long <= _RATIO * short else _SMALL


def _in_order(name: str) -> tuple[int, str]:
    digits = "".join(char for char in PurePosixPath(name).stem if char.isdigit())
    return int(digits[:9] or 0), name
