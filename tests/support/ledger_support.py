"""What the ledger's tests share beside their fixtures."""

from __future__ import annotations

from typing import Any

from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Job, Ledger, NewJob

T = "acme"


def open_ledger(valkey: Valkey, **settings: Any) -> Ledger:
    return Ledger(settings=WorkerSettings(redis_url=valkey.url, **settings))


def new(text: str = "a document", **fields: Any) -> NewJob:
    return NewJob("invoice@1", text.encode(), **fields)


def make(ledger: Ledger, tenant: str = T, **fields: Any) -> str:
    return ledger.run(ledger.jobs.create(tenant, new(**fields))).job_id


def claim(ledger: Ledger, job_id: str, **options: Any) -> Claim:
    claimed = ledger.run(ledger.jobs.claim(T, job_id, "worker-1", **options))
    assert isinstance(claimed, Claim)
    return claimed


def job(ledger: Ledger, job_id: str) -> Job:
    found = ledger.run(ledger.jobs.get(T, job_id))
    assert found is not None
    return found


def balanced(ledger: Ledger, tenant: str = T) -> dict[str, int]:
    counts = ledger.run(ledger.jobs.counts(tenant))
    ended = counts["succeeded"] + counts["failed"] + counts["cancelled"]
    assert counts["accepted"] == ended + counts["queued"] + counts["running"]
    return counts
