"""Pictures of an OpenDocument file, and how large each is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractor.documents.archive import Archive
from extractor.documents.blocks import Block
from extractor.documents.odf.package import DRAW, SVG
from extractor.documents.pictures_within import picture_of
from extractor.documents.tree import Element

_LINK = "{http://www.w3.org/1999/xlink}href"
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(cm|mm|in|pt|px)")
_UNITS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "px": 0.75}


def pictures_in(element: Element, archive: Archive) -> Iterator[Block]:
    """Those of its frames, or of the frame that it is."""
    for frame in element.iter(f"{DRAW}frame"):
        image = frame.find(f"{DRAW}image")
        link = (image.get(_LINK) or "").removeprefix("./") if image is not None else ""
        yield from picture_of(archive, link, _points(frame)) if link else ()


def _points(frame: Element) -> tuple[float, float] | None:
    """Width and height as the frame is shown."""
    sides = [_LENGTH.fullmatch(frame.get(f"{SVG}{side}", "")) for side in ("width", "height")]
    width, height = (float(side[1]) * _UNITS[side[2]] if side else 0.0 for side in sides)
    return (width, height) if width and height else None
