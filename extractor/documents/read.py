"""The door for documents: size, media type, then the reader of that type.

`READERS` is the seam for other formats: a reader takes bytes and gives a Document with its pages; nothing else in the
project changes.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path

from extractor.documents.document import Document
from extractor.documents.text import from_text, read_text
from extractor.errors import DocumentError

Reader = Callable[[bytes, str, str | None, str | None], Document]  # (data, media type, charset, filename)

READERS: dict[str, Reader] = dict.fromkeys(
    (
        "text/plain",
        "text/markdown",
        "text/csv",
        "text/tab-separated-values",
        "text/html",
        "text/xml",
        "application/json",
        "application/x-ndjson",
        "application/xml",
        "message/rfc822",
    ),
    read_text,
)
ACCEPTED = tuple(READERS)
_UNKNOWN = frozenset({"", "application/octet-stream", "binary/octet-stream"})  # "I do not know": look inside
_SUFFIXES = {".md": "text/markdown", ".markdown": "text/markdown", ".jsonl": "application/x-ndjson"}
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
)


def read(
    source: str | bytes | Path | Document,
    *,
    media_type: str | None = None,
    filename: str | None = None,
    max_bytes: int = 10 * 1024 * 1024,
) -> Document:
    """The document of text (`str`), of a file's bytes, or of a file (`Path`). A Document is given back as it is.

    Raises DocumentError: `document_too_large`, `unsupported_media_type`, `undecodable_document`, `empty_document` or
    `unreadable_document` (no such file).
    """
    if isinstance(source, Document):
        return source
    if isinstance(source, str):
        _sized(len(source.encode(errors="surrogatepass")), max_bytes)
        return from_text(source, _split(media_type)[0] or "text/plain", filename)
    if isinstance(source, Path):
        filename = filename or source.name
        source = _load(source, max_bytes)
    _sized(len(source), max_bytes)
    kind, charset = _split(media_type)
    if kind in _UNKNOWN:
        kind = _look(source, filename)
    reader = READERS.get(kind)
    if reader is None:
        raise DocumentError(
            f"documents of type {kind[:80]!r} are not read here; accepted: {', '.join(ACCEPTED)}",
            code="unsupported_media_type",
        )
    return reader(source, kind, charset, filename)


def _load(path: Path, max_bytes: int) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(max_bytes + 1)
            if len(data) > max_bytes:
                _sized(max(path.expanduser().stat().st_size, len(data)), max_bytes)
            return data
    except OSError as error:
        raise DocumentError(f"{path.name} cannot be read: {error.strerror}", code="unreadable_document") from None


def _sized(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DocumentError(f"the document is {size:,} bytes; the limit is {max_bytes:,}", code="document_too_large")


def _split(media_type: str | None) -> tuple[str, str | None]:
    """`Text/HTML; charset="latin-1"` → `("text/html", "latin-1")`."""
    kind, *parameters = (media_type or "").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            return kind.strip().lower(), value.strip().strip("\"'")
    return kind.strip().lower(), None


def _look(data: bytes, filename: str | None) -> str:
    """The type by what the file begins with, then by its name, else plain text."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    suffix = Path(filename).suffix.lower() if filename else ""
    guessed = _SUFFIXES.get(suffix) or (mimetypes.guess_type(f"x{suffix}", strict=False)[0] if suffix else None) or ""
    # A name is only a hint: what is no document type known here (`.log`, `.py`, `.de`) is judged by its bytes.
    return guessed if guessed in READERS or guessed.startswith(("image/", "audio/", "video/")) else "text/plain"
