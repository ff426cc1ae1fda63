"""Pictures that belong to the text of a mail: its HTML, or RTF, says where each stands (RFC 2392, RFC 2557)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from email.message import Message
from functools import partial
from urllib.parse import unquote

from extractor.documents.blocks import Block, PictureBlock, Table
from extractor.documents.mail.payload import payload
from extractor.documents.pictures_within import is_large

PLACE = "place-in-rtf-"  # and a number from 0: what RTF has instead of an address
_MOST_DEPTH = 40
_LARGE_BYTES = 40_000


class EmbeddedPictures:
    """`shown`: addresses of those that a text, whichever it was, has a place for."""

    def __init__(self, message: Message) -> None:
        self._parts: dict[str, Message] = {}
        self.shown: set[str] = set()
        self._next = 0
        self.include(message)

    def include(self, message: Message) -> None:
        for part in _parts(message, 0):
            for address in (*part.get_all("content-id", ()), *part.get_all("content-location", ())):
                self._parts.setdefault(str(address).strip("<> \t\r\n"), part)

    def at(self, address: str) -> list[Block]:
        """That of an address in HTML; nothing where there is none, or it is no more than a logo."""
        address = address.strip()
        plain = address[4:] if address[:4].lower() == "cid:" else address
        found = next((one for one in (plain, unquote(plain)) if one in self._parts), None)
        if found is None:
            return []
        part = self._parts[found]
        self.shown.add(name_of(part))
        return [PictureBlock(name_of(part), partial(payload, part))] if holds_more_than_a_logo(part) else []

    def next(self) -> list[Block]:
        """That of the next place in RTF, which tells them by their order alone."""
        self._next += 1
        return self.at(f"{PLACE}{self._next - 1}")


def name_of(part: Message) -> str:
    """The same for the same picture."""
    data = payload(part)
    return f"part:{zlib.crc32(data):x}-{len(data)}"


def holds_more_than_a_logo(part: Message) -> bool:
    data = payload(part)
    return len(data) >= _LARGE_BYTES or is_large(data)


def pictures_in(blocks: Iterable[Block]) -> Iterator[PictureBlock]:
    """Those in the cells of tables too."""
    for block in blocks:
        if isinstance(block, PictureBlock):
            yield block
        elif isinstance(block, Table):
            for row in block.rows:
                for cell in row.cells:
                    yield from pictures_in(cell.blocks)


def _parts(message: Message, depth: int) -> Iterator[Message]:
    """Pictures, but not those of mails within it."""
    if message.get_content_maintype() == "image":
        yield message
    elif message.get_content_maintype() == "multipart" and message.is_multipart() and depth < _MOST_DEPTH:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)
