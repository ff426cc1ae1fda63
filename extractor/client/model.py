"""What the service answers, as frozen values: a job, a page of jobs, a batch and its rows. Fields a newer service adds
are kept, not refused. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from extractor.result import Known, Mark

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
BatchStatus = Literal["receiving", "running", "cancelling", "completed", "cancelled"]
V = TypeVar("V")
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


class Job(BaseModel):
    """One document's extraction. In a list `result` and `options` are absent and `error_code` stands for `error`;
    `line` is there among the results of a batch."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    id: str
    status: Status
    schema_: str = Field(alias="schema")
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    attempt: int = 0
    reason: str | None = None
    waiting: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    request_id: str | None = None
    batch: str | None = None
    custom_id: str | None = None
    line: int | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)
    needs_review: bool = False
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """True when nothing about it will change any more."""
        return self.status in FINAL

    @property
    def data(self) -> Any:
        """The extracted JSON, or None while there is none. Numbers with a point are floats that know how they were
        written: `str` of one has every digit, `exact` is the Decimal."""
        return self.result["data"] if self.result else None

    @property
    def fields(self) -> dict[str, Known]:
        """Of each scalar of `data`, by JSON pointer: where the document says it and how sure the model was. Empty while
        there is none, and where it was not asked for."""
        return self.result["fields"] if self.result else {}

    @property
    def name(self) -> str | None:
        """What its sender calls the document: the `custom_id`, or the name of its file."""
        document = (self.model_extra or {}).get("document") or {}
        return self.custom_id or document.get("filename")

    @property
    def error_code(self) -> str | None:
        """Why it failed, in a list too."""
        listed: str | None = (self.model_extra or {}).get("error_code")
        return self.error["code"] if self.error else listed

    @property
    def review(self) -> list[Mark]:
        """What of the answer a person should look at, also of one that did not stand."""
        answer = self.result or self.error or {}
        found: list[Mark] = answer.get("review", [])
        return found

    def as_json(self) -> dict[str, Any]:
        """As the service sends it."""
        return {**self.model_dump(mode="json", by_alias=True), "result": self.result}  # pydantic writes floats anew


class JobPage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    data: tuple[Job, ...]
    next_cursor: str | None = None


class Batch(BaseModel):
    """Many documents, handed over in one upload. `counts` has accepted = queued + running + succeeded + failed +
    cancelled; `refused` lines are in none of them."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    id: str
    status: BatchStatus
    created_at: datetime
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    lines: int
    refused: int
    counts: dict[str, int]
    documents_per_s: float | None = None
    seconds_left: float | None = None
    reason: str | None = None

    @property
    def done(self) -> bool:
        """True when nothing about it will change any more."""
        return self.status == "completed" or (self.status == "cancelled" and self.finished_at is not None)

    @property
    def ended(self) -> int:
        """Lines that have come to their end, refused ones included."""
        return self.refused + self.counts["accepted"] - self.counts["queued"] - self.counts["running"]

    @property
    def failed(self) -> int:
        return self.refused + self.counts["failed"] + self.counts["cancelled"]


class Worker(BaseModel):
    """One worker process, by its last heartbeat."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    host: str
    pid: int
    alive: bool
    ready: bool
    state: str
    model: str | None = None
    revision: str | None = None
    slots: int
    busy: int
    rows: int | None = None
    tokens_per_s: float = 0.0
    started_at: datetime | None = None
    loaded_at: datetime | None = None
    last_seen_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the service sends it."""
        return self.model_dump(mode="json")


class WorkerList(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    data: tuple[Worker, ...]


class RefusedLine(BaseModel):
    """A line of a batch that became no document."""

    model_config = ConfigDict(frozen=True, extra="allow")

    line: int
    custom_id: str | None = None
    error: dict[str, Any]


@dataclass(frozen=True)
class Row(Generic[V]):
    """What became of one line of a batch. `value` is the data (an instance, where a class was asked for) of one that
    succeeded; `error` says why another did not; `job` is None for a refused line."""

    line: int
    custom_id: str | None
    status: Status | Literal["refused"]
    value: V | None
    error: dict[str, Any] | None
    job: Job | None
