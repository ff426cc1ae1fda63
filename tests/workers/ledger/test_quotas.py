"""What a tenant may bring and hold: idempotency keys, rates, quotas; and when what it holds goes."""

from __future__ import annotations

import time

import pytest

from tests.support.ledger_support import T, balanced, claim, job, make, new, open_ledger
from tests.support.valkey import Valkey
from workers.ledger.ledger import (
    IdempotencyConflict,
    Ledger,
    NewJob,
    OverQuota,
    QuotaExceeded,
)


def test_the_same_idempotency_key_is_the_same_job(ledger: Ledger) -> None:
    first = ledger.run(ledger.jobs.create(T, new(), "key", "hash"))
    again = ledger.run(ledger.jobs.create(T, new(), "key", "hash"))
    assert (again.job_id, again.existing) == (first.job_id, True)
    with pytest.raises(IdempotencyConflict) as conflict:
        ledger.run(ledger.jobs.create(T, new(), "key", "another"))
    assert conflict.value.job_id == first.job_id
    assert ledger.run(ledger.jobs.create("other", new(), "key", "another")).existing is False, "keys are a tenant's own"
    assert balanced(ledger)["accepted"] == 1


def test_a_rate_is_a_minutes_worth_at_once_and_then_as_it_refills(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_rate_per_minute=3) as ledger, valkey.client() as client:
        first = ledger.run(ledger.jobs.create(T, new(), "key", "hash"))
        for _ in range(2):
            make(ledger)
        with pytest.raises(QuotaExceeded) as rate:
            make(ledger)
        assert (rate.value.limit, rate.value.allowed) == ("quota_rate_per_minute", 3)
        assert rate.value.retry_after_s == pytest.approx(20, abs=5)
        assert ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id == first.job_id, (
            "a repeat is no new document"
        )
        make(ledger, tenant="other")

        def passes(seconds: float) -> None:
            at = f"extractor:{{{T}}}:rate"
            client.set(at, float(client.get(at)) - seconds * 1000)

        passes(rate.value.retry_after_s or 0)
        make(ledger)
        with pytest.raises(QuotaExceeded) as rate:
            make(ledger)
        passes((rate.value.retry_after_s or 0) + 60)
        for _ in range(3):
            make(ledger)
        with pytest.raises(QuotaExceeded):
            make(ledger)
        assert balanced(ledger)["accepted"] == 7, "what was refused was not counted"


def test_a_rate_waits_as_long_as_it_says(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_rate_per_minute=120) as ledger, valkey.client() as client:
        with pytest.raises(QuotaExceeded) as rate:
            [make(ledger) for _ in range(1000)]
        assert balanced(ledger)["accepted"] >= 120
        assert rate.value.retry_after_s is not None
        assert 0 < rate.value.retry_after_s <= 0.5
        time.sleep(rate.value.retry_after_s)
        last = make(ledger)
        at = f"extractor:{{{T}}}:rate"
        for job in ledger.run(ledger.jobs.list(T, limit=1000)).jobs:
            ledger.run(ledger.jobs.delete(T, job.id))
        assert ledger.run(ledger.jobs.get(T, last)) is None
        ledger.run(ledger.upkeep.expire(T))
        assert client.exists(at), "who erases all has still brought them"
        client.set(at, float(client.get(at)) - 60_000)
        ledger.run(ledger.upkeep.expire(T))
        assert not client.exists(at), "a full bucket is forgotten"


def test_what_an_open_job_holds_goes_when_it_ends_and_the_rest_when_it_is_erased(ledger: Ledger) -> None:
    job = NewJob("inline@1", b"text", json_schema={"type": "object"}, metadata={"a": "b"})
    job_id = ledger.run(ledger.jobs.create(T, job)).job_id
    assert ledger.run(ledger.jobs.counts(T))["bytes"] == len(b"text") + len('{"type":"object"}')
    kept = ledger.run(ledger.jobs.counts(T))["kept"]
    plain = make(ledger)
    assert ledger.run(ledger.jobs.counts(T))["kept"] - kept == kept - len('{"a":"b"}inline@1') + len("{}invoice@1")
    ledger.run(ledger.jobs.delete(T, plain))
    found = ledger.run(ledger.jobs.get(T, job_id))
    assert found is not None
    assert found.size == 4
    ledger.run(ledger.jobs.claim(T, job_id, "w"))
    ledger.run(ledger.jobs.succeed(T, job_id, 1, {"data": "x" * 1000}))
    counts = ledger.run(ledger.jobs.counts(T))
    assert (counts["bytes"], counts["kept"]) == (0, kept + len('{"data":""}') + 1000)
    ledger.run(ledger.jobs.delete(T, job_id))
    assert ledger.run(ledger.jobs.counts(T))["kept"] == 0


def test_what_has_ended_counts_until_it_is_erased(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_kept_bytes=10_000) as ledger:
        ended = [make(ledger, metadata={"a": "x" * 500}) for _ in range(4)]
        running = make(ledger)
        claim(ledger, running)
        with pytest.raises(QuotaExceeded) as quota:
            make(ledger, metadata={"a": "x" * 500})
        assert (quota.value.limit, quota.value.allowed) == ("quota_kept_bytes", 10_000)
        for job_id in ended:
            ledger.run(ledger.jobs.cancel(T, job_id))
        with pytest.raises(QuotaExceeded) as quota:
            make(ledger, metadata={"a": "x" * 500})
        assert ledger.run(ledger.jobs.succeed(T, running, 1, {"data": "y" * 20_000})), (
            "what runs lands whatever is full"
        )
        with pytest.raises(QuotaExceeded) as quota:
            make(ledger)
        assert quota.value.current > 20_000
        with pytest.raises(QuotaExceeded):
            ledger.run(ledger.batches.open(T, None, "", None))
        make(ledger, tenant="neighbour")
        ledger.run(ledger.jobs.delete(T, running))
        for job_id in ended:
            ledger.run(ledger.jobs.delete(T, job_id))
        assert ledger.run(ledger.jobs.counts(T))["kept"] == 0
        make(ledger, metadata={"a": "x" * 500})


def test_what_no_quota_has_room_for_is_told_apart(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_bytes=100, quota_kept_bytes=5000) as ledger:
        with pytest.raises(OverQuota) as over:
            ledger.run(ledger.jobs.create(T, NewJob("invoice@1", b"x" * 101)))
        assert (over.value.limit, over.value.size) == ("quota_bytes", 101)
        with pytest.raises(OverQuota) as over:
            make(ledger, metadata={"a": "x" * 5000})
        assert over.value.limit == "quota_kept_bytes"


def test_quotas_bound_what_is_open(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_jobs=2, quota_bytes=100) as ledger:
        first = make(ledger)
        with pytest.raises(QuotaExceeded) as bytes_:
            ledger.run(ledger.jobs.create(T, new("x" * 100)))
        assert (bytes_.value.limit, bytes_.value.allowed, bytes_.value.current) == ("quota_bytes", 100, 10)
        make(ledger)
        with pytest.raises(QuotaExceeded) as jobs:
            make(ledger)
        assert (jobs.value.limit, jobs.value.current) == ("quota_jobs", 2)
        make(ledger, tenant="other")
        ledger.run(ledger.jobs.cancel(T, first))
        make(ledger)
        assert balanced(ledger)["bytes"] == 20


def test_a_result_expires_and_leaves_no_index_behind(valkey: Valkey) -> None:
    with open_ledger(valkey, result_ttl_s=0.2) as ledger:
        done, waiting = make(ledger, batch="b"), make(ledger)
        claim(ledger, done)
        ledger.run(ledger.jobs.succeed(T, done, 1, {}))
        assert job(ledger, done).status == "succeeded"
        time.sleep(0.25)
        assert ledger.run(ledger.jobs.get(T, done)) is None
        assert [found.id for found in ledger.run(ledger.jobs.list(T)).jobs] == [waiting]
        assert ledger.run(ledger.upkeep.expire(T)) == (0, 1, 0)
        with valkey.client() as client:
            indexes = client.keys(f"extractor:{{{T}}}:index*")
            assert all(client.zscore(index, done) is None for index in indexes)
        assert balanced(ledger)["succeeded"] == 1, "what happened stays counted"
        assert ledger.run(ledger.upkeep.tenants()) == (T,)
        ledger.run(ledger.jobs.delete(T, waiting))
        ledger.run(ledger.upkeep.expire(T))
        assert ledger.run(ledger.upkeep.tenants()) == ()


def test_a_job_nobody_finishes_fails_in_the_end(valkey: Valkey) -> None:
    with open_ledger(valkey, open_ttl_s=0.1) as ledger:
        queued, running = make(ledger), make(ledger)
        claim(ledger, running)
        time.sleep(0.15)
        assert ledger.run(ledger.upkeep.expire(T)) == (2, 0, 0)
        for job_id in (queued, running):
            error = job(ledger, job_id).error
            assert error is not None
            assert error["code"] == "expired"
        assert not ledger.run(ledger.jobs.succeed(T, running, 1, {}))
        assert balanced(ledger)["failed"] == 2


def test_what_a_person_found_counts_while_it_is_kept(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_kept_bytes=6000) as ledger:
        job_id = make(ledger)
        assert ledger.run(ledger.jobs.review(T, job_id, {})) == "queued", "it has not ended"
        attempt = claim(ledger, job_id).attempt
        assert ledger.run(ledger.jobs.succeed(T, job_id, attempt, {"data": 1}, marked=True))
        before = ledger.run(ledger.jobs.counts(T))["kept"]
        assert ledger.run(ledger.jobs.review(T, job_id, {"corrections": {"": "x" * 1000}})) == "kept"
        with pytest.raises(QuotaExceeded) as full:
            ledger.run(ledger.jobs.review(T, job_id, {"corrections": {"": "x" * 9000}}))
        assert full.value.limit == "quota_kept_bytes"
        assert job(ledger, job_id).reviewed == {"corrections": {"": "x" * 1000}}, "what was kept before stays"
        assert ledger.run(ledger.jobs.review(T, job_id, {})) == "kept"
        assert ledger.run(ledger.jobs.counts(T))["kept"] == before + len("{}")
        assert ledger.run(ledger.jobs.review("other", job_id, {})) is None
        assert ledger.run(ledger.jobs.delete(T, job_id))
        assert ledger.run(ledger.jobs.counts(T))["kept"] == 0
