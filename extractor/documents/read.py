"""The door for documents: whatever it is, sized, told what it is by its bytes, and read."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Collection
from functools import cache
from pathlib import Path

from extractor.documents import convert
from extractor.documents.builder import Builder
from extractor.documents.context import Context, Ocr
from extractor.documents.document import Document
from extractor.documents.formats import TEXT
from extractor.documents.limits import ReadLimits
from extractor.documents.readers import Readers
from extractor.documents.sniff import is_binary, sniff_text
from extractor.documents.text import as_text
from extractor.errors import DocumentError
from extractor.sandbox import Refused

_MOST_SAID = 3


def read(
    source: str | bytes | Path | Document,
    *,
    media_type: str | None = None,
    filename: str | None = None,
    max_bytes: int = 32 * 1024 * 1024,
    charset: str | None = None,
    password: str | None = None,
    ocr: Ocr = "auto",
    limits: ReadLimits | None = None,
    readers: Readers | None = None,
    cancel: threading.Event | None = None,
) -> Document:
    """The document of text (`str`), of a file's bytes, or of a file (`Path`). A Document is given back as it is.

    `media_type` and `filename` are hints where the bytes leave a choice; `charset`, in its own parameter or in the
    media type, is believed. What is no plain text is read in sandboxes: those of `readers`, else this process's own.

    Raises Cancelled once `cancel` is set, EngineError (retryable) where no sandbox is to be had, and DocumentError:
    `document_too_large`, `unsupported_media_type`, `undecodable_document`, `empty_document`, `unreadable_document` (no
    such file, or a damaged one), `document_too_complex`, `password_required`, `password_wrong`.
    """
    if isinstance(source, Document):
        return source
    limits = limits or ReadLimits()
    try:
        if isinstance(source, str):
            kind, _ = _split(media_type)
            _sized(len(source.encode(errors="surrogatepass")), max_bytes)
            document = _of_text(source, kind or "text/plain", filename, limits)
        else:
            if isinstance(source, Path):
                filename = filename or source.name
                source = _load(source, max_bytes)
            _sized(len(source), max_bytes)
            context = context_of(media_type, filename, charset=charset, password=password, ocr=ocr, limits=limits)
            if is_binary(source) or sniff_text(source, context.media_type, filename) not in TEXT:
                document = (readers or shared_readers()).read(source, context, cancel)
            else:
                document = convert.convert(source, context)
    except Refused as no:
        raise DocumentError(no.detail, code=no.code) from None
    return said(document)


def context_of(
    media_type: str | None,
    filename: str | None,
    *,
    charset: str | None = None,
    password: str | None = None,
    ocr: Ocr = "auto",
    limits: ReadLimits | None = None,
) -> Context:
    """What a reader is told of a file, from what its sender says."""
    kind, named = _split(media_type)
    return Context(kind, charset or named, password, filename, ocr=ocr, limits=limits or ReadLimits())


def said(document: Document) -> Document:
    """`document`, which says something. Raises DocumentError `empty_document`."""
    if not document.text.strip():
        raise DocumentError(_nothing(document), code="empty_document")
    return document


def _nothing(document: Document) -> str:
    """That nothing was read, and why, as far as its pages tell."""
    said = [f"page {page.number}: {warning}" for page in document.pages for warning in page.warnings]
    more = f"; {len(said) - _MOST_SAID:,} more" if len(said) > _MOST_SAID else ""
    return f"the document is empty ({'; '.join(said[:_MOST_SAID])}{more})" if said else "the document is empty"


def draw(
    data: bytes,
    pages: Collection[int],
    *,
    media_type: str | None = None,
    filename: str | None = None,
    password: str | None = None,
    limits: ReadLimits | None = None,
    readers: Readers | None = None,
) -> dict[int, bytes]:
    """Pages of a document as PNG, by the number that `read` gives them; those that have no picture are left out.
    Raises as `read`."""
    context = Context(_split(media_type)[0], None, password, filename, limits=limits or ReadLimits())
    return (readers or shared_readers()).draw(data, context, pages)


@cache
def shared_readers() -> Readers:
    """Those of this process, for who has none. Started by the first document that needs them, ended with the
    process."""
    readers = Readers()
    atexit.register(readers.close)
    return readers


def _of_text(text: str, media_type: str, filename: str | None, limits: ReadLimits) -> Document:
    into = Builder(limits)
    into.begin_part(filename, media_type)
    into.begin_page()
    into.add(as_text(text))
    return into.document(filename)


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
