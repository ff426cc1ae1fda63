"""A store that is down, frozen or full, a queue that does not take the message, a tenant over its quota: each an
answer in time, and nothing that was accepted is lost."""

from __future__ import annotations

import base64
import json
import random
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from api.config import ApiSettings
from api.keys.keys import new_key
from extractor.client import AsyncClient
from tests.support.api_support import ANSWER, BODY, TEXT, FakeWorker, Published, client, is_problem, running
from tests.support.valkey import Valkey, free_port

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "own") as server:
        yield server


async def all_unavailable(api: httpx.AsyncClient) -> None:
    """Every call that needs the store, each a 503; that it takes no time test_api_frozen.py shows."""
    path = f"/v1/extractions/{'0' * 32}"
    for method, url in [
        ("POST", "/v1/extractions"),
        ("GET", path),
        ("GET", f"{path}?wait=20"),
        ("GET", f"{path}/events"),
        ("GET", "/v1/extractions"),
        ("POST", f"{path}/cancel"),
        ("DELETE", path),
        ("GET", "/readyz"),
    ]:
        response = await api.request(method, url, json=BODY if url == "/v1/extractions" and method == "POST" else None)
        problem = is_problem(response, 503, "store_unavailable")
        assert problem["retryable"]
        assert int(response.headers["retry-after"]) >= 1


async def test_a_store_that_was_never_there() -> None:
    async with running(ApiSettings(redis_url=f"redis://127.0.0.1:{free_port()}/0")) as app, client(app) as api:
        await all_unavailable(api)
        assert (await api.get("/healthz")).status_code == 200
        assert (await api.get("/v1/schemas")).status_code == 200
        assert "extractor_store_up 0.0" in (await api.get("/metrics")).text


async def test_a_store_that_dies_and_comes_back(own_valkey: Valkey) -> None:
    async with running(ApiSettings(redis_url=own_valkey.url)) as app, client(app) as api:
        assert (await api.post("/v1/extractions", json=BODY)).status_code == 202
        own_valkey.kill()
        await all_unavailable(api)
        own_valkey.start()
        assert (await api.post("/v1/extractions", json=BODY)).status_code == 202


async def test_a_frozen_store_is_a_503_in_bounded_time(own_valkey: Valkey) -> None:
    assert ApiSettings().store_timeout_s + 0.5 < 6, "what the reliability page promises"
    settings = ApiSettings(redis_url=own_valkey.url, store_timeout_s=0.5)  # the same way, eight times faster
    async with running(settings) as app, client(app) as api:
        assert (await api.post("/v1/extractions", json=BODY)).status_code == 202
        own_valkey.freeze()
        try:
            started = time.monotonic()
            is_problem(await api.post("/v1/extractions", json=BODY), 503, "store_unavailable")
            assert time.monotonic() - started > 0.4
        finally:
            own_valkey.thaw()
        assert (await api.post("/v1/extractions", json=BODY)).status_code == 202


async def test_a_full_store_is_a_503(tmp_path: Path) -> None:
    with Valkey(tmp_path / "small", maxmemory="3mb") as server:
        async with running(ApiSettings(redis_url=server.url)) as app, client(app) as api:
            large = BODY | {"document": {"text": random.Random(1).randbytes(1_000_000).hex()}}  # hard to compress
            codes = [(await api.post("/v1/extractions", json=large)).status_code for _ in range(5)]
            assert codes[-1] == 503
            problem = is_problem(await api.post("/v1/extractions", json=large), 503, "store_unavailable")
            assert problem["retryable"]
            accepted = codes.count(202)
            assert len((await api.get("/v1/extractions")).json()["data"]) == accepted, "a 202 is kept"


async def test_a_queue_that_fails_does_not_fail_the_request(redis_url: str, worker: FakeWorker) -> None:
    def broken(*_: object) -> None:
        raise ConnectionError("no queue")

    async with running(ApiSettings(redis_url=redis_url), broken) as app, client(app) as api:
        response = await api.post("/v1/extractions", json=BODY)
        assert response.status_code == 202
        assert worker.ledger.run(worker.ledger.jobs.counts("default"))["queued"] == 1
        assert "extractor_publish_failures_total 1.0" in (await api.get("/metrics")).text


async def test_a_queue_that_hangs_delays_little_and_nobody_else(redis_url: str) -> None:
    release = threading.Event()
    released: list[bool] = []
    settings = ApiSettings(redis_url=redis_url, publish_timeout_s=0.2)
    async with running(settings, lambda *_: released.append(release.wait(100))) as app, client(app) as api:
        assert (await api.post("/v1/extractions", json=BODY)).status_code == 202
        assert (await api.get("/healthz")).status_code == 200
        assert released == [], "it hangs still"
        release.set()


async def test_the_real_queue_gets_a_token_and_nothing_else(redis_url: str, api_valkey: Valkey) -> None:
    settings = ApiSettings(redis_url=redis_url)
    from api.app import create_app  # with the queue it makes itself

    app = create_app(settings)
    async with app.router.lifespan_context(app), client(app) as api:
        job_id = (await api.post("/v1/extractions", json=BODY | {"priority": "bulk"})).json()["id"]
    with api_valkey.client() as redis:
        assert redis.llen("extractor.interactive") == 0
        (message,) = redis.lrange("extractor.bulk", 0, -1)
    assert job_id.encode() in message
    assert b"Okafor" not in message


async def test_a_tenant_over_its_quota_is_told_to_wait(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_JOBS", "2")
    async with running(ApiSettings(redis_url=redis_url), Published()) as app, client(app) as api:
        key = {"Idempotency-Key": "first"}
        first = await api.post("/v1/extractions", json=BODY, headers=key)
        await api.post("/v1/extractions", json=BODY)
        response = await api.post("/v1/extractions", json=BODY)
        problem = is_problem(response, 429, "quota_exceeded")
        assert int(response.headers["retry-after"]) >= 1
        assert problem["retryable"]
        assert problem["limit"] == {"name": "quota_jobs", "value": 2}
        again = await api.post("/v1/extractions", json=BODY, headers=key)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"]), "a repeat is not a new document"


async def test_what_no_quota_will_ever_hold_is_no_matter_of_waiting(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_BYTES", "2000")
    async with running(ApiSettings(redis_url=redis_url), Published()) as app, client(app) as api:
        huge = BODY | {"document": {"text": "".join(random.Random(1).choices(string.printable, k=4000))}}
        response = await api.post("/v1/extractions", json=huge)
        problem = is_problem(response, 413, "document_too_large", "/document")
        assert not problem["retryable"]
        assert "retry-after" not in response.headers
        assert problem["limit"] == {"name": "quota_bytes", "value": 2000}
        body = "".join(json.dumps(one | {"custom_id": name}) + "\n" for name, one in (("a", huge), ("b", BODY)))
        sent = await api.post("/v1/batches", content=body, headers={"Content-Type": "application/x-ndjson"})
        assert (sent.status_code, sent.json()["counts"]["accepted"], sent.json()["refused"]) == (202, 1, 1)


async def test_who_keeps_too_much_is_told_to_erase_or_to_wait(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, worker: FakeWorker
) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_KEPT_BYTES", "20000")
    async with running(ApiSettings(redis_url=redis_url), Published()) as app, client(app) as api:
        first = (await api.post("/v1/extractions", json=BODY)).json()["id"]
        worker.succeed(first, result=ANSWER | {"data": "x" * 20_000})
        response = await api.post("/v1/extractions", json=BODY)
        problem = is_problem(response, 429, "quota_exceeded")
        assert problem["limit"] == {"name": "quota_kept_bytes", "value": 20_000}
        assert "(DELETE)" in problem["detail"]
        assert "wait" in problem["detail"]
        lines = {"content": json.dumps(BODY), "headers": {"Content-Type": "application/x-ndjson"}}
        is_problem(await api.post("/v1/batches", **lines), 429, "quota_exceeded")
        assert (await api.delete(f"/v1/extractions/{first}")).status_code == 204
        assert (await api.post("/v1/batches", **lines)).status_code == 202


async def test_who_fills_the_store_is_told_and_nobody_else_is(own_valkey: Valkey) -> None:
    with own_valkey.client() as store:
        store.config_set("maxmemory", "12mb")
    keys = {tenant: new_key(tenant) for tenant in ("hog", "neighbour")}
    settings = ApiSettings(redis_url=own_valkey.url, api_keys=",".join(key.entry for key in keys.values()))
    async with running(settings, Published()) as app, client(app) as api:

        async def post(tenant: str, size: int) -> httpx.Response:
            content = base64.b64encode(random.Random(size).randbytes(size)).decode()
            body = BODY | {"document": {"text": content}}
            return await api.post("/v1/extractions", json=body, headers={"X-API-Key": keys[tenant].key})

        for size in range(200_000, 200_100):
            response = await post("hog", size)
            assert (await post("neighbour", 1000)).status_code == 202
            if response.status_code != 202:
                break
        problem = is_problem(response, 429, "quota_exceeded")
        assert problem["limit"]["name"] == "quota_share"
        assert "Erase" in problem["detail"]


async def test_a_tenant_that_is_too_fast_is_told_when_to_come_and_the_client_does(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_RATE_PER_MINUTE", "60")
    async with running(ApiSettings(redis_url=redis_url), Published()) as app, client(app) as api:
        began = time.monotonic()
        with redis.Redis.from_url(redis_url) as store:
            store.set("extractor:{default}:rate", time.time() * 1000 + 60_000)
        refused = await api.post("/v1/extractions", json=BODY)
        problem = is_problem(refused, 429, "quota_exceeded")
        assert problem["limit"] == {"name": "quota_rate_per_minute", "value": 60}
        assert "60 documents a minute" in problem["detail"]
        assert refused.headers["retry-after"] == "1"
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with AsyncClient("http://127.0.0.1:8000", transport=transport) as patient:
            for _ in range(3):
                assert (await patient.submit(TEXT, "contact")).status == "queued"
        assert time.monotonic() - began > 1.5, "it waited its turn"


async def test_ready_is_red_until_a_worker_has_its_model(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    is_problem(await api.get("/readyz"), 503, "not_ready")
    worker.beat(ready=False, state="loading")
    problem = is_problem(await api.get("/readyz"), 503, "not_ready")
    assert problem["detail"] == "No worker is ready: one is loading"
    worker.beat(ready=False, state="recovering", why="its engine was killed")
    problem = is_problem(await api.get("/readyz"), 503, "not_ready")
    assert problem["detail"] == "No worker is ready: one is recovering (its engine was killed)"
    worker.beat(ready=True)
    response = await api.get("/readyz")
    assert response.status_code == 200
    assert response.json()["workers"][0]["ready"] is True


async def test_ready_is_red_when_the_heartbeat_stops(
    worker: FakeWorker, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACTOR_HEARTBEAT_TTL_S", "0.2")
    async with running(ApiSettings(redis_url=redis_url)) as app, client(app) as api:
        seen = 503
        while seen != 200:  # a busy machine may be too late for a beat
            worker.beat(ready=True)
            seen = (await api.get("/readyz")).status_code
        time.sleep(0.3)
        is_problem(await api.get("/readyz"), 503, "not_ready")


async def test_metrics(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    for _ in range(2):
        job_id = (await api.post("/v1/extractions", json=BODY)).json()["id"]
    worker.succeed(job_id)
    await api.get("/no/such/path")
    text = (await api.get("/metrics")).text
    assert 'extractor_jobs{status="queued"} 1.0' in text
    assert 'extractor_jobs{status="succeeded"} 1.0' in text
    assert 'route="/v1/extractions",status="202"' in text
    assert 'route="unmatched",status="404"' in text
    assert "/no/such/path" not in text
    assert job_id not in text
