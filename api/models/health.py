"""What probes are answered."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from api.models.base import ResponseModel
from api.models.examples import health as examples


class Health(ResponseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.HEALTH]})

    status: Literal["ok"]
    version: str


class ReadyWorker(ResponseModel):
    """One worker process, by its last heartbeat."""

    id: str
    pid: int
    ready: bool
    state: str
    slots: int
    busy: int
    age_s: float


class Ready(ResponseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.READY]})

    status: Literal["ready"]
    store: Literal["ok"]
    workers: list[ReadyWorker]
