"""Batches over HTTP: what an upload becomes, in whatever form it comes and wherever it breaks; reading, stopping,
erasing."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import redis
from fastapi import FastAPI
from starlette.requests import ClientDisconnect

from api.batches import batch_upload as ingest_module
from api.batches import batches
from api.config import ApiSettings
from api.models.batches import BatchDetail, BatchError, BatchResult
from api.problems import Problem, ResponseBroken
from tests.support.api_support import TEXT, FakeWorker, Published, client, is_problem, running
from tests.support.valkey import Valkey
from workers.ledger import batch_commands
from workers.ledger.batches import Order

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
JSONL = {"Content-Type": "application/x-ndjson"}


def line(number: int, **fields: Any) -> dict[str, Any]:
    return {"custom_id": f"c{number}", "schema": "contact", "document": {"text": f"{TEXT}{number}"}} | fields


def jsonl(*lines: Any) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


async def post(api: httpx.AsyncClient, content: Any, path: str = "/v1/batches", **headers: str) -> httpx.Response:
    return await api.post(path, content=content, headers=JSONL | headers)


async def created(api: httpx.AsyncClient, *lines: Any, **headers: str) -> dict[str, Any]:
    response = await post(api, jsonl(*lines), **headers)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    BatchDetail.model_validate(body)
    assert response.headers["location"] == f"/v1/batches/{body['id']}"
    return body


async def rows(api: httpx.AsyncClient, batch_id: str, what: str = "results", **params: Any) -> list[dict[str, Any]]:
    response = await api.get(f"/v1/batches/{batch_id}/{what}", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    found = [json.loads(row) for row in response.text.splitlines()]
    for row in found:
        (BatchResult if what == "results" else BatchError).model_validate(row)
    return found


async def break_off(api: httpx.AsyncClient, *parts: bytes, **headers: str) -> None:
    """An upload whose connection breaks after these parts, as the server sees it."""

    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part
        raise ClientDisconnect

    with pytest.raises(AssertionError):  # httpx's transport: nobody was there to be answered
        await post(api, stream(), **headers)


def job_ids(published: Published) -> list[str]:
    return [job_id for _, job_id, _ in published]


async def test_a_batch_from_upload_to_results(api: httpx.AsyncClient, worker: FakeWorker, published: Published) -> None:
    inline = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    batch = await created(
        api, line(1), line(2, schema="invoice@1", metadata={"a": "b"}), b"",
        {"custom_id": "c4", "json_schema": inline, "document": {"text": "n is 3"}},
    )  # fmt: skip
    assert (batch["status"], batch["lines"], batch["refused"]) == ("running", 4, 0)
    assert batch["counts"]["queued"] == 3
    assert {priority for _, _, priority in published} == {"bulk"}
    first, second, third = job_ids(published)
    assert worker.claim(third).json_schema == inline
    worker.succeed(second)
    one = (await api.get(f"/v1/extractions/{second}")).json()
    assert (one["batch"], one["custom_id"], one["metadata"]) == (batch["id"], "c2", {"a": "b"})
    assert [(row["line"], row["custom_id"]) for row in await rows(api, batch["id"])] == [(2, "c2")]
    worker.fail(first, {"code": "invalid_output", "detail": "no", "retryable": False})
    assert [row["line"] for row in await rows(api, batch["id"])] == [1, 2]
    assert [row["line"] for row in await rows(api, batch["id"], order="finished")] == [2, 1]
    assert [row["line"] for row in await rows(api, batch["id"], after=1)] == [2]
    assert [row["line"] for row in await rows(api, batch["id"], limit=1)] == [1]
    now = (await api.get(f"/v1/batches/{batch['id']}")).json()
    assert now["counts"] | {"succeeded": 1, "failed": 1, "running": 1} == now["counts"]
    assert now["documents_per_s"] > 0
    assert now["seconds_left"] >= 0
    worker.ledger.run(worker.ledger.jobs.succeed("default", third, 1, {"data": {"n": 3}} | _rest()))
    done = await api.get(f"/v1/batches/{batch['id']}")
    assert (done.json()["status"], "retry-after" in done.headers) == ("completed", False)
    ids = [job["id"] for job in (await api.get("/v1/extractions", params={"batch": batch["id"]})).json()["data"]]
    assert sorted(ids) == [first, second, third]


def _rest() -> dict[str, Any]:
    usage = {"prompt_tokens": 1, "output_tokens": 1, "target_forwards": 1, "drafts": {}, "duration_s": 0.1}
    return {"fields": {}, "usage": usage, "asks": 1, "model": "m", "schema": "inline@1"}


async def test_a_bad_line_is_an_entry_of_the_errors(api: httpx.AsyncClient, published: Published) -> None:
    batch = await created(
        api, line(1), b'{"custom_id": "c2"', b"[1]", line(4, schema="contakt"), line(5, document={"text": " "}),
        line(6, options={"speed": 1}), line(1), {"schema": "contact", "document": {"text": "x"}},
        line(9, custom_id="x" * 65),
        line(10, priority="interactive"), b'{"a": "' + b"x" * 1_200_000 + b'"}', b"\xff\xfe", line(13),
        line(14, document={"text": "y" * 2001}), line(15, json_schema={"type": "objekt"}, schema=None),
    )  # fmt: skip
    assert (batch["counts"]["accepted"], batch["refused"], batch["lines"]) == (2, 13, 15)
    assert len(published) == 2
    found = {row["line"]: row for row in await rows(api, batch["id"], "errors")}
    assert {number: row["error"]["code"] for number, row in found.items()} == {
        2: "invalid_json", 3: "invalid_request", 4: "unknown_schema", 5: "empty_document", 6: "invalid_request",
        7: "duplicate_custom_id", 8: "invalid_request", 9: "invalid_request", 10: "invalid_request",
        11: "line_too_large", 12: "invalid_json", 14: "document_too_large", 15: "invalid_schema",
    }  # fmt: skip
    assert found[4]["custom_id"] == "c4"
    assert found[4]["error"]["near"] == ["contact"]
    assert found[11]["error"]["limit"]["name"] == "max_body_bytes"
    assert found[14]["error"]["limit"] == {"name": "max_document_bytes", "value": 2000}
    assert found[6]["error"]["errors"][0]["pointer"] == "/options/speed"
    assert found[8]["error"]["errors"][0]["pointer"] == "/custom_id"
    assert "Line 1 has" in found[7]["error"]["detail"]
    assert found[2]["custom_id"] is None
    assert [row["line"] for row in await rows(api, batch["id"], "errors", after=4, limit=3)] == [5, 6, 7]


@pytest.mark.parametrize("form", ["gzip header", "gzip type", "two members", "form", "form of gzip", "no line break"])
async def test_every_form_of_an_upload(api: httpx.AsyncClient, published: Published, form: str) -> None:
    plain = jsonl(line(1), line(2), line(3))
    packed = gzip.compress(plain)
    match form:
        case "gzip header":
            response = await post(api, packed, **{"Content-Encoding": "gzip"})
        case "gzip type":
            response = await api.post("/v1/batches", content=packed, headers={"Content-Type": "application/gzip"})
        case "two members":
            halves = plain[:50], plain[50:]
            response = await post(api, b"".join(map(gzip.compress, halves)), **{"Content-Encoding": "gzip"})
        case "no line break":
            response = await post(api, plain.rstrip())
        case _:
            bare = jsonl(*({k: v for k, v in line(n).items() if k != "schema"} for n in (1, 2, 3)))
            file = ("a.jsonl", bare) if form == "form" else ("a.jsonl.gz", gzip.compress(bare))
            response = await api.post("/v1/batches", files={"schema": (None, "contact"), "file": file})
    assert response.status_code == 202, response.text
    assert response.json()["counts"]["accepted"] == 3
    assert len(published) == 3


async def test_a_default_schema_is_for_lines_without_one(api: httpx.AsyncClient, published: Published) -> None:
    bare = {"custom_id": "a", "document": {"text": "x"}}
    response = await post(api, jsonl(bare, line(2, schema="invoice")), "/v1/batches?schema=contact")
    assert response.json()["schema"] == "contact"
    listed = [(await api.get(f"/v1/extractions/{job_id}")).json()["schema"] for job_id in job_ids(published)]
    assert listed == ["contact@1", "invoice@1"]
    is_problem(await post(api, jsonl(bare), "/v1/batches?schema=contakt"), 422, "unknown_schema", "/schema")
    files = {"json_schema": (None, '{"type": "objekt"}'), "file": ("a", jsonl(bare))}
    is_problem(await api.post("/v1/batches", files=files), 422, "invalid_schema")


async def test_each_line_has_its_own_schema_however_alike_their_hashes_begin(
    api: httpx.AsyncClient, published: Published, worker: FakeWorker
) -> None:
    """The SHA-256 of these two have 48 bits in common, which was all that told the schemas of a batch apart. A pair is
    found in three minutes."""

    def schema(field: str, number: int) -> dict[str, Any]:
        fields = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
        return {**fields, "additionalProperties": False, "description": str(number)}

    mine, theirs = schema("mine", 26408064), schema("theirs", 11468056)
    digests = [sha256(json.dumps(one, separators=(",", ":")).encode()).hexdigest() for one in (mine, theirs)]
    assert digests[0][:12] == digests[1][:12]
    await created(api, *(line(n, json_schema=one, schema=None) for n, one in enumerate((mine, theirs), start=1)))
    claims = [worker.claim(job_id) for job_id in job_ids(published)]
    assert [claim.json_schema for claim in claims] == [mine, theirs]
    assert [claim.job.schema for claim in claims] == [f"inline@{digest[:32]}" for digest in digests]


async def test_a_broken_upload_is_sent_again_and_no_document_is_there_twice(
    api: httpx.AsyncClient, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "SLICE_LINES", 4)
    whole = jsonl(*(line(n) if n != 5 else b"no JSON" for n in range(1, 31)))
    key = {"Idempotency-Key": "evening"}
    await break_off(api, whole[:1500], whole[1500:2200], **key)
    first = (await api.get("/v1/batches")).json()["data"][0]
    assert first["status"] == "receiving"
    assert 0 < first["counts"]["accepted"] < 29, "what came is kept, and runs"
    await break_off(api, whole[:3000], **key)
    response = await post(api, whole, **key)
    batch = response.json()
    assert (batch["id"], batch["status"]) == (first["id"], "running")
    assert (batch["counts"]["accepted"], batch["refused"], batch["lines"]) == (29, 1, 30)
    assert len(job_ids(published)) == len(set(job_ids(published))) == 29
    assert "idempotent-replayed" not in response.headers
    again = await post(api, gzip.compress(whole), **key, **{"Content-Encoding": "gzip"})
    assert (again.headers["idempotent-replayed"], again.json()["id"]) == ("true", first["id"])
    assert len(published) == 29
    for other in (whole + jsonl(line(31)), whole[: len(whole) // 2], whole.replace(b"Okafor", b"Okafur")):
        is_problem(await post(api, other, **key), 422, "idempotency_key_reused", "/header/Idempotency-Key")
    is_problem(await post(api, whole, "/v1/batches?schema=invoice", **key), 422, "idempotency_key_reused")
    is_problem(await post(api, gzip.compress(whole)[:-9], **key), 400, "invalid_gzip")
    assert (await api.get(f"/v1/batches/{first['id']}")).json()["status"] == "running", "it is none the worse for it"


async def test_a_replay_of_a_batch_that_has_ended(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    whole, key = jsonl(line(1)), {"Idempotency-Key": "once"}
    first = await post(api, whole, **key)
    assert (first.status_code, "retry-after" in first.headers) == (202, True)
    again = await post(api, whole, **key)
    assert (again.status_code, "retry-after" in again.headers) == (202, True)
    (job,) = (await api.get(f"/v1/extractions?batch={first.json()['id']}")).json()["data"]
    worker.succeed(job["id"])
    again = await post(api, whole, **key)
    assert (again.status_code, again.json()["status"]) == (200, "completed")
    assert "retry-after" not in again.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_upload_that_differs_before_the_break_is_another(
    api: httpx.AsyncClient, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "SLICE_LINES", 2)
    lines, key = [line(n) for n in range(1, 7)], {"Idempotency-Key": "k"}
    await break_off(api, jsonl(*lines[:4]), **key)
    assert len(published) == 4
    for other in ([line(9), *lines[1:]], [*lines[:3], b"", *lines[4:]], lines[:3], lines[1:]):
        is_problem(await post(api, jsonl(*other), **key), 422, "idempotency_key_reused")
    assert (await created(api, *lines, **key))["counts"]["accepted"] == 6


async def test_an_upload_over_a_limit_is_cancelled_even_with_a_key(redis_url: str) -> None:
    settings = ApiSettings(redis_url=redis_url, max_batch_lines=250)
    async with running(settings) as app, client(app) as api:
        response = await post(api, jsonl(*map(line, range(300))), **{"Idempotency-Key": "k"})
        problem = is_problem(response, 413, "batch_too_large")
        batch = (await api.get(f"/v1/batches/{problem['batch']}")).json()
        assert (batch["status"], batch["counts"]["accepted"]) == ("cancelled", 250)


async def test_a_later_upload_puts_out_the_earlier(
    api: httpx.AsyncClient, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "SLICE_LINES", 1)
    whole, gate, key = jsonl(*map(line, range(1, 6))), asyncio.Event(), {"Idempotency-Key": "twice"}

    async def stalled() -> AsyncIterator[bytes]:
        yield whole[:700]
        await gate.wait()
        yield whole[700:]

    earlier = asyncio.create_task(post(api, stalled(), **key))
    while not published:
        await asyncio.sleep(0.01)
    later = await post(api, whole, **key)
    gate.set()
    problem = is_problem(await earlier, 409, "batch_closed")
    assert problem["batch"] == later.json()["id"]
    assert later.json()["counts"]["accepted"] == 5 == len(set(job_ids(published)))


async def test_without_a_key_a_broken_upload_is_cancelled(api: httpx.AsyncClient, published: Published) -> None:
    await break_off(api, jsonl(*map(line, range(250))))
    (batch,) = (await api.get("/v1/batches")).json()["data"]
    assert (batch["status"], batch["counts"]["cancelled"]) == ("cancelled", len(published))
    published.clear()
    packed = gzip.compress(jsonl(*map(line, range(400))), 1)
    problem = is_problem(await post(api, packed[:-20], **{"Content-Encoding": "gzip"}), 400, "invalid_gzip")
    batch = (await api.get(f"/v1/batches/{problem['batch']}")).json()
    assert (batch["status"], batch["reason"]) == ("cancelled", "upload_broken")
    assert batch["counts"]["cancelled"] == batch["counts"]["accepted"] == len(published) > 0


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", {}, 422, "empty_batch"),
        (b"\n \n", {}, 422, "empty_batch"),
        (b'{"a": 1}\n', {"Content-Encoding": "gzip"}, 400, "invalid_gzip"),
        (b"\x1f\x8bnot really", {}, 400, "invalid_gzip"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unsupported_media_type"),
        (b"{}", {"Content-Type": "application/json"}, 415, "unsupported_media_type"),
        (b"{}", {"Content-Type": "multipart/form-data"}, 400, "invalid_multipart"),
        (b"{}", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "invalid_multipart"),
        (b"{}", {"Idempotency-Key": "a b"}, 422, "invalid_idempotency_key"),
    ],
)
async def test_an_upload_that_is_none(
    api: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    is_problem(await post(api, content, **headers), status, code)
    assert (await api.get("/v1/batches")).json()["data"] == []


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"other": (None, "x"), "file": ("a", b"{}")}, "/other"),
        ({"schema": (None, "contact")}, "/file"),
        ({"schema": (None, "x" * 201), "file": ("a", b"{}")}, "/schema"),
        ({"file": ("a", jsonl(line(1))), "schema": (None, "contact")}, ""),
        ({"schema": (None, "contact"), "json_schema": (None, "{}"), "file": ("a", b"{}")}, "/json_schema"),
    ],
)
async def test_a_form_with_something_else(api: httpx.AsyncClient, parts: dict[str, Any], pointer: str) -> None:
    is_problem(await api.post("/v1/batches", files=parts), 422, "invalid_request", pointer)


async def test_limits_of_a_batch(redis_url: str) -> None:
    settings = ApiSettings(redis_url=redis_url, max_batch_lines=3, max_batch_bytes=3_000_000, max_batch_ratio=20)
    async with running(settings) as app, client(app) as api:
        over = is_problem(await post(api, jsonl(*map(line, range(4)))), 413, "batch_too_large")
        assert over["limit"] == {"name": "max_batch_lines", "value": 3}
        over = is_problem(await post(api, jsonl(line(1)) + b"\n" * 5), 413, "batch_too_large")
        assert over["limit"] == {"name": "max_batch_lines", "value": 3}, "blank lines are lines"
        wide = jsonl({"a": "x" * 2_000_000})
        over = is_problem(await post(api, gzip.compress(wide)), 413, "batch_too_large")
        assert over["limit"]["name"] == "max_batch_ratio"
        over = is_problem(await post(api, wide * 2), 413, "body_too_large")
        assert over["limit"]["name"] == "max_batch_bytes"
        dense = jsonl({"a": random.Random(3).randbytes(1_550_000).hex()})
        over = is_problem(await post(api, gzip.compress(dense)), 413, "batch_too_large")
        assert over["limit"]["name"] == "max_batch_bytes"
        silent = ApiSettings(redis_url=redis_url, body_timeout_s=0.1)

    async def slow() -> AsyncIterator[bytes]:
        yield jsonl(line(1))
        await asyncio.sleep(5)

    async with running(silent) as app, client(app) as api:
        is_problem(await post(api, slow()), 408, "body_timeout")


async def test_a_quota_is_a_429_and_the_upload_goes_on_later(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_JOBS", "4")
    published, whole, key = Published(), jsonl(*map(line, range(6))), {"Idempotency-Key": "k"}
    async with running(ApiSettings(redis_url=redis_url), published) as app, client(app) as api:
        response = await post(api, whole, **key)
        problem = is_problem(response, 429, "quota_exceeded")
        assert int(response.headers["retry-after"]) >= 1
        assert len(published) == 4
        assert (await api.get(f"/v1/batches/{problem['batch']}")).json()["status"] == "receiving"
        worker = FakeWorker(redis_url)
        for job_id in job_ids(published)[:2]:
            worker.succeed(job_id)
        worker.ledger.close()
        batch = (await post(api, whole, **key)).json()
        assert (batch["id"], batch["counts"]["accepted"]) == (problem["batch"], 6)
        assert len(set(job_ids(published))) == len(published) == 6


async def test_an_upload_that_is_too_fast_goes_on_a_minute_later(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_RATE_PER_MINUTE", "4")
    published, whole, key = Published(), jsonl(*map(line, range(6))), {"Idempotency-Key": "k"}
    async with running(ApiSettings(redis_url=redis_url), published) as app, client(app) as api:
        response = await post(api, whole, **key)
        problem = is_problem(response, 429, "quota_exceeded")
        assert problem["limit"] == {"name": "quota_rate_per_minute", "value": 4}
        assert 50 <= int(response.headers["retry-after"]) <= 60
        assert len(published) == 4
        with redis.Redis.from_url(redis_url) as store:
            at = "extractor:{default}:rate"
            store.set(at, float(store.get(at) or 0) - 1000 * int(response.headers["retry-after"]))
        batch = (await post(api, whole, **key)).json()
        assert (batch["id"], batch["counts"]["accepted"]) == (problem["batch"], 6)
        assert len(set(job_ids(published))) == len(published) == 6


async def test_cancel_stops_the_rest_and_keeps_what_is_there(
    api: httpx.AsyncClient, worker: FakeWorker, published: Published
) -> None:
    batch = await created(api, *map(line, range(1, 6)))
    jobs = job_ids(published)
    worker.succeed(jobs[1])
    worker.claim(jobs[2])
    response = await api.post(f"/v1/batches/{batch['id']}/cancel")
    assert (response.status_code, response.json()["status"]) == (202, "cancelling")
    assert worker.ledger.run(worker.ledger.jobs.renew("default", jobs[2], 1)).cancel_requested
    worker.ledger.run(worker.ledger.jobs.cancelled("default", jobs[2], 1))
    response = await api.post(f"/v1/batches/{batch['id']}/cancel")
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    found = await rows(api, batch["id"])
    assert [row["status"] for row in found] == ["cancelled", "succeeded", *["cancelled"] * 3]
    assert found[0]["reason"] == "requested"
    other = await created(api, line(1))
    worker.succeed(job_ids(published)[-1])
    is_problem(await api.post(f"/v1/batches/{other['id']}/cancel"), 409, "already_finished")


async def test_delete_erases_all_of_it(api: httpx.AsyncClient, worker: FakeWorker, published: Published) -> None:
    batch = await created(api, *map(line, range(1, 6)), b"no JSON", **{"Idempotency-Key": "k"})
    jobs = job_ids(published)
    worker.succeed(jobs[1])
    worker.claim(jobs[2])
    assert (await api.delete(f"/v1/batches/{batch['id']}")).status_code == 204
    for path in ("", "/results", "/errors"):
        is_problem(await api.get(f"/v1/batches/{batch['id']}{path}"), 404, "batch_not_found")
    for job_id in jobs:
        is_problem(await api.get(f"/v1/extractions/{job_id}"), 404, "extraction_not_found")
    is_problem(await api.delete(f"/v1/batches/{batch['id']}"), 404, "batch_not_found", "/path/id")
    assert (await api.get("/v1/batches")).json() == {"data": [], "next_cursor": None}
    assert (await created(api, line(1), **{"Idempotency-Key": "k"}))["id"] != batch["id"]


async def test_what_is_erased_while_it_is_read_does_not_end_in_order(
    app: FastAPI,
    api: httpx.AsyncClient,
    worker: FakeWorker,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or a part of it would be taken for the whole."""
    monkeypatch.setattr(batch_commands, "PAGE_JOBS", 2)
    batch = await created(api, *map(line, range(1, 6)), b"no JSON")
    for job_id in job_ids(published):
        worker.succeed(job_id)
    about = (app.state.services, "default", batch["id"])
    orders: tuple[Order, ...] = ("input", "finished")
    reading = [batches.results(*about, order, 0, None) for order in orders] + [batches.errors(*about, 0, None)]
    assert all([await anext(pages) for pages in reading])
    assert (await api.delete(f"/v1/batches/{batch['id']}")).status_code == 204
    for pages in reading:
        with pytest.raises(Problem, match="batch_not_found"):
            [page async for page in pages]


async def test_an_answer_that_is_cut_is_no_fault_of_ours(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def cut(*_: object) -> AsyncIterator[bytes]:
        yield b"{}\n"
        raise Problem("store_unavailable", "it went away")

    monkeypatch.setattr(batches, "results", cut)
    batch = await created(api, line(1))
    with caplog.at_level("WARNING", "extractor.api"), pytest.raises(ResponseBroken):
        await api.get(f"/v1/batches/{batch['id']}/results")
    (told,) = caplog.records
    assert (told.levelname, told.getMessage(), told.__dict__["reason"]) == (
        "WARNING",
        "answer cut",
        "store_unavailable",
    )


async def test_a_list_has_cursors(api: httpx.AsyncClient) -> None:
    batches = []
    for n in range(3):
        batches.append((await created(api, line(n)))["id"])
        await asyncio.sleep(0.002)
    first = (await api.get("/v1/batches", params={"limit": 2})).json()
    assert [batch["id"] for batch in first["data"]] == batches[:0:-1]
    last = (await api.get("/v1/batches", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert ([batch["id"] for batch in last["data"]], last["next_cursor"]) == (batches[:1], None)
    is_problem(await api.get("/v1/batches", params={"cursor": "x"}), 422, "invalid_cursor", "/query/cursor")


@pytest.mark.parametrize("batch_id", ["x", "0" * 32, "01a2089bfa2666c6fdf3a811a2d323bb", "*"])
async def test_an_unknown_batch(api: httpx.AsyncClient, batch_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/results"), ("GET", "/errors"), ("POST", "/cancel"), ("DELETE", "")):
        response = await api.request(method, f"/v1/batches/{batch_id}{path}")
        is_problem(response, 404, "batch_not_found", "/path/id")


async def test_wrong_parameters_of_results(api: httpx.AsyncClient) -> None:
    batch = await created(api, line(1))
    path = f"/v1/batches/{batch['id']}/results"
    is_problem(await api.get(path, params={"order": "size"}), 422, "invalid_request", "/query/order")
    is_problem(await api.get(path, params={"order": "finished", "after": 3}), 422, "invalid_request", "/query/after")
    assert await rows(api, batch["id"]) == []


async def test_a_store_that_is_away_is_a_503(tmp_path: Any) -> None:
    with Valkey(tmp_path / "own") as server:
        async with running(ApiSettings(redis_url=server.url)) as app, client(app) as api:
            batch = await created(api, line(1))
            server.kill()
            paths = [("GET", ""), ("GET", "/results"), ("GET", "/errors"), ("POST", "/cancel"), ("DELETE", "")]
            for method, path in paths:
                response = await api.request(method, f"/v1/batches/{batch['id']}{path}")
                is_problem(response, 503, "store_unavailable")
            is_problem(await api.get("/v1/batches"), 503, "store_unavailable")
            is_problem(await post(api, jsonl(line(1))), 503, "store_unavailable")
