"""The bundled pair in two real workers, killed while it works: whole workers and, alone, the processes their engines
run in. PAIR_DOCUMENTS (1,000) says how many documents, PAIR_PAUSE_S (20) how long between two kills."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path

import psutil
import pytest

from tests.chaos.ledgerwatch import FaultRun
from tests.support.fleet import TENANT, Fleet, Worker, until
from tests.support.valkey import Valkey
from workers.ledger.ledger import NewJob

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1700)]
DIFFERENT = 40


def document(number: int) -> str:
    day = number % 28 + 1
    return f"Order number: SO-{77000 + number}\nCarrier: DHL\nShip date: {day} October 2026\nWeight: {number}.4 kg"


def engine_of(worker: Worker) -> list[psutil.Process]:
    """The process of its engine, by what it holds: the others of a worker are small."""
    return [child for child in psutil.Process(worker.pid).children() if child.memory_info().rss > 150 * 1024**2]


def test_the_pair_killed_while_it_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count, pause = int(os.environ.get("PAIR_DOCUMENTS", "1000")), float(os.environ.get("PAIR_PAUSE_S", "20"))
    dice = random.Random(7)
    kills: Counter[str] = Counter()
    real = {"extractor_factory": "workers.worker.extraction:make", "slots": 2, "lease_s": 10.0}
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Fleet(valkey, tmp_path, **real) as fleet:
        fleet.start(2, wait=False)
        until(lambda: len(fleet.ready()) == 2, 300, "workers ready")
        texts = {}
        for number in range(count):
            text = document(number % DIFFERENT)
            job = fleet.ledger.run(
                fleet.ledger.jobs.create(
                    TENANT, NewJob("shipping_notice@1", text.encode(), priority="bulk"), None, text
                )
            )
            fleet.queue.publish(TENANT, job.job_id, "bulk")
            texts[job.job_id] = text
        began = killed = time.monotonic()

        def settled() -> bool:
            counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
            return not counts["queued"] + counts["running"]

        while not settled():
            time.sleep(0.2)
            assert time.monotonic() - began < 1500, fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
            if time.monotonic() - killed < pause or len(fleet.ready()) < 2:
                continue
            worker = dice.choice(fleet.alive())
            engines = engine_of(worker)
            if engines and kills["engine"] <= kills["worker"]:
                engines[0].send_signal(signal.SIGKILL)
                kills["engine"] += 1
            else:
                worker.kill()
                fleet.start(wait=False)
                kills["worker"] += 1
            killed = time.monotonic()
        seconds = time.monotonic() - began
        jobs = [fleet.job(job_id) for job_id in texts]
        until(lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["accepted"] == count, 5, "the counts")
        counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
    answers = defaultdict(set)
    for job in jobs:
        answers[texts[job.id]].add(json.dumps((job.result or {}).get("data") or job.error, sort_keys=True))
    report = FaultRun("the pair under kills", {
        "documents": count, "kills": dict(kills), "succeeded": counts["succeeded"], "failed": counts["failed"],
        "failed_codes": dict(Counter((job.error or {})["code"] for job in jobs if job.status == "failed")),
        "most_attempts": max(job.attempt for job in jobs), "different_documents": len(answers),
        "changed": sum(len(found) > 1 for found in answers.values()),
        "seconds": round(seconds), "documents_per_s": round(count / seconds, 2),
    })  # fmt: skip
    with capsys.disabled():
        print(f"\n{report}")
    assert counts["accepted"] == counts["succeeded"] + counts["failed"] == count
    assert all(len(found) == 1 for found in answers.values()), "the same document, another answer"
    assert counts["failed"] == 0 or all((job.error or {}).get("code") != "poison" for job in jobs)
    assert sum(kills.values()) > 0, "nothing was killed"
