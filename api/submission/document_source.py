"""Where the document of a submission stands in the request (text, base64, an uploaded file) → its bytes, and what they
are. Raises Problem."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Any

from api.models.requests import DocumentIn
from api.problems import Problem
from api.submission.document_check import check_document, check_document_size
from api.submission.large_json import DetachedDocuments
from api.submission.uploaded_file import UploadedFile
from extractor.documents.gate import DocumentType


@dataclass(frozen=True)
class DocumentSource:
    content: bytes
    type: DocumentType
    filename: str | None


def take_content(fields: dict[str, Any]) -> list[str]:
    """The content in base64, if there is any, taken out of the request: so that it can be dropped when it has been
    decoded, and a large one is not held twice for longer than that takes."""
    document = fields.get("document")
    if not isinstance(document, dict) or not isinstance(document.get("content"), str):
        return []
    content, document["content"] = document["content"], ""
    return [content]


def uploaded_document(upload: UploadedFile, filename: str | None, max_bytes: int) -> DocumentSource:
    name = upload.filename or filename or None
    found = check_document(
        upload.content, upload.media_type, name, max_bytes=max_bytes, at=upload.at, media_type_at=upload.media_type_at
    )
    return DocumentSource(upload.content, found, name and name[-255:])


def decode_document(
    given: DocumentIn, base64: list[str], detached: DetachedDocuments, max_bytes: int
) -> DocumentSource:
    """`base64` is what `take_content` took, and empty afterwards."""
    text = given.text is not None
    at = "/document/text" if text else "/document/content"
    value = given.text if given.text is not None else base64[0]
    if value in detached:
        content = _detached(value, detached, max_bytes, at, text=text)
    else:
        content = given.text.encode() if given.text is not None else _decoded(base64, at)
    found = check_document(
        content, given.media_type, given.filename, max_bytes=max_bytes, at=at, media_type_at="/document/media_type",
        text=text,
    )  # fmt: skip
    return DocumentSource(content, found, given.filename)


def _detached(placeholder: str, detached: DetachedDocuments, max_bytes: int, at: str, *, text: bool) -> bytes:
    """What stood in a large body."""
    try:
        content, size = (detached.text if text else detached.base64)(placeholder, max_bytes)
    except binascii.Error:
        raise _not_base64(at) from None
    except ValueError:
        fault = "not a JSON string"
        raise Problem("invalid_json", f"The JSON is not well formed: {at} is {fault}", errors=[(at, fault)]) from None
    check_document_size(size, max_bytes, at)
    return content


def _decoded(base64: list[str], at: str) -> bytes:
    """Strict but for line breaks, which MIME encoders and `base64 FILE` put in."""
    try:
        return binascii.a2b_base64("".join(base64.pop().split()), strict_mode=True)
    except ValueError:  # binascii.Error, or characters beyond ASCII
        raise _not_base64(at) from None


def _not_base64(at: str) -> Problem:
    return Problem("invalid_base64", "content is not base64 (RFC 4648, padded)", errors=[(at, "not base64")])
