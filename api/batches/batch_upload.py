"""Lines of an upload → jobs of a batch. Each line is decided on by itself: a job, or an entry of the batch's errors.
Works in slices, so that many jobs cost one round trip and memory holds one slice. Lines are unpacked and decided on in
a thread, for that takes time; the ledger is asked from the event loop, where a silent store blocks nobody. Knows no
HTTP request."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import orjson

from api.batches.jsonl import LineSplitter, RawLine, UploadLimits
from api.config import ApiSettings
from api.ledger_errors import ledger_errors_as_problems
from api.models.batches import MAX_CUSTOM_ID
from api.problems import Problem, limited
from api.submission.json_body import parse_request
from api.submission.prepare import LinePreparer, UncheckedSchema
from schemas import Registry
from workers.ledger.batches import DecidedLine, Opened
from workers.ledger.ledger import AsyncLedger, NewJob

log = logging.getLogger("extractor.api")
SLICE_LINES = 50  # a slice is worked on in one piece; polls wait for it
SLICE_BYTES = 1024 * 1024
_MAX_ERRORS = 10  # of one line
_FEWER_ERRORS_FROM = 1000  # lines that are wrong in one upload: of those after them one error each is kept


class BatchUpload:
    """`feed` what arrives, then `end` it. Raises Problem for what ends an upload, and the ledger's errors."""

    def __init__(
        self,
        tenant: str,
        key: str | None,
        default: dict[str, Any],
        *,
        gzip: bool,
        ledger: AsyncLedger,
        publish: Callable[[Sequence[str]], Awaitable[None]],
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
        schemas: Registry,
        settings: ApiSettings,
        check_schema: Callable[[dict[str, Any]], Awaitable[None]],
        origin: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`default` holds `schema` or `json_schema` for the lines that have neither. `publish` never raises.
        `check_schema` raises Problem for an inline schema that cannot be used, or (retryable) cannot be checked now.
        `origin`: by which request (`request_id`, `trace`)."""
        self._tenant = tenant
        self._key = key
        self._origin = origin
        self._default = default
        self._ledger = ledger
        self._publish = publish
        self._in_thread = in_thread
        self._settings = settings
        self._preparer = LinePreparer(schemas, settings)
        self._check_schema = check_schema
        self._unchecked: dict[str, Any] | None = None  # the schema of the line that waits
        self._lines = LineSplitter(
            UploadLimits(
                settings.max_body_bytes, settings.max_batch_bytes, settings.max_batch_ratio, settings.max_batch_lines
            ),
            gzip=gzip,
        )
        self._waiting: RawLine | None = None  # a line that needs the batch to be opened, or its schema to be checked
        self._slice: list[DecidedLine] = []
        self._slice_bytes = self._wrong = 0
        self._same = True  # as far as the lines go that an earlier upload brought
        self._batch: Opened | None = None

    @property
    def batch_id(self) -> str | None:
        """None before the first line."""
        return None if self._batch is None else self._batch.batch_id

    @property
    def replayed(self) -> bool:
        """The batch had been uploaded whole before."""
        return self._batch is not None and self._batch.received

    @property
    def packed(self) -> bool:
        return self._lines.packed

    @property
    def unfinished(self) -> int:
        """Bytes of the line that has begun."""
        return self._lines.unfinished

    async def feed(self, chunk: bytes) -> None:
        await self._take(self._lines.feed(chunk))

    async def end(self) -> str:
        """The batch's id."""
        await self._take(self._lines.end())
        await self._flush()
        if self._batch is None:
            raise Problem("empty_batch", "The upload has no line", errors=[("", "no line")])
        if not self._same:
            raise _another_upload()
        if not self._batch.received:
            await self._ledger.run_bulk(self._ledger.batches.seal(self._tenant, self._batch))
        return self._batch.batch_id

    async def _take(self, lines: Iterator[RawLine]) -> None:
        while await self._in_thread(partial(self._fill, lines)):
            if self._unchecked is not None:
                await self._check(self._unchecked)
            else:
                await (self._open() if self._batch is None else self._flush())

    def _fill(self, lines: Iterator[RawLine]) -> bool:
        """Decide on lines, until there are no more (False), the slice is full, or a batch or the check of a schema is
        needed to go on."""
        while (raw := self._waiting or next(lines, None)) is not None:
            self._waiting = None if self._batch is not None else raw
            if self._batch is None:
                return True
            try:
                self._add(raw, self._batch)
            except UncheckedSchema as unchecked:
                self._waiting, self._unchecked = raw, unchecked.json_schema
                return True
            if len(self._slice) >= SLICE_LINES or self._slice_bytes >= SLICE_BYTES:
                return True
        return False

    def _add(self, raw: RawLine, batch: Opened) -> None:
        if raw.number <= batch.lines:  # decided on in an earlier upload
            self._same = (raw.number, raw.digest) == (batch.lines, batch.digest)
            return
        if batch.received or not self._same:
            raise _another_upload()
        self._slice.append(DecidedLine(raw.number, raw.digest, self._decide(raw)))
        self._slice_bytes += len(raw.content or b"")

    async def _check(self, json_schema: dict[str, Any]) -> None:
        self._unchecked = None
        refusal = None
        try:
            await self._check_schema(json_schema)
        except Problem as problem:
            if problem.kind.retryable:  # it is not the schema that is wrong
                raise
            refusal = problem
        self._preparer.schema_checked(json_schema, refusal)

    async def _open(self) -> None:
        schema = self._default.get("schema")
        fields = orjson.dumps(self._default).decode()
        call = self._ledger.batches.open(self._tenant, self._key, fields, schema, **self._origin)
        self._batch = await self._ledger.run_bulk(call)
        self._same = self._batch.lines == 0

    async def _flush(self) -> None:
        if not self._slice:
            return
        assert self._batch is not None
        slice_, self._slice, self._slice_bytes = self._slice, [], 0
        call = await self._in_thread(partial(self._ledger.batches.add, self._tenant, self._batch, slice_))
        added = await self._ledger.run_bulk(call)
        if added.job_ids:
            await self._publish(added.job_ids)
        if added.refused is not None:
            raise added.refused

    def _decide(self, raw: RawLine) -> NewJob | bytes:
        fields: dict[str, Any] = {}
        try:
            if raw.content is None:
                detail = f"A line may have {self._settings.max_body_bytes} bytes"
                limit = limited("max_body_bytes", self._settings.max_body_bytes)
                raise Problem("line_too_large", detail, errors=[("", detail)], extra=limit)
            fields, detached = parse_request(raw.content)
            if not fields.keys() & {"schema", "json_schema"}:
                fields = {**fields, **self._default}
            job = self._preparer.prepare(fields, detached)
            with ledger_errors_as_problems():
                self._ledger.batches.check(job)
            return job
        except Problem as problem:
            self._wrong += 1
            most = 1 if self._wrong > _FEWER_ERRORS_FROM else _MAX_ERRORS
            return refused(raw.number, fields.get("custom_id"), problem, most)


def refused(line: int, custom_id: object, problem: Problem, most: int = _MAX_ERRORS) -> bytes:
    """An entry of the errors: models.batches.BatchError."""
    fits = isinstance(custom_id, str) and len(custom_id) <= MAX_CUSTOM_ID
    errors = [{"pointer": at[:200], "detail": detail[:200]} for at, detail in problem.errors[:most]]
    error = {
        "code": problem.code,
        "detail": problem.detail[:500],
        "retryable": False,
        "errors": errors,
        **problem.extra,
    }
    return orjson.dumps({"line": line, "custom_id": custom_id if fits else None, "error": error})


def _another_upload() -> Problem:
    detail = "This Idempotency-Key came before with another upload"
    return Problem("idempotency_key_reused", detail, errors=[("/header/Idempotency-Key", detail)])
