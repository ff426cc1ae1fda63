"""What goes in: a document and how to extract from it. These are the fixed limits; those that an operator sets are
in config.py. Knows no ledger."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.models.base import RequestModel
from api.models.examples import extractions as examples
from extractor.drafters import Drafter
from schemas.keywords import Mode

MAX_METADATA = 16
Priority = Literal["interactive", "bulk"]
SchemaRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_MetadataValue = Annotated[str, StringConstraints(max_length=512)]


class DocumentIn(RequestModel):
    """Either `text`, or `content`: the bytes of a file of any format that is read. What it is, is told by its bytes."""

    text: str | None = Field(None, description="The document as text")
    content: str | None = Field(None, description="The document's bytes as base64 (RFC 4648, padded)")
    media_type: str | None = Field(
        None,
        max_length=200,
        description="Tells kinds of text apart; a charset parameter is believed: `text/plain; charset=latin-1`",
    )
    filename: str | None = Field(None, max_length=255, description="Likewise; kept, and given back")
    password: SecretStr | None = Field(
        None, min_length=1, max_length=1024, description="Opens it; forgotten when the document has been read"
    )

    @model_validator(mode="after")
    def _one_source(self) -> DocumentIn:
        if (self.text is None) == (self.content is None):
            raise _either("/document", "text", "content", both=self.text is not None)
        return self


class OptionsIn(RequestModel):
    """How to extract. Everything has a default; a drafter changes speed, never the answer."""

    max_output_tokens: int | None = Field(
        None, ge=1, strict=True, description="At most so many output tokens; the context may have room for fewer"
    )
    drafters: list[Drafter] | None = Field(None, max_length=3, description="Absent: all. Empty: none")
    temperature: float | None = Field(None, ge=0, le=2, strict=True, description="0, the default, is greedy")
    seed: int | None = Field(None, ge=0, lt=2**63, strict=True, description="Of sampling, with a temperature")
    timeout_s: float | None = Field(None, gt=0, strict=True, description="Of the work itself, without the queue")
    printed: Mode | None = Field(
        None, description="Which values have to stand in the document: as the schema says (`declared`), `all`, `none`"
    )
    fields: bool | None = Field(None, strict=True, description="Whether the result says where each value stands. Yes")
    text: bool | None = Field(
        None, strict=True, description="Whether `result.document.text` is the text that offsets count in. No"
    )

    @field_validator("drafters")
    @classmethod
    def _each_once(cls, value: list[Drafter] | None) -> list[Drafter] | None:
        if value is not None and len(set(value)) < len(value):
            raise ValueError("each drafter may be named once")
        return value


class SubmissionFields(RequestModel):
    """One document and what to get out of it: `schema` names a schema the service knows, `json_schema` is one."""

    schema_: SchemaRef | None = Field(None, alias="schema", description="`name` (its newest version) or `name@version`")
    json_schema: dict[str, Any] | None = Field(None, description="A JSON Schema of an object, within the limits")
    document: DocumentIn
    options: OptionsIn = Field(default_factory=OptionsIn)
    metadata: dict[_MetadataKey, _MetadataValue] = Field(
        default_factory=dict, max_length=MAX_METADATA, description="Yours; given back, never read"
    )

    @model_validator(mode="after")
    def _one_schema(self) -> Self:
        if (self.schema_ is None) == (self.json_schema is None):
            both = self.schema_ is not None
            raise _either("/json_schema" if both else "/schema", "schema", "json_schema", both=both)
        return self


class WebhookIn(RequestModel):
    """Who is told when it has ended."""

    url: Annotated[str, StringConstraints(max_length=2000)] = Field(description="https://…")
    result: bool = Field(False, strict=True, description="Whether the message brings the result, or only says the end")

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str) -> str:
        return webhook_url(value)


def webhook_url(value: str) -> str:
    """Raises ValueError for what no webhook can be sent to."""
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("is a URL such as https://receiver.example/hooks")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("has neither user, password nor fragment")
    return value


class CreateExtraction(SubmissionFields):
    """One document and what to get out of it: `schema` names a schema the service knows, `json_schema` is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [examples.CREATE_JSON]})

    priority: Priority = Field("interactive", description="`bulk` never delays `interactive`")
    webhook: WebhookIn | None = Field(None, description="Who is told of the end, in the place of the tenant's own")


def _either(pointer: str, one: str, other: str, *, both: bool) -> PydanticCustomError:
    """The error of exactly one of two, placed where a client would look."""
    message = "give either {one} or {other}" + (", not both" if both else "")
    return PydanticCustomError("either", message, {"one": one, "other": other, "pointer": pointer})
