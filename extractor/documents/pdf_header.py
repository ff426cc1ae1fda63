"""Whether bytes are a PDF, of which the mark may stand some way in (ISO 32000-1, appendix H): scanners, printers and
web servers leave bytes before it. So do programs and letters that speak of PDFs, and those are text."""

from __future__ import annotations

import codecs
import re

WITHIN = 1024  # bytes that may stand before the mark
_MARK = b"%PDF-"
_BLANK = b"\xef\xbb\xbf \t\r\n\f\0"  # a byte order mark or white space say nothing
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
# A line of its own, with a version: in a program it stands within quotes.
_AS_A_LINE = re.compile(rb"(?<=[\r\n])%PDF-\d\.\d[ \t]*[\r\n]")
_OBJECT = re.compile(rb"[\r\n]\d{1,9}[ \t\r\n]{1,9}\d{1,9}[ \t\r\n]{1,9}obj\b")
_LOOKED_AT = 8_192
_END = b"%%EOF"


def is_pdf(data: bytes) -> bool:
    """By its mark, where that is the first thing, or what stands before it is no text. Behind text it has to begin a
    file, too: a line with the version, then an object, and bytes that no text has or the mark of the end as the last
    thing. What stands within a program's quotes is followed by the rest of the program."""
    at = data.find(_MARK, 0, WITHIN)
    if at < 0:
        return False
    before = data[:at]
    if not before.strip(_BLANK) or _CONTROL.search(before):
        return True
    line = _AS_A_LINE.search(data, 0, WITHIN + len(_MARK) + 8)
    if line is None:
        return False
    body = data[line.end() - 1 : line.end() + _LOOKED_AT]
    ends = data[-WITHIN:].rstrip(b"\r\n\t \0").endswith(_END)
    return _OBJECT.search(body) is not None and (ends or _is_binary(body))


def _is_binary(body: bytes) -> bool:
    """Of a piece whose last letter may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return True
    return _CONTROL.search(body) is not None
