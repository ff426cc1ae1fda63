"""What goes in and comes out of `/v1/batches`, as pydantic models with real examples. Knows no ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.models.base import ListPage, ResponseModel
from api.models.examples import batches as examples
from api.models.extractions import Extraction
from api.models.problems import Failure
from api.models.requests import SubmissionFields

MAX_CUSTOM_ID = 64
BatchStatus = Literal["receiving", "running", "cancelling", "completed", "cancelled"]


class BatchLine(SubmissionFields):
    """One line of the upload: a document, and what to get out of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [examples.BATCH_LINE]})

    custom_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CUSTOM_ID)] = Field(
        description="Yours; one of a kind in its batch"
    )


class BatchCounts(ResponseModel):
    """accepted = queued + running + succeeded + failed + cancelled, at any moment."""

    accepted: int
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class BatchDetail(ResponseModel):
    """Many documents, handed over in one upload."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"examples": [examples.BATCH, examples.BATCH_DONE]}
    )

    id: str
    status: BatchStatus = Field(description="`receiving` until the upload is whole; its documents run meanwhile")
    created_at: datetime
    started_at: datetime | None
    received_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="After this the batch and all its results are erased")
    schema_: str | None = Field(alias="schema", description="Of the lines that name none")
    lines: int = Field(description="Lines decided on so far")
    refused: int = Field(description="Lines that became no document; `/errors` says why")
    counts: BatchCounts
    documents_per_s: float | None = Field(description="Of the last 200 documents; of all, once it has ended")
    seconds_left: float | None = Field(description="At that speed, for what has been received")
    reason: str | None = Field(
        description="Why it was cancelled, or why none of its documents is started (`no_worker`, `worker_loading`)"
    )
    request_id: str | None = Field(description="Of its upload (the latest, where it was repeated)")


class BatchPage(ListPage[BatchDetail]):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.BATCH_PAGE]})


class BatchResult(Extraction):
    """A line of `/results`: an extraction that has ended, and the line it came on."""

    line: int


class BatchError(ResponseModel):
    """A line of `/errors`: one that became no document."""

    line: int
    custom_id: str | None
    error: Failure
