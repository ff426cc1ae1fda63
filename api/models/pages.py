"""What `POST /v1/pages` answers."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from api.models.base import ResponseModel

EXAMPLE: dict[str, Any] = {
    "data": [
        {
            "number": 1,
            "media_type": "image/png",
            "content": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==",
        }
    ]
}


class DrawnPage(ResponseModel):
    number: int
    media_type: str
    content: str = Field(description="The picture, in base64")


class DrawnPages(ResponseModel):
    """Pages that are not there, or have no picture, are left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    data: list[DrawnPage]
