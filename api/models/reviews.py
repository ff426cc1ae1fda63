"""What a person found when looking at an extraction: as it is sent, and as it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.models.base import RequestModel, ResponseModel

MAX_PLACES = 2_000
MAX_REVIEW_BYTES = 64 * 1024
_Pointer = Annotated[str, StringConstraints(max_length=1_000)]
REQUEST: dict[str, Any] = {"corrections": {"/email": "m.okafor@larkspur.example"}, "confirmed": ["/name"]}
EXAMPLE: dict[str, Any] = {**REQUEST, "at": "2026-11-23T12:04:10.771Z"}


class ReviewIn(RequestModel):
    """Replaces what was found before. The answer itself stays as it was."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [REQUEST]})

    corrections: dict[_Pointer, Any] = Field(
        default_factory=dict, max_length=MAX_PLACES, description="The right value, by pointer into `data`"
    )
    confirmed: list[_Pointer] = Field(
        default_factory=list, max_length=MAX_PLACES, description="Pointers of values that are right"
    )


class Review(ResponseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    corrections: dict[str, Any] = Field(description="The right value, by pointer into `data`, whose own value stays")
    confirmed: list[str]
    at: datetime
