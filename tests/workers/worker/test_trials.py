"""Documents whose schema nobody has tried wait outside of the slots, tenant by tenant in turn; one trial serves all
workers."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis

from extractor.errors import Cancelled, DeadlineExceeded
from extractor.grammar.verdicts import Verdict
from tests.support.fleet import TENANT, Fleet, until
from tests.support.scripted_worker import digest
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Ledger
from workers.worker.heartbeat import ActiveJob
from workers.worker.trials import THREADS, Trial
from workers.worker.verdicts import LedgerVerdicts
from workers.worker.waiting_room import MOST_OF_A_TENANT, WaitingRoom

pytestmark = pytest.mark.timeout(300)


def trial(seconds: float | str, name: str = "") -> dict[str, Any]:
    return {"type": "object", "x-trial": seconds, "title": name}


@pytest.mark.parametrize(("takes_s", "claims"), [(0.05, 1), (0.6, 2)], ids=["held at once", "given back"])
def test_a_document_comes_after_the_trial_of_its_schema(fleet: Fleet, takes_s: float, claims: int) -> None:
    text = f"one {takes_s}"
    (job,) = fleet.wait([fleet.submit(text, json_schema=trial(takes_s))], 30)
    assert job.status == "succeeded"
    assert job.result is not None
    assert job.result["data"]["digest"] == digest(text)
    assert job.attempt == claims


def test_a_refused_schema_fails_its_document_with_the_reason(fleet: Fleet) -> None:
    (job,) = fleet.wait([fleet.submit("two", json_schema=trial("refuse"))], 30)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["code"] == "schema_too_complex"


def test_trials_hold_up_no_document(fleet: Fleet) -> None:
    """More of them than there are slots, each longer than the test: an ordinary document passes them all."""
    slow = [fleet.submit(f"slow {at}", json_schema=trial(60, str(at))) for at in range(12)]
    until(lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] >= len(slow), 30, "all of them claimed")
    (job,) = fleet.wait([fleet.submit("ordinary")], 30)
    assert job.status == "succeeded"
    with redis.Redis.from_url(fleet.valkey.url) as store:

        def parked() -> int:
            return [store.hget(f"extractor:{{{TENANT}}}:job:{waiting}", "parked") for waiting in slow].count(b"1")

        until(lambda: parked() == len(slow) - THREADS, 30, "who only waits is not to blame when his worker dies")
    for waiting in slow:
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, waiting))
    assert {job.status for job in fleet.wait(slow, 60)} == {"cancelled"}


def test_tenants_take_turns() -> None:
    began, over, order = threading.Event(), threading.Event(), []

    def judge(active: ActiveJob) -> None:
        order.append(active.claim.job.id)
        if active.claim.job.id.startswith("first"):
            began.set()
            over.wait(30)

    def then(_: ActiveJob, error: Exception | None) -> None:
        assert error is None

    def take(tenant: str, job_id: str) -> None:
        trials.take(Trial(_active(tenant, job_id), ExitStack(), judge, then, time.monotonic() + 60))

    trials = WaitingRoom("trials", THREADS, lambda *_: None)
    for at in range(2):  # both threads are busy
        take("a", f"first-{at}")
    trials.start()
    assert began.wait(30)
    until(lambda: len(order) == 2, 30, "both threads busy")
    for at in range(4):
        take("a", f"a{at}")
    take("b", "b0")
    assert trials.has_room("b")
    for at in range(MOST_OF_A_TENANT - 4):
        take("a", f"more{at}")
    assert not trials.has_room("a")
    over.set()
    until(lambda: "b0" in order, 30, "the other tenant")
    assert order.index("b0") <= 4  # not behind the sixteen of the first
    trials.stop()


def _active(tenant: str, job_id: str) -> ActiveJob:
    job = SimpleNamespace(tenant=tenant, id=job_id)
    return ActiveJob(cast("Claim", SimpleNamespace(job=job)))


class Busy:
    """Both threads of `trials` are at a trial that goes on until `over`; `ended` is what became of those who left."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.began: list[str] = []
        self.ended: dict[str, Exception | None] = {}
        self.let_go: list[str] = []
        self.trials = WaitingRoom("trials", THREADS, lambda *_: None)
        self.trials.start()
        self.take("a", "busy-0")
        self.take("a", "busy-1")
        until(lambda: len(self.began) == 2, 30, "both threads busy")

    def take(self, tenant: str, job_id: str, wait_s: float = 60) -> ActiveJob:
        active, holding = _active(tenant, job_id), ExitStack()
        holding.callback(self.let_go.append, job_id)
        self.trials.take(Trial(active, holding, self._judge, self._then, time.monotonic() + wait_s))
        return active

    def _judge(self, active: ActiveJob) -> None:
        self.began.append(active.claim.job.id)
        while not self.over.wait(0.02):
            if active.abort.is_set():
                raise Cancelled("the extraction was cancelled")

    def _then(self, active: ActiveJob, error: Exception | None) -> None:
        self.ended[active.claim.job.id] = error


def test_who_is_withdrawn_or_late_leaves_though_others_are_tried() -> None:
    busy = Busy()
    assert not busy.trials.idle()
    withdrawn = busy.take("b", "withdrawn")
    busy.take("b", "late", 0.2)
    busy.take("b", "patient")
    withdrawn.abort.set()
    until(lambda: len(busy.ended) == 2, 30, "both gone")
    assert isinstance(busy.ended["withdrawn"], Cancelled)
    assert isinstance(busy.ended["late"], DeadlineExceeded)
    assert busy.trials.has_room("b")
    busy.over.set()
    until(lambda: busy.trials.idle(), 30, "all tried")
    assert busy.ended["patient"] is None
    assert sorted(busy.let_go) == sorted(busy.ended), "each claim is let go once"
    busy.trials.stop()


def test_a_worker_that_stops_gives_all_of_them_back_at_once() -> None:
    busy = Busy()
    for at in range(5):
        busy.take("b", f"b{at}")
    busy.trials.give_back()
    assert not busy.trials.has_room("c")
    until(lambda: len(busy.ended) == 7, 30, "all given back")
    assert all(isinstance(error, Cancelled) for error in busy.ended.values())
    busy.trials.stop()


def test_who_comes_when_the_worker_has_stopped_leaves_at_once() -> None:
    """There was room when it asked."""
    busy = Busy()
    busy.over.set()
    busy.trials.stop()
    late = busy.take("b", "late")
    assert late.abort.is_set(), "so that it is given back, and not failed"
    assert isinstance(busy.ended["late"], Cancelled)
    assert busy.let_go[-1] == "late"


def test_a_waiting_document_can_be_withdrawn_and_has_its_time(fleet: Fleet) -> None:
    """More slow trials of one tenant than there are threads: those behind them wait."""
    slow = [fleet.submit(f"held {at}", json_schema=trial(60, f"held {at}")) for at in range(3)]
    until(lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] >= len(slow), 30, "all of them claimed")
    behind = fleet.submit("behind", json_schema=trial(60, "behind"))
    short = fleet.submit("short", json_schema=trial(60, "short"), options={"timeout_s": 1.0})
    until(lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] >= len(slow) + 1, 30, "those too")
    fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, behind))
    (job, late) = fleet.wait([behind, short], 30)
    assert job.status == "cancelled"
    assert late.status == "failed"
    assert late.error is not None
    assert late.error["code"] == "deadline_exceeded"
    for waiting in slow:
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, waiting))
    assert {job.status for job in fleet.wait(slow, 60)} == {"cancelled"}


def test_a_verdict_is_kept_for_every_worker(fleet: Fleet) -> None:
    with Ledger(settings=WorkerSettings(redis_url=fleet.valkey.url)) as other:
        mine, theirs = LedgerVerdicts(fleet.ledger), LedgerVerdicts(other)
        assert mine.get("k:1") is None
        said = Verdict("schema_too_complex", "its grammar takes 3 s", (("/properties/a", "too much"),))
        mine.put("k:1", said)
        mine.put("k:2", Verdict())
        assert theirs.get("k:1") == said
        assert theirs.get("k:2") == Verdict()
