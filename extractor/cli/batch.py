"""`extractor batch` in its simple form: many files through the single calls of the service, a bounded number at once,
results as JSONL in the order of the inputs."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from extractor.cli.documents import Source, sources
from extractor.cli.flags import ApiKey, Drafters, MaxTokens, SchemaName, Url, options_of, wire_schema_of
from extractor.cli.output import SOME_FAILED, err, fail, say, told
from extractor.client import AsyncClient, ExtractionFailed, Job, Patience, Unauthorized, Unreachable
from extractor.errors import ExtractorError

PATIENCE_S = 120.0  # of each call: a service that restarts, or a full queue, does not end a batch


@dataclass
class Batch:
    """What is extracted, how, and how far it is."""

    client: AsyncClient
    schema: str | dict[str, Any]
    options: dict[str, Any]
    at_once: int
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    failed: int = 0
    running: set[str] = field(default_factory=set)

    @property
    def documents_per_s(self) -> float:
        return self.done / max(1e-9, time.monotonic() - self.started)

    async def rows(self, documents: list[Source]) -> AsyncIterator[dict[str, Any]]:
        """One row a document, in order; never more than `at_once` in the service's hands or waiting to be written."""
        waiting = iter(documents)
        window: deque[asyncio.Task[dict[str, Any]]] = deque()
        try:
            while True:
                while len(window) < self.at_once and (source := next(waiting, None)) is not None:
                    window.append(asyncio.create_task(self._row(source)))
                if not window:
                    return
                row = await window[0]
                window.popleft()
                yield row
        finally:
            for task in window:
                task.cancel()
            await asyncio.gather(*window, return_exceptions=True)

    async def _row(self, source: Source) -> dict[str, Any]:
        """Raises only what ends the batch: no service, or no right to it."""
        row: dict[str, Any]
        try:
            done = await self._extract(source)
            row = {"file": source.name, "id": done.id, "status": done.status, "data": done.data, "error": None}
        except (Unreachable, Unauthorized):
            raise
        except ExtractorError as error:
            self.failed += 1
            say(f"{source.name}: {told(error)}")
            job = error.job if isinstance(error, ExtractionFailed) else None
            row = {"file": source.name, "id": None, "status": "failed", "data": None, "error": _error(error)}
            if job is not None:
                row |= {"id": job.id, "status": job.status, "error": job.error}
        self.done += 1
        return row

    async def _extract(self, source: Source) -> Job:
        document = source.path if source.path is not None else source.read()
        job = await self.client.submit(document, self.schema, options=self.options, priority="bulk")
        self.running.add(job.id)
        job = await self.client.wait(job.id)
        self.running.discard(job.id)
        if job.status != "succeeded":
            raise ExtractionFailed(job)
        return job

    async def cancel_running(self) -> None:
        """What the service still holds of us, after an interrupt."""
        results = await asyncio.gather(*(self.client.cancel(job_id) for job_id in self.running), return_exceptions=True)
        say(f"{sum(not isinstance(result, BaseException) for result in results)} running extractions cancelled")


def batch(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or globs.")],
    schema: SchemaName,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSONL; else standard output.")] = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=1000, help="Documents in flight.")] = 16,
    drafters: Drafters = "all",
    max_output_tokens: MaxTokens = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Extract many files through the service: a line of JSON each, in order: file, id, status, data, error."""
    documents = list(sources(inputs))
    what, options = wire_schema_of(schema), options_of(drafters, max_output_tokens)
    client = AsyncClient(url, api_key, patience=Patience(total_s=PATIENCE_S))
    with _opened(output) as out, _progress(len(documents)) as (progress, task):

        async def extract_all() -> Batch:
            async with client:
                await _reach(url, api_key)
                work = Batch(client, what, options, at_once)
                try:
                    async for row in work.rows(documents):
                        out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                        progress.update(task, completed=work.done, failed=work.failed, rate=work.documents_per_s)
                except asyncio.CancelledError:
                    await work.cancel_running()
                    raise
                return work

        work = asyncio.run(extract_all())
    say(f"{work.done - work.failed} succeeded, {work.failed} failed, {work.documents_per_s:.2f} documents/s")
    if work.failed:
        raise typer.Exit(SOME_FAILED)


async def _reach(url: str | None, api_key: str | None) -> None:
    """Whether anything is there at all, before the patience of a long batch sets in."""
    async with AsyncClient(url, api_key, patience=Patience(total_s=3.0)) as client:
        await client.fetch("/healthz")


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        file = output.open("wb")
    except OSError as error:
        fail(f"Cannot write {output}: {error.strerror}")
    with file:
        yield file


@contextmanager
def _progress(total: int) -> Iterator[tuple[Progress, Any]]:
    """A bar on a terminal; nothing where nobody looks."""
    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]:.2f} documents/s"),
        TextColumn("{task.fields[failed]} failed"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err, disable=not sys.stderr.isatty()) as progress:
        yield progress, progress.add_task("", total=total, rate=0.0, failed=0)


def _error(error: ExtractorError) -> dict[str, Any]:
    places = [{"pointer": place.pointer, "detail": place.detail} for place in error.errors]
    return {"code": error.code, "detail": error.detail, "errors": places}
