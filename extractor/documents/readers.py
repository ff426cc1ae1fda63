"""Reads strangers' files in sandboxes: one for what files say, one for pictures, page by page and side by side.

Pictures have a sandbox of their own because they take seconds: a page of text never waits for one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from extractor.documents import packing
from extractor.documents.context import Context
from extractor.documents.document import Document
from extractor.documents.ocr import OcrEngineName, available
from extractor.documents.splice import Found, PictureKey, Unread, pictures_of, with_recognised
from extractor.errors import Cancelled, DocumentError, EngineError
from extractor.sandbox import Rejected, Sandbox, SandboxError, SandboxLimits

log = logging.getLogger(__name__)

_MODULE = "extractor.documents.child"
_TEXTS = SandboxLimits(cpu_s=5, wall_s=120, memory_bytes=1536 * 1024**2)
_PICTURES = SandboxLimits(cpu_s=60, wall_s=180, memory_bytes=3 * 1024**3, nice=5)
_TOO_MUCH = {
    "time": "it takes too long to read",
    "cpu": "it takes too long to read",
    "memory": "it takes too much memory to read",
    "crashed": "its reader broke down",
    "failed": "its reader broke down",
}


class Readers:
    """Thread-safe. `texts` and `pictures` are how many documents, and pages of them, are read at a time."""

    def __init__(self, *, texts: int = 2, pictures: int = 1, engine: OcrEngineName = "auto", nice: int = 0) -> None:
        """Starts nothing yet. An `engine` that is not installed reads nothing, and pages say so. `nice` is added to the
        priority of all of them, so that they yield to what else runs here."""
        self._engine = available() if engine == "auto" else engine
        limits = replace(_TEXTS, nice=_TEXTS.nice + nice), replace(_PICTURES, nice=_PICTURES.nice + nice)
        self._texts = Sandbox(_MODULE, limits[0], setup={"engine": None}, size=texts)
        self._pictures = Sandbox(_MODULE, limits[1], setup={"engine": self._engine}, size=pictures, waiting=100_000)
        self._side_by_side = pictures

    def read(self, data: bytes, context: Context, cancel: threading.Event | None = None) -> Document:
        """All of it. Raises DocumentError (see `documents.read`), Cancelled once `cancel` is set, EngineError
        (retryable) where no child is to be had."""
        document = self.begin(data, context, cancel)
        pictures, read = self.pictures(document, context)
        if pictures:
            with ThreadPoolExecutor(min(len(pictures), self._side_by_side)) as pool:
                found = pool.map(lambda picture: self.recognise(data, context, picture, cancel), pictures)
                read |= dict(zip(pictures, found, strict=True))
        return with_recognised(document, read) if read else document

    def prepare(self, *, pictures: bool = False) -> None:
        """Returns when a child waits, so that what imports and models take is no document's time. One that does not
        start is told by the call that needs it."""
        with suppress(SandboxError):
            (self._pictures if pictures else self._texts).start()

    def begin(
        self, data: bytes, context: Context, cancel: threading.Event | None = None, wall_s: float | None = None
    ) -> Document:
        """What the file says itself; its pictures are still to be read. `wall_s`: the most it may take, where that is
        less than the sandbox's own limit. Raises as `read`."""
        value, blobs = self._call(self._texts, "read", context, data, cancel, wall_s)
        return packing.unpack(value, blobs)

    def pictures(self, document: Document, context: Context) -> tuple[list[PictureKey], dict[PictureKey, Found]]:
        """The pages, and pictures on pages, that are to be recognised, and of those that are not, why: for
        `with_recognised`."""
        found, most = pictures_of(document), context.limits.pictures
        why: dict[PictureKey, Found] = {one: _too_many(context, one) for one in found[most:]}
        if context.ocr == "none" or self._engine is None:
            reason = (
                "pictures are not read here" if context.ocr == "none" else "nothing is installed that reads pictures"
            )
            return [], why | {
                one: reason if one.picture else f"a picture, or no text that can be told; {reason}"
                for one in found[:most]
            }
        return found[:most], why

    def recognise(
        self,
        data: bytes,
        context: Context,
        picture: PictureKey,
        cancel: threading.Event | None = None,
        wall_s: float | None = None,
    ) -> Found:
        """One page or picture, as a Document of one page, or why it cannot be read: that costs the others nothing.
        Raises Cancelled and EngineError."""
        which = picture._asdict()
        try:
            value, blobs = self._call(self._pictures, "recognise", context, data, cancel, wall_s, **which)
        except DocumentError as error:
            return Unread.of(error)
        return packing.unpack(value, blobs)

    def draw(self, data: bytes, context: Context, pages: Collection[int]) -> dict[int, bytes]:
        """Pages as PNG, by number. Raises as `read`."""
        value, blobs = self._call(self._texts, "draw", context, data, None, None, pages=list(pages))
        return dict(zip(value, blobs, strict=True))

    def close(self) -> None:
        self._texts.close()
        self._pictures.close()

    def _call(
        self,
        sandbox: Sandbox,
        function: str,
        context: Context,
        data: bytes,
        cancel: threading.Event | None,
        wall_s: float | None,
        **more: Any,
    ) -> tuple[Any, list[bytes]]:
        try:
            return sandbox.call_twice(
                function, {"context": asdict(context), **more}, [data], wall_s=wall_s, cancel=cancel
            )
        except Rejected as no:
            raise DocumentError(no.detail, code=no.code) from None
        except SandboxError as error:
            if error.kind == "cancelled":
                raise Cancelled("the extraction was cancelled") from None
            if error.kind in ("busy", "unavailable"):
                reason = f"documents cannot be read just now: {error.detail}"
                raise EngineError(reason, code="readers_unavailable") from None
            broke = error.kind in ("crashed", "failed")
            if broke:
                log.warning("a reader broke down: %s", error.detail)  # which quotes nothing of the document
            code = "unreadable_document" if broke else "document_too_complex"
            raise DocumentError(f"the document cannot be read: {_TOO_MUCH[error.kind]}", code=code) from None


def _too_many(context: Context, picture: PictureKey) -> str:
    most = f"no more than {context.limits.pictures:,} of a document are read"
    return most if picture.picture else f"a picture; {most}"
