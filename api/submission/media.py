"""The door for documents: what kind it is, whether that is read here, is it there, is it small enough. What is certain
is answered here with a Problem; what is in doubt goes to the worker, which reads. Looks at bytes and converts nothing:
this is a process that strangers share. Knows no HTTP request and no ledger."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

from api.problems import Problem, limited
from api.submission import charsets
from extractor.documents.archive import contents
from extractor.documents.formats import ACCEPTED, FORMATS, TEXT, not_read
from extractor.documents.sniff import sniff, sniff_text
from workers.ledger.jobs import Form

UNKNOWN = ("", "application/octet-stream", "binary/octet-stream")
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.05
_SNIFF_BYTES = 64 * 1024
_DECODED_BYTES = 256 * 1024  # at a time
_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAYS = re.compile(rb"[^ \t\r\n\v\f\0]")
_CELLS = ("text/csv", "text/tab-separated-values")
_BY_MARKUP = ("text/html", "message/rfc822")  # what is told by its own words may hold a stray byte


@dataclass(frozen=True)
class Kind:
    """`media_type`: what it is, with a charset where one was given. `form`: what a worker has to do with it."""

    media_type: str
    form: Form


def check(
    document: bytes,
    given: str | None,
    filename: str | None,
    *,
    limit: int,
    at: str,
    charset_at: str,
    text: bool = False,
) -> Kind:
    """What the document is, by its bytes; `given` (a media type) and `filename` only tell kinds of text apart, and a
    charset that is given is believed. `text`: it came as text in JSON, which no bytes of a signature make a picture.
    Raises the Problem of a document that certainly cannot be extracted from. `at` points to the document in the
    request, `charset_at` to its media type."""
    bare, _, parameters = (given or "").partition(";")
    declared = bare.strip().lower()
    charset = "utf-8" if text else _charset(parameters)
    if charset is not None and not charsets.known(charset):
        detail = f"{charset[:40]!r} is no charset this service knows"
        raise Problem("unsupported_media_type", detail, errors=[(charset_at, detail)])
    if len(document) > limit:
        raise too_large(limit, len(document), at)
    if _is_blank(document):
        raise Problem("empty_document", "The document holds no text", errors=[(at, "empty, or nothing but whitespace")])
    hint = None if declared in UNKNOWN else declared
    kind = sniff_text(document, hint, filename) if text else sniff(document, hint, filename)
    if kind not in ACCEPTED:
        raise _unread(document, kind, at)
    if kind in TEXT or kind in _CELLS or not _tells_itself(document, kind):
        _check_text(document, kind, charset, at)
    textual = kind in TEXT or kind.startswith("text/") or kind == "message/rfc822"
    media_type = f"{kind}; charset={charset}" if charset is not None and textual else kind
    return Kind(media_type, _form(kind, text))


def too_large(limit: int, size: int | None, at: str) -> Problem:
    """`size` is None where nobody has counted to the end."""
    has = "more" if size is None else f"{size}"
    return Problem(
        "document_too_large",
        f"A document may have {limit} bytes; this one has {has}",
        errors=[(at, f"over the limit of {limit} bytes")],
        headers={"Connection": "close"} if size is None else None,
        extra=limited("max_document_bytes", limit),
    )


def unsupported(detail: str, at: str, given: str, accepted: Mapping[str, object] | None = None) -> Problem:
    names = list(accepted if accepted is not None else ACCEPTED)
    return Problem(
        "unsupported_media_type",
        f"{detail}. Accepted: {', '.join(names)}",
        errors=[(at, f"{given[:100] or 'none'}: not one of {', '.join(names)}")],
        headers={"Accept-Post": "application/json, multipart/form-data, */*;q=0.5"},
        extra={"accepted": names},
    )


def _unread(document: bytes, kind: str, at: str) -> Problem:
    """What was found, and what to do: in the words of whoever reads documents."""
    known = FORMATS[kind]
    said = not_read(kind, f" of {contents(document)}" if kind == "application/zip" else "")
    extra = {"accepted": list(ACCEPTED)} if known.code == "unsupported_media_type" else None
    return Problem(known.code, said[0].upper() + said[1:], errors=[(at, f"{known.name}: not read")], extra=extra)


def _form(kind: str, text: bool) -> Form:
    if kind in TEXT:
        return "text" if text else "plain"
    return "picture" if kind.startswith("image/") else "file"


def _tells_itself(document: bytes, kind: str) -> bool:
    """Whether it is a kind that is no text, or one that its own words tell without any hint."""
    return not (kind.startswith("text/") or kind in _BY_MARKUP) or sniff_text(document, None, None) in _BY_MARKUP


def _check_text(document: bytes, kind: str, charset: str | None, at: str) -> None:
    if charset is not None:
        if kind in TEXT or kind in _CELLS:
            _decodes(document, charset, at)
    elif not document.startswith(_WIDE_BOMS):
        _is_text(document, at)


def _is_text(document: bytes, at: str) -> None:
    head = document[:_SNIFF_BYTES]
    if 0 in document:
        if not _may_be_wide(head):
            raise _not_text("it holds NUL bytes", at)
        return
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _MOST_CONTROLS * len(head):
        raise _not_text("it holds control characters", at)


def _may_be_wide(head: bytes) -> bool:
    """UTF-16 or UTF-32 without a mark: every other byte is mostly zero. The worker tells them apart."""
    return any(2 * head[at::2].count(0) > 0.4 * len(head) for at in (0, 1))


def _not_text(why: str, at: str, code: str = "binary_document") -> Problem:
    return Problem(code, f"The document is of no kind that is known, and it is not text: {why}", errors=[(at, why)])


def _decodes(document: bytes, charset: str, at: str) -> None:
    """In pieces: a large text is not held twice."""
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for start in range(0, len(document), _DECODED_BYTES):
            last = start + _DECODED_BYTES >= len(document)
            if "\0" in decoder.decode(document[start : start + _DECODED_BYTES], last):
                raise _not_text("it holds NUL characters", at)
    except (UnicodeError, ValueError):
        raise _not_text(f"its bytes are not {charset[:40]}", at, "undecodable_document") from None


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower() or None
    return None


def _is_blank(document: bytes) -> bool:
    mark = next((mark for mark in _MARKS if document.startswith(mark)), b"")
    return _SAYS.search(document, len(mark)) is None
