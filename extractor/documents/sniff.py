"""What a file is, by its bytes. What the sender calls it only decides between kinds of text, which look alike."""

from __future__ import annotations

import codecs
import io
import mimetypes
import re
import zipfile
from contextlib import suppress
from pathlib import PurePath

from extractor.documents.archive import ENTRY, MEMBERS, METHODS
from extractor.documents.formats import FORMATS
from extractor.documents.pdf_header import is_pdf

_SIGNATURES = (  # at the very beginning
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
    (b"%!PS", "application/postscript"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)
_BRANDS = {  # of ISO base media files
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
}
_OPEN_XML = (
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_OLE = (  # streams by name, as the directory spells them; the first that is there tells
    ("EncryptedPackage", "application/x-ole-encrypted"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
)
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOOKED_AT = 8_192
_DECLARED_BYTES = 200
_SUFFIXES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".jsonl": "application/x-ndjson",
    ".eml": "message/rfc822",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".csv": "text/csv",
}
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta)\b", re.I | re.S
)
_XML = re.compile(r"\s*<\?xml\s")
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?.*(?:\n[ \t].*)*\n")
_MAIL = frozenset("received return-path message-id mime-version dkim-signature delivered-to x-mailer".split())
_MAIL_TOO = frozenset("from to subject date cc reply-to sender content-type content-transfer-encoding".split())


def sniff(data: bytes, declared: str | None = None, filename: str | None = None) -> str:
    """The media type. `declared` (without parameters) and `filename` are hints."""
    return _binary(data) or sniff_text(data, declared, filename)


def sniff_text(data: bytes, declared: str | None, filename: str | None) -> str:
    """Which kind of text, of what is not binary."""
    head = _opened(data[:_LOOKED_AT])
    if _HTML.match(head):
        return "text/html"
    if _is_mail(head):
        return "message/rfc822"
    hint = _hinted(declared, filename)
    if hint is not None:
        return hint
    return "text/xml" if _XML.match(head) else "text/plain"


def _binary(data: bytes) -> str | None:
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _zipped(data)
    if data.startswith(_OLE_MARK):
        return next(
            (kind for name, kind in _OLE if (name + "\0").encode("utf-16-le") in data), "application/x-ole-storage"
        )
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "audio/wav")
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    if data[:2] == b"BM" and len(data) > 26 and data[6:10] == b"\0\0\0\0" and data[15:18] == b"\0\0\0":
        return "image/bmp"
    if is_pdf(data) and not _is_mail(_opened(data[:_LOOKED_AT])):
        return "application/pdf"
    if data[257:262] == b"ustar":
        return "application/x-tar"
    if data[:2] == b"MZ" and b"\0" in data[:64]:
        return "application/x-executable"
    return None


def _zipped(data: bytes) -> str:
    """A container's kind is what lies in it; one that is damaged, or has more members than are listed, is named by what
    it begins with. Nothing is unpacked but the first bytes of one member: this is asked in processes that strangers
    share."""
    names: list[str] = []
    with suppress(Exception):
        if data.count(ENTRY) <= MEMBERS:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = archive.namelist()
                if (declared := _declared(archive)) in FORMATS:
                    return declared
    if not names:
        names = [name for name, _ in _OPEN_XML if name.encode() in data]
    return next((kind for start, kind in _OPEN_XML if any(name.startswith(start) for name in names)), "application/zip")


def _declared(archive: zipfile.ZipFile) -> str:
    """What a container of OpenDocument's kind says that it is."""
    if "mimetype" not in archive.namelist() or archive.getinfo("mimetype").compress_type not in METHODS:
        return ""
    with archive.open("mimetype") as stream:
        return stream.read(_DECLARED_BYTES).decode("ascii", "replace").strip().removesuffix("-template")


def _opened(head: bytes) -> str:
    """As text, well enough to see markup in it."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace").replace("\r\n", "\n")
    if b"\0" in head[:64]:  # UTF-16 or -32 without a mark: what is ASCII in it is between zeros
        head = head.replace(b"\0", b"")
    return head.decode("latin-1").replace("\r\n", "\n")


def _is_mail(head: str) -> bool:
    """It begins with header lines of which one is none that people write over a letter."""
    if head.startswith("From ") and "\n" in head:  # an mbox's line
        head = head[head.index("\n") + 1 :]
    names: list[str] = []
    at = 0
    while (line := _HEADER.match(head, at)) is not None:
        names.append(line[1].lower())
        at = line.end()
    headers = [name for name in names if name in _MAIL or name in _MAIL_TOO]
    return len(headers) >= 2 and names[0] in headers and any(name in _MAIL for name in headers)


def _hinted(declared: str | None, filename: str | None) -> str | None:
    """A kind of text that the sender names."""
    if declared in FORMATS and _is_text(declared) and declared != "text/plain":
        return declared
    suffix = PurePath(filename).suffix.lower() if filename else ""
    guessed = _SUFFIXES.get(suffix) or (mimetypes.guess_type(f"x{suffix}", strict=False)[0] if suffix else None)
    return guessed if guessed in FORMATS and guessed is not None and _is_text(guessed) else None


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind in (
        "application/json",
        "application/x-ndjson",
        "application/xml",
        "message/rfc822",
    )
