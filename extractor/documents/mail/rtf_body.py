"""The RTF that Outlook keeps of a mail, compressed ([MS-OXRTFCP]): what it shows, or the HTML within it does."""

from __future__ import annotations

import struct

from extractor.documents import html
from extractor.documents.blocks import Block
from extractor.documents.mail.embedded import EmbeddedPictures
from extractor.documents.mail.rtf_html import holds_html, html_of
from extractor.documents.rtf.reader import blocks_of

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_SIZE = 4_096
_COMPRESSED = b"LZFu"
_MOST_BYTES = 64 * 1024**2


def blocks(data: bytes, pictures: EmbeddedPictures) -> list[Block]:
    """Of RTF as it is when it is unpacked."""
    if holds_html(data):
        return html.blocks(html_of(data), picture=pictures.at)[1]
    return blocks_of(data, pictures.next)[0]


def unpacked(packed: bytes) -> bytes:
    """b"" for what is not compressed so."""
    if len(packed) < 16:
        return b""
    _, size, kind = struct.unpack_from("<II4s", packed)
    if kind != _COMPRESSED:
        return packed[16 : 16 + size]
    window = bytearray(_DICTIONARY.ljust(_SIZE, b"\0"))
    write, out, at = len(_DICTIONARY), bytearray(), 16
    while at < len(packed) and len(out) < min(size, _MOST_BYTES):
        control = packed[at]
        at += 1
        for bit in range(8):
            if at >= len(packed):
                return bytes(out)
            if not control >> bit & 1:
                run = packed[at : at + 1]
                at += 1
                out += run
                window[write] = run[0]
                write = (write + 1) % _SIZE
                continue
            token = int.from_bytes(packed[at : at + 2], "big")
            at += 2
            read, length = token >> 4, (token & 0xF) + 2
            if read == write:
                return bytes(out)
            for _ in range(length):
                byte = window[read]
                out.append(byte)
                window[write] = byte
                read, write = (read + 1) % _SIZE, (write + 1) % _SIZE
    return bytes(out)
