"""An extraction as `/v1/extractions` shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.models.base import ListPage, ResponseModel
from api.models.examples import extractions as examples
from api.models.problems import Failure
from api.models.requests import Priority
from api.models.results import Result
from api.models.reviews import Review

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class DocumentOut(ResponseModel):
    """Of the document only this is shown; its content is erased when the extraction has finished."""

    filename: str | None
    media_type: str | None
    bytes: int


class Waiting(ResponseModel):
    """What a queued extraction waits for; `reason` beside it is the same for machines."""

    detail: str
    ahead: int | None = Field(description="Your documents of this priority that come before it")
    until: datetime | None = Field(description="It is not tried again before")
    last_fault: str | None = Field(description="What ended the attempt before")


class ProgressOut(ResponseModel):
    """How far the reading of a running extraction is, told once a second at most."""

    done: int
    total: int = Field(description="As far as it is known: a window may be read in two")
    unit: Literal["windows", "pages"] = Field(
        description="Windows of a document that is longer than the model's context; pages that are pictures"
    )


class Extraction(ResponseModel):
    """One document's extraction, from queued to its end."""

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"examples": [examples.SUCCEEDED, examples.RUNNING, examples.QUEUED]},
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
        description="Why it waits (`queued`, `retry`, `retry_delay`, `no_worker`, `worker_loading`, `batch_cancelled`, "
        "`store_full`, `readers_busy`), or failed (the code), or was cancelled; null while it runs and when it has "
        "succeeded"
    )
    waiting: Waiting | None = Field(description="While it is queued")
    progress: ProgressOut | None = Field(description="While it runs and is read in windows or page by page")
    request_id: str | None = Field(description="Of the POST that brought it: grep the logs for it")
    batch: str | None
    custom_id: str | None = Field(description="Of a batch's document: what its line called it")
    document: DocumentOut
    options: dict[str, Any]
    metadata: dict[str, str]
    needs_review: bool = Field(
        description="Something is marked in `review`, or the answer did not stand, and nobody has looked yet"
    )
    result: Result | None
    error: Failure | None
    reviewed: Review | None = Field(description="What a person found who looked at it")


class ExtractionSummary(ResponseModel):
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
    progress: ProgressOut | None
    request_id: str | None
    batch: str | None
    custom_id: str | None = Field(description="Of a batch's document: what its line called it")
    document: DocumentOut
    metadata: dict[str, str]
    needs_review: bool = Field(
        description="Something is marked in its `review`, or its answer did not stand, and nobody has looked yet"
    )
    error_code: str | None
    reviewed: bool = Field(description="A person has looked at it")


class ExtractionPage(ListPage[ExtractionSummary]):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PAGE]})
