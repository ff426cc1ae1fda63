"""The door for documents: is this text at all, is it there, is it small enough. Certain cases are answered here with
a Problem; what is in doubt goes to the worker, which decodes. Knows no HTTP request and no ledger."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import PurePath

from api import charsets
from api.problems import Problem, limited

# What extractor.documents reads (a test compares), and the names such files have.
ACCEPTED = {
    "text/plain": (".txt", ".text", ".log", ".asc"),
    "text/markdown": (".md", ".markdown"),
    "text/csv": (".csv",),
    "text/tab-separated-values": (".tsv",),
    "text/html": (".html", ".htm"),
    "text/xml": (),
    "application/json": (".json",),
    "application/x-ndjson": (".jsonl", ".ndjson"),
    "application/xml": (".xml",),
    "message/rfc822": (".eml",),
}
UNKNOWN = ("", "application/octet-stream", "binary/octet-stream")
_MAGIC = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive (as Office files are)",
    b"\x1f\x8b": "gzip data",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x7fELF": "a program",
}
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.05
_SNIFF_BYTES = 64 * 1024


def media_type_of(given: str | None, filename: str | None) -> str:
    """`given` when it says something, else what the file's name says, else `text/plain`: the bytes decide then."""
    bare = (given or "").partition(";")[0].strip().lower()
    if bare not in UNKNOWN:
        return (given or "").strip()
    suffix = PurePath(filename or "").suffix.lower()
    return next((media_type for media_type, suffixes in ACCEPTED.items() if suffix in suffixes), "text/plain")


def check(document: bytes, media_type: str, *, limit: int, at: str, charset_at: str) -> str:
    """The media type to keep: its name, and a charset that is one; whatever else was written behind it is not kept.
    Raises the Problem of a document that certainly cannot be extracted from. `at` points to the document in the
    request, `charset_at` to its media type."""
    bare, _, parameters = media_type.partition(";")
    bare = bare.strip().lower()
    if bare not in ACCEPTED:
        raise unsupported(f"{bare[:100]!r} is not accepted as a document", charset_at, bare)
    charset = _charset(parameters)
    if len(document) > limit:
        raise Problem(
            "document_too_large",
            f"A document may have {limit} bytes; this one has {len(document)}",
            errors=[(at, f"over the limit of {limit} bytes")],
            extra=limited("max_document_bytes", limit),
        )
    if charset is not None:
        _decodes(document, charset, at, charset_at)
    elif not document.startswith(_WIDE_BOMS):
        _is_text(document, at)
    if _is_blank(document):
        raise Problem("empty_document", "The document holds no text", errors=[(at, "empty, or nothing but whitespace")])
    return bare if charset is None else f"{bare}; charset={charset}"


def unsupported(detail: str, at: str, given: str, accepted: Mapping[str, tuple[str, ...]] | None = None) -> Problem:
    names = list(accepted if accepted is not None else ACCEPTED)
    return Problem(
        "unsupported_media_type",
        f"{detail}. Accepted: {', '.join(names)}",
        errors=[(at, f"{given[:100] or 'none'}: not one of {', '.join(names)}")],
        headers={"Accept-Post": "application/json, multipart/form-data"},
        extra={"accepted": names},
    )


def _is_text(document: bytes, at: str) -> None:
    head = document[:_SNIFF_BYTES]
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise unsupported(f"The document is {what}", at, what)
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
    return Problem(code, f"The document is not text: {why}", errors=[(at, why)])


def _decodes(document: bytes, charset: str, at: str, charset_at: str) -> None:
    if not charsets.known(charset):
        detail = f"{charset[:40]!r} is no charset this service knows"
        raise Problem("unsupported_media_type", detail, errors=[(charset_at, detail)])
    try:
        text = document.decode(charset)
    except (UnicodeError, ValueError):
        raise _not_text(f"its bytes are not {charset[:40]}", at, "undecodable_document") from None
    if "\0" in text:
        raise _not_text("it holds NUL characters", at)


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower() or None
    return None


def _is_blank(document: bytes) -> bool:
    for bom in (codecs.BOM_UTF8, *_WIDE_BOMS):
        document = document.removeprefix(bom)
    return not document.translate(None, b" \t\r\n\v\f\0")
