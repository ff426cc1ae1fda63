"""Bytes → Document, in this process. Who has strangers' files calls it through `read.py`, in a child."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from extractor.documents.builder import AllDrawn, Builder
from extractor.documents.context import Context, read_with
from extractor.documents.document import Document
from extractor.documents.formats import FORMATS, TEXT
from extractor.documents.ocr import load
from extractor.documents.placement import RuledLines, lay_out
from extractor.sandbox import Rejected


def convert(data: bytes, context: Context, on_page: Callable[[int], None] | None = None) -> Document:
    """`on_page` is called with the number of each page that begins. Raises Rejected: `unsupported_media_type`,
    `unreadable_document` (damaged), `document_too_complex`, and the codes of the readers."""
    into = Builder(context.limits, on_page=on_page)
    _read(data, into, context)
    return into.document(context.filename)


def draw(data: bytes, context: Context, pages: Collection[int]) -> dict[int, Any]:
    """Pages as RGB pictures of Pillow's, by number; those that cannot be drawn are left out. Raises as `convert`."""
    into = Builder(context.limits, draw=pages)
    _read(data, into, context)
    return into.drawn


def recognise(data: bytes, context: Context, page: int, picture: int = 0) -> Document:
    """What is read from page `page` as a picture, or from picture number `picture` on it, as a Document of one page.
    Raises as `convert`."""
    source = Builder(context.limits, draw=[page], picture=picture)
    _read(data, source, context)
    if source.damaged:
        raise Rejected("unreadable_document", "the picture is damaged or incomplete")
    into = Builder(context.limits)
    into.begin_page(how="ocr")
    for image in source.drawn.values():
        words, unread = load().read(image)
        for line in lay_out(words, RuledLines()):
            line.add_to(into)
        if unread:
            into.warn(f"{unread:,} line{'s' if unread != 1 else ''} of the picture could not be read")
    return into.document()


def _read(data: bytes, into: Builder, context: Context) -> None:
    found, sent_as = context.media_type, context.sent_as
    into.begin_part(context.filename, found)
    if sent_as in FORMATS and sent_as != found and found in TEXT and sent_as not in TEXT:
        into.warn(f"sent as {sent_as}, but it is {FORMATS[found].name}")
    try:
        read_with(context, data, into)
    except AllDrawn:
        pass
    except (Rejected, MemoryError):
        raise
    except Exception:  # of a library, about bytes that it cannot make sense of
        name = FORMATS[found].name
        raise Rejected("unreadable_document", f"the document is a damaged or incomplete {name}") from None
