"""The Content-Type of a body, and the problem of one that no call accepts."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from api.problems import Problem

JSON_TYPE = "application/json"
FORM_TYPE = "multipart/form-data"


def content_type_of(request: Request) -> str:
    """Without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def not_accepted(
    given: str, accepted: Sequence[str], detail: str = "The body's Content-Type is not accepted"
) -> Problem:
    """415, which names those that are."""
    names = list(accepted)
    return Problem(
        "unsupported_media_type",
        f"{detail}. Accepted: {', '.join(names)}",
        errors=[("/header/Content-Type", f"{given[:100] or 'none'}: not one of {', '.join(names)}")],
        headers={"Accept-Post": "application/json, multipart/form-data, */*;q=0.5"},
        extra={"accepted": names},
    )
