"""What goes in and comes out, as pydantic models with real examples: the source of /docs and of every pointer in a
problem. Limits that an operator sets are in config.py; these are the fixed ones. Knows no ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.models import examples
from schemas.keywords import Mode

MAX_METADATA = 16
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Priority = Literal["interactive", "bulk"]
Drafter = Literal["grammar", "copy", "mtp"]
SchemaRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_MetadataValue = Annotated[str, StringConstraints(max_length=512)]


class _In(BaseModel):
    """A part of a request: what is not known is refused, so a typing error is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _either(pointer: str, one: str, other: str, *, both: bool) -> PydanticCustomError:
    """The error of exactly one of two, placed where a client would look."""
    message = "give either {one} or {other}" + (", not both" if both else "")
    return PydanticCustomError("either", message, {"one": one, "other": other, "pointer": pointer})


class DocumentIn(_In):
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


class OptionsIn(_In):
    """How to extract. Everything has a default; a drafter changes speed, never the answer."""

    max_output_tokens: int | None = Field(None, ge=1, strict=True, description="Stop after so many output tokens")
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


class Ask(_In):
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


class CreateExtraction(Ask):
    """One document and what to get out of it: `schema` names a schema the service knows, `json_schema` is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [examples.CREATE_JSON]})

    priority: Priority = Field("interactive", description="`bulk` never delays `interactive`")


class CheckSchema(_In):
    """A JSON Schema to report on."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [examples.CHECK_REQUEST]})

    json_schema: dict[str, Any] = Field(description="The JSON Schema to report on")


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class FieldError(_Out):
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
    errors: list[FieldError]


class Draft(_Out):
    proposed: int
    accepted: int


class Usage(BaseModel):
    """`target_forwards` against `output_tokens` is what speculation saved."""

    model_config = ConfigDict(extra="allow")

    model_calls: int = Field(1, description="One, and one more for each answer that did not validate")
    prompt_tokens: int
    output_tokens: int
    target_forwards: int
    drafts: dict[str, Draft]
    duration_s: float
    document_s: float = Field(0.0, description="It took to read the document, once for all attempts")


class EvidencePart(BaseModel):
    """The attachment, the mail within a mail or the sheet that a value stands in."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVIDENCE["part"]]})

    number: int = Field(description="1 is the document itself")
    kind: Literal["document", "attachment", "message"]
    name: str | None = Field(description="Of the file")
    label: str | None = Field(description="What the page is called: a sheet, a slide, a chapter")
    cell: str | None = Field(description="`B7`, `Prices!B7` where there are several sheets, `B7:C7` for several cells")


class Evidence(BaseModel):
    """A place on a page of the document: a half-open span of the characters of its text, every line end counted as one.
    A value that goes on over the end of a page has one for each page."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVIDENCE]})

    start: int
    stop: int
    text: str = Field(description="What stands there")
    page: int | None = Field(description="From 1, through all parts; null for plain text, which has no pages")
    part: EvidencePart | None = Field(description="null for what stands in the document itself and not in a sheet")
    boxes: list[tuple[float, float, float, float]] = Field(
        description="One for each line: left, top, right and bottom as fractions of the page, from its left top "
        "corner. Empty where the format has no places: of PDF and pictures they are known"
    )


class Known(BaseModel):
    """Of one value. No evidence: the document does not print it. `confidence`: the chance the model gave its tokens,
    among those the schema allows; null where that is not known."""

    evidence: list[Evidence]
    confidence: float | None


class PageRead(BaseModel):
    """A page, numbered from 1 through all parts, and its half-open span of the text. `how` it was read: `text` (as the
    file says it), `layout` (placed by its coordinates), `ocr`, or `none`; `confidence` is the least of what was read
    from a picture."""

    model_config = ConfigDict(extra="allow")

    number: int
    part: int
    label: str | None = Field(description="What the file calls it: a sheet's or a chapter's name")
    start: int
    stop: int
    how: Literal["text", "layout", "ocr", "none"]
    confidence: float | None
    warnings: list[str]


class PartRead(BaseModel):
    """The file itself, or what lay in it: an attachment, a mail within a mail."""

    model_config = ConfigDict(extra="allow")

    number: int
    name: str | None
    media_type: str
    kind: Literal["document", "attachment", "message"]
    start: int
    stop: int


class DocumentRead(BaseModel):
    """What was read. `warnings` are those of the document and of all its pages; `text` is there when it was asked
    for."""

    model_config = ConfigDict(extra="allow")

    format: str
    media_type: str
    characters: int
    pages: list[PageRead]
    parts: list[PartRead]
    warnings: list[str]
    text: str | None = None


class Result(BaseModel):
    """`data` validates against the schema; `fields` says what is known of each of its scalars, by JSON pointer."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    data: Any = Field(description="As the model wrote it: numbers keep their digits, 1250.00 is not 1250.0")
    fields: dict[str, Known]
    document: DocumentRead | None = None
    usage: Usage
    asks: int = Field(deprecated=True, description="The old name of `usage.model_calls`")
    model: str
    schema_: str = Field(alias="schema")


class Failure(BaseModel):
    """Why it failed; `last` is the model's last answer where there was one."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str
    retryable: bool
    errors: list[FieldError] = Field(default_factory=list)
    last: str | None = None


class DocumentOut(_Out):
    """Of the document only this is shown; its content is erased when the extraction has finished."""

    filename: str | None
    media_type: str | None
    bytes: int


class Waiting(_Out):
    """What a queued extraction waits for; `reason` beside it is the same for machines."""

    detail: str
    ahead: int | None = Field(description="Your documents of this priority that come before it")
    until: datetime | None = Field(description="It is not tried again before")
    last_fault: str | None = Field(description="What ended the attempt before")


class Extraction(_Out):
    """One document's extraction, from queued to its end."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"examples": [examples.SUCCEEDED, examples.QUEUED]}
    )

    id: str
    status: Status
    schema_: str = Field(alias="schema")
    priority: Priority
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="After this the extraction and its document are erased")
    attempt: int
    reason: str | None = Field(
        description="Why it waits (queued, retry, retry_delay, no_worker, worker_loading, batch_cancelled, store_full) "
        "or failed (the code) or was cancelled; null while it runs and when it has succeeded"
    )
    waiting: Waiting | None = Field(description="While it is queued")
    request_id: str | None = Field(description="Of the POST that brought it: grep the logs for it")
    batch: str | None
    custom_id: str | None = Field(description="Of a batch's document: what its line called it")
    document: DocumentOut
    options: dict[str, Any]
    metadata: dict[str, str]
    result: Result | None
    error: Failure | None


class ExtractionSummary(_Out):
    """An entry of the list: everything but the result, which can be large."""

    id: str
    status: Status
    schema_: str = Field(alias="schema")
    priority: Priority
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    attempt: int
    reason: str | None
    waiting: Waiting | None
    request_id: str | None
    batch: str | None
    custom_id: str | None = Field(description="Of a batch's document: what its line called it")
    document: DocumentOut
    metadata: dict[str, str]
    error_code: str | None


Item = TypeVar("Item")


class Page(_Out, Generic[Item]):
    data: list[Item]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last")


class ExtractionPage(Page[ExtractionSummary]):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PAGE]})


class SchemaInfo(_Out):
    name: str
    version: str
    ref: str
    sha256: str
    description: str


class SchemaExample(_Out):
    document: str
    answer: Any


class SchemaDetail(SchemaInfo):
    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"examples": [examples.SCHEMA_DETAIL]}
    )

    json_schema: dict[str, Any]
    examples: list[SchemaExample]


class SchemaFault(_Out):
    file: str
    detail: str


class SchemaList(_Out):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.SCHEMA_LIST]})

    data: list[SchemaInfo]
    problems: list[SchemaFault] = Field(description="Schema files that could not be loaded; the others work")


class CheckReport(_Out):
    """What the grammar enforces token by token, what only validation does, and what is refused."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.CHECK_REPORT]})

    ok: bool
    enforced: list[FieldError]
    validated: list[FieldError]
    refused: list[FieldError]
    ignored: list[FieldError] = Field(description="Annotations and formats that nothing checks")
    omitted: int = Field(0, description="Findings left out: a report has so many of each kind, and so many bytes")


class Health(_Out):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.HEALTH]})

    status: Literal["ok"]
    version: str


class Worker(_Out):
    """One worker process, by its last heartbeat."""

    id: str
    pid: int
    ready: bool
    state: str
    slots: int
    busy: int
    age_s: float


class Ready(_Out):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.READY]})

    status: Literal["ready"]
    store: Literal["ok"]
    workers: list[Worker]
