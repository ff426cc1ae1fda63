"""Header fields as a person reads them: encoded words (RFC 2047), parameters (RFC 2231), raw bytes of any charset."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

from extractor.documents.blocks import cleaned, collapsed
from extractor.documents.charset_names import python_name
from extractor.documents.text import decode
from extractor.sandbox import Rejected

_MOST = 20_000  # characters of a field
_NAME = 150  # characters of a file's name
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COMMENT = re.compile(r"\s*\([^()]{0,40}\)\s*$")


def field(message: Message, name: str) -> str:
    """All fields of a name, decoded, on one line."""
    found = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    return ", ".join(filter(None, map(words, found)))


def people(message: Message, name: str) -> str:
    """Addresses, with quotes only around names that hold what also stands between addresses."""

    def plain(found: re.Match[str]) -> str:
        inner = re.sub(r"\\(.)", r"\1", found[1])
        return f'"{inner}"' if any(char in inner for char in ",;<>") else inner

    return _QUOTED.sub(plain, field(message, name))


def date(message: Message) -> str:
    """As it was written, without the zone's name in brackets."""
    return _COMMENT.sub("", field(message, "Date"))


def words(value: str) -> str:
    content = _of_bytes(value[:_MOST].encode("ascii", "surrogateescape")) if not value.isascii() else value[:_MOST]
    return collapsed(cleaned("".join(_decoded(content))))


def filename(message: Message) -> str | None:
    """The last part of the name that a part goes by."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            value = message.get_param(parameter, None, header)
        except (ValueError, LookupError, TypeError):
            value = None
        if value is None:
            continue
        content = _of_charset(value) if isinstance(value, tuple) else words(str(value))
        name = PurePosixPath(content.replace("\\", "/")).name.strip(". ")
        if name:
            return name[-_NAME:]
    return None


def _of_charset(parameter: tuple[str | None, str | None, str]) -> str:
    charset, _, value = parameter
    data = value.encode("latin-1", "replace")
    if b"%" in data:
        data = unquote_to_bytes(data)
    return collapsed(cleaned(text_of(data, charset)))


def _decoded(content: str) -> Iterator[str]:
    """Encoded words of one charset that follow each other may share a character."""
    at, charset, held = 0, "", b""
    for found in _WORD.finditer(content):
        between = content[at : found.start()]
        data, name = _bytes(found[2], found[3]), found[1].lower()
        if held and (between.strip() or name != charset):
            yield text_of(held, charset)
            held = b""
        if between.strip() or not at:
            yield between
        charset, held, at = name, held + data, found.end()
    if held:
        yield text_of(held, charset)
    yield content[at:]


def _bytes(how: str, content: str) -> bytes:
    data = content.encode("latin-1", "replace")
    if how in "qQ":
        return _HEX.sub(lambda found: bytes([int(found[1], 16)]), data.replace(b"_", b" "))
    data = data.strip().rstrip(b"=")
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""


def text_of(data: bytes, charset: str | None) -> str:
    """Bytes in the charset that a mail names, or what they look like where it names none that fits."""
    encoding = python_name(charset) if charset else None
    if encoding is not None:
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            pass
    return _of_bytes(data, encoding)


def _of_bytes(data: bytes, encoding: str | None = None) -> str:
    try:
        return decode(data)
    except Rejected:
        return data.decode(encoding if encoding not in (None, "utf-7") else "cp1252", "replace")
