"""The Content-Type of a body, and the problem of one that no call accepts."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from api.problems import Problem

JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"
FORM_URLENCODED = "application/x-www-form-urlencoded"


def content_type_of(request: Request) -> str:
    """Without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def not_accepted(given: str, accepted: Sequence[str], example: str, also: str = "") -> Problem:
    """415, which names those that are, with an `example` of a request. `also`: what else could have been sent."""
    names = list(accepted)
    if not given:
        fault = "The request has no Content-Type"
    elif given == FORM_URLENCODED:
        fault = f"The Content-Type is {given}, which curl sends unless it is told another"
    else:
        fault = f"The Content-Type {given[:100]} is not accepted here"
    return Problem(
        "unsupported_media_type",
        f"{fault}. Accepted: {', '.join(names)}{also}. For example: {example}",
        errors=[("/header/Content-Type", f"{given[:100] or 'none'}: not one of {', '.join(names)}")],
        headers={"Accept-Post": "application/json, multipart/form-data, */*;q=0.5"},
        extra={"accepted": names},
    )
