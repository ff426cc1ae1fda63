"""`/v1/schemas`: what can be asked for, and what a schema of one's own would be held to."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import serializers
from api.keys.authentication import Tenant
from api.models.examples import schemas as examples
from api.models.schemas import CheckReport, CheckSchema, SchemaDetail, SchemaList
from api.openapi import answer, json_body, problem_responses
from api.problems import Problem
from api.services import Service
from api.submission import request_body
from api.submission.validation import validated
from schemas import Schema, UnknownSchema

router = APIRouter(prefix="/v1", tags=["schemas"])


@router.get(
    "/schemas",
    response_class=Response,
    responses={200: answer("All of them", SchemaList, examples.SCHEMA_LIST), **problem_responses(401)},
)
async def list_schemas(service: Service) -> Response:
    """Every schema this service knows, and the files it could not load. Files that have come since are looked for."""
    found = await service.threads.submission(service.schemas.list)
    faults = [{"file": file, "detail": detail} for file, detail in service.schemas.problems.items()]
    return serializers.json_response({"data": [_info(schema) for schema in found], "problems": faults})


@router.get(
    "/schemas/{name}",
    response_class=Response,
    responses={200: answer("The schema", SchemaDetail, examples.SCHEMA_DETAIL), **problem_responses(401, 404)},
)
async def get_schema(name: str, service: Service) -> Response:
    """One schema by `name` (its newest version) or `name@version`."""
    try:
        schema = await service.threads.submission(partial(service.schemas.get, name))
    except UnknownSchema as error:
        names = service.schemas.similar(name)
        raise Problem(
            "schema_not_found", error.detail, errors=[("/path/name", error.detail)], extra={"near": names}
        ) from None
    samples = [{"document": one.document, "answer": one.answer} for one in schema.examples]
    return serializers.json_response({**_info(schema), "json_schema": schema.json_schema, "examples": samples})


@router.post(
    "/schemas/check",
    response_class=Response,
    responses={
        200: answer("The report", CheckReport, examples.CHECK_REPORT),
        **problem_responses(400, 401, 408, 413, 415, 429, 503),
    },
    openapi_extra=json_body("CheckSchema", {"a schema": examples.CHECK_REQUEST}),
)
async def check_schema(request: Request, service: Service, tenant: Tenant) -> Response:
    """What the grammar enforces in a JSON Schema, what only validation does, and what is refused; `ok` is false
    when it could not be used for an extraction. Pointers are into the schema given."""
    with service.body_memory.reservation(tenant) as reservation:
        fields = await request_body.read_json(request, service.settings, service.threads, reservation)
        wanted = validated(CheckSchema, fields)
        reservation.end_work()
        report = await service.schema_checker.report(tenant, wanted.json_schema)
    return serializers.json_response(report)


def _info(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "version": schema.version,
        "ref": schema.ref,
        "sha256": schema.sha256,
        "description": schema.description,
    }
