"""The formats by media type: what people call them, who reads them, and what to do with those that nobody reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """`reader`: a module of this package with `read(data, into, context)`; None where `instead` says what to do, and
    the problem has this `code`. `extra`: the extra of this project that installs what the reader needs."""

    name: str
    reader: str | None = None
    extra: str = ""
    instead: str = ""
    code: str = "unsupported_media_type"


_EXTRA = "documents"
_SAVE_AS = "save it as {} and send that"
_UNPACK = "send the files in it one by one, or as a batch"

FORMATS: dict[str, Format] = {
    "text/plain": Format("text", "text"),
    "text/markdown": Format("Markdown", "text"),
    "text/csv": Format("CSV", "sheets.delimited", _EXTRA),
    "text/tab-separated-values": Format("TSV", "sheets.delimited", _EXTRA),
    "text/html": Format("HTML", "html", _EXTRA),
    "text/xml": Format("XML", "text"),
    "application/xml": Format("XML", "text"),
    "application/json": Format("JSON", "text"),
    "application/x-ndjson": Format("JSON Lines", "text"),
    "message/rfc822": Format("mail (EML)", "mail.reader", _EXTRA),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": Format("Word (DOCX)", "docx", _EXTRA),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Format("Excel (XLSX)", "sheets.xlsx", _EXTRA),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": Format(
        "PowerPoint (PPTX)", "pptx", _EXTRA
    ),
    "application/vnd.ms-excel": Format("Excel (XLS)", "sheets.xls", _EXTRA),
    "application/vnd.ms-outlook": Format("Outlook mail (MSG)", "mail.msg", _EXTRA),
    "application/vnd.oasis.opendocument.text": Format("OpenDocument text (ODT)", "odf.text", _EXTRA),
    "application/vnd.oasis.opendocument.spreadsheet": Format("OpenDocument sheet (ODS)", "odf.sheets", _EXTRA),
    "application/vnd.oasis.opendocument.presentation": Format("OpenDocument slides (ODP)", "odf.slides", _EXTRA),
    "application/rtf": Format("RTF", "rtf", _EXTRA),
    "application/epub+zip": Format("EPUB", "epub", _EXTRA),
    "application/pdf": Format("PDF", "pdf", _EXTRA),
    "image/png": Format("PNG", "pictures", _EXTRA),
    "image/jpeg": Format("JPEG", "pictures", _EXTRA),
    "image/tiff": Format("TIFF", "pictures", _EXTRA),
    "image/webp": Format("WebP", "pictures", _EXTRA),
    "image/bmp": Format("BMP", "pictures", _EXTRA),
    "image/gif": Format("GIF", "pictures", _EXTRA),
    "image/heic": Format("HEIC", "pictures", _EXTRA),
    "image/avif": Format("AVIF", "pictures", _EXTRA),
    # Named, so that the problem can say what was found
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": Format("Excel (XLSB)", instead=_SAVE_AS.format("XLSX")),
    "application/msword": Format("Word (DOC)", instead=_SAVE_AS.format("DOCX or PDF")),
    "application/vnd.ms-powerpoint": Format("PowerPoint (PPT)", instead=_SAVE_AS.format("PPTX or PDF")),
    "application/vnd.ms-tnef": Format("Outlook attachment (winmail.dat)", instead="send the mail as MSG or EML"),
    "application/x-ole-encrypted": Format(
        "Office file with a password", instead="save it without one and send that", code="password_required"
    ),
    "application/x-ole-storage": Format("old Office file", instead=_SAVE_AS.format("a current Office format or PDF")),
    "application/zip": Format("ZIP archive", instead=_UNPACK),
    "application/gzip": Format("gzip archive", instead=_UNPACK),
    "application/x-7z-compressed": Format("7z archive", instead=_UNPACK),
    "application/vnd.rar": Format("RAR archive", instead=_UNPACK),
    "application/x-tar": Format("TAR archive", instead=_UNPACK),
    "application/x-bzip2": Format("bzip2 archive", instead=_UNPACK),
    "application/x-xz": Format("xz archive", instead=_UNPACK),
    "application/zstd": Format("Zstandard archive", instead=_UNPACK),
    "application/vnd.ms-outlook-pst": Format("Outlook mailbox (PST)", instead="save its mails as EML or MSG"),
    "application/postscript": Format("PostScript", instead=_SAVE_AS.format("PDF")),
    "image/vnd.djvu": Format("DjVu", instead=_SAVE_AS.format("PDF")),
    "image/jp2": Format("JPEG 2000", instead=_SAVE_AS.format("PNG or JPEG")),
    "application/x-executable": Format("program"),
    "application/vnd.sqlite3": Format("SQLite database"),
    "video/mp4": Format("video or sound (MP4)"),
    "audio/mpeg": Format("sound (MP3)"),
    "audio/ogg": Format("sound (Ogg)"),
    "audio/wav": Format("sound (WAV)"),
    "video/x-matroska": Format("video (Matroska)"),
}

ACCEPTED = tuple(kind for kind, format_ in FORMATS.items() if format_.reader)
TEXT = frozenset(kind for kind, format_ in FORMATS.items() if format_.reader == "text")


def not_read(media_type: str, holds: str = "") -> str:
    """Why a document of this type is not read, and what to do: a sentence without its stop. `holds`: what is in it."""
    format_ = FORMATS.get(media_type)
    if format_ is None:
        return f"documents of type {media_type[:80]!r} are not read here; taken are {taken()}"
    article = "a" if format_.name[0] not in "AEIOaeio" else "an"
    instead = format_.instead or f"taken are {taken()}"
    return f"the document is {article} {format_.name}{holds}, which is not read here; {instead}"


def taken() -> str:
    """The formats that are read, for a person."""
    return ", ".join(dict.fromkeys(format_.name for format_ in FORMATS.values() if format_.reader))
