"""Reads strangers' files in sandboxes: one for what files say, one for pictures, page by page and side by side.

Pictures have a sandbox of their own because they take seconds: a page of text never waits for one.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from extractor.documents import wire
from extractor.documents.context import Context
from extractor.documents.document import Document
from extractor.documents.ocr import Engine, available
from extractor.documents.splice import pictures_of, with_recognised
from extractor.errors import Cancelled, DocumentError, EngineError
from extractor.sandbox import Limits, Refused, Sandbox, SandboxError

_MODULE = "extractor.documents.child"
_TEXTS = Limits(cpu_s=8, wall_s=120, memory_bytes=1536 * 1024**2)
_PICTURES = Limits(cpu_s=60, wall_s=180, memory_bytes=3 * 1024**3, nice=5)
_TOO_MUCH = {
    "time": "it takes too long to read",
    "cpu": "it takes too long to read",
    "memory": "it takes too much memory to read",
    "crashed": "its reader broke down",
    "failed": "its reader broke down",
}


class Readers:
    """Thread-safe. `texts` and `pictures` are how many documents, and pages of them, are read at a time."""

    def __init__(self, *, texts: int = 2, pictures: int = 1, engine: Engine = "auto") -> None:
        """Starts nothing yet. An `engine` that is not installed reads nothing, and pages say so."""
        self._engine = available() if engine == "auto" else engine
        self._texts = Sandbox(_MODULE, _TEXTS, setup={"engine": None}, size=texts)
        self._pictures = Sandbox(_MODULE, _PICTURES, setup={"engine": self._engine}, size=pictures, waiting=100_000)
        self._side_by_side = pictures

    def read(self, data: bytes, context: Context, cancel: threading.Event | None = None) -> Document:
        """Raises DocumentError (see `documents.read`), Cancelled once `cancel` is set, EngineError (retryable) where no
        child is to be had."""
        value, blobs = self._call(self._texts, "read", context, data, cancel)
        document = wire.unpack(value, blobs)
        pages = pictures_of(document)
        if not pages:
            return document
        read: dict[int, Document | str] = dict.fromkeys(pages[context.limits.pictures :], _too_many(context))
        pages = pages[: context.limits.pictures]
        if context.ocr == "none" or self._engine is None:
            why = "pictures are not read here" if context.ocr == "none" else "nothing is installed that reads pictures"
            return with_recognised(
                document, read | dict.fromkeys(pages, f"a picture, or no text that can be told; {why}")
            )
        with ThreadPoolExecutor(min(len(pages), self._side_by_side)) as pool:
            found = pool.map(lambda page: self._recognise(data, context, page, cancel), pages)
            read |= dict(zip(pages, found, strict=True))
        return with_recognised(document, read)

    def draw(self, data: bytes, context: Context, pages: Collection[int]) -> dict[int, bytes]:
        """Pages as PNG, by number. Raises as `read`."""
        value, blobs = self._call(self._texts, "draw", context, data, None, pages=list(pages))
        return dict(zip(value, blobs, strict=True))

    def close(self) -> None:
        self._texts.close()
        self._pictures.close()

    def _recognise(self, data: bytes, context: Context, page: int, cancel: threading.Event | None) -> Document | str:
        """One page; what is wrong with it costs the others nothing."""
        try:
            value, blobs = self._call(self._pictures, "recognise", context, data, cancel, page=page)
        except DocumentError as error:
            return f"could not be read: {error.detail}"
        return wire.unpack(value, blobs)

    def _call(
        self,
        sandbox: Sandbox,
        function: str,
        context: Context,
        data: bytes,
        cancel: threading.Event | None,
        **more: Any,
    ) -> tuple[Any, list[bytes]]:
        try:
            return sandbox.call(function, {"context": asdict(context), **more}, [data], cancel=cancel)
        except Refused as no:
            raise DocumentError(no.detail, code=no.code) from None
        except SandboxError as error:
            if error.kind == "cancelled":
                raise Cancelled("the extraction was cancelled") from None
            if error.kind in ("busy", "unavailable"):
                raise EngineError(f"documents cannot be read just now: {error.detail}") from None
            code = "unreadable_document" if error.kind in ("crashed", "failed") else "document_too_complex"
            raise DocumentError(f"the document cannot be read: {_TOO_MUCH[error.kind]}", code=code) from None


def _too_many(context: Context) -> str:
    return f"a picture; no more than {context.limits.pictures:,} of a document are read"
