"""What the service shows of itself: metrics, workers, and why a document waits."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.config import ApiSettings
from api.models.workers import WorkerList
from api.observability.stats import StoreSnapshot, families
from extractor.errors import InvalidOutput
from tests.support.api_support import BODY, FakeWorker, Published, client, is_problem, running
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger, NewJob, WorkerInfo
from workers.worker.worker_stats import WorkerStats

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
ENGINE: dict[str, Any] = {
    "running": 3, "waiting": 1, "steps": 4, "step_rows": 9, "step_s": 0.5, "step_bounds_s": [0.1, 1.0],
    "step_buckets": [3, 1, 0], "forwards": 4, "prompt_tokens": 70, "output_tokens": 30, "restarts": 1,
    "drafts": {"mtp": {"proposed": 20, "accepted": 15}}, "seconds": {"prefill": 0.2, "verify": 0.3},
}  # fmt: skip
INFO = WorkerInfo(
    "box-1-a", "box", 1, ready=True, state="ready", slots=4, busy=3, loaded_at=1700000000.0,
    model={"model": "bundled", "drafter": "d", "device": "cpu"}, started_at=1699999990.0, tokens_per_s=12.5,
    stats={"documents": {"succeeded": 5}, "engine": ENGINE},
)  # fmt: skip


JSONL = {"content-type": "application/x-ndjson"}


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found[one.name, frozenset(one.labels.items())] = one.value
    return found


def fail() -> None:
    raise InvalidOutput("no", last="{}")


class Scrape:
    def __init__(self, text: str) -> None:
        self.all = samples(text)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.all.get((f"extractor_{name}", frozenset(labels.items())))


async def scrape(api: httpx.AsyncClient, **headers: str) -> Scrape:
    response = await api.get("/metrics", headers=headers)
    assert response.status_code == 200
    return Scrape(response.text)


async def test_what_waits_is_counted_by_tenant_and_priority(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    for priority in ("interactive", "bulk", "bulk"):
        await api.post("/v1/extractions", json={**BODY, "priority": priority})
    time.sleep(0.05)
    metric = await scrape(api)
    assert metric("queue_jobs", tenant="default", priority="bulk") == 2
    assert metric("queue_jobs", tenant="default", priority="interactive") == 1
    assert 0.05 <= (metric("queue_oldest_age_seconds", tenant="default", priority="bulk") or 0) < 30
    job_id = (await api.post("/v1/extractions", json=BODY)).json()["id"]
    worker.claim(job_id)
    assert (await scrape(api))("queue_jobs", tenant="default", priority="interactive") == 1


async def test_every_transition_is_counted_once(api: httpx.AsyncClient, worker: FakeWorker, redis_url: str) -> None:
    ids = [(await api.post("/v1/extractions", json=BODY)).json()["id"] for _ in range(5)]
    worker.succeed(ids[0])
    worker.fail(ids[1], {"code": "invalid_output", "detail": "no"})
    claim = worker.claim(ids[2])
    worker.ledger.run(
        worker.ledger.jobs.release("default", ids[2], claim.attempt, detail="engine_error: x", counts=True)
    )
    assert not worker.ledger.run(worker.ledger.jobs.succeed("default", ids[2], claim.attempt, {}))
    brief = WorkerSettings(redis_url=redis_url, lease_s=0.001, republish_after_s=0.001)
    with Ledger(settings=brief) as other:
        other.run(other.jobs.claim("default", ids[3], "dead"))
        time.sleep(0.01)
        assert len(other.run(other.upkeep.recover("default"))) == 1
        time.sleep(0.01)
        other.run(other.upkeep.missing({"interactive": 0, "bulk": 0}))
        time.sleep(0.01)
        republished = len(other.run(other.upkeep.missing({"interactive": 0, "bulk": 0})).messages)
    await api.post(f"/v1/extractions/{ids[4]}/cancel")
    metric = await scrape(api)
    assert metric("jobs_accepted_total") == 5
    ends = {status: metric("jobs_finished_total", status=status) for status in ("succeeded", "failed", "cancelled")}
    assert ends == {"succeeded": 1, "failed": 1, "cancelled": 1}
    assert metric("jobs_failed_total", code="invalid_output") == 1
    assert metric("attempts_total") == 4
    assert metric("attempts_lost_total", cause="error") == 1
    assert metric("leases_lost_total") == metric("attempts_lost_total", cause="worker_lost") == 1
    assert metric("results_dropped_total") == 1
    assert metric("jobs_republished_total") == republished > 0
    assert metric("jobs", status="queued") == 2
    assert metric("erased_oldest_seconds") > 0, "of the documents that ended"
    assert metric("file_rewrites_total", outcome="refused") == 0
    worker.ledger.run(worker.ledger.upkeep.rewrite_refused())
    assert (await scrape(api))("file_rewrites_total", outcome="refused") == 1


async def test_how_long_documents_wait_and_take_is_counted(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    ids = [(await api.post("/v1/extractions", json=BODY)).json()["id"] for _ in range(3)]
    line = b'{"custom_id": "a", "schema": "contact", "document": {"text": "x"}}\n'
    batch = await api.post("/v1/batches", content=line, headers=JSONL)
    (of_batch,) = (await api.get("/v1/extractions", params={"batch": batch.json()["id"]})).json()["data"]
    time.sleep(0.15)
    worker.succeed(ids[0])
    claim = worker.claim(ids[1])
    worker.ledger.run(worker.ledger.jobs.release("default", ids[1], claim.attempt, detail="again", counts=True))
    worker.fail(ids[1], {"code": "invalid_output", "detail": "no"})
    await api.delete(f"/v1/extractions/{ids[2]}")
    worker.succeed(of_batch["id"])
    metric = await scrape(api)
    waited = {"priority": "interactive"}
    assert metric("job_wait_seconds_count", **waited) == 2, "a second attempt is no second wait"
    assert metric("job_wait_seconds_bucket", **waited, le="0.1") == 0
    assert metric("job_wait_seconds_bucket", **waited, le="+Inf") == 2
    assert 0.3 <= (metric("job_wait_seconds_sum", **waited) or 0) < 60
    assert metric("job_wait_seconds_count", priority="bulk") == 1
    for outcome in ("succeeded", "failed", "cancelled"):
        took = {"priority": "interactive", "outcome": outcome}
        assert metric("job_seconds_count", **took) == 1
        assert metric("job_seconds_bucket", **took, le="0.1") == 0
        assert metric("job_seconds_bucket", **took, le="86400.0") == 1
        assert 0.15 <= (metric("job_seconds_sum", **took) or 0) < 60
    assert metric("job_seconds_count", priority="bulk", outcome="succeeded") == 1, "of a batch's POST"


async def test_what_workers_say_is_shown(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    stats = WorkerStats()
    for outcome, seconds in (("read", 0.015), ("read", 0.02), ("read", 7.5), ("password_required", 400.0)):
        stats.reading_ended("application/pdf", outcome, seconds)
    stats.timed_decoding("bulk", lambda: None)
    with pytest.raises(InvalidOutput):
        stats.timed_decoding("bulk", fail)
    worker.ledger.run(worker.ledger.workers.beat(replace(INFO, stats=INFO.stats | stats.durations())))
    metric = await scrape(api)
    pdf = {"worker": INFO.id, "format": "application/pdf"}
    buckets = [
        metric("document_read_seconds_bucket", **pdf, outcome="read", le=le) for le in ("0.02", "5.0", "10.0", "+Inf")
    ]
    assert buckets == [2, 2, 3, 3]
    assert metric("document_read_seconds_sum", **pdf, outcome="password_required") == 400
    for outcome in ("decoded", "invalid_output"):
        decoded = {"worker": INFO.id, "priority": "bulk", "outcome": outcome}
        assert metric("document_decode_seconds_count", **decoded) == 1
        assert metric("document_decode_seconds_bucket", **decoded, le="900.0") == 1
    assert metric("workers", state="ready") == metric("workers_ready") == 1
    assert metric("worker_busy_slots", worker=INFO.id) == 3
    assert metric("worker_documents_total", worker=INFO.id, outcome="succeeded") == 5
    assert metric("engine_output_tokens_total", worker=INFO.id) == 30
    assert metric("engine_output_tokens_per_second", worker=INFO.id) == 12.5
    assert metric("engine_draft_tokens_accepted_total", worker=INFO.id, drafter="mtp") == 15
    assert metric("engine_phase_seconds_total", worker=INFO.id, phase="verify") == 0.3
    assert metric("engine_step_seconds_bucket", worker=INFO.id, le="1.0") == 4
    assert metric("engine_step_seconds_count", worker=INFO.id) == 4
    assert metric("engine_rows_running", worker=INFO.id) == 3


@pytest.mark.parametrize(("named", "labels"), [(None, {"all"}), (0, {"other"}), (2, {"t0", "t1", "other"})])
def test_tenants_are_named_up_to_a_number(valkey_url: str, named: int | None, labels: set[str]) -> None:
    with Ledger(settings=WorkerSettings(redis_url=valkey_url)) as ledger:
        for tenant, count in (("t0", 5), ("t1", 4), ("t2", 1), ("t3", 1)):
            for _ in range(count):
                ledger.run(ledger.jobs.create(tenant, NewJob("invoice@1", b"x")))
        surveys = ledger.run(ledger.upkeep.survey(ledger.run(ledger.upkeep.tenants())))
    family = next(iter(families(StoreSnapshot(surveys, {}, [], named))))
    assert {one.labels["tenant"] for one in family.samples} == labels
    assert sum(one.value for one in family.samples) == 11


@pytest.fixture
def valkey_url(redis_url: str) -> Iterator[str]:
    return redis_url


async def test_what_is_to_be_looked_at_and_what_was_are_counted_once(
    api: httpx.AsyncClient, worker: FakeWorker
) -> None:
    ids = [(await api.post("/v1/extractions", json=BODY)).json()["id"] for _ in range(4)]
    worker.succeed(ids[0])
    worker.succeed(ids[1], marked=True)
    worker.fail(ids[2], {"code": "invalid_output", "detail": "no", "data": {"name": "x"}})
    worker.fail(ids[3], {"code": "empty_document", "detail": "no"})
    for confirmed in (["/name"], []):
        await api.put(f"/v1/extractions/{ids[1]}/review", json={"confirmed": confirmed})
    metric = await scrape(api)
    assert metric("jobs_marked_total") == 2
    assert metric("jobs_reviewed_total") == 1


async def test_how_full_the_store_is(api: httpx.AsyncClient, api_valkey: Valkey) -> None:
    with api_valkey.client() as client:
        client.config_set("maxmemory", "64mb")
        try:
            metric = await scrape(api)
        finally:
            client.config_set("maxmemory", "0")
    assert metric("store_max_bytes") == 64 * 2**20
    assert 100_000 < (metric("store_used_bytes") or 0) < 64 * 2**20


async def test_metrics_name_no_tenant_to_strangers(api_valkey: Valkey, redis_url: str) -> None:
    with Ledger(settings=WorkerSettings(redis_url=redis_url)) as ledger:
        ledger.run(ledger.jobs.create("acme", NewJob("invoice@1", b"x")))
    keys = f"acme:{hashlib.sha256(b'k' * 40).hexdigest()}"
    async with running(ApiSettings(redis_url=api_valkey.url, api_keys=keys), Published()) as app, client(app) as api:
        assert "acme" not in (await api.get("/metrics")).text
        assert (await scrape(api))("queue_jobs", tenant="all", priority="interactive") == 1
    token = hashlib.sha256(b"scraper").hexdigest()
    settings = ApiSettings(redis_url=api_valkey.url, api_keys=keys, metrics_token=token)
    async with running(settings, Published()) as app, client(app) as api:
        is_problem(await api.get("/metrics"), 401, "unauthorized")
        is_problem(await api.get("/metrics", headers={"Authorization": "Bearer no"}), 401, "unauthorized")
        metric = await scrape(api, Authorization="Bearer scraper")
        assert metric("queue_jobs", tenant="acme", priority="interactive") == 1


async def test_workers_are_listed(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    assert (await api.get("/v1/workers")).json() == {"data": []}
    worker.ledger.run(worker.ledger.workers.beat(INFO))
    worker.beat(ready=False, state="loading")  # as a version before says it: no figures
    found = WorkerList.model_validate((await api.get("/v1/workers")).json()).data
    ready = next(one for one in found if one.ready)
    assert (ready.id, ready.model, ready.rows, ready.busy, ready.slots) == ("box-1-a", "bundled", 3, 3, 4)
    assert (ready.alive, ready.tokens_per_s, ready.host, ready.pid) == (True, 12.5, "box", 1)
    assert ready.loaded_at is not None
    assert [one.state for one in found if not one.ready] == ["loading"]


async def test_a_waiting_document_says_why(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    first, second = [(await api.post("/v1/extractions", json=BODY)).headers["location"] for _ in range(2)]

    async def why(path: str) -> tuple[str, Any]:
        shown = (await api.get(path)).json()
        return shown["reason"], shown["waiting"]

    assert (await why(first))[0] == "no_worker"
    worker.beat(ready=False, state="loading")
    assert (await why(first))[0] == "worker_loading"
    worker.beat(ready=True)
    assert (await why(first))[0] == (await why(second))[0] == "queued"
    assert ((await why(first))[1]["ahead"], (await why(second))[1]["ahead"]) == (0, 1)
    listed = (await api.get("/v1/extractions")).json()["data"]
    assert [one["waiting"]["ahead"] for one in listed] == [1, 0]

    job_id = first.rpartition("/")[2]
    claim = worker.claim(job_id)
    assert await why(first) == (None, None)
    worker.ledger.run(
        worker.ledger.jobs.release(
            "default", job_id, claim.attempt, detail="engine_crashed: it died", delay_s=30, counts=True
        )
    )
    reason, waiting = await why(first)
    assert (reason, waiting["last_fault"]) == ("retry_delay", "engine_crashed: it died")
    assert waiting["until"] is not None
    assert (await why(second))[1]["ahead"] == 0
    claim = worker.claim(second.rpartition("/")[2])
    worker.ledger.run(
        worker.ledger.jobs.release("default", second.rpartition("/")[2], claim.attempt, detail="x", counts=True)
    )
    assert (await why(second))[0] == "retry"
    await api.post(f"{second}/cancel")
    assert (await why(second)) == ("requested", None)


async def test_a_batch_says_why_nothing_starts(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    line = b'{"custom_id": "a", "schema": "contact", "document": {"text": "x"}}\n'
    headers = {"Content-Type": "application/x-ndjson", "X-Request-ID": "upload-1"}
    batch = (await api.post("/v1/batches", content=line, headers=headers)).json()
    assert (batch["reason"], batch["request_id"]) == ("no_worker", "upload-1")
    worker.beat(ready=True)
    assert (await api.get(f"/v1/batches/{batch['id']}")).json()["reason"] is None
    (listed,) = (await api.get(f"/v1/extractions?batch={batch['id']}")).json()["data"]
    assert (listed["reason"], listed["request_id"]) == ("queued", "upload-1")
    assert worker.claim(listed["id"]).job.request_id == "upload-1"


async def test_a_scrape_is_cheap_whatever_waits(api: httpx.AsyncClient, redis_url: str, api_valkey: Valkey) -> None:
    """In commands, which no busy machine changes: as many for 300 jobs as for one."""
    with Ledger(settings=WorkerSettings(redis_url=redis_url)) as ledger, api_valkey.client() as redis:

        async def calls() -> int:
            def count() -> int:
                stats = redis.info("commandstats")
                return sum(one["calls"] for name, one in stats.items() if name.startswith("cmdstat_z"))

            found = []
            for _ in range(3):  # the look for due webhooks may come between
                before = count()
                await api.get("/metrics")
                found.append(count() - before)
            return min(found)

        ledger.run(ledger.jobs.create("default", NewJob("invoice@1", b"x")))
        few = await calls()
        for _ in range(300):
            ledger.run(ledger.jobs.create("default", NewJob("invoice@1", b"x")))
        assert await calls() == few < 20
        assert "cmdstat_keys" not in redis.info("commandstats")
