"""A large body of JSON, taken apart so that its document is in memory once: Python's text of 45 MB can be four times as
long, and a decoded copy stood beside it. The document is left out of the JSON that is parsed, and turned into bytes a
piece at a time. All other text of a request is small, or refused."""

from __future__ import annotations

import binascii
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import pydantic_core

from api.submission import json_structure

LARGE_BYTES = 1024 * 1024  # a body from here on
MAX_TEXT_BYTES = 4 * 1024 * 1024  # of all that is not the document, as sent: a schema has 256 KiB, metadata 9 KB
_LONG_BYTES = 64 * 1024  # a document from here on; a shorter one stays where it is
_SOURCES = ("text", "content")
_PIECE = re.compile(rb"(?:[^\\]{0,512}+(?:\\u....|\\.)){0,4096}+[^\\]{0,65536}+", re.DOTALL)
_HIGH_SURROGATE = re.compile(rb"\\u[dD][89abAB]..\Z", re.DOTALL)
_POSITION = re.compile(r" at line (\d+) column (\d+)$")
_ESCAPE_BYTES = 6
_PLACEHOLDER = token_hex(16)  # nobody outside knows it


class TooMuchText(ValueError):
    """More than MAX_TEXT_BYTES beside the document; `field`: of the outermost object, where it is one of ours."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass
class DetachedDocuments:
    """The documents that were left out of a body, by the placeholders that stand for them. Each is taken once."""

    _body: bytes | bytearray = b""
    _spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __contains__(self, placeholder: str | None) -> bool:
        return placeholder in self._spans

    def text(self, placeholder: str, max_bytes: int) -> tuple[bytes, int]:
        """(UTF-8, of which no more than `max_bytes` are kept; how many it has)."""
        return self._take((piece.encode() for piece in self._pieces(placeholder)), max_bytes)

    def base64(self, placeholder: str, max_bytes: int) -> tuple[bytes, int]:
        """Likewise of what the text is base64 of. Raises ValueError."""
        return self._take(_decoded(self._pieces(placeholder)), max_bytes)

    def _take(self, parts: Iterator[bytes], max_bytes: int) -> tuple[bytes, int]:
        out, size = io.BytesIO(), 0
        for part in parts:
            size += len(part)
            if size <= max_bytes:
                out.write(part)
        self._body, self._spans = b"", {}
        return out.getvalue(), size

    def _pieces(self, placeholder: str) -> Iterator[str]:
        at, end = self._spans[placeholder]
        while at < end:
            found = _PIECE.match(self._body, at, end)
            stop = found.end() if found is not None and found.end() > at else end
            while stop < end and self._body[stop] & 0xC0 == 0x80:  # within a character
                stop += 1
            piece = self._body[at:stop]
            if _ends_in_half_a_character(piece):
                stop = min(end, stop + _ESCAPE_BYTES)
                piece = self._body[at:stop]
            yield _json(b'"' + piece + b'"')
            at = stop


def detach_documents(body: bytes | bytearray) -> tuple[Any, DetachedDocuments]:
    """The value of `body`, with a placeholder for a long `document.text` or `document.content`. Raises TooMuchText, and
    ValueError for what is no JSON, with the position in `body`, as the parser has it."""
    lean, at = io.BytesIO(), len(BOM_UTF8) if body.startswith(BOM_UTF8) else 0
    spans: dict[str, tuple[int, int]] = {}
    moved: list[tuple[int, int]] = []  # from where on in the lean JSON a place is so much further on in the body
    for start, end in _documents(body):
        placeholder = f"{_PLACEHOLDER}{len(spans)}"
        lean.write(body[at : start + 1] + placeholder.encode())
        spans[placeholder] = (start + 1, end - 1)
        moved.append((lean.tell(), end - start - 2 - len(placeholder)))
        at = end - 1
    lean.write(memoryview(body)[at:])
    text = lean.getvalue()
    try:
        return _json(text), DetachedDocuments(body, spans)
    except ValueError as error:
        raise ValueError(_with_position_in_body(str(error), text, moved)) from None


def _with_position_in_body(message: str, lean: bytes, moved: list[tuple[int, int]]) -> str:
    """The parser's message on the JSON without documents, with the column that it would have named."""
    if (position := _POSITION.search(message)) is None:
        return message
    line, column = int(position[1]), int(position[2])
    at, number, begins, further = 0, 1, 0, 0
    for place, by in moved:
        if (last := lean.rfind(b"\n", at, place)) >= 0:
            number, begins = number + lean.count(b"\n", at, place), last + 1
        at = place
        if number == line and place - begins <= column:
            further += by
    column += further
    return f"{message[: position.start()]} at line {line} column {column}"


def _documents(body: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where the long texts stand, with their quotes, that are `text` or `content` of `document`."""
    depth, others = 0, 0
    field_: bytes | bytearray = b""
    key: bytes | bytearray = b""
    text: bytes | bytearray = b""
    value = (0, 0)  # the last text, and where it stands; the character after it says whether it is a key
    for char, start, end in json_structure.scan(body):
        if char == json_structure.QUOTE:
            value = (start, end)
            text = body[start + 1 : end - 1] if end - start < json_structure.MAX_NAME_BYTES else b""
            others += end - start
        elif char == json_structure.COLON:
            field_, key = (text, b"") if depth == 1 else (field_, text if depth == 2 else key)
            value = (0, 0)
        else:
            source = depth == 2 and field_ == b"document" and key.decode("ascii", "replace") in _SOURCES
            if source and value[1] - value[0] > _LONG_BYTES:
                others -= value[1] - value[0]
                yield value
            depth += (char in b"[{") - (char in b"]}")
            value = (0, 0)
        if others - (value[1] - value[0]) > MAX_TEXT_BYTES:
            raise TooMuchText(field_.decode("ascii", "replace"))


def _decoded(pieces: Iterator[str]) -> Iterator[bytes]:
    """Strict base64 but for white space, quantum by quantum; the last one alone may be padded."""
    rest = ""
    for piece in pieces:
        rest += "".join(piece.split())
        whole = max(0, (len(rest) - 1) // 4 * 4)
        if "=" in rest[:whole]:
            raise binascii.Error("padding before the end")
        yield binascii.a2b_base64(rest[:whole], strict_mode=True)
        rest = rest[whole:]
    yield binascii.a2b_base64(rest, strict_mode=True)


def _ends_in_half_a_character(piece: bytes | bytearray) -> bool:
    """The escape of a first surrogate, and its backslash is none that another escapes."""
    if not _HIGH_SURROGATE.search(piece, max(0, len(piece) - _ESCAPE_BYTES)):
        return False
    before = piece[: 1 - _ESCAPE_BYTES]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _json(body: bytes | bytearray) -> Any:
    return pydantic_core.from_json(body, allow_inf_nan=False)
