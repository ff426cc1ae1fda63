"""Faults while a batch arrives: the API killed, everything told to stop, nobody who works. Each prints what it injected
and what it counted."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from extractor.client import Client, Overloaded, Patience
from extractor.client import batches as lines_of
from tests.chaos.ledgerwatch import FaultRun
from tests.support.fleet import Fleet, until
from tests.support.served import TENANT, Api
from tests.support.valkey import Valkey
from workers.ledger.ledger import Ledger

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
MIB = 1024 * 1024
HEADERS = {"Idempotency-Key": "evening", "Content-Type": "application/x-ndjson"}
Tell = Callable[[FaultRun], None]


def lines(count: int, text: str = "document") -> Iterator[bytes]:
    for first in range(0, count, 200):
        numbers = range(first, min(count, first + 200))
        yield b"".join(lines_of.line(f"c{n}", f"{text} {n}", {}) for n in numbers)


def upload(url: str, content: Iterator[bytes]) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=300) as http:
        return http.post(f"{url}/v1/batches?schema=contact", content=content, headers=HEADERS)


def accepted(ledger: Ledger, count: float) -> Callable[[], bool]:
    """Whether so many are."""
    return lambda: ledger.run(ledger.jobs.counts(TENANT))["accepted"] > count


def cut(url: str, count: int, text: str, moment: Callable[[], bool], stop: Callable[[], None]) -> None:
    """An upload during which, once `moment` has come, `stop` is called; however it ends."""

    def run() -> None:
        try:
            upload(url, lines(count, text))
        except httpx.TransportError:
            return  # that is what the repetition is for

    thread = threading.Thread(target=run)
    thread.start()
    until(moment, 300, "the middle of the upload")
    stop()
    thread.join()


def test_the_api_killed_in_the_middle_of_a_large_upload(tmp_path: Path, tell: Tell) -> None:
    count = int(os.environ.get("LOAD_DOCUMENTS", "100000"))
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Api(valkey, tmp_path) as api, Ledger(valkey.url) as ledger:
        kept = []
        for part in (0.2, 0.5, 0.8):
            cut(api.url, count, "document", accepted(ledger, part * count), api.kill)
            kept.append(ledger.run(ledger.jobs.counts(TENANT))["accepted"])
            api.start()
        batch_id = upload(api.url, lines(count)).json()["id"]
        batch = ledger.run(ledger.batches.get(TENANT, batch_id))
        counts = ledger.run(ledger.jobs.counts(TENANT))
        with valkey.client() as client:
            jobs = client.zcard(f"extractor:{{{TENANT}}}:index:batch:{batch_id}")
    tell(FaultRun("API kill -9 during an upload", {"lines": count, "kept_at_the_kills": kept, "accepted": jobs}))
    assert batch is not None
    assert (batch.status, batch.lines, batch.refused) == ("running", count, 0)
    assert batch.counts["accepted"] == counts["accepted"] == counts["queued"] == jobs == count
    assert all(0 < part < count for part in kept)


def test_nobody_works_and_memory_stays_as_it_is(tmp_path: Path, tell: Tell) -> None:
    """A consumer that is slow beyond all bounds: the quota holds, for batches and single documents."""
    quota, rounds = 2000, 8
    with (
        Valkey(tmp_path / "valkey", aof=True) as valkey,
        Api(valkey, tmp_path, quota_jobs=quota) as api,
        Client(api.url, patience=Patience(total_s=0)) as client,
        valkey.client() as store,
    ):
        process, rss, used, refused = psutil.Process(api.pid), [], [], 0
        for _ in range(rounds):
            response = upload(api.url, lines(5 * quota))
            assert (response.status_code, response.json()["code"]) == (429, "quota_exceeded")
            assert int(response.headers["retry-after"]) >= 1
            for _ in range(50):
                with pytest.raises(Overloaded):
                    client.submit("one more", "contact")
                refused += 1
            rss.append(process.memory_info().rss)
            used.append(store.info("memory")["used_memory"])
        with Ledger(valkey.url) as ledger:
            counts = ledger.run(ledger.jobs.counts(TENANT))
    grown = {"api_growth_mib": (rss[-1] - rss[1]) / MIB, "redis_growth_mib": (used[-1] - used[1]) / MIB}
    grown = {name: round(value, 1) for name, value in grown.items()}
    tell(FaultRun("nobody works", {"quota": quota, "uploads_refused": rounds, "documents_refused": refused, **grown}))
    assert counts["accepted"] == counts["queued"] == quota
    assert rss[-1] - rss[1] <= 20 * MIB
    assert used[-1] - used[1] <= MIB


def test_everything_told_to_stop_during_a_batch(tmp_path: Path, tell: Tell) -> None:
    count, rounds = 1500, 3
    with (
        Valkey(tmp_path / "valkey", aof=True) as valkey,
        Fleet(valkey, tmp_path, shutdown_s=1.0) as fleet,
        Api(valkey, tmp_path) as api,
    ):
        statuses: list[int] = []

        def stop() -> None:
            for process in (api.process, *(worker.process for worker in fleet.alive())):
                assert process is not None
                process.send_signal(signal.SIGTERM)
            statuses.extend(worker.process.wait(60) for worker in fleet.workers if worker.process.returncode is None)
            assert api.process is not None
            api.process.wait(60)

        for part in range(1, rounds + 1):
            fleet.start(2)
            mark = part * count // (rounds + 1)
            cut(api.url, count, "sleep=0.01", accepted(fleet.ledger, mark), stop)
            api.start()
        fleet.start(2)
        response = upload(api.url, lines(count, "sleep=0.01"))
        with Client(api.url) as client:
            began = time.monotonic()
            batch = client.wait_batch(response.json()["id"], 300)
            rows = list(client.batch_rows(batch.id))
        counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
    measured = {"stops": rounds, "workers_ended": statuses, "seconds_then": round(time.monotonic() - began, 1)}
    tell(FaultRun("SIGTERM to every process", {"documents": count, "succeeded": counts["succeeded"], **measured}))
    assert counts["accepted"] == counts["succeeded"] == batch.counts["succeeded"] == count
    assert [row.custom_id for row in rows] == [f"c{n}" for n in range(count)]
    assert set(statuses) == {0}
