"""Bytes → text, whatever the encoding: byte order marks, the charset the sender names, UTF-8, UTF-16/32 by their zero
bytes, and for the rest a guess (encoding.py). What decodes to nonsense is an error, never a document.
"""

from __future__ import annotations

import re
from contextlib import suppress

from extractor.byte_order import marked
from extractor.documents.builder import Builder
from extractor.documents.charset_names import python_name
from extractor.documents.context import Context
from extractor.documents.encoding import guess
from extractor.documents.limits import MAX_CONTROLS
from extractor.sandbox import Rejected

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")


def read(data: bytes, into: Builder, context: Context) -> None:
    """The text as it stands, with `\\n` line ends. Raises Rejected `undecodable_document`."""
    into.begin_page()
    into.add(as_text(_decoded(data, context)))


def _decoded(data: bytes, context: Context) -> str:
    """What an XML file declares of itself is believed where the bytes allow it."""
    declared = _DECLARED.match(data)
    if context.charset is None and declared is not None:
        encoding = python_name(declared[1].decode("ascii"))
        with suppress(Rejected):
            return decode(data, encoding)
    return decode(data, context.charset)


def as_text(text: str) -> str:
    """Text that is already decoded, with `\\n` line ends. Raises Rejected `undecodable_document` for binary data."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    controls = sum(1 for _ in _CONTROLS.finditer(text))
    if "\x00" in text or controls > MAX_CONTROLS * len(text):
        raise _undecodable("it holds binary data")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _undecodable("it holds half a surrogate pair") from None
    return text


def decode(data: bytes, charset: str | None = None) -> str:
    """By its byte order mark, by `charset`, else by what the bytes look like. Raises Rejected
    `undecodable_document`."""
    mark = marked(data)
    if mark is not None:
        encoding, length = mark
        return _strictly(data[length:], encoding)
    if charset is not None:
        return _strictly(data, charset)
    wide = _wide(data)
    if wide is not None:
        return _strictly(data, wide)
    if b"\x00" in data:
        raise _undecodable("it holds binary data")
    try:
        return data.decode()
    except UnicodeDecodeError:
        found = guess(data)
        if found is None:
            raise _undecodable("no known encoding makes text of it") from None
        return _strictly(data, found)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise _undecodable(f"the charset {encoding[:40]!r} is not known") from None
    except (UnicodeError, ValueError):
        raise _undecodable(f"it is not {encoding[:40]}") from None


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of plain ASCII fall."""
    sample = data[:4096]
    if len(data) % 2 or b"\x00" not in sample:
        return None
    places = [sample[at::4].count(0) * 4 / len(sample) for at in range(4)]
    for encoding, zeros in (
        ("utf-32-le", (1, 2, 3)),
        ("utf-32-be", (0, 1, 2)),
        ("utf-16-le", (1, 3)),
        ("utf-16-be", (0, 2)),
    ):
        if all(places[at] > 0.4 for at in zeros) and all(places[at] < 0.1 for at in range(4) if at not in zeros):
            return encoding
    return None


def _undecodable(why: str) -> Rejected:
    return Rejected("undecodable_document", f"the document is not text: {why}")
