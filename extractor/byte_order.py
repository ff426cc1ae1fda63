"""Byte order marks, as editors and shells on Windows write them before a text."""

from __future__ import annotations

import codecs

_MARKS = (  # the longer first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST = 4  # bytes


def marked(head: bytes) -> tuple[str, int] | None:
    """The encoding that the mark at the beginning of `head` says, and the mark's length in bytes; None without one."""
    return next(((encoding, len(mark)) for mark, encoding in _MARKS if head.startswith(mark)), None)
