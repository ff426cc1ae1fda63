"""The ledger against a model of it: any order of transitions leaves the counts, the indexes and the documents as the
model says, and never changes a job that has ended. Leases last a millisecond, so that recovery can be a step."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.support import machines
from tests.support.clock_steps import SECONDS, steps
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import ALONE, STATUSES, TERMINAL, Claim, Ledger, NewJob
from workers.ledger.progress import ReadingProgress

T = "acme"
SHARED: dict[str, Any] = {}


@dataclass
class ModelledJob:
    status: str = "queued"
    attempt: int = 0
    tries: int = 0
    cancel: bool = False


class LedgerMachine(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.valkey = SHARED["valkey"]
        self.valkey.flush()
        self.ledger = Ledger(settings=WorkerSettings(redis_url=self.valkey.url, lease_s=0.001))
        self.client = self.valkey.client()
        self.known: dict[str, ModelledJob] = {}
        self.ended: Counter[str] = Counter()
        self.accepted = 0

    def teardown(self) -> None:
        self.ledger.close()
        self.client.close()

    def _end(self, job: ModelledJob, status: str) -> None:
        job.status = "cancelled" if job.cancel else status
        self.ended[job.status] += 1

    @rule(target=jobs, size=st.integers(0, 3))
    def create(self, size: int) -> str:
        job_id = self.ledger.run(self.ledger.jobs.create(T, NewJob("invoice@1", b"x" * size))).job_id
        self.known[job_id] = ModelledJob()
        self.accepted += 1
        return job_id

    @rule(job_id=jobs, alone=st.booleans())
    def claim(self, job_id: str, alone: bool) -> None:
        job = self.known.get(job_id, ModelledJob("gone"))
        claimed: Any = self.ledger.run(self.ledger.jobs.claim(T, job_id, "w", alone=alone))
        if job.status != "queued":
            assert claimed is None
        elif job.tries == 2 and not alone:
            assert claimed == ALONE
        else:
            assert isinstance(claimed, Claim)
            job.status, job.attempt, job.tries = "running", job.attempt + 1, job.tries + 1
            assert claimed.attempt == job.attempt

    @rule(job_id=jobs, late=st.integers(0, 1), how=st.sampled_from(["succeed", "fail", "cancelled"]))
    def finish(self, job_id: str, late: int, how: str) -> None:
        job = self.known.get(job_id, ModelledJob("gone"))
        attempt = job.attempt - late
        match how:
            case "succeed":
                accepted, status = self.ledger.run(self.ledger.jobs.succeed(T, job_id, attempt, {})), "succeeded"
            case "fail":
                accepted, status = self.ledger.run(self.ledger.jobs.fail(T, job_id, attempt, {"code": "x"})), "failed"
            case _:
                accepted, status = self.ledger.run(self.ledger.jobs.cancelled(T, job_id, attempt)), "cancelled"
        current = job.status == "running" and late == 0
        assert accepted == (current and (not job.cancel or status == "cancelled"))
        if current:
            self._end(job, status)

    @rule(job_id=jobs, late=st.integers(0, 1), counts=st.booleans())
    def release(self, job_id: str, late: int, counts: bool) -> None:
        job = self.known.get(job_id, ModelledJob("gone"))
        status = self.ledger.run(self.ledger.jobs.release(T, job_id, job.attempt - late, detail="", counts=counts))
        if job.status != "running" or late:
            assert status is None
            return
        if job.cancel or (counts and job.tries == 3):
            self._end(job, "failed")
        else:
            job.status = "queued"
            job.tries -= not counts
        assert status == job.status

    @rule(job_id=jobs, late=st.integers(0, 1), done=st.integers(0, 3))
    def progress(self, job_id: str, late: int, done: int) -> None:
        job = self.known.get(job_id, ModelledJob("gone"))
        call = self.ledger.jobs.progress(T, job_id, job.attempt - late, ReadingProgress(done, 3, "windows"))
        told = self.ledger.run(call)
        assert told == (job.status == "running" and not late)
        found = self.ledger.run(self.ledger.jobs.get(T, job_id))
        if told:
            assert found is not None
            assert found.progress == ReadingProgress(done, 3, "windows")
        elif found is not None and job.status != "running":
            assert found.progress is None

    @rule()
    def recover(self) -> None:
        time.sleep(0.003)
        outcomes = {message.job_id: outcome for message, outcome in self.ledger.run(self.ledger.upkeep.recover(T))}
        assert outcomes.keys() == {job_id for job_id, job in self.known.items() if job.status == "running"}
        for job_id, outcome in outcomes.items():
            job = self.known[job_id]
            if job.cancel or job.tries == 3:
                self._end(job, "failed")
            else:
                job.status = "queued"
            assert outcome == job.status

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        job = self.known.get(job_id)
        status = self.ledger.run(self.ledger.jobs.cancel(T, job_id))
        if job is None:
            assert status is None
            return
        if job.status == "queued":
            self._end(job, "cancelled")
        elif job.status == "running":
            job.cancel = True
        assert status == job.status

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: str) -> None:
        job = self.known.pop(job_id, None)
        assert self.ledger.run(self.ledger.jobs.delete(T, job_id)) == (job is not None)
        if job is not None and job.status not in TERMINAL:
            self.ended["cancelled"] += 1

    @rule(seconds=SECONDS)
    def clock_steps(self, seconds: int) -> None:
        """Time has not passed."""
        SHARED["clock"].step(seconds)

    @invariant()
    def agrees(self) -> None:
        now = Counter(job.status for job in self.known.values())
        counts = self.ledger.run(self.ledger.jobs.counts(T))
        assert counts["accepted"] == self.accepted
        assert {s: counts[s] for s in TERMINAL} == {s: self.ended[s] for s in TERMINAL}
        assert {s: counts[s] for s in ("queued", "running")} == {s: now[s] for s in ("queued", "running")}
        assert counts["accepted"] == sum(counts[status] for status in STATUSES)
        for status in STATUSES:
            ids = {job.id for job in self.ledger.run(self.ledger.jobs.list(T, status=status, limit=1000)).jobs}
            assert ids == {job_id for job_id, job in self.known.items() if job.status == status}
        prefix = f"extractor:{{{T}}}:doc:"
        documents = {key.decode().removeprefix(prefix) for key in self.client.keys(prefix + "*")}
        assert documents == {job_id for job_id, job in self.known.items() if job.status not in TERMINAL}


def test_any_order_of_transitions() -> None:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as valkey, steps(valkey, exact=True) as clock:
        SHARED.update(valkey=valkey, clock=clock)
        machines.run(LedgerMachine, examples=20, steps=25)
