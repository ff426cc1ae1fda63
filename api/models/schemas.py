"""What comes in and out of `/v1/schemas`."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from api.models.base import RequestModel, ResponseModel
from api.models.examples import schemas as examples


class Finding(ResponseModel):
    """What a report says of a place in a schema."""

    pointer: str = Field(description="RFC 6901 into the schema")
    detail: str


class SchemaInfo(ResponseModel):
    name: str
    version: str
    ref: str
    sha256: str
    description: str


class SchemaExample(ResponseModel):
    document: str
    answer: Any


class SchemaDetail(SchemaInfo):
    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"examples": [examples.SCHEMA_DETAIL]}
    )

    json_schema: dict[str, Any]
    examples: list[SchemaExample]


class SchemaFault(ResponseModel):
    file: str
    detail: str


class SchemaList(ResponseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.SCHEMA_LIST]})

    data: list[SchemaInfo]
    problems: list[SchemaFault] = Field(description="Schema files that could not be loaded; the others work")


class CheckSchema(RequestModel):
    """A JSON Schema to report on."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [examples.CHECK_REQUEST]})

    json_schema: dict[str, Any] = Field(description="The JSON Schema to report on")


class CheckReport(ResponseModel):
    """What the grammar enforces token by token, what only validation does, and what is refused."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.CHECK_REPORT]})

    ok: bool
    enforced: list[Finding]
    validated: list[Finding]
    refused: list[Finding]
    ignored: list[Finding] = Field(description="Annotations and formats that nothing checks")
    omitted: int = Field(0, description="Findings left out: a report has so many of each kind, and so many bytes")
