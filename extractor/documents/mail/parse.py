"""Bytes → the standard library's tree of parts, within bounds."""

from __future__ import annotations

import email
import re
from email.message import Message

from extractor.documents.text import decode
from extractor.sandbox import Rejected

_MOST_PARTS = 500
_MOST_LINES = 3_000_000
_MOST_STEPS = 60_000_000  # of looking, for each line, for the ends of all parts that are open
_LONG = re.compile(rb"^content-(?:type|disposition):(?:[^\r\n]|\r?\n[ \t]){20000}", re.IGNORECASE | re.MULTILINE)
_HOLDS_PARTS = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_NEXT = re.compile(rb"\r?\n\r?\n(?=From \S+@\S+ .*\d{4}\r?\n[\w-]+:)|\r?\n\r?\n(?=From MAILER-DAEMON .*\r?\n[\w-]+:)")


def parse(data: bytes) -> Message:
    """Raises Rejected `document_too_complex` for what takes too long."""
    many, lines = len(_HOLDS_PARTS.findall(data)), data.count(b"\n") + data.count(b"\r")
    if many > _MOST_PARTS or lines > _MOST_LINES or many * lines > _MOST_STEPS:
        raise Rejected("document_too_complex", "the mail has too many parts within each other, or lines")
    if _LONG.search(data) is not None:  # parameters are put in order again and again
        raise Rejected("document_too_complex", "the mail has a header that is too long")
    return email.message_from_bytes(data)


def narrowed(data: bytes) -> bytes:
    """A mail that was saved in two bytes a character, as UTF-8."""
    return decode(data).encode() if b"\0" in data[:200] else data.removeprefix(b"\xef\xbb\xbf")


def messages(data: bytes) -> list[bytes]:
    """One; those of a mailbox (mbox), where it is one."""
    return _NEXT.split(data) if data.startswith(b"From ") else [data]
