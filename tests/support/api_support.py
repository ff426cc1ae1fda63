"""What the API's tests share: an application over a real Valkey, a client on it, and a worker that claims and
finishes through the real ledger, with no model and no Celery."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.config import ApiSettings
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Ledger, Priority, WorkerInfo

ANSWER = {
    "data": {"name": "Mina Okafor"},
    "fields": {},
    "usage": {
        "model_calls": 1,
        "prompt_tokens": 9,
        "output_tokens": 7,
        "target_forwards": 2,
        "drafts": {"grammar": {"proposed": 4, "accepted": 4}},
        "duration_s": 0.1,
    },
    "asks": 1,
    "model": "scripted",
    "schema": "contact@1",
}
TEXT = "Dr. Mina Okafor\nHead of Research, Larkspur Labs\n"
BODY: dict[str, Any] = {"schema": "contact", "document": {"text": TEXT}}


class Published(list[tuple[str, str, Priority]]):
    """Stands where the queue is: `publish` of (tenant, id, priority)."""

    def __call__(self, tenant: str, job_id: str, priority: Priority) -> None:
        self.append((tenant, job_id, priority))


class FakeWorker:
    """The worker's side of the ledger, a step at a time."""

    def __init__(self, redis_url: str) -> None:
        self.ledger = Ledger(settings=WorkerSettings(redis_url=redis_url))

    def claim(self, job_id: str, tenant: str = "default") -> Claim:
        claim = self.ledger.run(self.ledger.jobs.claim(tenant, job_id, "fake"))
        assert isinstance(claim, Claim)
        return claim

    def succeed(
        self, job_id: str, tenant: str = "default", result: dict[str, Any] | None = None, *, marked: bool = False
    ) -> None:
        attempt = self.claim(job_id, tenant).attempt
        assert self.ledger.run(self.ledger.jobs.succeed(tenant, job_id, attempt, result or ANSWER, marked=marked))

    def fail(self, job_id: str, error: dict[str, Any], tenant: str = "default") -> None:
        assert self.ledger.run(self.ledger.jobs.fail(tenant, job_id, self.claim(job_id, tenant).attempt, error))

    def beat(self, *, ready: bool, state: str = "ready", why: str = "") -> None:
        about = WorkerInfo("w1", "box", 1, ready, state, slots=1, busy=0, loaded_at=None, model={"id": "m"}, why=why)
        self.ledger.run(self.ledger.workers.beat(about))

    async def later(self, seconds: float, step: Callable[[], object]) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(step)


@contextlib.asynccontextmanager
async def running(settings: ApiSettings, publish: Callable[..., object] | None = None) -> AsyncIterator[FastAPI]:
    """The application within its lifespan."""
    app = create_app(settings, publish if publish is not None else Published())
    async with app.router.lifespan_context(app):
        yield app


def client(app: FastAPI, peer: str = "127.0.0.1", **more: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    return httpx.AsyncClient(transport=transport, base_url=more.pop("base_url", "http://127.0.0.1:8000"), **more)


def is_problem(response: httpx.Response, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """The problem in `response`, which has to be one, in the full form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "retryable", "request_id", "errors"} <= problem.keys()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["detail"]
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
    return problem
