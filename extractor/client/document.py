"""A document as the caller gives it (text, bytes or the path of a file) → the `document` of a request."""

from __future__ import annotations

import base64
import contextlib
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from extractor.errors import DocumentError

JSON = dict[str, Any]
Document = str | bytes | Path
_MAX_BYTES = 64 * 1024**2
_PACKAGE = f"{__package__}."
_LONGEST_PATH = 1024  # characters


# What the mapping `options` takes, for who writes one of them beside it.
OPTIONS = frozenset(
    ("max_output_tokens", "temperature", "seed", "timeout_s", "drafters", "printed", "fields", "text")
)


class SubmitOptions(TypedDict, total=False):
    """The optional part of a submission."""

    options: Mapping[str, Any]
    metadata: Mapping[str, str]
    priority: Literal["interactive", "bulk"]
    webhook: Mapping[str, Any]
    idempotency_key: str
    media_type: str
    filename: str
    password: str


def document_body(document: Document, how: SubmitOptions) -> JSON:
    """The `document` of a request: text as text, bytes of any format as base64 with what is known of their kind."""
    named = {key: how[key] for key in ("media_type", "filename", "password") if how.get(key)}
    if isinstance(document, Path):
        name = printable(document.name)
        try:
            size = document.stat().st_size
            content = b"" if size > max_bytes() else document.read_bytes()
        except OSError as error:
            raise DocumentError(f"Cannot read {name}: {error.strerror}", code="unreadable_document") from None
        if size > max_bytes():
            detail = f"{name} has {size:,} bytes; {max_bytes():,} are sent at most (EXTRACTOR_MAX_DOCUMENT_BYTES)"
            raise DocumentError(detail, code="document_too_large")
        return {"content": _base64(content), "filename": name} | named
    if isinstance(document, bytes):
        return {"content": _base64(document)} | named
    if not isinstance(document, str):
        raise TypeError(f"A document is text, bytes or a Path, not {type(document).__name__}")
    if _names_a_file(document):
        warning = f"{document!r} is sent as text; there is a file of that name, which Path({document!r}) sends"
        warnings.warn(warning, stacklevel=_caller())
    try:
        document.encode()
    except UnicodeEncodeError:
        raise DocumentError("The text holds half a surrogate pair", code="undecodable_document") from None
    return {"text": document} | named


def _caller() -> int:
    """The `stacklevel` of the line that calls the client: a warning shows it."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


def _names_a_file(text: str) -> bool:
    """A slip that nothing else shows: the name of a file is a document without a value."""
    if len(text) > _LONGEST_PATH or "\n" in text or "\0" in text or not text.strip():
        return False
    with contextlib.suppress(OSError, ValueError):
        return Path(text).is_file()
    return False


def printable(path: str | Path) -> str:
    """A file's name as text: one in another encoding than UTF-8 has marks in place of what cannot be read."""
    return os.fsencode(path).decode("utf-8", "replace")


def max_bytes() -> int:
    """Of a file, before it is read: the service has its own limit, but not the memory of this process to spare."""
    value = os.environ.get("EXTRACTOR_MAX_DOCUMENT_BYTES", "")
    return max(_MAX_BYTES, int(value) if value.isdigit() else 0)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
