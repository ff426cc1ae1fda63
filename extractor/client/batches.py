"""The client's calls on batches, as flows (see flow.py): an upload that is repeated until it is whole, waiting, and the
rows of results and refused lines in one order."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from extractor.client.document import Document, SubmitOptions, document_body
from extractor.client.errors import BatchTimeout, ExtractionFailed, Overloaded, UnexpectedAnswer
from extractor.client.flow import JSON, Flow, Patience, Pause, Send, parse, send
from extractor.client.model import Batch, Job, RefusedLine, Row
from extractor.client.validation import Schema, Validator, data_of, schema_body
from extractor.errors import InputError
from schemas.jsontext import read, written

PAGE_ROWS = 500
POLL_S = 1.0
_UPLOAD_ANSWER_S = 60.0  # the last lines are still being written when the upload has been sent
_ERASE = frozenset({"quota_kept_bytes", "quota_share"})  # full until something is erased, or expires
_BOUNDARY = "extractor-batch-lines"
M = TypeVar("M", bound=BaseModel)
Lines = Callable[[], Iterable[bytes]]


class BatchOptions(TypedDict, total=False):
    """The optional part of a batch."""

    options: Mapping[str, Any]
    idempotency_key: str
    timeout_s: float


def lines_of(documents: Iterable[Document | tuple[str, Document]], options: Mapping[str, Any]) -> Lines:
    """The lines of an upload: each document (or `(custom_id, document)`) under its own number or name. They are made
    anew each time, so an upload can be repeated."""
    kept = list(documents)

    def lines() -> Iterator[bytes]:
        for number, one in enumerate(kept, start=1):
            custom_id, document = one if isinstance(one, tuple) else (str(number), one)
            yield line(custom_id, document, options)

    return lines


def line(custom_id: str, document: Document, options: Mapping[str, Any], how: SubmitOptions | None = None) -> bytes:
    """`how`: what is known of the document. Raises DocumentError, or InputError for a custom_id or options that are no
    JSON."""
    body: JSON = {"custom_id": custom_id, "document": document_body(document, how or SubmitOptions())}
    return _written(body | ({"options": options} if options else {})) + b"\n"


def submit(
    lines: Lines, schema: Schema | None, key: str | None, timeout_s: float | None, patience: Patience
) -> Flow[Batch]:
    """The whole upload. A quota that is full is waited for as long as `timeout_s` allows (None: for ever), but for
    those of what is kept, where somebody has to erase; what else passes is tried again within `patience`. Either way
    the service goes on where it stopped. `schema` is of the lines that name none. With an empty `key` the service
    cancels an upload that breaks, and nothing is tried again: it would be another batch, the first one's documents
    begun already."""
    began = time.monotonic()
    patience = replace(patience, total_s=0.0) if key == "" else patience
    headers = {} if key == "" else {"Idempotency-Key": key or str(uuid.uuid4())}
    fields = {} if schema is None else schema_body(schema)
    params: dict[str, str] = {}
    content, content_type = lines, "application/x-ndjson"
    if "json_schema" in fields:
        content, content_type = _form(lines, fields["json_schema"]), f"multipart/form-data; boundary={_BOUNDARY}"
    elif fields:
        params = {"schema": fields["schema"]}
    headers["Content-Type"] = content_type
    request = Send("POST", "/v1/batches", params=params, headers=headers, content=content, wait_s=_UPLOAD_ANSWER_S)
    while True:
        try:
            return parse(Batch, (yield from send(request, patience)))
        except Overloaded as error:
            pause_s = error.retry_after_s or patience.most_s
            late = timeout_s is not None and time.monotonic() + pause_s > began + timeout_s
            if error.code != "quota_exceeded" or error.limit in _ERASE or late or key == "":
                raise
        yield Pause(pause_s)


def get(batch_id: str, patience: Patience) -> Flow[Batch]:
    return parse(Batch, (yield from send(Send("GET", _path(batch_id)), patience)))


def wait(batch_id: str, timeout_s: float | None, patience: Patience) -> Flow[Batch]:
    """Poll until every document has ended. Raises BatchTimeout."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        batch = yield from get(batch_id, patience)
        if batch.done:
            return batch
        left_s = POLL_S if deadline is None else deadline - time.monotonic()
        if left_s <= 0:
            raise BatchTimeout(batch, timeout_s or 0.0)
        yield Pause(min(POLL_S, left_s))


def cancel(batch_id: str, patience: Patience) -> Flow[Batch]:
    """Raises Conflict when everything had ended before."""
    return parse(Batch, (yield from send(Send("POST", f"{_path(batch_id)}/cancel"), patience)))


def delete(batch_id: str, patience: Patience) -> Flow[None]:
    yield from send(Send("DELETE", _path(batch_id)), patience)


def rows(batch_id: str, after: int, patience: Patience) -> Flow[tuple[list[Row[Any]], int | None]]:
    """A page of what has ended, results and refused lines in the order of the input, after a line; and where the next
    page begins (None: that was all)."""
    results = yield from _page(Job, batch_id, "results", after, patience)
    refused = yield from _page(RefusedLine, batch_id, "errors", after, patience)
    found = [_result(job) for job in results] + [
        Row(one.line, one.custom_id, "refused", None, one.error, None) for one in refused
    ]
    ends = [page[-1].line or 0 for page in (results, refused) if len(page) == PAGE_ROWS]
    safe = min(ends) if ends else None
    kept = [row for row in found if safe is None or row.line <= safe]
    return sorted(kept, key=lambda row: row.line), safe


def validated(row: Row[Any], validator: Validator | None) -> Row[Any]:
    """`row` with an instance as its value where a class validates it; one that is refused has failed."""
    if validator is None or row.job is None or row.status != "succeeded":
        return row
    try:
        return replace(row, value=data_of(row.job, validator))
    except ExtractionFailed as refused:
        return _result(refused.job)


def _page(model: type[M], batch_id: str, what: str, after: int, patience: Patience) -> Flow[list[M]]:
    params = {"after": str(after), "limit": str(PAGE_ROWS)}
    response = yield from send(Send("GET", f"{_path(batch_id)}/{what}", params=params), patience)
    try:
        return [model.model_validate(read(one)) for one in response.content.splitlines()]
    except (ValueError, RecursionError):  # no JSON, or not what it should be
        raise UnexpectedAnswer(f"The service's {what} of batch {batch_id} are not what they should be") from None


def _result(job: Job) -> Row[Any]:
    return Row(job.line or 0, job.custom_id, job.status, job.data, job.error, job)


def _form(lines: Lines, json_schema: JSON) -> Lines:
    """The lines as the file of a form whose first field is their schema."""
    disposition = "Content-Disposition: form-data; name"

    def parts() -> Iterator[bytes]:
        schema = _written(json_schema).decode()
        head = f'--{_BOUNDARY}\r\n{disposition}="json_schema"\r\n\r\n{schema}\r\n'
        yield f'{head}--{_BOUNDARY}\r\n{disposition}="file"; filename="lines.jsonl"\r\n\r\n'.encode()
        yield from lines()
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()

    return parts


def _written(value: JSON) -> bytes:
    try:
        return written(value)
    except TypeError as error:  # it names types and quotes nothing
        raise InputError(f"The request cannot be written: {error}") from None


def _path(batch_id: str) -> str:
    return f"/v1/batches/{quote(batch_id, safe='', errors='replace')}"
