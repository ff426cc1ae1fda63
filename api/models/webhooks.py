"""What goes in and comes out of `/v1/webhook`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from api.models.base import ResponseModel

_URL = "https://receiver.example/hooks"
REQUEST: dict[str, Any] = {"url": _URL, "result": True}
EXAMPLE: dict[str, Any] = {
    "url": _URL,
    "result": True,
    "has_secret": True,
    "old_secret_until": None,
    "waiting": 0,
    "undelivered": 1,
}
SECRET: dict[str, Any] = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old_secret_until": None}
UNDELIVERED: dict[str, Any] = {
    "data": [
        {
            "id": "019ab0f3c4e63d1f0a7b5c2e8d94f6a1",
            "since": "2026-11-24T12:00:00.949Z",
            "tries": 31,
            "fault": "answered 500",
        }
    ]
}


class WebhookOut(ResponseModel):
    """The tenant's own: told of every extraction that names none and belongs to no batch, and of every batch."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    url: str | None = Field(description="null: nobody is told but whom requests name")
    result: bool = Field(description="Whether messages bring results")
    has_secret: bool
    old_secret_until: datetime | None = Field(description="Until then the secret before this one signs too")
    waiting: int = Field(description="Ended, and not told yet")
    undelivered: int = Field(description="Tried for a day, and given up")


class WebhookSecret(ResponseModel):
    """Shown once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SECRET]})

    secret: str
    old_secret_until: datetime | None


class UndeliveredMessage(ResponseModel):
    id: str = Field(description="Of the extraction or the batch")
    since: datetime
    tries: int
    fault: str = Field(description="What went wrong last")


class UndeliveredList(ResponseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [UNDELIVERED]})

    data: list[UndeliveredMessage]
