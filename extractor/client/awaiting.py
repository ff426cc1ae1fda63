"""`AsyncClient`: the flows of extractions.py and batches.py, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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


class AsyncClient:
    """The calls of `Client`, which says what each does, awaited. Cancelling a task abandons its wait, not the
    extraction."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = replace(patience or Patience())  # what it remembers is of this service
        self._http = httpx.AsyncClient(transport=transport, **settings(url, api_key, timeout_s))

    async def submit(self, document: Document, schema: Schema, **how: Unpack[SubmitOptions]) -> Job:
        return await self._run(extractions.submit(document, schema, how, self._patience))

    async def get(self, job_id: str, wait_s: float = 0.0) -> Job:
        return await self._run(extractions.get(job_id, wait_s, self._patience))

    async def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        return await self._run(extractions.wait(job_id, timeout_s, self._patience))

    async def cancel(self, job_id: str) -> Job:
        return await self._run(extractions.cancel(job_id, self._patience))

    async def delete(self, job_id: str) -> None:
        return await self._run(extractions.delete(job_id, self._patience))

    async def review(self, job_id: str, corrections: Mapping[str, Any] = NOTHING, confirmed: Sequence[str] = ()) -> Job:
        return await self._run(extractions.review(job_id, corrections, confirmed, self._patience))

    async def workers(self) -> tuple[Worker, ...]:
        """Who does the work: every worker that has sent a heartbeat lately."""
        return (await self._run(extractions.workers(self._patience))).data

    async def page(self, cursor: str | None = None, limit: int = PAGE, **which: Unpack[ListFilter]) -> JobPage:
        return await self._run(extractions.page(which, cursor, limit, self._patience))

    async def list(self, **which: Unpack[ListFilter]) -> AsyncIterator[Job]:
        cursor: str | None = None
        while True:
            page = await self.page(cursor, **which)
            for job in page.data:
                yield job
            cursor = page.next_cursor
            if cursor is None:
                return

    @overload
    async def extract(
        self, document: Document, schema: type[M], timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> M: ...
    @overload
    async def extract(
        self, document: Document, schema: Schema, timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> Any: ...
    async def extract(
        self, document: Document, schema: Schema, timeout_s: float | None = None, **how: Unpack[SubmitOptions]
    ) -> Any:
        return await self._run(extractions.extract(document, schema, how, timeout_s, self._patience))

    @overload
    async def extract_with_job(
        self, document: Document, schema: type[M], timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> tuple[M, Job]: ...
    @overload
    async def extract_with_job(
        self, document: Document, schema: Schema, timeout_s: float | None = ..., **how: Unpack[SubmitOptions]
    ) -> tuple[Any, Job]: ...
    async def extract_with_job(
        self, document: Document, schema: Schema, timeout_s: float | None = None, **how: Unpack[SubmitOptions]
    ) -> tuple[Any, Job]:
        return await self._run(extractions.extract_with_job(document, schema, how, timeout_s, self._patience))

    @overload
    def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: type[M], **how: Unpack[BatchOptions]
    ) -> AsyncIterator[Row[M]]: ...
    @overload
    def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: Schema, **how: Unpack[BatchOptions]
    ) -> AsyncIterator[Row[Any]]: ...
    async def batch(
        self, documents: Iterable[Document | tuple[str, Document]], schema: Schema, **how: Unpack[BatchOptions]
    ) -> AsyncIterator[Row[Any]]:
        extractions.check_names(how, BatchOptions)
        validator = validator_of(schema)
        lines = batches.lines_of(documents, how.get("options") or {})
        sent = await self.submit_batch(lines, validator or schema, how.get("idempotency_key"), how.get("timeout_s"))
        await self.wait_batch(sent.id, how.get("timeout_s"))
        async for row in self.batch_rows(sent.id):
            yield batches.validated(row, validator)

    async def submit_batch(
        self,
        lines: Lines,
        schema: Schema | None = None,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
    ) -> Batch:
        return await self._run(batches.submit(lines, schema, idempotency_key, timeout_s, self._patience))

    async def get_batch(self, batch_id: str) -> Batch:
        return await self._run(batches.get(batch_id, self._patience))

    async def wait_batch(self, batch_id: str, timeout_s: float | None = None) -> Batch:
        return await self._run(batches.wait(batch_id, timeout_s, self._patience))

    async def batch_rows(self, batch_id: str) -> AsyncIterator[Row[Any]]:
        after: int | None = 0
        while after is not None:
            page, after = await self._run(batches.rows(batch_id, after, self._patience))
            for row in page:
                yield row

    async def cancel_batch(self, batch_id: str) -> Batch:
        return await self._run(batches.cancel(batch_id, self._patience))

    async def delete_batch(self, batch_id: str) -> None:
        return await self._run(batches.delete(batch_id, self._patience))

    async def fetch(self, path: str, body: Any = None) -> dict[str, Any]:
        return await self._run(extractions.fetch(path, self._patience, body))

    async def _run(self, flow: Flow[T]) -> T:
        outcome: Outcome | None = None
        try:
            while True:
                step = flow.send(outcome)
                if isinstance(step, Send):
                    outcome = await self._exchange(step)
                else:
                    await asyncio.sleep(step.seconds)
                    outcome = None
        except StopIteration as end:
            value: T = end.value
            return value

    async def _exchange(self, send: Send) -> Outcome:
        try:
            return await self._http.send(request(self._http, send))
        except httpx.RequestError as error:
            return error

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()
