"""The readers in a sandbox: what `Sandbox("extractor.documents.child")` runs, in a child a document."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from extractor.documents import convert, wire
from extractor.documents.context import Context, reader_of
from extractor.documents.formats import ACCEPTED
from extractor.documents.limits import ReadLimits
from extractor.sandbox import Refused


def setup(_: Any) -> None:
    """Imports every reader that is installed, so that a small file costs milliseconds."""
    for media_type in ACCEPTED:
        with suppress(Refused):
            reader_of(media_type)


def read(value: dict[str, Any], blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    return wire.pack(convert.convert(blobs[0], _context(value)))


def draw(value: dict[str, Any], blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    """`value["pages"]` as PNG, in the order of the numbers that it returns."""
    drawn = convert.draw(blobs[0], _context(value), value["pages"])
    return list(drawn), list(drawn.values())


def _context(value: dict[str, Any]) -> Context:
    told = value["context"]
    return Context(**{**told, "limits": ReadLimits(**told["limits"])})
