"""The picture that Outlook keeps as an object of OLE: a bitmap that was pasted into a mail in RTF."""

from __future__ import annotations

from extractor.documents.dib import bmp_of
from extractor.documents.mail.properties import Storage
from extractor.documents.sniff import sniff

_STREAMS = (("CONTENTS", 0), ("Package", 0), ("\x01Ole10Native", 4))  # by name, and the bytes before what it holds


def ole_picture(storage: Storage) -> bytes:
    """b"" where none is found."""
    for name, head in _STREAMS:
        data = bmp_of((storage.stream(name) or b"")[head:])
        if sniff(data).startswith("image/"):
            return data
    return b""
