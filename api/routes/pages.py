"""`POST /v1/pages`: pages of a document as pictures, on which the boxes of a result can be drawn."""

from __future__ import annotations

import base64
from functools import partial
from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from api import serializers
from api.drawing import MAX_PAGES
from api.keys.authentication import Tenant
from api.models.pages import EXAMPLE, DrawnPages
from api.openapi import answer, document_body, problem_responses
from api.services import Service
from api.submission.body_stream import document_chunks

router = APIRouter(prefix="/v1", tags=["extractions"])


@router.post(
    "/pages",
    response_class=Response,
    responses={
        200: answer("Those that can be drawn", DrawnPages, EXAMPLE),
        **problem_responses(401, 408, 413, 415, 429, 503),
    },
    openapi_extra={"requestBody": {"required": True, "content": document_body()}},
)
async def draw_pages(
    request: Request,
    service: Service,
    tenant: Tenant,
    first: Annotated[int, Query(ge=1, le=100_000, description="Number of the first, as a result counts them")] = 1,
    count: Annotated[int, Query(ge=1, le=MAX_PAGES)] = 1,
    filename: Annotated[str | None, Query(max_length=255)] = None,
    password: Annotated[
        str | None, Header(alias="X-Document-Password", max_length=1024, description="Opens a locked document")
    ] = None,
) -> Response:
    """Pages of a PDF or a picture, as PNG. The body is the document; nothing of it is kept. Its kind is told by its
    bytes. Other formats have no pictures, and the answer is empty."""
    with service.body_memory.reservation(tenant) as reservation:
        body = BytesIO()
        async for chunk in document_chunks(request, service.settings, reservation):
            body.write(chunk)
        wanted, media_type = range(first, first + count), request.headers.get("content-type")
        drawn = await service.drawer.draw(tenant, body.getvalue(), wanted, media_type, filename, password)
    return await service.threads.answer(partial(_response, drawn))


def _response(drawn: dict[int, bytes]) -> Response:
    """models.pages.DrawnPages."""
    pages = [
        {"number": number, "media_type": "image/png", "content": base64.b64encode(png).decode()}
        for number, png in sorted(drawn.items())
    ]
    return serializers.json_response({"data": pages})
