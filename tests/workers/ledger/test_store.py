"""What the ledger and the queue do when Redis does not take part: they say so in time, and go on when it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.exceptions import ResponseError

from tests.support.valkey import Valkey, free_port
from workers.config import WorkerSettings
from workers.ledger.ledger import AsyncLedger, Ledger, NewJob, StoreUnavailable
from workers.ledger.scripts import Call
from workers.queue.publish import JobQueue

T = "acme"
TIMEOUT_S = 0.6


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path, aof=True) as server:
        yield server


def settings(url: str) -> WorkerSettings:
    return WorkerSettings(redis_url=url, redis_timeout_s=TIMEOUT_S, redis_connect_timeout_s=TIMEOUT_S)


def new(text: str = "a document") -> NewJob:
    return NewJob("invoice@1", text.encode())


def refused_in_time(call: Callable[[], object], within_s: float = 30.0) -> None:
    """Soon; on a busy machine that is a while."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        call()
    assert time.monotonic() - began < within_s


def every_way_in(ledger: Ledger, queue: JobQueue) -> list[Callable[[], object]]:
    async def asynchronously() -> None:
        async with AsyncLedger(settings=ledger.settings) as other:
            await other.wait(T, "0" * 32, 30)

    return [
        lambda: ledger.run(ledger.jobs.create(T, new())),
        lambda: ledger.run(ledger.jobs.claim(T, "0" * 32, "w")),
        lambda: queue.publish(T, "0" * 32, "bulk"),
        queue.waiting,
        lambda: asyncio.run(asynchronously()),
    ]


@pytest.mark.parametrize(
    "url",
    ["redis://:secret@h:6379/none", "rediss://h/-1", "redis://h/0/1", "unix://:secret@/s?db=x", "unix:///s?db=1.5"],
)
def test_a_database_is_a_number(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WorkerSettings(redis_url=url)
    (fault,) = refused.value.errors()
    assert "has no number for a database" in fault["msg"]
    assert "secret" not in fault["msg"]


@pytest.mark.parametrize("url", ["redis://h", "redis://h/", "redis://:p@h:6379/15", "unix:///s", "unix:///s?db=2"])
def test_what_is_a_database(url: str) -> None:
    assert WorkerSettings(redis_url=url).redis_url == url


def test_a_password_that_is_wrong_is_told_otherwise_than_a_port_that_is(valkey: Valkey) -> None:
    wrong = valkey.url.replace("unix://:", "unix://:not-")
    with Ledger(settings=settings(wrong)) as ledger, pytest.raises(StoreUnavailable, match="password"):
        ledger.run(ledger.jobs.counts(T))
    wrong = f"redis://127.0.0.1:{free_port()}/0"
    with Ledger(settings=settings(wrong)) as ledger, pytest.raises(StoreUnavailable, match="refused"):
        ledger.run(ledger.jobs.counts(T))


def test_nobody_listens() -> None:
    s = settings(f"redis://127.0.0.1:{free_port()}/0")
    with Ledger(settings=s) as ledger:
        for call in every_way_in(ledger, JobQueue(s)):
            refused_in_time(call)


def test_what_is_known_without_the_store_is_answered_without_it() -> None:
    """Of a malformed id: one call value, and both ledgers answer it alike."""
    s = settings(f"redis://127.0.0.1:{free_port()}/0")

    async def asynchronously() -> list[object]:
        async with AsyncLedger(settings=s) as other:
            return [await other.run(call) for call in calls]

    with Ledger(settings=s) as ledger:
        jobs, batches = ledger.jobs, ledger.batches
        calls: list[Call[Any]] = [
            jobs.get(T, "nonsense"), jobs.cancel(T, ""), jobs.claim(T, "x" * 32, "w"), jobs.delete(T, "../" + "0" * 29),
            batches.get(T, "0" * 31), batches.end(T, "nonsense", "erase", "x"),
        ]  # fmt: skip
        assert [ledger.run(call) for call in calls] == [None, None, None, False, None, None]
    assert asyncio.run(asynchronously()) == [None, None, None, False, None, None]


def test_frozen_and_thawed(valkey: Valkey) -> None:
    s = settings(valkey.url)
    queue = JobQueue(s)
    with Ledger(settings=s) as ledger:
        kept = ledger.run(ledger.jobs.create(T, new())).job_id
        queue.publish(T, kept, "interactive")
        valkey.freeze()
        for call in every_way_in(ledger, queue):
            refused_in_time(call)
        valkey.thaw()
        job = ledger.run(ledger.jobs.get(T, kept))
        assert job is not None
        assert job.status == "queued"
        queue.publish(T, kept, "interactive")


def test_killed_and_restarted_with_aof(valkey: Valkey) -> None:
    with Ledger(settings=settings(valkey.url)) as ledger:
        kept = ledger.run(ledger.jobs.create(T, new())).job_id
        ledger.run(ledger.jobs.claim(T, kept, "w"))
        time.sleep(1.1)  # everysec
        valkey.kill()
        refused_in_time(lambda: ledger.run(ledger.jobs.get(T, kept)))
        valkey.start()
        assert ledger.run(ledger.jobs.succeed(T, kept, 1, {"data": 1})), "scripts and leases survive"


def test_full_memory_refuses_new_jobs_and_takes_results(valkey: Valkey) -> None:
    with Ledger(settings=settings(valkey.url)) as ledger, valkey.client() as client:
        running, queued = (
            ledger.run(ledger.jobs.create(T, new())).job_id,
            ledger.run(ledger.jobs.create(T, new())).job_id,
        )
        ledger.run(ledger.jobs.claim(T, running, "w"))
        client.config_set("maxmemory", "1mb")
        with pytest.raises(StoreUnavailable):
            ledger.run(ledger.jobs.create(T, new("x" * 2_000_000)))
        assert ledger.run(ledger.jobs.get(T, queued)) is not None
        assert ledger.run(ledger.jobs.renew(T, running, 1)).ok
        assert ledger.run(ledger.jobs.succeed(T, running, 1, {"data": "y" * 10_000}))
        assert ledger.run(ledger.jobs.cancel(T, queued)) == "cancelled"
        assert ledger.run(ledger.jobs.counts(T))["accepted"] == 2
        client.config_set("maxmemory", "0")
        ledger.run(ledger.jobs.create(T, new()))


def test_a_disk_that_fails_and_a_replica_are_unavailable(valkey: Valkey) -> None:
    with Ledger(settings=settings(valkey.url)) as ledger, valkey.client() as client:
        client.replicaof("127.0.0.1", str(free_port()))
        refused_in_time(lambda: ledger.run(ledger.jobs.create(T, new())))
        client.replicaof("no", "one")
        ledger.run(ledger.jobs.create(T, new()))


def test_a_fault_of_ours_is_not_called_unavailable(valkey: Valkey) -> None:
    with Ledger(settings=settings(valkey.url)) as ledger, valkey.client() as client:
        job_id = ledger.run(ledger.jobs.create(T, new())).job_id
        client.set(f"extractor:{{{T}}}:job:{job_id}", "not a hash")
        with pytest.raises(ResponseError):
            ledger.run(ledger.jobs.get(T, job_id))
