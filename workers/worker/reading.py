"""The reading of one document, a step at a time: first its file, then each page that is a picture, and each picture on
a page. The steps together may take the document's time limit; between them it may wait. Knows the readers and a claim;
knows no ledger."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from extractor.documents import Document, read
from extractor.documents.context import Context, OcrMode
from extractor.documents.formats import FORMATS
from extractor.documents.media_type import parse_media_type
from extractor.documents.read import not_empty
from extractor.documents.splice import Found, PictureKey, with_recognised
from extractor.documents.stored import StoredDocument, loads
from extractor.errors import DeadlineExceeded, EngineError, code_of
from workers.observability import tracing
from workers.worker.heartbeat import ActiveJob

if TYPE_CHECKING:
    from extractor.documents.readers import Readers

_READ = ("read", "text", "plain")  # there is nothing to wait for, or next to nothing


def stored_of(active: ActiveJob, ocr: OcrMode) -> StoredDocument | None:
    """The document of a claim whose document was read before or is plain text; None where it has to be read. Raises
    DocumentError."""
    claim, job = active.claim, active.claim.job
    if claim.form not in _READ:
        return None
    if claim.form == "read":
        return loads(claim.document)
    began = time.monotonic()
    source = claim.document.decode() if claim.form == "text" else claim.document
    most = max(1, len(claim.document))  # its size was checked when it was accepted
    document = read(source, media_type=job.media_type, filename=job.filename, max_bytes=most, ocr=ocr)
    return StoredDocument(document, time.monotonic() - began)


@dataclass(eq=False)
class DocumentReading:
    """`begin`, then `next_page` while there are `pages_left`, then `end`. Each raises DocumentError, Cancelled once the
    claim is withdrawn, EngineError (retryable), and DeadlineExceeded when the steps have taken more than `limit_s`."""

    readers: Readers
    active: ActiveJob
    context: Context
    limit_s: float
    pages_left: list[PictureKey] = field(default_factory=list)
    spent_s: float = 0.0
    _document: Document | None = None
    _found: dict[PictureKey, Found] = field(default_factory=dict)
    _begun_ns: int = field(default_factory=time.time_ns)

    @classmethod
    def of(cls, active: ActiveJob, readers: Readers, ocr: OcrMode, limit_s: float) -> DocumentReading:
        claim, job = active.claim, active.claim.job
        media_type, charset = parse_media_type(job.media_type)  # as the gate decided when the job was accepted
        context = Context(media_type, charset, claim.password, job.filename, ocr=ocr)
        return cls(readers, active, context, float(job.options.get("timeout_s") or limit_s))

    @property
    def size(self) -> int:
        """Bytes that are held while it waits."""
        return len(self.active.claim.document)

    @property
    def format(self) -> str:
        """The media type as a label of metrics: one of those that are read, or `unknown`."""
        found = self._document.media_type if self._document is not None else self.active.claim.job.media_type or ""
        return found.partition(";")[0] if found.partition(";")[0] in FORMATS else "unknown"

    def begin(self) -> None:
        self.readers.prepare()
        began = time.monotonic()
        try:
            data, cancel = self.active.claim.document, self.active.abort
            self._document = self.readers.begin(data, self.context, cancel, self._time_left())
            self.pages_left, self._found = self.readers.pictures(self._document, self.context)
        finally:
            self.spent_s += time.monotonic() - began
            self._in_time()

    def next_page(self) -> None:
        self.readers.prepare(pictures=True)
        began, page = time.monotonic(), self.pages_left[0]
        try:
            data, cancel = self.active.claim.document, self.active.abort
            self._found[page] = self.readers.recognise(data, self.context, page, cancel, self._time_left())
            del self.pages_left[0]
        finally:
            self.spent_s += time.monotonic() - began
            self._in_time()

    def end(self) -> StoredDocument:
        """What was read. Raises DocumentError when it is nothing."""
        assert self._document is not None
        document = with_recognised(self._document, self._found) if self._found else self._document
        return StoredDocument(not_empty(document), self.spent_s)

    def record(self, error: Exception | None) -> str:
        """Makes a span of it in the job's trace, and returns the outcome: `read` or the error's code."""
        job, document = self.active.claim.job, self._document
        outcome = "read" if error is None else code_of(error)
        parent, link = (None, job.trace) if job.batch else (job.trace, None)
        with tracing.span("read", begun_ns=self._begun_ns, parent=parent, link=link) as span:
            span.set(
                job=job.id, tenant=job.tenant, attempt=self.active.claim.attempt, format=self.format, bytes=job.size
            )
            span.set(document_s=round(self.spent_s, 4), pages=len(document.pages) if document else None)
            span.set(pictures=len(self._found) or None)
            if error is not None:
                span.failed(outcome)
        return outcome

    def _time_left(self) -> float:
        return max(self.limit_s - self.spent_s, 0.001)

    def _in_time(self) -> None:
        """Raises DeadlineExceeded when the time is over, whatever else the step ended with."""
        if self.spent_s >= self.limit_s and not self.active.abort.is_set():
            raise DeadlineExceeded(f"the document was not read within {self.limit_s:g} s") from None


def is_busy(error: Exception) -> bool:
    """No reader was free. That says nothing about the engine or the document."""
    return isinstance(error, EngineError) and error.code == "readers_unavailable"


def result_of(extraction: Any, stored: StoredDocument) -> dict[str, Any]:
    """As it is kept; with the time that reading the document took, whichever attempt read it."""
    result: dict[str, Any] = extraction.as_json()
    result["usage"] = {**result["usage"], "document_s": round(stored.document_s, 4)}
    return result
