"""The acceptance of a large batch, measured: how long, how much memory of the API and of Redis, and how long a poll
takes meanwhile. LOAD_DOCUMENTS says how many documents (100,000); the limits are those of a quiet machine with two
cores."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from extractor.client import Client, batches
from tests.chaos.ledgerwatch import FaultRun
from tests.support.served import TENANT, Api
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger
from workers.queue.publish import JobQueue

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
MIB = 1024 * 1024


def document(number: int) -> str:
    """Small, and each its own, so that compression has no easy game."""
    lines = "\n".join(f"{(number * 7919 + k * 104729) % 99991} pieces of item {k * number % 997}" for k in range(10))
    return f"Invoice {number}\n{lines}\n"


def cpu_s(pid: int) -> float:
    """What a process has worked so far; unlike time on the clock, it means something on a busy machine too."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class ServiceWatch:
    """Polls the service and samples its memory while something else goes on."""

    def __init__(self, url: str, pid: int) -> None:
        self.seconds: list[float] = []
        self.rss = 0
        self._url, self._process = url, psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> ServiceWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, trust_env=False, timeout=30) as http:
            while not self._stop.wait(0.05):
                began = time.perf_counter()
                http.get("/v1/extractions/00000000000000000000000000000000")
                self.seconds.append(time.perf_counter() - began)
                self.rss = max(self.rss, self._process.memory_info().rss)


def test_acceptance_of_a_large_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("LOAD_DOCUMENTS", "100000"))
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Api(valkey, tmp_path) as api, valkey.client() as redis:
        process = psutil.Process(api.pid)
        with Client(api.url) as client:
            client.wait_batch(client.submit_batch(batches.lines_of([" "], {}), "contact").id)  # connections, scripts
            rss, used = process.memory_info().rss, redis.info("memory")["used_memory"]

            def lines() -> Iterator[bytes]:
                for number in range(count):
                    yield batches.line(f"document-{number}", document(number), {})

            work = [cpu_s(api.pid), cpu_s(valkey.pid)]
            began = time.monotonic()
            with ServiceWatch(api.url, api.pid) as watch:
                batch = client.submit_batch(lines, "contact")
            seconds = time.monotonic() - began
            work = [cpu_s(api.pid) - work[0], cpu_s(valkey.pid) - work[1]]
            held = redis.info("memory")["used_memory"] - used
            messages = redis.memory_usage("extractor.bulk", samples=0) or 0
            payload = sum(len(document(number)) for number in range(count))
            began = time.monotonic()
            stopped = client.cancel_batch(batch.id)
            while not stopped.done:  # a worker's reconciler would go on with it; there is none here
                stopped = client.cancel_batch(batch.id)
            stop_s = time.monotonic() - began
        with Ledger(settings=WorkerSettings(redis_url=valkey.url)) as ledger:
            counts = ledger.run(ledger.jobs.counts(TENANT))
        queue = JobQueue(WorkerSettings(redis_url=valkey.url))
        waiting = queue.waiting()["bulk"]
        queue.close()
    polls = sorted(watch.seconds)
    p50, p99 = polls[len(polls) // 2], polls[len(polls) * 99 // 100]
    report = FaultRun("large batch", {
        "documents": count, "accepted": batch.counts["accepted"], "published": waiting, "seconds": round(seconds, 1),
        "documents_per_s": round(count / seconds),
        "api_cpu_us_each": round(1e6 * work[0] / count), "redis_cpu_us_each": round(1e6 * work[1] / count),
        "api_growth_mib": round((watch.rss - rss) / MIB, 1),
        "payload_bytes_each": payload // count, "redis_bytes_each_without_messages": (held - messages) // count,
        "message_bytes_each": messages // count, "polls": len(polls),
        "poll_p50_ms": round(1000 * p50, 1), "poll_p99_ms": round(1000 * p99, 1),
        "cancel_s": round(stop_s, 1), "cancelled_then": stopped.counts["cancelled"],
    })  # fmt: skip
    with capsys.disabled():
        print(f"\n{report}")
    assert batch.counts["accepted"] == counts["accepted"] == waiting == count
    assert watch.rss - rss <= 200 * MIB
    assert (held - messages) / count - payload / count <= 2048
    assert stopped.counts["cancelled"] == count
    if count >= 100_000:
        assert seconds <= 60
        assert stop_s <= 30
        assert p99 <= 0.050
