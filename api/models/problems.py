"""Errors as they come out: of a request, and of an extraction that failed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.models.base import ResponseModel
from api.models.examples import problems as examples
from api.models.results import ExtractionUsage, FieldEvidence, Mark


class ProblemError(ResponseModel):
    pointer: str = Field(description="RFC 6901 into the body, or /query/…, /header/…, /path/… outside it")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457. `code` is stable and for machines; `retryable` says whether the same request may work later."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [examples.PROBLEM]})

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    request_id: str
    errors: list[ProblemError]


class Failure(BaseModel):
    """Why it failed. `last` is the model's last answer where there was one, `data` what of it is whole, with `fields`,
    `review` and `usage` as a result has them."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str
    retryable: bool
    errors: list[ProblemError] = Field(default_factory=list)
    last: str | None = None
    data: Any = None
    fields: dict[str, FieldEvidence] | None = None
    review: list[Mark] | None = None
    usage: ExtractionUsage | None = None
