"""`extractor up` as it comes, with the bundled pair and the default times, harmed for minutes: nothing is lost, and
nobody has to do anything."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.ledgerwatch import FaultRun
from tests.service.test_supervisor import Up, answers, project
from tests.support.served import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
SECONDS = 60.0


class Sender:
    """Sends documents over HTTP and looks at what became of each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jobs: list[str] = []
        self.refused = 0

    def send(self) -> None:
        text = f"Order number: SO-{len(self.jobs)}\nCarrier: DHL\nWeight: {len(self.jobs)}.4 kg"
        body = {"schema": "shipping_notice", "document": {"text": text}}
        try:
            answer = httpx.post(f"{self.url}/v1/extractions", json=body, timeout=30, trust_env=False)
        except httpx.TransportError:
            self.refused += 1
            return
        if answer.status_code == 202:
            self.jobs.append(f"{self.url}{answer.headers['Location']}")
        else:
            self.refused += 1

    def seen(self) -> list[dict[str, Any]]:
        return [httpx.get(job, timeout=30, trust_env=False).json() for job in self.jobs]

    def all_done(self) -> bool:
        return not any(one["status"] in ("queued", "running") for one in self.seen())

    def judge(self, name: str, timeout_s: float, **injected: Any) -> FaultRun:
        began = time.monotonic()
        assert wait_until(self.all_done, timeout_s, every_s=1.0)
        seen = self.seen()
        codes = Counter((one.get("error") or {}).get("code", "") for one in seen if one["status"] == "failed")
        statuses = Counter(one["status"] for one in seen)
        report = FaultRun(name, {
            **injected, "accepted": len(self.jobs), "refused": self.refused, **statuses, "failed_codes": dict(codes),
            "most_attempts": max(one["attempt"] for one in seen), "settled_s": round(time.monotonic() - began, 1),
        })  # fmt: skip
        assert sum(statuses.values()) == len(self.jobs), "none is lost"
        return report


def test_a_worker_killed_every_three_seconds_for_a_minute(tmp_path: Path, tell: Any) -> None:
    with Up(project(tmp_path), scripted=False) as up:
        sender, kills = Sender(up.ready()), 0
        began = killed = time.monotonic()  # the first one hits what runs
        while time.monotonic() - began < SECONDS:
            if time.monotonic() - killed >= 3.0 and (worker := up.pid("workers")):
                os.kill(worker, signal.SIGKILL)
                kills, killed = kills + 1, time.monotonic()
            sender.send()
            time.sleep(0.25)
        assert up.process.poll() is None, up.said
        over = time.monotonic()
        assert wait_until(lambda: httpx.get(f"{sender.url}/readyz", timeout=30).status_code == 200, 120)
        ready_s = round(time.monotonic() - over)
        report = sender.judge("SIGKILL to a worker every 3 s", 300, kills=kills, ready_after_s=ready_s)
        tell(report)
        assert sender.refused == 0, "the API goes on accepting"
        assert report.measured["failed_codes"].keys() <= {"invalid_output", "truncated_output", "poison"}
        assert kills >= 5


def test_a_worker_without_heartbeat(tmp_path: Path, tell: Any) -> None:
    with Up(project(tmp_path), scripted=False) as up:
        sender, recovered = Sender(up.ready()), []
        for _ in range(3):
            worker = up.pid("workers")
            for _ in range(20):
                sender.send()
            assert wait_until(lambda: any(one["status"] == "running" for one in sender.seen()), 30, every_s=0.01)
            os.kill(worker, signal.SIGSTOP)
            stopped = time.monotonic()
            assert wait_until(lambda worker=worker: up.pid("workers") not in (0, worker), 60), up.said
            replaced_s = time.monotonic() - stopped
            assert wait_until(sender.all_done, 120, 0.5)
            recovered.append((replaced_s, time.monotonic() - stopped))
        report = sender.judge(
            "worker without heartbeat", 60, stops=3, replaced_s=round(max(one for one, _ in recovered), 1),
            recovered_s=round(max(one for _, one in recovered), 1),
        )  # fmt: skip
        tell(report)
        assert sender.refused == 0
        assert "poison" not in report.measured["failed_codes"]
        assert report.measured["replaced_s"] <= 30
        assert report.measured["recovered_s"] <= 90


def test_an_api_that_no_longer_answers(tmp_path: Path, tell: Any) -> None:
    with Up(project(tmp_path), scripted=False) as up:
        sender, api = Sender(up.ready()), up.pid("api")
        for _ in range(10):
            sender.send()
        os.kill(api, signal.SIGSTOP)
        stopped = time.monotonic()
        assert wait_until(lambda: up.pid("api") not in (0, api), 60), up.said
        replaced_s = round(time.monotonic() - stopped, 1)
        assert wait_until(lambda: answers(sender.url), 60)
        sender.send()
        tell(sender.judge("API that does not answer", 60, replaced_s=replaced_s))
        assert len(sender.jobs) == 11
        assert replaced_s <= 30


def test_no_such_model_is_told_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with Up(project(tmp_path), scripted=False, EXTRACTOR_MODEL="./none") as up:
        assert up.process.wait(120) == 2
        assert up.said.rstrip().splitlines()[-1].startswith("extractor: EXTRACTOR_MODEL=./none: no such folder")
        assert up.said.count("worker stopped") == 1, "it is not started again"
    assert time.monotonic() - began < 60
