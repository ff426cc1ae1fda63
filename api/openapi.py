"""The OpenAPI document: FastAPI's, with the bodies it cannot know (this API reads its own, to bound them) and with
problem+json as the form of every error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.models import batches, extractions, health, pages, requests, results, reviews, schemas, webhooks, workers
from api.models import problems as problem_models
from api.models.examples.batches import BATCH_LINE
from api.models.examples.problems import PROBLEM
from api.problems import CODES, MEDIA_TYPE, ProblemKind

JSON = dict[str, Any]
_REF = "#/components/schemas/"
_MODULES = (requests, results, extractions, batches, schemas, problem_models, health, pages, reviews, webhooks, workers)
_WHEN = {
    400: "The body cannot be parsed",
    401: "No valid API key",
    404: "Unknown here, or another tenant's",
    408: "The body did not arrive in time",
    409: "Too late",
    413: "Over the limit",
    415: "Media type not accepted",
    422: "Understood, but wrong; `errors` says where",
    429: "A quota of the tenant is used up; `limit` says which; see Retry-After",
    500: "Something broke in the service",
    503: "The job store cannot be reached; see Retry-After",
}
_STOP = (401, 404, 409, 503)
_ADDED: tuple[type[BaseModel], ...] = (  # FastAPI does not see these in the signatures
    requests.CreateExtraction, reviews.ReviewIn, requests.WebhookIn, schemas.CheckSchema, problem_models.ProblemDetails,
    batches.BatchLine, batches.BatchResult, batches.BatchError,
)  # fmt: skip
JOB_ID = "^[0-9a-f]{32}$"
BATCH_ID = "^[0-9a-f]{24}0{8}$"
IDEMPOTENCY_KEY = "^[\\x21-\\x7e]{1,255}$"
# No type: readers of the document differ in whether a schema is of the stream (a string) or of each event (an object).
EVENTS = {"description": "Events: `event` is a status, or `error`; `data` an Extraction, or a ProblemDetails"}
DESCRIPTION = """Documents in, validated JSON out. Every error is a problem (RFC 9457) with a stable `code`."""


def problem_responses(*statuses: int) -> dict[int | str, JSON]:
    """The `responses` of a call that can answer these statuses, and 422 and 500, which any can."""
    return {
        status: {
            "description": _WHEN[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}ProblemDetails"}, "example": _example(status)}},
        }
        for status in sorted({*statuses, 422, 500})
    }


def parameter(pattern: str, example: str) -> JSON:
    """The `json_schema_extra` of a parameter whose pattern a route itself checks, to answer with a code of its own."""
    return {"pattern": pattern, "examples": [example]}


def cursor_parameter(pattern: str, example: str) -> JSON:
    """Likewise of a page's beginning: an id, or nothing for the newest."""
    return parameter(f"^({pattern.strip('^$')})?$", example)


def answer(description: str, model: type[BaseModel], example: JSON) -> JSON:
    """One entry of `responses`: an answer of `model`."""
    return {"description": description, "model": model, "content": {"application/json": {"example": example}}}


def stop_responses(model: type[BaseModel], ended: tuple[str, JSON], running: tuple[str, JSON]) -> dict[int | str, JSON]:
    """The `responses` of a call that stops something: at once, or soon; (description, example) of each."""
    return {
        200: answer(ended[0], model, ended[1]),
        202: answer(running[0], model, running[1]),
        **problem_responses(*_STOP),
    }


def json_body(model: str, samples: dict[str, JSON], **others: JSON) -> JSON:
    """`openapi_extra` of a call that reads `model` from its JSON body, or `others` by media type."""
    named = {name: {"value": value} for name, value in samples.items()}
    content = {"application/json": {"schema": {"$ref": _REF + model}, "examples": named}, **others}
    return {"requestBody": {"required": True, "content": content}}


def form_body() -> JSON:
    """The multipart form of a submission."""
    text = {"type": "string"}
    parts = {
        "file": {"type": "string", "format": "binary", "description": "The document"},
        "schema": {**text, "description": "`name` or `name@version`"},
        "json_schema": {**text, "description": "In place of schema: a JSON Schema as JSON"},
        "options": {**text, "description": "As JSON"},
        "metadata": {**text, "description": "As JSON"},
        "webhook": {**text, "description": "As JSON"},
        "priority": {**text, "enum": ["interactive", "bulk"]},
        "password": {**text, "format": "password", "description": "Opens the document"},
    }
    schema = {"type": "object", "required": ["file"], "properties": parts, "additionalProperties": False}
    return {"multipart/form-data": {"schema": schema, "example": {"file": "card.txt", "schema": "contact"}}}


def document_body() -> JSON:
    """A body that is the document itself, whatever it is called."""
    schema = {"type": "string", "format": "binary", "description": "The document"}
    return {"application/octet-stream": {"schema": schema}, "*/*": {"schema": schema}}  # generators know the first


def document_call(body: JSON) -> JSON:
    """`openapi_extra` of a call whose body may be the document: the fields that stand in the query then."""
    text = {"type": "string"}
    fields: dict[str, tuple[JSON, str]] = {
        "schema": (text, "Of a body that is the document itself: `name` or `name@version`"),
        "json_schema": (text, "Of such a body, in place of schema: a JSON Schema as JSON"),
        "filename": (text, "Of such a body"),
        "priority": ({**text, "enum": ["interactive", "bulk"]}, "Of such a body"),
        "options": (text, "Of such a body: as JSON"),
        "metadata": (text, "Of such a body: as JSON"),
        "webhook": (text, "Of such a body: as JSON"),
    }
    query = [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
        for name, (schema, description) in fields.items()
    ]
    return {**body, "parameters": query}


def upload_body() -> JSON:
    """The body of a batch: JSONL, gzip of it, or a form whose last part is such a file."""
    text = {"type": "string"}
    parts = {
        "schema": {**text, "description": "Of the lines that name none: `name` or `name@version`"},
        "json_schema": {**text, "description": "In place of schema: a JSON Schema as JSON"},
        "file": {**text, "format": "binary", "description": "JSONL, plain or gzip; the last part"},
    }
    form = {"type": "object", "required": ["file"], "properties": parts, "additionalProperties": False}
    lines = "".join(orjson.dumps(BATCH_LINE | {"custom_id": f"card-{n}"}).decode() + "\n" for n in (17, 18))
    jsonl = {"schema": {**text, "description": "Each line is a BatchLine"}, "example": lines}
    packed = {"schema": {**text, "format": "binary"}}
    content = {
        "application/x-ndjson": jsonl,
        "application/gzip": packed,
        "multipart/form-data": {"schema": form, "example": {"schema": "contact", "file": "cards.jsonl.gz"}},
    }
    return {"requestBody": {"required": True, "content": content}}


def jsonl_answer(description: str, model: str, example: JSON) -> JSON:
    """One entry of `responses`: a stream of lines, each an instance of `model`."""
    schema = {"type": "string", "description": f"Each line is a {model}"}
    content = {"application/x-ndjson": {"schema": schema, "example": orjson.dumps(example).decode() + "\n"}}
    return {"description": description, "content": content}


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make `app.openapi()` (cached) answer the document of this API, whose calls are those of `routers`."""

    def openapi() -> JSON:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
            )
            components = document.setdefault("components", {}).setdefault("schemas", {})
            for model in _ADDED:
                schema = model.model_json_schema(ref_template=f"{_REF}{{model}}")
                components.update(schema.pop("$defs", {}))
                components[model.__name__] = schema
            for unused in ("HTTPValidationError", "ValidationError"):
                components.pop(unused, None)
            _whole_examples(document, routers)
            _name_calls(document, routers)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _whole_examples(document: JSON, routers: Sequence[APIRouter]) -> None:
    """FastAPI drops every null from the document, and with them the nulls of the examples: put them back."""
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        for method in route.methods or ():
            shown = document["paths"][route.path][method.lower()]["responses"]
            for status, response in route.responses.items():
                for media_type, content in response.get("content", {}).items():
                    if "example" in content:
                        shown[str(status)]["content"][media_type]["example"] = content["example"]
    for name, component in document["components"]["schemas"].items():
        model = next((found for module in _MODULES if (found := getattr(module, name, None))), None)
        extra = model.model_config.get("json_schema_extra") if model is not None else None
        if isinstance(extra, dict):
            component.update(extra)


def _name_calls(document: JSON, routers: Sequence[APIRouter]) -> None:
    """Each call by the name of its function, for that is what generators of clients call theirs."""
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        for method in route.methods or ():
            document["paths"][route.path][method.lower()]["operationId"] = route.name


def _example(status: int) -> JSON:
    if status == 422:
        return PROBLEM
    code, kind = next((code, kind) for code, kind in CODES.items() if kind.status == status)
    return _problem(code, kind)


def _problem(code: str, kind: ProblemKind) -> JSON:
    about = {"type": f"urn:extractor:problem:{code}", "title": kind.title, "status": kind.status, "code": code}
    return {**PROBLEM, **about, "detail": _WHEN[kind.status], "retryable": kind.retryable, "errors": []}
