"""The engine of `extractor batch` over a scripted service: order, bounds, failures and interruption."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from extractor.cli.batch import Batch
from extractor.cli.documents import Source
from extractor.client import AsyncClient, Patience, Unreachable


class Service:
    """Takes documents that say how long they take (`0.05`), `bad` (refused), `fail` (a failed job) or `never`."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.open: set[str] = set()
        self.most = 0
        self.cancelled: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.split("/")[3:]
        if request.method == "POST" and not parts:
            return self._take(json.loads(request.content))
        if parts[-1] == "cancel":
            self.cancelled.append(parts[0])
            return self._job(parts[0], "cancelled")
        return await self._end(parts[0])

    def _take(self, body: dict[str, Any]) -> httpx.Response:
        text = base64.b64decode(body["document"]["content"]).decode()
        if text == "bad":
            problem = {"detail": "it is bad", "code": "invalid_request", "errors": []}
            return httpx.Response(422, json=problem)
        job_id = f"j{len(self.texts)}"
        self.texts[job_id] = text
        self.open.add(job_id)
        self.most = max(self.most, len(self.open))
        return self._job(job_id, "queued")

    async def _end(self, job_id: str) -> httpx.Response:
        text = self.texts[job_id]
        if text == "never":
            await asyncio.sleep(60)
        if text == "fail":
            error = {"code": "invalid_output", "detail": "no", "retryable": False, "errors": [], "last": "{}"}
            return self._job(job_id, "failed", error=error)
        await asyncio.sleep(float(text))
        self.open.discard(job_id)
        return self._job(job_id, "succeeded", result={"data": {"text": text}})

    def _job(self, job_id: str, status: str, **more: Any) -> httpx.Response:
        body = {"id": job_id, "status": status, "schema": "s@1", "created_at": "2026-11-23T12:00:00Z", **more}
        return httpx.Response(200, json=body)


def files(folder: Path, *texts: str) -> list[Source]:
    made = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.txt"
        path.write_text(text)
        made.append(Source(path.name, path))
    return made


def batch(service: Any, at_once: int = 4) -> Batch:
    transport = httpx.MockTransport(service)
    client = AsyncClient("http://service.test", patience=Patience(total_s=0.1, first_s=0.01), transport=transport)
    return Batch(client, "s", {}, at_once)


async def rows_of(work: Batch, documents: list[Source]) -> list[dict[str, Any]]:
    async with work.client:
        return [row async for row in work.rows(documents)]


def test_rows_come_in_the_order_of_the_inputs_and_never_too_many_at_once(tmp_path: Path) -> None:
    service = Service()
    work = batch(service, at_once=3)
    rows = asyncio.run(rows_of(work, files(tmp_path, "0.05", "0.01", "0.03", "0", "0.02", "0", "0.01")))
    assert [row["file"] for row in rows] == [f"{number}.txt" for number in range(7)]
    assert [row["data"]["text"] for row in rows] == ["0.05", "0.01", "0.03", "0", "0.02", "0", "0.01"]
    assert service.most == 3
    assert (work.done, work.failed) == (7, 0)


def test_a_failure_is_a_row_and_not_the_end(tmp_path: Path) -> None:
    work = batch(Service())
    documents = [*files(tmp_path, "0", "bad", "fail", "0"), Source("gone.txt", tmp_path / "gone.txt")]
    rows = asyncio.run(rows_of(work, documents))
    assert [row["status"] for row in rows] == ["succeeded", "failed", "failed", "succeeded", "failed"]
    assert [row["error"] and row["error"]["code"] for row in rows] == [
        None, "invalid_request", "invalid_output", None, "unreadable_document"
    ]  # fmt: skip
    assert rows[2]["error"]["last"] == "{}", "the model's last answer is kept for the user"
    assert rows[2]["id"] is not None
    assert (work.done, work.failed) == (5, 3)


def test_no_service_ends_it(tmp_path: Path) -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unreachable):
        asyncio.run(rows_of(batch(gone), files(tmp_path, "0", "0")))


def test_an_interrupted_batch_stops_what_the_service_still_runs(tmp_path: Path) -> None:
    service = Service()

    async def interrupted() -> None:
        work = batch(service)
        async with work.client:
            task = asyncio.create_task(rows_of_open(work))
            while len(service.open) < 2:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await work.cancel_running()

    async def rows_of_open(work: Batch) -> None:
        async for _ in work.rows(files(tmp_path, "never", "never")):
            pass

    asyncio.run(interrupted())
    assert sorted(service.cancelled) == ["j0", "j1"]
