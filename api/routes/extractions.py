"""`/v1/extractions`: submit one document, follow it, stop it, erase it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from api import openapi, serializers
from api.keys.authentication import Tenant
from api.models.examples import extractions as examples
from api.models.extractions import Extraction, ExtractionPage, Status
from api.openapi import (
    BATCH_ID,
    IDEMPOTENCY_KEY,
    JOB_ID,
    answer,
    document_body,
    document_call,
    form_body,
    json_body,
    parameter,
    problem_responses,
    stop_responses,
)
from api.problems import Problem
from api.services import Service, Services
from api.submission import request_body, request_headers
from api.submission.memory_budget import BodyReservation
from api.submission.prepare import prepare
from api.webhooks import hooks
from schemas import UnknownSchema
from workers.ledger.ledger import Created, Job, NewJob
from workers.observability import tracing

router = APIRouter(prefix="/v1", tags=["extractions"])
logging.getLogger("sse_starlette.sse").setLevel(logging.INFO)  # at DEBUG it logs every event, results and all
_SSE_PING_S = 15
_SSE_SEND_TIMEOUT_S = 30.0
_BODIES = {
    "a schema by name": examples.CREATE_JSON,
    "bytes as base64": examples.CREATE_BASE64,
    "a file with a password": examples.CREATE_LOCKED,
    "a schema of one's own": examples.CREATE_INLINE,
}
_Wait = Annotated[
    float | None, Query(ge=0, allow_inf_nan=False, description="Wait so many seconds for the end (long-poll)")
]
_Key = Annotated[
    str | None,
    Header(
        description="The same key with the same request gives the same extraction",
        json_schema_extra=parameter(IDEMPOTENCY_KEY, "card-17"),
    ),
]
JobId = Annotated[str, Path(json_schema_extra=parameter(JOB_ID, examples.QUEUED["id"]))]
_Prefer = Annotated[str | None, Header(alias="Prefer", description="`wait=20`: answer with the result")]


@router.post(
    "/extractions",
    status_code=202,
    response_class=Response,
    responses={
        202: answer("Accepted; poll Location", Extraction, examples.QUEUED),
        200: answer("Finished, within `Prefer: wait` or before a replay", Extraction, examples.SUCCEEDED),
        **problem_responses(400, 401, 408, 413, 415, 429, 503),
    },
    openapi_extra=document_call(json_body("CreateExtraction", _BODIES, **form_body(), **document_body())),
)
async def create_extraction(
    request: Request,
    service: Service,
    tenant: Tenant,
    idempotency_key: _Key = None,
    prefer_: _Prefer = None,  # noqa: ARG001 -- of several all count
) -> Response:
    """Submit one document: as JSON, as a form, or as the body itself with its fields in the query. What it is, is told
    by its bytes. It is stored before this answers: a 202 is never lost."""
    key = request_headers.idempotency_key(idempotency_key)
    wait_s = request_headers.wait_of(request.headers.getlist("Prefer"))
    with service.body_memory.reservation(tenant) as reservation:
        created, job = await _accept(request, service, tenant, key, reservation)
    headers = {"Location": f"/v1/extractions/{created.job_id}"}
    if created.existing:
        headers["Idempotent-Replayed"] = "true"
    if wait_s is not None:
        wait_s = min(wait_s, int(service.settings.max_wait_s))
        headers["Preference-Applied"] = f"wait={wait_s}"
    if wait_s is not None or created.existing:
        with contextlib.suppress(Problem):  # it is accepted, whatever the store says now
            job = await service.store.wait(tenant, created.job_id, wait_s or 0) or job
    if job.done:
        return serializers.extraction_response(job, 200, headers)
    return serializers.extraction_response(job, 202, {**headers, "Retry-After": str(service.settings.retry_after_s)})


@router.get(
    "/extractions/{id}",
    response_class=Response,
    responses={200: answer("As it is now", Extraction, examples.SUCCEEDED), **problem_responses(401, 404, 503)},
)
async def get_extraction(id: JobId, service: Service, tenant: Tenant, wait: _Wait = None) -> Response:
    """Status and, when it has succeeded, the result; readable until `expires_at`. With `wait`, answers as soon as
    the extraction is finished, and after so many seconds in any case."""
    wait_s = min(wait or 0.0, service.settings.max_wait_s)
    job = await service.store.wait(tenant, id, wait_s)
    if job is None:
        raise unknown()
    headers = {} if job.done else {"Retry-After": str(service.settings.retry_after_s)}
    return serializers.extraction_response(job, 200, headers)


@router.get(
    "/extractions/{id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "An event for the status it has and for each it gets; the stream ends with the last",
            "content": {"text/event-stream": {"schema": openapi.EVENTS, "example": examples.EVENTS}},
        },
        **problem_responses(401, 404, 503),
    },
)
async def follow_extraction(id: JobId, service: Service, tenant: Tenant) -> Response:
    """Server-sent events: `event` is the status, `data` the extraction."""
    if await service.store.get(tenant, id) is None:
        raise unknown()
    return EventSourceResponse(_events(service, tenant, id), ping=_SSE_PING_S, send_timeout=_SSE_SEND_TIMEOUT_S)


@router.get(
    "/extractions",
    response_class=Response,
    responses={200: answer("A page, newest first", ExtractionPage, examples.PAGE), **problem_responses(401, 503)},
)
async def list_extractions(
    service: Service,
    tenant: Tenant,
    status: Annotated[Status | None, Query()] = None,
    schema: Annotated[str | None, Query(max_length=200, description="`name` or `name@version`")] = None,
    batch: Annotated[str | None, Query(pattern=BATCH_ID)] = None,
    review: Annotated[
        Literal["open", "done"] | None, Query(description="`open`: marked, and nobody has looked; `done`: somebody has")
    ] = None,
    cursor: Annotated[
        str | None,
        Query(
            max_length=500,
            description="`next_cursor` of the page before",
            json_schema_extra=openapi.cursor_parameter(JOB_ID, examples.QUEUED["id"]),
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The tenant's extractions, newest first, without their results."""
    if schema is not None:
        with contextlib.suppress(UnknownSchema):  # an inline schema's, or one that is gone: as it is written
            schema = (await service.threads.submission(partial(service.schemas.get, schema))).ref
    page = await service.store.page(
        tenant, status=status, schema=schema, batch=batch, review=review, cursor=cursor, limit=limit
    )
    return serializers.page_response(page)


@router.post(
    "/extractions/{id}/cancel",
    response_class=Response,
    responses=stop_responses(
        Extraction,
        ("It is cancelled", examples.CANCELLED),
        ("It is running; the worker has been told to stop", examples.QUEUED),
    ),
)
async def cancel_extraction(id: JobId, service: Service, tenant: Tenant) -> Response:
    """Stop it, also while it runs. Cancelling twice is fine; what has succeeded or failed stays so (409)."""
    status = await service.store.cancel(tenant, id)
    job = await service.store.get(tenant, id)
    if status is None or job is None:
        raise unknown()
    if job.status in ("succeeded", "failed"):
        raise Problem("already_finished", f"It has already {job.status}", extra={"status_of_extraction": job.status})
    return serializers.extraction_response(job, 200 if job.status == "cancelled" else 202)


@router.delete(
    "/extractions/{id}", status_code=204, response_class=Response, responses=problem_responses(401, 404, 503)
)
async def delete_extraction(id: JobId, service: Service, tenant: Tenant) -> Response:
    """Erase the document and the result, stopping it first when it runs. Not undone by anything."""
    if not await service.store.delete(tenant, id):
        raise unknown()
    return Response(status_code=204)


async def _accept(
    request: Request, service: Services, tenant: str, key: str | None, reservation: BodyReservation
) -> tuple[Created, Job]:
    """From the body to the ledger. Who then waits for the result keeps nothing of it in memory."""
    caller = request.headers.get("traceparent")
    with tracing.span("POST /v1/extractions", kind="server", parent=caller, tenant=tenant) as span:
        origin = {"request_id": request.state.request_id, "trace": span.traceparent}
        new, request_hash = await _prepared(request, service, reservation, origin)
        reservation.end_work()
        if new.webhook is not None:
            await hooks.require_usable(service, tenant, new.webhook["url"], "/webhook/url")
        if new.json_schema is not None:
            await service.schema_checker.require(tenant, new.json_schema)
        created = await service.store.create(tenant, new, key, request_hash)
        request.state.ids["job"] = created.job_id
        span.set(job=created.job_id, schema=new.schema_ref, bytes=len(new.document), request_id=new.request_id)
    return created, serializers.accepted_job(tenant, created, new)


async def _prepared(
    request: Request, service: Services, reservation: BodyReservation, origin: dict[str, str | None]
) -> tuple[NewJob, str]:
    fields, upload = await request_body.read_submission(request, service.settings, service.threads, reservation)
    work = partial(prepare, fields, upload, service.schemas, service.settings, **origin)
    return await service.threads.submission(work)


async def _events(service: Services, tenant: str, id: str) -> AsyncIterator[bytes]:
    """One event a change. When the store fails an event `error` and the end: a client connects again. When the
    extraction is erased the stream just ends."""
    try:
        async with contextlib.aclosing(service.store.changes(tenant, id, service.settings.max_events_s)) as jobs:
            async for job in jobs:
                yield serializers.server_sent_event(job)
    except Problem as problem:
        yield b"event: error\r\ndata: %s\r\n\r\n" % problem.text("").encode()


def unknown() -> Problem:
    return Problem("extraction_not_found", "No extraction has this id", errors=[("/path/id", "unknown")])
