"""What a reader is told besides the bytes, and how it has a part read that lies in its file."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, cast

from extractor.documents.archive import contents
from extractor.documents.builder import AllDrawn, Builder
from extractor.documents.formats import FORMATS, not_read
from extractor.documents.limits import ReadLimits
from extractor.documents.sniff import sniff
from extractor.sandbox import Rejected

OcrMode = Literal["none", "auto", "always"]


@dataclass(frozen=True)
class Context:
    """`media_type` is what the file is (gate.py; sniff.py of a file within a file), `sent_as` what the sender called
    it. `charset`, `password` and `filename` are the sender's word, where there is one. `depth` is 0 for the document
    itself. `ocr`: whether pages that are pictures will be read."""

    media_type: str = "text/plain"
    charset: str | None = None
    password: str | None = field(default=None, repr=False)
    filename: str | None = None
    depth: int = 0
    ocr: OcrMode = "auto"
    limits: ReadLimits = field(default_factory=ReadLimits)
    sent_as: str = ""

    def embedded(
        self,
        data: bytes,
        into: Builder,
        *,
        filename: str | None = None,
        media_type: str | None = None,
        charset: str | None = None,
        kind: str = "attachment",
    ) -> None:
        """Reads a file that lies in this one, as a part of its own behind what has been read so far. What cannot be
        read becomes a warning, and the rest is read all the same; limits of the whole document raise Rejected."""
        name = filename or "without a name"
        if self.depth >= self.limits.depth:
            into.warn(f"attachment {name}: lies deeper than {self.limits.depth} levels and was not read")
            return
        if into.parts_left < 1:
            into.warn(f"attachment {name}: is more than {self.limits.parts} parts and was not read")
            return
        found = sniff(data, media_type, filename)
        into.begin_part(filename, found, kind)
        inner = replace(self, media_type=found, charset=charset, filename=filename, depth=self.depth + 1)
        try:
            read_with(inner, data, into)
        except Rejected as no:
            if no.code == "document_too_complex":
                raise
            into.begin_page(how="none")
            into.warn(f"attachment {name}: {no.detail}")
        except (MemoryError, AllDrawn):
            raise
        except Exception:  # damaged: the mail around it is not
            into.begin_page(how="none")
            into.warn(f"attachment {name}: it is damaged and could not be read in full")


class Reader(Protocol):
    def read(self, data: bytes, into: Builder, context: Context) -> None:
        """Adds what the file says. Raises Rejected with a code of the API, or whatever its library raises for a damaged
        file, which is told as `unreadable_document`."""


def read_with(context: Context, data: bytes, into: Builder) -> None:
    """Reads with the reader of `context.media_type`. Raises as Reader.read, and Rejected where there is no reader."""
    format_ = FORMATS.get(context.media_type)
    if format_ is None or format_.reader is None:
        holds = f" of {contents(data)}" if context.media_type == "application/zip" else ""
        raise Rejected(format_.code if format_ else "unsupported_media_type", not_read(context.media_type, holds))
    reader_of(context.media_type).read(data, into, context)


def reader_of(media_type: str) -> Reader:
    """Imported when it is first needed. Raises Rejected where what it needs is not installed."""
    format_ = FORMATS[media_type]
    try:
        return cast(Reader, importlib.import_module(f"extractor.documents.{format_.reader}"))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("extractor"):
            raise
        where = f"install the extra {format_.extra!r}" if format_.extra else f"install {error.name}"
        raise Rejected("unsupported_media_type", f"{format_.name} is not read by this installation; {where}") from None
