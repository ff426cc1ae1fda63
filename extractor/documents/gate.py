"""What a document is and whether it is taken. The API asks before it accepts one, the library and the worker before
they read one: there is no other place that decides.

Bytes are looked at and nothing is converted, because the API's process is shared by strangers. So what is certain is
refused here, and what is in doubt goes to a reader. Knows no HTTP, no ledger and no torch.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from extractor.byte_order import marked
from extractor.documents.archive import contents
from extractor.documents.charset_names import codec_name
from extractor.documents.formats import ACCEPTED, FORMATS, TEXT, not_read
from extractor.documents.limits import MAX_CONTROLS
from extractor.documents.media_type import parse_media_type
from extractor.documents.sniff import sniff, sniff_text
from extractor.errors import DocumentError

Form = Literal["plain", "text", "file", "picture"]
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_CHUNK_BYTES = 256 * 1024
_SAMPLE_BYTES = 64 * 1024
_WIDE = ("utf-16", "utf-32")
_NOT_BLANK = re.compile(rb"[^ \t\r\n\v\f\0]")
_DELIMITED = ("text/csv", "text/tab-separated-values")
_MARKUP = ("text/html", "message/rfc822")  # told by their own words, so a stray byte makes them nothing else


@dataclass(frozen=True)
class DocumentType:
    """`media_type` without parameters; `charset` where the sender named one that says how to decode it. `form` is how
    it is read: "plain" (bytes of plain text), "text" (it came as text), "file" (by a reader), "picture" (by OCR)."""

    media_type: str
    charset: str | None
    form: Form

    def __str__(self) -> str:
        """The media type with its charset, as HTTP writes it."""
        return self.media_type if self.charset is None else f"{self.media_type}; charset={self.charset}"


class DocumentRefused(DocumentError):
    """`summary` says in a few words what is wrong, `at` with what: the document, or the media type that was given.
    `limit` is the number of bytes that was crossed, where one was."""

    def __init__(
        self,
        code: str,
        detail: str,
        summary: str,
        *,
        at: Literal["document", "media_type"] = "document",
        limit: int | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.summary = summary
        self.at = at
        self.limit = limit


def check(
    data: bytes,
    media_type: str | None = None,
    filename: str | None = None,
    *,
    max_bytes: int,
    charset: str | None = None,
    text: bool = False,
) -> DocumentType:
    """The type of a document, by its bytes. `media_type` and `filename` only tell kinds of text apart; a charset, given
    by itself or in the media type, is believed. `text`: it came as text, which is then in UTF-8 here, and which no
    signature makes a picture.

    Raises DocumentRefused: `unsupported_media_type`, `document_too_large`, `empty_document`, `password_required`,
    `binary_document`, `undecodable_document`.
    """
    declared, named = parse_media_type(media_type)
    charset = "utf-8" if text else charset or named
    if charset is not None and codec_name(charset) is None:
        detail = f"{charset[:40]!r} is no charset that is known here"
        raise DocumentRefused("unsupported_media_type", detail, detail, at="media_type")
    check_size(len(data), max_bytes)
    if _is_blank(data):
        raise DocumentRefused("empty_document", "the document is empty", "empty, or nothing but whitespace")
    found = sniff_text(data, declared, filename) if text else sniff(data, declared, filename)
    if found not in ACCEPTED:
        raise _not_accepted(data, found)
    if found in TEXT or found in _DELIMITED or not _is_recognisable(data, found):
        _check_text(data, found, charset)
    return DocumentType(found, charset if _has_charset(found) else None, _form(found, text))


def check_size(size: int | None, max_bytes: int) -> None:
    """`size`: None where it is not known, but known to be too much."""
    if size is None or size > max_bytes:
        has = f"has more than {max_bytes:,} bytes" if size is None else f"is {size:,} bytes; the limit is {max_bytes:,}"
        over = f"over the limit of {max_bytes:,} bytes"
        raise DocumentRefused("document_too_large", f"the document {has}", over, limit=max_bytes)


def _not_accepted(data: bytes, found: str) -> DocumentRefused:
    format_ = FORMATS[found]
    detail = not_read(found, f" of {contents(data)}" if found == "application/zip" else "")
    return DocumentRefused(format_.code, detail, f"{format_.name}: not read")


def _form(found: str, text: bool) -> Form:
    if found in TEXT:
        return "text" if text else "plain"
    return "picture" if found.startswith("image/") else "file"


def _has_charset(found: str) -> bool:
    return found in TEXT or found.startswith("text/") or found == "message/rfc822"


def _is_blank(data: bytes) -> bool:
    mark = marked(data)
    return _NOT_BLANK.search(data, mark[1] if mark else 0) is None


def _is_recognisable(data: bytes, found: str) -> bool:
    """Whether it is a format that is no text, or one that its own words tell without any hint."""
    return not (found.startswith("text/") or found in _MARKUP) or sniff_text(data, None, None) in _MARKUP


def _check_text(data: bytes, found: str, charset: str | None) -> None:
    if charset is not None:
        if found in TEXT or found in _DELIMITED:
            _check_charset(data, charset)
    elif (mark := marked(data)) is None or not mark[0].startswith(_WIDE):
        _check_is_text(data)


def _check_is_text(data: bytes) -> None:
    """Of an encoding that nobody named. A control character is one under every encoding of single bytes."""
    if 0 in data:
        if not _may_be_wide(data[:_SAMPLE_BYTES]):
            raise _binary("it holds NUL bytes")
        return
    pieces = (data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES))
    controls = sum(len(piece) - len(piece.translate(None, _CONTROLS)) for piece in pieces)
    if controls > MAX_CONTROLS * len(data):
        raise _binary("it holds control characters")


def _may_be_wide(sample: bytes) -> bool:
    """UTF-16 or UTF-32 without a mark: every other byte is mostly zero. The reader tells them apart."""
    return any(2 * sample[at::2].count(0) > 0.4 * len(sample) for at in (0, 1))


def _check_charset(data: bytes, charset: str) -> None:
    """In pieces: a large text is not held twice."""
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for start in range(0, len(data), _CHUNK_BYTES):
            last = start + _CHUNK_BYTES >= len(data)
            if "\0" in decoder.decode(data[start : start + _CHUNK_BYTES], last):
                raise _binary("it holds NUL characters")
    except (UnicodeError, ValueError):
        raise _not_text("undecodable_document", f"its bytes are not {charset[:40]}") from None


def _binary(why: str) -> DocumentRefused:
    return _not_text("binary_document", why)


def _not_text(code: str, why: str) -> DocumentRefused:
    return DocumentRefused(code, f"the document is of no kind that is known, and it is not text: {why}", why)
