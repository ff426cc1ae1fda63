"""`/v1/schemas`: what can be asked for, and what a schema of one's own would be held to."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api import body, examples, intake
from api.access import Service
from api.models import CheckReport, CheckSchema, SchemaDetail, SchemaList
from api.openapi import json_body, problems
from api.problems import Problem
from schemas import check
from schemas.errors import UnknownSchema
from schemas.registry import Schema

router = APIRouter(tags=["schemas"])


@router.get("/schemas", response_model=SchemaList, responses=problems(401))
async def list_schemas(service: Service) -> dict[str, Any]:
    """Every schema this service knows, and the files it could not load."""
    return {
        "data": [_info(schema) for schema in service.schemas.list()],
        "problems": [{"file": file, "detail": detail} for file, detail in service.schemas.problems.items()],
    }


@router.get("/schemas/{name}", response_model=SchemaDetail, responses=problems(401, 404))
async def get_schema(name: str, service: Service) -> dict[str, Any]:
    """One schema by `name` (its newest version) or `name@version`."""
    try:
        schema = service.schemas.get(name)
    except UnknownSchema:
        names = intake.near(name, service.schemas)
        detail = "No schema has this name" + (f"; did you mean {' or '.join(names)}?" if names else "")
        raise Problem("schema_not_found", detail, errors=[("/path/name", detail)], extra={"near": names}) from None
    return {
        **_info(schema),
        "json_schema": schema.json_schema,
        "examples": [{"document": one.document, "answer": one.answer} for one in schema.examples],
    }


@router.post(
    "/schemas/check",
    response_model=CheckReport,
    responses=problems(400, 401, 408, 413, 415),
    openapi_extra=json_body("CheckSchema", {"a schema": examples.CHECK_REQUEST}),
)
async def check_schema(request: Request, service: Service) -> dict[str, Any]:
    """What the grammar enforces in a JSON Schema, what only validation does, and what is refused; `ok` is false
    when it could not be used for an extraction. Pointers are into the schema given."""
    asked = intake.validated(CheckSchema, await body.read_json(request, service.settings))
    report = await run_in_threadpool(check.check, asked.json_schema)
    return report.as_json()


def _info(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "version": schema.version,
        "ref": schema.ref,
        "sha256": schema.sha256,
        "description": schema.description,
    }
