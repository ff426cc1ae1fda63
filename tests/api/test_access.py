"""Who may ask: keys and tenants, and what a service without keys answers to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.config import ApiSettings
from api.keys.keys import KeyConfigError, NewKey, new_key
from tests.support.api_support import BODY, FakeWorker, client, is_problem, running

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
ACME, GLOBEX = new_key("acme"), new_key("globex")


@pytest.fixture
async def locked(redis_url: str) -> AsyncIterator[FastAPI]:
    keys = f"{ACME.entry},{GLOBEX.entry}"
    async with running(ApiSettings(redis_url=redis_url, api_keys=keys, host="0.0.0.0")) as app:
        yield app


def as_(key: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.key}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {ACME.key}"},
        {"X-API-Key": ACME.entry},
        {"X-API-Key": "é"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/extractions"), ("GET", "/v1/extractions/x"), ("GET", "/v1/schemas"), ("POST", "/v1/schemas/check")],
)
async def test_without_a_key_there_is_nothing(locked: FastAPI, method: str, path: str, headers: dict[str, str]) -> None:
    encoded = httpx.Headers(headers, encoding="latin-1")
    async with client(locked, peer="203.0.113.9", base_url="http://api.example") as api:
        response = await api.request(method, path, headers=encoded, json={} if method == "POST" else None)
    is_problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_probes_need_no_key(locked: FastAPI) -> None:
    async with client(locked, peer="203.0.113.9", base_url="http://api.example") as api:
        assert (await api.get("/healthz")).status_code == 200
        assert (await api.get("/metrics")).status_code == 200
        is_problem(await api.get("/readyz"), 503, "not_ready")


async def test_a_foreign_extraction_is_unknown(locked: FastAPI, worker: FakeWorker) -> None:
    async with client(locked, peer="203.0.113.9", base_url="http://api.example") as api:
        created = await api.post("/v1/extractions", json=BODY, headers=as_(ACME))
        job_id, path = created.json()["id"], created.headers["location"]
        worker.succeed(job_id, "acme")
        assert (await api.get(path, headers={"X-API-Key": ACME.key})).json()["status"] == "succeeded"

        for call in (
            api.get(path, headers=as_(GLOBEX)),
            api.get(f"{path}/events", headers=as_(GLOBEX)),
            api.post(f"{path}/cancel", headers=as_(GLOBEX)),
            api.delete(path, headers=as_(GLOBEX)),
        ):
            is_problem(await call, 404, "extraction_not_found")
        assert (await api.get("/v1/extractions", headers=as_(GLOBEX))).json()["data"] == []
        assert [job["id"] for job in (await api.get("/v1/extractions", headers=as_(ACME))).json()["data"]] == [job_id]


async def test_the_log_says_whose_key_asked_for_what(locked: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "extractor.api")
    async with client(locked, peer="203.0.113.9", base_url="http://api.example") as api:
        created = await api.post("/v1/extractions", json=BODY, headers=as_(ACME))
        await api.delete(created.headers["location"], headers=as_(GLOBEX))
        await api.get(created.headers["location"])
    lines = [vars(record) for record in caplog.records if record.msg == "request"]
    job = created.json()["id"]
    assert [(line.get("tenant"), line.get("key"), line["job"], line["status"]) for line in lines] == [
        ("acme", ACME.entry.partition(":")[2][:12], job, 202),
        ("globex", GLOBEX.entry.partition(":")[2][:12], job, 404),
        (None, None, job, 401),
    ]
    said = str(lines)
    assert not any(secret in said for key in (ACME, GLOBEX) for secret in (key.key, key.entry.partition(":")[2]))


async def test_tenants_share_no_idempotency_key(locked: FastAPI) -> None:
    async with client(locked, peer="203.0.113.9", base_url="http://api.example") as api:
        ids = {
            (await api.post("/v1/extractions", json=BODY, headers={**as_(key), "Idempotency-Key": "k"})).json()["id"]
            for key in (ACME, GLOBEX, ACME)
        }
    assert len(ids) == 2


async def test_it_does_not_start_open_to_others(redis_url: str) -> None:
    with pytest.raises(KeyConfigError, match="without API keys"):
        create_app(ApiSettings(redis_url=redis_url, host="0.0.0.0"))


@pytest.mark.parametrize(
    ("peer", "base_url", "headers"),
    [
        ("203.0.113.9", "http://127.0.0.1:8000", {}),  # bound elsewhere than the settings say
        ("127.0.0.1", "http://evil.example", {}),  # a name that was made to point here
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "https://evil.example"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Origin": "null"}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"Host": "[::"}),
    ],
)
async def test_without_keys_only_this_machine_may_ask(
    app: FastAPI, peer: str, base_url: str, headers: dict[str, str]
) -> None:
    async with client(app, peer=peer, base_url=base_url) as api:
        is_problem(await api.post("/v1/extractions", json=BODY, headers=headers), 403, "keys_required")


@pytest.mark.parametrize("base_url", ["http://localhost:8000", "http://[::1]:8000", "http://127.0.0.1"])
async def test_this_machine_may_ask_without_a_key(app: FastAPI, base_url: str) -> None:
    async with client(app, base_url=base_url) as api:
        response = await api.post("/v1/extractions", json=BODY, headers={"Origin": base_url})
        assert response.status_code == 202


async def test_no_cross_origin_headers(api: httpx.AsyncClient) -> None:
    response = await api.get("/v1/schemas", headers={"Origin": "http://localhost:3000"})
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert "server" not in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"
