"""Pictures that lie in a page itself (`data:`, RFC 2397)."""

from __future__ import annotations

import base64
import binascii
import zlib
from functools import partial
from urllib.parse import unquote_to_bytes

from extractor.documents.blocks import Block, PictureBlock


def embedded(address: str) -> list[Block]:
    """The picture of a `data:` address; nothing where it is something else."""
    head, comma, held = address.partition(",")
    if not comma or not head.lower().startswith("data:image/"):
        return []
    name = f"data:{zlib.crc32(held.encode('utf-8', 'replace')):x}-{len(held)}"
    return [PictureBlock(name, partial(_decoded, held, head.lower().endswith(";base64")))]


def _decoded(held: str, in_base64: bool) -> bytes:
    data = unquote_to_bytes(held)
    if not in_base64:
        return data
    try:
        return base64.b64decode(b"".join(data.split()) + b"==")
    except binascii.Error as error:
        raise ValueError("no base64") from error
