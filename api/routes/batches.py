"""`/v1/batches`: many documents in one upload, and their results as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from api import openapi, serializers
from api.batches import batches
from api.batches.receive import receive
from api.batches.upload_body import open_upload
from api.keys.authentication import Tenant
from api.models.batches import BatchDetail, BatchPage
from api.models.examples import batches as examples
from api.openapi import (
    BATCH_ID,
    IDEMPOTENCY_KEY,
    answer,
    jsonl_answer,
    parameter,
    problem_responses,
    stop_responses,
    upload_body,
)
from api.problems import Problem, ResponseBroken
from api.services import Service, Services
from api.submission import request_headers
from api.submission.memory_budget import BodyReservation
from api.webhooks import hooks
from workers.ledger.batches import Order
from workers.observability import tracing

router = APIRouter(prefix="/v1", tags=["batches"])
JSONL = "application/x-ndjson"
_Key = Annotated[
    str | None,
    Header(
        description="The same key with the same upload gives the same batch: send one",
        json_schema_extra=parameter(IDEMPOTENCY_KEY, "evening-7"),
    ),
]
_Id = Annotated[str, Path(json_schema_extra=parameter(BATCH_ID, examples.BATCH["id"]))]

_After = Annotated[int, Query(ge=0, lt=2**31, description="Only lines after this one; not with `order=finished`")]
_Limit = Annotated[int | None, Query(ge=1, description="At most so many; absent: all")]


@router.post(
    "/batches",
    status_code=202,
    response_class=Response,
    responses={
        202: answer("Received whole; its documents run already", BatchDetail, examples.BATCH),
        200: answer("A replay of a batch that has ended", BatchDetail, examples.BATCH_DONE),
        **problem_responses(400, 401, 408, 409, 413, 415, 429, 503),
    },
    openapi_extra=upload_body(),
)
async def create_batch(
    request: Request,
    service: Service,
    tenant: Tenant,
    schema: Annotated[str | None, Query(max_length=200, description="Of the lines that name none")] = None,
    webhook: Annotated[str | None, Query(max_length=2000, description="A URL that is called at its end")] = None,
    idempotency_key: _Key = None,
) -> Response:
    """A line of JSON for each document, plain or gzip. It is stored as it arrives: what breaks is sent again with the
    same Idempotency-Key, and no document is there twice."""
    key = request_headers.idempotency_key(idempotency_key)
    with service.body_memory.reservation(tenant) as reservation:
        return await _received(request, service, tenant, schema, webhook, key, reservation)


async def _received(
    request: Request,
    service: Services,
    tenant: str,
    schema: str | None,
    webhook: str | None,
    key: str | None,
    reservation: BodyReservation,
) -> Response:
    webhook_json = await hooks.of_batch(service, tenant, webhook)
    body = await open_upload(request, service.settings, reservation)
    default = {**({"schema": schema} if schema is not None else {}), **body.fields}
    await batches.check_default(service, tenant, default)
    caller = request.headers.get("traceparent")
    with tracing.span("POST /v1/batches", kind="server", parent=caller, tenant=tenant) as span:
        origin = {"request_id": request.state.request_id, "trace": span.traceparent or "", "webhook": webhook_json}
        upload = await receive(service, tenant, key, default, body, request.state.ids, **origin)
        span.set(batch=upload.batch_id, request_id=request.state.request_id)
    if upload.batch_id is None:
        raise batches.unknown()
    batch = await batches.get(service, tenant, upload.batch_id)
    headers = {"Location": f"/v1/batches/{batch.id}"}
    if upload.replayed:
        headers["Idempotent-Replayed"] = "true"
        if batch.finished_at:
            return serializers.json_response(serializers.batch(batch), 200, headers)
    headers["Retry-After"] = str(service.settings.retry_after_s)
    return serializers.json_response(serializers.batch(batch), 202, headers)


@router.get(
    "/batches/{id}",
    response_class=Response,
    responses={200: answer("As it is now", BatchDetail, examples.BATCH), **problem_responses(401, 404, 503)},
)
async def get_batch(id: _Id, service: Service, tenant: Tenant) -> Response:
    """Status, counts, speed, and the time left at that speed."""
    batch = await batches.get(service, tenant, id)
    headers = {} if batch.finished_at else {"Retry-After": str(service.settings.retry_after_s)}
    return serializers.json_response(serializers.batch(batch), 200, headers)


@router.get(
    "/batches",
    response_class=Response,
    responses={200: answer("A page, newest first", BatchPage, examples.BATCH_PAGE), **problem_responses(401, 503)},
)
async def list_batches(
    service: Service,
    tenant: Tenant,
    cursor: Annotated[
        str | None,
        Query(
            max_length=500,
            description="`next_cursor` of the page before",
            json_schema_extra=openapi.cursor_parameter(BATCH_ID, examples.BATCH["id"]),
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The tenant's batches, newest first."""
    return serializers.json_response(await batches.page(service, tenant, cursor, limit))


@router.get(
    "/batches/{id}/results",
    response_class=Response,
    responses={
        200: jsonl_answer("Each document that has ended so far", "BatchResult", examples.BATCH_RESULT),
        **problem_responses(401, 404, 503),
    },
)
async def batch_results(
    id: _Id,
    service: Service,
    tenant: Tenant,
    order: Annotated[Order, Query(description="As the lines came, or as the documents ended")] = "input",
    after: _After = 0,
    limit: _Limit = None,
) -> Response:
    """JSONL of what has ended so far, succeeded, failed and cancelled; as often as you like until `expires_at`."""
    if after and order != "input":
        raise Problem("invalid_request", "after goes with order=input", errors=[("/query/after", "not in this order")])
    await batches.get(service, tenant, id)
    return await _stream(batches.results(service, tenant, id, order, after, limit))


@router.get(
    "/batches/{id}/errors",
    response_class=Response,
    responses={
        200: jsonl_answer("Each line that became no document", "BatchError", examples.BATCH_ERROR),
        **problem_responses(401, 404, 503),
    },
)
async def batch_errors(id: _Id, service: Service, tenant: Tenant, after: _After = 0, limit: _Limit = None) -> Response:
    """JSONL of the lines that were refused, with their number and what is wrong; the other lines run."""
    await batches.get(service, tenant, id)
    return await _stream(batches.errors(service, tenant, id, after, limit))


@router.post(
    "/batches/{id}/cancel",
    response_class=Response,
    responses=stop_responses(
        BatchDetail,
        ("It has ended", examples.BATCH_CANCELLED),
        ("Nothing is started any more; what runs has been told to stop", examples.BATCH),
    ),
)
async def cancel_batch(id: _Id, service: Service, tenant: Tenant) -> Response:
    """Stop the rest; what has ended stays readable. Twice is fine; 409 when everything had ended before."""
    await batches.stop(service, tenant, id, "cancel", "requested")
    batch = await batches.get(service, tenant, id)
    return serializers.json_response(serializers.batch(batch), 200 if batch.finished_at else 202)


@router.delete("/batches/{id}", status_code=204, response_class=Response, responses=problem_responses(401, 404, 503))
async def delete_batch(id: _Id, service: Service, tenant: Tenant) -> Response:
    """Erase the batch, its documents and results, stopping it first when it runs. Not undone by anything."""
    await batches.stop(service, tenant, id, "erase", "deleted")
    return Response(status_code=204)


async def _stream(pages: AsyncIterator[bytes]) -> Response:
    """The first page is read before the answer begins, so that a store that is away is still a 503. When it goes away
    later the connection is cut: an answer that ends in order is whole."""
    first = await anext(pages, b"")

    async def whole() -> AsyncIterator[Any]:
        yield first
        try:
            async for part in pages:
                yield part
        except Problem as problem:
            raise ResponseBroken(problem.code) from None

    return StreamingResponse(whole(), media_type=JSONL)
