"""The parts of an OpenDocument file, and names of its markup."""

from __future__ import annotations

from extractor.documents import tree
from extractor.documents.archive import Archive
from extractor.documents.tree import Element
from extractor.sandbox import Rejected

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE, DRAW, STYLE, FO, PRESENTATION, SVG = (
    f"{{{_OASIS}{name}:1.0}}"
    for name in ("office", "text", "table", "drawing", "style", "xsl-fo-compatible", "presentation", "svg-compatible")
)
CONTENT, STYLES = "content.xml", "styles.xml"
_MANIFEST = "META-INF/manifest.xml"


def opened(data: bytes, expanded_bytes: int) -> Archive:
    """Raises Rejected `password_required` for an encrypted file, and as Archive."""
    archive = Archive(data, expanded_bytes)
    manifest = archive.get(_MANIFEST)
    if manifest is not None and b"encryption-data" in manifest:
        raise Rejected("password_required", "the file is protected by a password; save it without one")
    return archive


def root(archive: Archive, part: str) -> Element | None:
    data = archive.get(part)
    return tree.parse(data, part) if data is not None else None


def repeated(element: Element, what: str, most: int) -> int:
    """How often a row or cell stands there, for one element: `what` is `rows` or `columns`."""
    return max(1, min(tree.number(element.get(f"{TABLE}number-{what}-repeated"), 1), most))
