"""Bytes → text, whatever the encoding: byte order marks, the charset the sender names, UTF-8, UTF-16/32 by their zero
bytes, and for the rest a guess by charset-normalizer. What decodes to nonsense is an error, never a document.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.sandbox import Refused

_MARKS = (  # the longer first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What text files are found in; a free guess among all of Python's codecs finds EBCDIC in short German letters.
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257"]
_OTHERS = ["cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"]
_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff]{1,2}(?![\x80-\xff])")
_SAMPLE_BYTES = 65_536
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
_MAX_CONTROLS = 0.01  # of all characters: stray ones happen in real text


def read(data: bytes, into: Builder, context: Context) -> None:
    """The text as it stands, with `\\n` line ends. Raises Refused `undecodable_document`."""
    into.begin_page()
    into.add(as_text(decode(data, context.charset)))


def as_text(text: str) -> str:
    """Text that is already decoded, with `\\n` line ends. Raises Refused `undecodable_document` for binary data."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    controls = sum(1 for _ in _CONTROLS.finditer(text))
    if "\x00" in text or controls > _MAX_CONTROLS * len(text):
        raise _undecodable("it holds binary data")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _undecodable("it holds half a surrogate pair") from None
    return text


def decode(data: bytes, charset: str | None = None) -> str:
    """By its byte order mark, by `charset`, else by what the bytes look like. Raises Refused
    `undecodable_document`."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding)
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
        return _strictly(data, _guess(data))


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


def _guess(data: bytes) -> str:
    """In Latin letters the bytes above ASCII stand alone; elsewhere they come in rows. Ties go to Windows' own."""
    sample = data[:_SAMPLE_BYTES]
    if len(data) > len(sample):  # which may end within a character: cut behind what is none's second byte
        end = max(sample.rfind(byte) for byte in (b"\n", b" ", b",", b"."))
        sample = sample[: end + 1] if end > len(sample) // 2 else sample
    high = sum(byte > 0x7F for byte in sample)
    alone = sum(map(len, _ALONE.findall(sample)))
    matches = list(from_bytes(sample, cp_isolation=_LATIN if alone > high / 2 else _LATIN + _OTHERS, threshold=0.2))
    matches = [match for match in matches if any(unicodedata.category(char).startswith("L") for char in str(match))]
    if not matches:
        raise _undecodable("no known encoding makes text of it")
    best = min(match.chaos for match in matches), max(match.coherence for match in matches)
    for match in matches:
        if "cp1252" in match.could_be_from_charset and (match.chaos, match.coherence) == best:
            return "cp1252"
    return matches[0].encoding


def _undecodable(why: str) -> Refused:
    return Refused("undecodable_document", f"the document is not text: {why}")
