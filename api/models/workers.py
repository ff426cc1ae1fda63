"""What `GET /v1/workers` answers, as pydantic models with a real example. Knows no ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: dict[str, Any] = {
    "data": [
        {
            "id": "gpu-1-4242-9f1c3e",
            "host": "gpu-1",
            "pid": 4242,
            "alive": True,
            "ready": True,
            "state": "ready",
            "model": "google/gemma-4-E2B-it",
            "revision": "5f1c0d0c2c7e4f7fb0a7a4a1f8b6f2f3a1d1f0b9",
            "drafter": "google/gemma-4-E2B-it-assistant",
            "device": "cuda:0",
            "slots": 16,
            "busy": 12,
            "rows": 12,
            "tokens_per_s": 1843.5,
            "started_at": "2026-11-23T17:58:12.004Z",
            "loaded_at": "2026-11-23T17:59:03.611Z",
            "last_seen_at": "2026-11-23T18:20:40.120Z",
        },
        {
            "id": "gpu-2-731-03be77",
            "host": "gpu-2",
            "pid": 731,
            "alive": True,
            "ready": False,
            "state": "loading",
            "model": None,
            "revision": None,
            "drafter": None,
            "device": None,
            "slots": 16,
            "busy": 0,
            "rows": None,
            "tokens_per_s": 0.0,
            "started_at": "2026-11-23T18:20:21.950Z",
            "loaded_at": None,
            "last_seen_at": "2026-11-23T18:20:39.871Z",
        },
    ]
}


class WorkerDetail(BaseModel):
    """One worker process, by its last heartbeat. It says nothing of what it works on: every tenant sees it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    host: str
    pid: int
    alive: bool = Field(description="Heard of lately: it has not missed three heartbeats")
    ready: bool = Field(description="Its model is loaded and it takes documents")
    state: str = Field(description="loading, ready, recovering, reconnecting, stopping")
    model: str | None
    revision: str | None = Field(description="Of the model, where it came from a hub or was set")
    drafter: str | None
    device: str | None
    slots: int = Field(description="Documents it takes at once")
    busy: int = Field(description="Documents it has in hand")
    rows: int | None = Field(description="Rows its engine decodes just now; null where it does not say")
    tokens_per_s: float = Field(description="Output tokens a second, since its last heartbeat")
    started_at: datetime | None
    loaded_at: datetime | None
    last_seen_at: datetime


class WorkerList(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    data: list[WorkerDetail]
