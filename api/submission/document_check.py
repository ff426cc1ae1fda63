"""The gate for documents (extractor/documents/gate.py) at the API: what it refuses becomes a problem that points into
the request. Decides nothing itself."""

from __future__ import annotations

from api.problems import Problem, limited
from extractor.documents import ACCEPTED
from extractor.documents.gate import DocumentRefused, DocumentType, check, check_size


def check_document(
    data: bytes,
    media_type: str | None,
    filename: str | None,
    *,
    max_bytes: int,
    at: str,
    media_type_at: str,
    text: bool = False,
) -> DocumentType:
    """As the gate's `check`. `at` points to the document in the request, `media_type_at` to its media type. Raises
    Problem."""
    try:
        return check(data, media_type, filename, max_bytes=max_bytes, text=text)
    except DocumentRefused as refused:
        raise _problem(refused, at if refused.at == "document" else media_type_at) from None


def check_document_size(size: int | None, max_bytes: int, at: str) -> None:
    """`size` is None where nobody has counted to the end: what is left of the body is not read. Raises Problem."""
    try:
        check_size(size, max_bytes)
    except DocumentRefused as refused:
        problem = _problem(refused, at)
        if size is None:
            problem.headers["Connection"] = "close"
        raise problem from None


def _problem(refused: DocumentRefused, at: str) -> Problem:
    extra = limited("max_document_bytes", refused.limit) if refused.limit is not None else {}
    if refused.code == "unsupported_media_type" and refused.at == "document":
        extra["accepted"] = list(ACCEPTED)
    detail = refused.detail[0].upper() + refused.detail[1:]
    return Problem(refused.code, detail, errors=[(at, refused.summary)], extra=extra)
