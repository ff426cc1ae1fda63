"""Workers killed while the windows of long documents are read: each document ends once, with all of its rows, and short
ones beside them do too."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.support.fleet import TENANT, Fleet, until
from tests.support.long_documents import ledger
from tests.support.valkey import Valkey
from workers.ledger.ledger import NewJob

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
LONG, SHORT, KILLS = 16, 24, 4
READER = {
    "EXTRACTOR_SCHEMAS": "tests.support.window_engine",
    "EXTRACTOR_CONTEXT": "2048",
    "WINDOW_S": "1",
}


def test_workers_killed_while_windows_are_read(tmp_path: Path) -> None:
    dice = random.Random(20)
    factory = {"extractor_factory": "tests.support.window_worker:make", "max_attempts": 12, "warm_up": False}
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Fleet(valkey, tmp_path, **factory) as fleet:
        fleet.environ = READER
        fleet.start(2)
        jobs = {}
        for at in range(LONG + SHORT):
            document, rows = ledger(20 + at, 100 + 5 * at) if at < LONG else ledger(1, 3 + at % 4)
            job = NewJob("window_engine@1", document.text.encode())
            created = fleet.ledger.run(fleet.ledger.jobs.create(TENANT, job, None, document.text))
            fleet.queue.publish(TENANT, created.job_id, job.priority)
            jobs[created.job_id] = [row[0] for row in rows]
        cut_short = 0
        while cut_short < KILLS:
            until(lambda: len(fleet.ready()) >= 2, 120, "two workers")
            fleet.wait_busy()
            time.sleep(dice.uniform(0.5, 2.0))
            assert fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] > 0, "the kills hit work"
            dice.choice(fleet.alive()).kill()
            cut_short += 1
            fleet.start(wait=False)
        done = fleet.wait(jobs, 300)
        assert {job.status for job in done} == {"succeeded"}
        assert max(job.attempt for job in done) > 1
        for job in done:
            assert job.result is not None
            assert [row["code"] for row in job.result["data"]["rows"]] == jobs[job.id]
            windows = job.result["document"].get("windows", [])
            assert bool(windows) is (len(jobs[job.id]) >= 60)
            assert all(window["state"] == "read" for window in windows)
        until(lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["accepted"] == len(jobs), 5, "the counts")
        counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
        assert counts["succeeded"] == len(jobs)


def test_a_long_document_that_is_cancelled_ends_with_its_windows(tmp_path: Path) -> None:
    factory = {"extractor_factory": "tests.support.window_worker:make", "warm_up": False}
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Fleet(valkey, tmp_path, **factory) as fleet:
        fleet.environ = READER | {"WINDOW_S": "1"}
        fleet.start()
        document, _ = ledger(60, 300)
        job = NewJob("window_engine@1", document.text.encode())
        created = fleet.ledger.run(fleet.ledger.jobs.create(TENANT, job, None, document.text))
        fleet.queue.publish(TENANT, created.job_id, job.priority)
        fleet.wait_running(created.job_id)
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, created.job_id))
        (cancelled,) = fleet.wait([created.job_id], 20)
        assert cancelled.status == "cancelled"
        busy = [info.busy for info in fleet.ledger.run(fleet.ledger.workers.alive())]
        until(lambda: not any(info.busy for info in fleet.ledger.run(fleet.ledger.workers.alive())), 20, str(busy))
