"""`/v1/webhook`: who is told of what has ended, with which signature, and what could not be told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import serializers
from api.keys.authentication import Tenant
from api.models.requests import WebhookIn
from api.models.webhooks import (
    EXAMPLE,
    REQUEST,
    SECRET,
    UNDELIVERED,
    UndeliveredList,
    WebhookOut,
    WebhookSecret,
)
from api.openapi import JOB_ID, answer, json_body, parameter, problem_responses
from api.problems import Problem
from api.services import Service, Services
from api.submission import request_body
from api.submission.validation import validated
from api.webhooks import hooks

router = APIRouter(prefix="/v1/webhook", tags=["webhooks"])
_MOST_LISTED = 1000
_Id = Annotated[str, Path(json_schema_extra=parameter(JOB_ID, UNDELIVERED["data"][0]["id"]))]


@router.get(
    "",
    response_class=Response,
    responses={200: answer("As it is now", WebhookOut, EXAMPLE), **problem_responses(401, 503)},
)
async def get_webhook(service: Service, tenant: Tenant) -> Response:
    """The tenant's webhook, and how many messages wait or were given up."""
    return serializers.json_response(await _shown(service, tenant))


@router.put(
    "",
    response_class=Response,
    responses={
        200: answer("As it is now", WebhookOut, EXAMPLE),
        **problem_responses(400, 401, 408, 409, 413, 415, 429, 503),
    },
    openapi_extra=json_body("WebhookIn", {"with results": REQUEST}),
)
async def set_webhook(request: Request, service: Service, tenant: Tenant) -> Response:
    """Set the address that is called when an extraction or a batch has ended whose request names no other; documents
    of batches are left out."""
    with service.body_memory.reservation(tenant) as reservation:
        fields = await request_body.read_json(request, service.settings, service.threads, reservation)
        wanted = validated(WebhookIn, fields)
    await hooks.require_usable(service, tenant, wanted.url, "/url")
    await service.store.run(service.store.ledger.hooks.set(tenant, wanted.url, result=wanted.result))
    return serializers.json_response(await _shown(service, tenant))


@router.delete("", status_code=204, response_class=Response, responses=problem_responses(401, 503))
async def delete_webhook(service: Service, tenant: Tenant) -> Response:
    """Remove that address; addresses that requests name are still called, and the secret stays."""
    await service.store.run(service.store.ledger.hooks.set(tenant, None))
    return Response(status_code=204)


@router.post(
    "/secret",
    status_code=201,
    response_class=Response,
    responses={201: answer("The new secret, shown once", WebhookSecret, SECRET), **problem_responses(401, 503)},
)
async def make_secret(service: Service, tenant: Tenant) -> Response:
    """Make a new secret for signatures. For a day messages are signed with the old one too, so that receivers can
    change over."""
    ledger = service.store.ledger
    secret, call = ledger.hooks.new_secret(tenant, service.settings.webhook_old_secret_s)
    await service.store.run(call)
    until = (await service.store.run(ledger.hooks.show(tenant))).old_secret_until
    return serializers.json_response({"secret": secret, "old_secret_until": serializers.time_text(until)}, 201)


@router.get(
    "/undelivered",
    response_class=Response,
    responses={200: answer("The latest first", UndeliveredList, UNDELIVERED), **problem_responses(401, 503)},
)
async def list_undelivered(
    service: Service, tenant: Tenant, limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 100
) -> Response:
    """Messages that were sent for a day without success and given up, until they expire."""
    found = await service.store.run(service.store.ledger.hooks.undelivered(tenant, limit))
    data = [
        {"id": one.id, "since": serializers.time_text(one.since), "tries": one.tries, "fault": one.fault}
        for one in found
    ]
    return serializers.json_response({"data": data})


@router.post(
    "/undelivered/{id}/retry", status_code=204, response_class=Response, responses=problem_responses(401, 404, 503)
)
async def retry_undelivered(id: _Id, service: Service, tenant: Tenant) -> Response:
    """Send such a message again, now."""
    if not await service.store.run(service.store.ledger.hooks.again(tenant, id)):
        raise Problem("webhook_not_found", "No message of this id was given up; it may have expired")
    return Response(status_code=204)


async def _shown(service: Services, tenant: str) -> dict[str, Any]:
    """models.webhooks.WebhookOut."""
    found = await service.store.run(service.store.ledger.hooks.show(tenant))
    return {
        "url": found.url,
        "result": found.result,
        "has_secret": found.has_secret,
        "old_secret_until": serializers.time_text(found.old_secret_until),
        "waiting": found.waiting,
        "undelivered": found.undelivered,
    }
