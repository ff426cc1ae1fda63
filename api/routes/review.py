"""`PUT /v1/extractions/{id}/review`: what a person found when looking at a result is kept with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api import serializers
from api.keys.authentication import Tenant
from api.models.examples import extractions as examples
from api.models.extractions import Extraction
from api.models.reviews import MAX_REVIEW_BYTES, REQUEST, ReviewIn
from api.openapi import answer, json_body, problem_responses
from api.problems import Problem
from api.routes.extractions import JobId, unknown
from api.services import Service
from api.submission import request_body
from api.submission.validation import invalid, validated
from workers.ledger.ledger import Job

router = APIRouter(prefix="/v1", tags=["extractions"])


@router.put(
    "/extractions/{id}/review",
    response_class=Response,
    responses={
        200: answer("Kept", Extraction, examples.REVIEWED),
        **problem_responses(400, 401, 404, 408, 409, 413, 415, 429, 503),
    },
    openapi_extra=json_body("ReviewIn", {"a correction": REQUEST}),
)
async def review_extraction(id: JobId, request: Request, service: Service, tenant: Tenant) -> Response:
    """Say what is right: corrected values by pointer, and values that were looked at and are right. It replaces what
    was said before, and is erased with the extraction. The answer stays as it was."""
    with service.body_memory.reservation(tenant) as reservation:
        fields = await request_body.read_json(request, service.settings, service.threads, reservation)
        review = validated(ReviewIn, fields)
    job = await service.store.get(tenant, id)
    if job is None:
        raise unknown()
    await service.threads.answer(lambda: _check(job, review))
    found = {**review.model_dump(), "at": serializers.time_text(datetime.now(UTC))}
    outcome = await service.store.review(tenant, id, found)
    kept = await service.store.get(tenant, id) if outcome is not None else None
    if kept is None:
        raise unknown()
    if outcome != "kept":
        raise _unfinished()
    return serializers.extraction_response(kept, 200)


def _check(job: Job, review: ReviewIn) -> None:
    """Raises Problem: it has no answer (yet), it is too much, or a pointer leads to no scalar of the answer."""
    answer = job.result if job.result is not None else job.error or {}
    if not job.done:
        raise _unfinished()
    if "data" not in answer:
        raise Problem("no_answer", "There is no answer that could be reviewed")
    size = len(orjson.dumps(review.model_dump()))
    if size > MAX_REVIEW_BYTES:
        detail = f"{size:,} bytes; the limit is {MAX_REVIEW_BYTES:,}"
        raise invalid([("", detail)], ("max_review_bytes", MAX_REVIEW_BYTES))
    places = [(f"/corrections/{_escaped(at)}", at) for at in review.corrections]
    places += [(f"/confirmed/{number}", at) for number, at in enumerate(review.confirmed)]
    if faults := [(where, "leads to no value of the answer") for where, at in places if not _leads(answer["data"], at)]:
        raise invalid(faults)


def _leads(data: Any, at: str) -> bool:
    if at and not at.startswith("/"):
        return False
    for step in at.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list) and key.isdecimal() and int(key) < len(data):
            data = data[int(key)]
        elif isinstance(data, dict) and key in data:
            data = data[key]
        else:
            return False
    return True


def _escaped(at: str) -> str:
    return at[:200].replace("~", "~0").replace("/", "~1")


def _unfinished() -> Problem:
    return Problem("not_finished", "It has not ended yet; there is nothing to review")
