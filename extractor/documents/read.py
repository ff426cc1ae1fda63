"""Reads a document: text as it stands, plain text in this process, every other file in a sandbox."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Collection
from functools import cache
from pathlib import Path

from extractor.documents import gate
from extractor.documents.builder import Builder
from extractor.documents.context import Context, OcrMode
from extractor.documents.convert import convert
from extractor.documents.document import Document
from extractor.documents.limits import ReadLimits
from extractor.documents.media_type import parse_media_type
from extractor.documents.readers import Readers
from extractor.documents.text import as_text
from extractor.errors import DocumentError
from extractor.sandbox import Rejected

_MOST_WARNINGS = 3


def read(
    source: str | bytes | Path | Document,
    *,
    media_type: str | None = None,
    filename: str | None = None,
    max_bytes: int = 32 * 1024 * 1024,
    charset: str | None = None,
    password: str | None = None,
    ocr: OcrMode = "auto",
    limits: ReadLimits | None = None,
    readers: Readers | None = None,
    cancel: threading.Event | None = None,
) -> Document:
    """The document of text (`str`), of a file's bytes, or of a file (`Path`). A Document is given back as it is.

    `media_type` and `filename` are hints where the bytes leave a choice; `charset`, in its own parameter or in the
    media type, is believed. What is no plain text is read in sandboxes: those of `readers`, else this process's own.

    Raises Cancelled once `cancel` is set, EngineError (retryable) where no sandbox is to be had, and DocumentError:
    the gate's codes (gate.py), and of reading `undecodable_document`, `empty_document`, `unreadable_document` (no such
    file, or a damaged one), `document_too_complex`, `unsupported_media_type`, `password_required`, `password_wrong`.
    """
    if isinstance(source, Document):
        return source
    limits = limits or ReadLimits()
    try:
        if isinstance(source, Path):
            filename = filename or source.name
            data = _load(source, max_bytes)
        else:
            data = source if isinstance(source, bytes) else _encoded(source)
        text = isinstance(source, str)
        document_type = gate.check(data, media_type, filename, max_bytes=max_bytes, charset=charset, text=text)
        if isinstance(source, str) and document_type.form == "text":
            document = _of_text(source, document_type.media_type, filename, limits)
        else:
            context = _context(document_type, media_type, filename, password, ocr, limits)
            plain = document_type.form == "plain"
            document = convert(data, context) if plain else (readers or shared_readers()).read(data, context, cancel)
    except Rejected as no:
        raise DocumentError(no.detail, code=no.code) from None
    return not_empty(document)


def not_empty(document: Document) -> Document:
    """`document`, which says something. Raises DocumentError `empty_document`."""
    if not document.text.strip():
        raise DocumentError(_nothing(document), code="empty_document")
    return document


def _nothing(document: Document) -> str:
    """That nothing was read, and why, as far as its pages tell."""
    warnings = [f"page {page.number}: {warning}" for page in document.pages for warning in page.warnings]
    more = f"; {len(warnings) - _MOST_WARNINGS:,} more" if len(warnings) > _MOST_WARNINGS else ""
    return (
        f"the document is empty ({'; '.join(warnings[:_MOST_WARNINGS])}{more})" if warnings else "the document is empty"
    )


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
    document_type = gate.check(data, media_type, filename, max_bytes=len(data))
    context = _context(document_type, media_type, filename, password, "auto", limits or ReadLimits())
    return (readers or shared_readers()).draw(data, context, pages)


@cache
def shared_readers() -> Readers:
    """Those of this process, for who has none. Started by the first document that needs them, ended with the
    process."""
    readers = Readers()
    atexit.register(readers.close)
    return readers


def _context(
    document_type: gate.DocumentType,
    media_type: str | None,
    filename: str | None,
    password: str | None,
    ocr: OcrMode,
    limits: ReadLimits,
) -> Context:
    sent_as, _ = parse_media_type(media_type)
    return Context(
        document_type.media_type, document_type.charset, password, filename, ocr=ocr, limits=limits, sent_as=sent_as
    )


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
                gate.check_size(max(path.expanduser().stat().st_size, len(data)), max_bytes)
            return data
    except OSError as error:
        raise DocumentError(f"{path.name} cannot be read: {error.strerror}", code="unreadable_document") from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        detail = "the document is not text: it holds half a surrogate pair"
        raise DocumentError(detail, code="undecodable_document") from None
