"""Pictures of a document that says nothing in text: pages that were scanned and pasted into it."""

from __future__ import annotations

from pathlib import PurePosixPath

from extractor.documents.archive import Archive
from extractor.documents.builder import Builder
from extractor.documents.context import Context

_SUFFIXES = frozenset(".png .jpg .jpeg .tif .tiff .bmp .gif .webp".split())


def read_pictures(archive: Archive, folder: str, into: Builder, context: Context) -> None:
    """Each as a part, in the order of their numbers."""
    names = [name for name in archive.names if name.startswith(folder)]
    for name in sorted(names, key=_in_order):
        path = PurePosixPath(name)
        if path.suffix.lower() in _SUFFIXES:
            context.embedded(archive.read(name), into, filename=path.name)


def _in_order(name: str) -> tuple[int, str]:
    digits = "".join(char for char in PurePosixPath(name).stem if char.isdigit())
    return int(digits[:9] or 0), name
