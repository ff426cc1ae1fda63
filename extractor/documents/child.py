"""The readers in a sandbox: what `Sandbox("extractor.documents.child")` runs, in a child a document."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

from extractor.documents import convert, packing
from extractor.documents.context import Context, reader_of
from extractor.documents.formats import ACCEPTED
from extractor.documents.limits import ReadLimits
from extractor.documents.ocr import load
from extractor.sandbox import Rejected
from extractor.sandbox.limits import more_cpu

_PAGES, _PAGE_CPU_S = 10, 0.2  # the more time is given by so many pages at once


def setup(value: dict[str, Any]) -> None:
    """Imports every reader that is installed, so that a small file costs milliseconds, and loads the `engine` that
    reads pictures, if there is one."""
    for media_type in ACCEPTED:
        with suppress(Rejected):
            reader_of(media_type)
    if value["engine"] is not None:
        load(value["engine"])


def read(value: dict[str, Any], blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    return packing.pack(convert.convert(blobs[0], _context(value), on_page=_on_page))


def recognise(value: dict[str, Any], blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    """Of page `value["page"]` all, or only its picture `value["picture"]`."""
    return packing.pack(convert.recognise(blobs[0], _context(value), value["page"], value["picture"]))


def draw(value: dict[str, Any], blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    """`value["pages"]` as PNG, in the order of the numbers that it returns."""
    drawn = convert.draw(blobs[0], _context(value), value["pages"])
    return list(drawn), [_png(image) for image in drawn.values()]


def _png(image: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=1)
    return held.getvalue()


def _on_page(page: int) -> None:
    """A document may take longer the more pages it has turned out to have."""
    if page % _PAGES == 0:
        more_cpu(_PAGES * _PAGE_CPU_S)


def _context(value: dict[str, Any]) -> Context:
    fields = value["context"]
    return Context(**{**fields, "limits": ReadLimits(**fields["limits"])})
