"""One document through the HTTP door and back: submit, follow, wait, stream, cancel, erase, list."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import httpx
import pytest

from api.config import ApiSettings
from tests.support.api_support import ANSWER, BODY, TEXT, FakeWorker, Published, client, is_problem, running
from workers.ledger.progress import ReadingProgress

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
UNKNOWN = "0" * 32


async def submit(api: httpx.AsyncClient, **more: Any) -> str:
    response = await api.post("/v1/extractions", json=BODY | more)
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


async def test_a_document_is_kept_published_and_answered(
    api: httpx.AsyncClient, worker: FakeWorker, published: Published
) -> None:
    body = BODY | {"options": {"max_output_tokens": 99, "drafters": ["copy"]}, "metadata": {"source": "inbox"}}
    response = await api.post("/v1/extractions", json=body)
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/extractions/{job['id']}"
    assert int(response.headers["retry-after"]) >= 1
    assert (job["status"], job["schema"], job["metadata"]) == ("queued", "contact@1", {"source": "inbox"})
    assert published == [("default", job["id"], "interactive")]
    held = (await api.get(response.headers["location"])).json()
    assert (job.pop("reason"), job.pop("waiting")) == ("queued", None), "what it waits for is the ledger's to say"
    assert (held.pop("reason"), held.pop("waiting")["ahead"]) == ("no_worker", 0)
    assert held == job, "the 202 is what the ledger holds"

    claim = worker.claim(job["id"])
    assert claim.document == TEXT.encode()
    assert claim.job.options == {"max_output_tokens": 99, "drafters": ["copy"]}
    running = (await api.get(f"/v1/extractions/{job['id']}")).json()
    assert (running["status"], running["attempt"], running["result"]) == ("running", 1, None)

    assert worker.ledger.run(worker.ledger.jobs.succeed("default", job["id"], claim.attempt, ANSWER))
    for _ in range(2):  # readable more than once
        done = await api.get(f"/v1/extractions/{job['id']}")
        assert done.json()["status"] == "succeeded"
        assert done.json()["result"] == ANSWER
        assert "retry-after" not in done.headers
        assert done.headers["cache-control"] == "no-store"


async def test_a_file_as_a_form(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    response = await api.post(
        "/v1/extractions",
        files={"file": ("card.md", TEXT.encode("latin-1"), "application/octet-stream")},
        data={"schema": "contact@1", "options": '{"seed": 3}', "metadata": '{"a": "b"}', "priority": "bulk"},
    )
    assert response.status_code == 202, response.text
    job = response.json()
    assert (job["priority"], job["options"], job["metadata"]) == ("bulk", {"seed": 3}, {"a": "b"})
    assert job["document"] == {"filename": "card.md", "media_type": "text/markdown", "bytes": len(TEXT)}
    assert worker.claim(job["id"]).document == TEXT.encode("latin-1")


async def test_bytes_as_base64_and_a_schema_of_ones_own(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    content = base64.encodebytes("Größe".encode("latin-1")).decode()  # with line breaks, as `base64 FILE` writes
    response = await api.post(
        "/v1/extractions",
        json={"json_schema": schema, "document": {"content": content, "media_type": "text/plain; charset=latin-1"}},
    )
    assert response.status_code == 202, response.text
    claim = worker.claim(response.json()["id"])
    assert claim.json_schema == schema
    assert (claim.document, claim.job.media_type) == ("Größe".encode("latin-1"), "text/plain; charset=latin-1")
    assert claim.job.schema.startswith("inline@")


async def test_prefer_wait_answers_with_the_result(
    api: httpx.AsyncClient, worker: FakeWorker, published: Published
) -> None:
    async def work() -> None:
        while not published:
            await asyncio.sleep(0.005)
        await asyncio.to_thread(worker.succeed, published[0][1])

    response, _ = await asyncio.gather(
        api.post("/v1/extractions", json=BODY, headers={"Prefer": "respond-async, wait=20"}), work()
    )
    assert (response.status_code, response.json()["result"]) == (200, ANSWER)
    assert response.headers["preference-applied"] == "wait=20"


async def test_prefer_wait_that_runs_out_is_a_202(api: httpx.AsyncClient) -> None:
    response = await api.post("/v1/extractions", json=BODY, headers={"Prefer": "wait=0"})
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert response.headers["preference-applied"] == "wait=0"


async def test_a_long_poll_wakes_as_soon_as_it_is_finished(
    redis_url: str, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By nothing else than the news: the poll, and the slow look behind a notification that was lost, take an hour."""
    monkeypatch.setenv("EXTRACTOR_WAIT_TICK_S", "3600")
    async with running(ApiSettings(redis_url=redis_url, max_wait_s=3600)) as app, client(app, timeout=None) as api:
        job_id = await submit(api)
        polling = asyncio.create_task(api.get(f"/v1/extractions/{job_id}", params={"wait": 3600}))
        await asyncio.sleep(0.3)
        assert not polling.done()
        await asyncio.to_thread(worker.succeed, job_id)
        assert (await asyncio.wait_for(polling, 60)).json()["status"] == "succeeded"


async def test_a_long_poll_ends_in_time(api: httpx.AsyncClient) -> None:
    job_id = await submit(api)
    started = time.monotonic()
    response = await api.get(f"/v1/extractions/{job_id}", params={"wait": 0.3})
    assert time.monotonic() - started > 0.25
    assert (response.status_code, response.json()["status"]) == (200, "queued")
    assert "retry-after" in response.headers


async def test_events_end_with_the_result(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    stream, _ = await asyncio.gather(
        api.get(f"/v1/extractions/{job_id}/events"), worker.later(0.3, lambda: worker.succeed(job_id))
    )
    assert stream.headers["content-type"].startswith("text/event-stream")
    blocks = stream.text.strip().split("\r\n\r\n")
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    statuses = [event["event"] for event in events]
    assert statuses == [status for status in ("queued", "running", "succeeded") if status in statuses]
    assert statuses[-1] == "succeeded"
    assert json.loads(events[-1]["data"])["result"] == ANSWER


async def test_it_says_how_far_a_long_document_is(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    attempt, jobs = worker.claim(job_id).attempt, worker.ledger.jobs
    assert (await api.get(f"/v1/extractions/{job_id}")).json()["progress"] is None
    assert worker.ledger.run(jobs.progress("default", job_id, attempt, ReadingProgress(3, 12, "windows")))
    shown = (await api.get(f"/v1/extractions/{job_id}")).json()
    (listed,) = (await api.get("/v1/extractions")).json()["data"]
    assert shown["progress"] == listed["progress"] == {"done": 3, "total": 12, "unit": "windows"}
    stream, _ = await asyncio.gather(
        api.get(f"/v1/extractions/{job_id}/events"),
        worker.later(0.3, lambda: worker.ledger.run(jobs.succeed("default", job_id, attempt, ANSWER))),
    )
    last = json.loads(stream.text.strip().split("data: ")[-1])
    assert (last["status"], last["progress"]) == ("succeeded", None)


async def test_events_of_what_is_deleted_end(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    stream, _ = await asyncio.gather(
        api.get(f"/v1/extractions/{job_id}/events"),
        worker.later(0.3, lambda: worker.ledger.run(worker.ledger.jobs.delete("default", job_id))),
    )
    assert "event: succeeded" not in stream.text


async def test_a_failure_shows_its_errors_and_the_last_answer(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    error = {
        "code": "invalid_output",
        "detail": "1 field is wrong",
        "retryable": False,
        "errors": [{"pointer": "/total", "detail": "does not add up"}],
        "last": '{"total": 3}',
    }
    worker.fail(job_id, error)
    job = (await api.get(f"/v1/extractions/{job_id}")).json()
    assert (job["status"], job["error"], job["result"]) == ("failed", error, None)


async def test_cancel_of_queued_running_and_finished(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    queued, running, finished = [await submit(api) for _ in range(3)]
    for _ in range(2):
        response = await api.post(f"/v1/extractions/{queued}/cancel")
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")

    claim = worker.claim(running)
    response = await api.post(f"/v1/extractions/{running}/cancel")
    assert (response.status_code, response.json()["status"]) == (202, "running")
    assert response.json()["reason"] == "cancel_requested"
    assert worker.ledger.run(worker.ledger.jobs.renew("default", running, claim.attempt)).cancel_requested

    worker.succeed(finished)
    is_problem(await api.post(f"/v1/extractions/{finished}/cancel"), 409, "already_finished")
    is_problem(await api.post(f"/v1/extractions/{UNKNOWN}/cancel"), 404, "extraction_not_found")


async def test_delete_erases(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    worker.succeed(job_id)
    assert (await api.delete(f"/v1/extractions/{job_id}")).status_code == 204
    is_problem(await api.get(f"/v1/extractions/{job_id}"), 404, "extraction_not_found")
    is_problem(await api.delete(f"/v1/extractions/{job_id}"), 404, "extraction_not_found")


async def test_a_long_poll_on_what_is_deleted_is_a_404(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    response, _ = await asyncio.gather(
        api.get(f"/v1/extractions/{job_id}", params={"wait": 20}),
        worker.later(0.2, lambda: worker.ledger.run(worker.ledger.jobs.delete("default", job_id))),
    )
    is_problem(response, 404, "extraction_not_found")


async def test_the_list_pages_and_filters(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    ids = []
    for number in range(5):
        ids.append(await submit(api, schema="contact" if number % 2 else "receipt"))
        await asyncio.sleep(0.002)  # ids of one millisecond have no order
    worker.succeed(ids[0])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/extractions", params=params)).json()
        seen += [job["id"] for job in page["data"]]
        assert all("result" not in job for job in page["data"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]

    async def found(**params: str) -> list[str]:
        return [job["id"] for job in (await api.get("/v1/extractions", params=params)).json()["data"]]

    assert await found(status="succeeded") == [ids[0]]
    assert await found(schema="contact@1") == await found(schema="contact") == [ids[3], ids[1]]
    assert await found(schema="receipt", status="queued") == [ids[4], ids[2]]
    assert await found(batch="a" * 24 + "0" * 8) == []
    is_problem(await api.get("/v1/extractions?batch=none"), 422, "invalid_request", "/query/batch")


async def test_idempotency(api: httpx.AsyncClient, published: Published) -> None:
    key = {"Idempotency-Key": "8e03978e-40d5"}
    first = await api.post("/v1/extractions", json=BODY, headers=key)
    again = await api.post("/v1/extractions", json=dict(reversed(BODY.items())), headers=key)
    assert again.status_code == 202
    waits = {"reason": None, "waiting": None}
    assert {**again.json(), **waits} == {**first.json(), **waits}
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(published) == 1

    other = BODY | {"document": {"text": "another"}}
    problem = is_problem(await api.post("/v1/extractions", json=other, headers=key), 422, "idempotency_key_reused")
    assert problem["errors"][0]["pointer"] == "/header/Idempotency-Key"
    is_problem(
        await api.post("/v1/extractions", json=BODY, headers={"Idempotency-Key": "with space"}),
        422,
        "invalid_idempotency_key",
    )


async def test_a_replay_of_what_has_ended_is_no_promise(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    key = {"Idempotency-Key": "once"}
    first = await api.post("/v1/extractions", json=BODY, headers=key)
    assert (first.status_code, int(first.headers["retry-after"])) == (202, 2)
    waiting = await api.post("/v1/extractions", json=BODY, headers=key)
    assert (waiting.status_code, "retry-after" in waiting.headers) == (202, True)
    worker.succeed(first.json()["id"])
    again = await api.post("/v1/extractions", json=BODY, headers=key)
    assert (again.status_code, again.json()["status"]) == (200, "succeeded")
    assert again.headers["idempotent-replayed"] == "true"
    assert "retry-after" not in again.headers


async def test_an_amount_keeps_its_value_and_text_its_characters(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    job_id = await submit(api)
    data = {"total": 0.1, "count": 12345678901234, "name": "Zoë 合計 \u2028"}
    worker.succeed(job_id, result=ANSWER | {"data": data})
    assert (await api.get(f"/v1/extractions/{job_id}")).json()["result"]["data"] == data
