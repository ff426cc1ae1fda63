"""What the service answers, as frozen values: a job and a page of jobs. Fields a newer service adds are kept, not
refused. Knows no HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})


class Job(BaseModel):
    """One document's extraction. In a list `result` and `options` are absent and `error_code` stands for `error`."""

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
    batch: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, str] = Field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    @property
    def done(self) -> bool:
        """True when nothing about it will change any more."""
        return self.status in FINAL

    @property
    def data(self) -> Any:
        """The extracted JSON, or None while there is none."""
        return self.result["data"] if self.result else None

    def as_json(self) -> dict[str, Any]:
        """As the service sends it."""
        return self.model_dump(mode="json", by_alias=True)


class JobPage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    data: tuple[Job, ...]
    next_cursor: str | None = None
