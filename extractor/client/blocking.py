"""`Client`: the flows of extractions.py and batches.py, driven in the calling thread."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, Unpack, overload

import httpx

from extractor.client import batches, extractions
from extractor.client.batches import BatchOptions, Lines
from extractor.client.document import Document, SubmitOptions
from extractor.client.extractions import NOTHING, PAGE, ListFilter
from extractor.client.flow import Flow, M, Outcome, Patience, Send, T
from extractor.client.model import Batch, Job, JobPage, Row, Worker
from extractor.client.transport import request, settings
from extractor.client.validation import Schema, validator_of


class Client:
    """Blocking. One instance may serve many threads. Raises the tree in errors.py, nothing of httpx's; and
    TypeError for arguments that no type checker lets through."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._patience = replace(patience or Patience())  # what it remembers is of this service
        self._http = httpx.Client(transport=transport, **settings(url, api_key, timeout_s))

    def submit(self, document: Document, schema: Schema, **how: Unpack[SubmitOptions]) -> Job:
        """Hand in a document (text, bytes, or the path of a file). Safe to repeat: it carries an Idempotency-Key."""
        return self._run(extractions.submit(document, schema, how, self._patience))

    def get(self, job_id: str, wait_s: float = 0.0) -> Job:
        """As it is now, or as soon as it has ended within `wait_s` seconds. Raises NotFound."""
        return self._run(extractions.get(job_id, wait_s, self._patience))

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """Returns when it has ended, however it ended. Raises WaitTimeout after `timeout_s` seconds (None: never)."""
        return self._run(extractions.wait(job_id, timeout_s, self._patience))

    def cancel(self, job_id: str) -> Job:
        """Stops it, also while it runs. Raises Conflict where it has succeeded or failed, and NotFound."""
        return self._run(extractions.cancel(job_id, self._patience))

    def delete(self, job_id: str) -> None:
        """Erases document and result, and stops it first where it runs. Raises NotFound."""
        return self._run(extractions.delete(job_id, self._patience))

    def review(self, job_id: str, corrections: Mapping[str, Any] = NOTHING, confirmed: Sequence[str] = ()) -> Job:
        """Keeps with it what a person found: right values by pointer into `data`, and pointers of values that are
        right. Replaces the review before. Raises Conflict where there is no answer, Refused for a pointer to no value
        of it, and NotFound."""
        return self._run(extractions.review(job_id, corrections, confirmed, self._patience))

    def workers(self) -> tuple[Worker, ...]:
        """Who does the work: every worker that has sent a heartbeat lately."""
        return self._run(extractions.workers(self._patience)).data

    def page(self, cursor: str | None = None, limit: int = PAGE, **which: Unpack[ListFilter]) -> JobPage:
        """One page of `list`. `cursor`: the `next_cursor` of the page before; None: the newest."""
        return self._run(extractions.page(which, cursor, limit, self._patience))

    def list(self, **which: Unpack[ListFilter]) -> Iterator[Job]:
        """Every job, newest first, page after page."""
        cursor: str | None = None
        while True:
            page = self.page(cursor, **which)
            yield from page.data
            cursor = page.next_cursor
            if cursor is None:
                return

    @overload
    def extract(
        self, document: Document, schema: type[M], timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> M: ...
    @overload
    def extract(
        self, document: Document, schema: Schema, timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> Any: ...
    def extract(
        self, document: Document, schema: Schema, timeout_s: float | None = None, **how: Unpack[SubmitOptions]
    ) -> Any:
        """Submit, wait, and hand back the data: an instance when `schema` is a pydantic class. What a person should
        look at is logged as a warning; `extract_with_job` has it."""
        return self._run(extractions.extract(document, schema, how, timeout_s, self._patience))

    @overload
    def extract_with_job(
        self, document: Document, schema: type[M], timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> tuple[M, Job]: ...
    @overload
    def extract_with_job(
        self, document: Document, schema: Schema, timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> tuple[Any, Job]: ...
    def extract_with_job(
        self, document: Document, schema: Schema, timeout_s: float | None = None, **how: Unpack[SubmitOptions]
    ) -> tuple[Any, Job]:
        """As `extract`, with the whole extraction beside the data: its review, evidence and confidence."""
        return self._run(extractions.extract_with_job(document, schema, how, timeout_s, self._patience))

    @overload
    def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: type[M], **how: Unpack[BatchOptions]
    ) -> Iterator[Row[M]]: ...
    @overload
    def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: Schema, **how: Unpack[BatchOptions]
    ) -> Iterator[Row[Any]]: ...
    def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: Schema, **how: Unpack[BatchOptions]
    ) -> Iterator[Row[Any]]:
        """Many documents (or pairs of a custom_id and a document) in one upload; when all have ended a row for each,
        in their order, with an instance as its value when `schema` is a pydantic class."""
        extractions.check_names(how, BatchOptions)
        validator = validator_of(schema)
        lines = batches.lines_of(documents, how.get("options") or {})
        sent = self.submit_batch(lines, validator or schema, how.get("idempotency_key"), how.get("timeout_s"))
        self.wait_batch(sent.id, how.get("timeout_s"))
        for row in self.batch_rows(sent.id):
            yield batches.validated(row, validator)

    def submit_batch(
        self,
        lines: Lines,
        schema: Schema | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Batch:
        """Hand in the lines that `lines()` makes anew for every try; the service takes each once. `schema` is of those
        that name none."""
        return self._run(batches.submit(lines, schema, idempotency_key, timeout_s, self._patience))

    def get_batch(self, batch_id: str) -> Batch:
        """Its status, counts and speed, now. Raises NotFound."""
        return self._run(batches.get(batch_id, self._patience))

    def wait_batch(self, batch_id: str, timeout_s: float | None = None) -> Batch:
        """Returns when every document has ended. Raises BatchTimeout after `timeout_s` seconds (None: never)."""
        return self._run(batches.wait(batch_id, timeout_s, self._patience))

    def batch_rows(self, batch_id: str) -> Iterator[Row[Any]]:
        """What has ended so far, refused lines among it, in the order of the input; a page at a time in memory."""
        after: int | None = 0
        while after is not None:
            page, after = self._run(batches.rows(batch_id, after, self._patience))
            yield from page

    def cancel_batch(self, batch_id: str) -> Batch:
        """Stops what has not ended. Raises Conflict where everything had ended before, and NotFound."""
        return self._run(batches.cancel(batch_id, self._patience))

    def delete_batch(self, batch_id: str) -> None:
        """Erases it with its documents and results, and stops it first where it runs. Raises NotFound."""
        return self._run(batches.delete(batch_id, self._patience))

    def fetch(self, path: str, body: Any = None) -> dict[str, Any]:
        """Any other JSON of the service: `/v1/schemas`, `/readyz`; a POST when there is a body."""
        return self._run(extractions.fetch(path, self._patience, body))

    def _run(self, flow: Flow[T]) -> T:
        outcome: Outcome | None = None
        try:
            while True:
                step = flow.send(outcome)
                if isinstance(step, Send):
                    outcome = self._exchange(step)
                else:
                    time.sleep(step.seconds)
                    outcome = None
        except StopIteration as end:
            value: T = end.value
            return value

    def _exchange(self, send: Send) -> Outcome:
        try:
            return self._http.send(request(self._http, send))
        except httpx.RequestError as error:
            return error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
