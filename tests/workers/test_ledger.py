"""The ledger's transitions against a real Valkey: what each accepts, what it refuses, what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ledger_support import open_ledger
from tests.valkey import Valkey
from workers.ledger.ledger import (
    ALONE,
    Claim,
    IdempotencyConflict,
    Job,
    Ledger,
    Message,
    NewJob,
    OverQuota,
    QuotaExceeded,
    WorkerInfo,
)

pytest_plugins = ["tests.ledger_fixtures"]

T = "acme"
UNKNOWN = "0" * 32


@pytest.fixture
def ledger(valkey: Valkey) -> Iterator[Ledger]:
    with open_ledger(valkey, lease_s=0.2) as opened:
        yield opened


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


def test_a_job_from_creation_to_its_result(ledger: Ledger) -> None:
    fields = {"options": {"max_output_tokens": 5}, "metadata": {"k": "ü"}, "batch": "b", "priority": "bulk"}
    created = ledger.run(
        ledger.jobs.create(T, new("Größe", json_schema={"type": "object"}, media_type="text/plain", **fields))
    )
    assert not created.existing
    queued = job(ledger, created.job_id)
    assert (queued.status, queued.attempt, queued.started_at, queued.expires_at) == ("queued", 0, None, None)
    assert (queued.options, queued.metadata, queued.batch) == ({"max_output_tokens": 5}, {"k": "ü"}, "b")
    assert queued.priority == "bulk"

    claimed = claim(ledger, created.job_id)
    assert (claimed.document.decode(), claimed.json_schema, claimed.attempt) == ("Größe", {"type": "object"}, 1)
    assert job(ledger, created.job_id).status == "running"

    assert ledger.run(ledger.jobs.succeed(T, created.job_id, 1, {"data": {"total": "1.50"}}))
    done = job(ledger, created.job_id)
    assert (done.status, done.result, done.error, done.done) == ("succeeded", {"data": {"total": "1.50"}}, None, True)
    assert done.started_at
    assert done.finished_at
    assert done.expires_at
    assert (done.expires_at - done.finished_at).total_seconds() == pytest.approx(86_400)
    assert balanced(ledger) | {"accepted": 1, "succeeded": 1, "bytes": 0} == balanced(ledger)


def test_a_claimed_job_cannot_be_claimed_again(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    assert ledger.run(ledger.jobs.claim(T, job_id, "worker-2")) is None
    ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))
    assert ledger.run(ledger.jobs.claim(T, job_id, "worker-2")) is None
    assert job(ledger, job_id).attempt == 1


def test_only_the_current_attempt_may_write(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    time.sleep(0.25)
    assert ledger.run(ledger.upkeep.recover(T)) == ((Message(T, job_id, "interactive"), "queued"),)
    claim(ledger, job_id)
    assert not ledger.run(ledger.jobs.renew(T, job_id, 1)).ok
    assert not ledger.run(ledger.jobs.succeed(T, job_id, 1, {"data": "stale"}))
    assert not ledger.run(ledger.jobs.fail(T, job_id, 1, {"code": "x"}))
    assert not ledger.run(ledger.jobs.cancelled(T, job_id, 1))
    assert ledger.run(ledger.jobs.release(T, job_id, 1, detail="")) is None
    assert ledger.run(ledger.jobs.succeed(T, job_id, 2, {"data": "fresh"}))
    assert job(ledger, job_id).result == {"data": "fresh"}


def test_a_terminal_job_stays_as_it_is(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    assert ledger.run(ledger.jobs.fail(T, job_id, 1, {"code": "invalid_output", "detail": "no", "retryable": False}))
    assert not ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))
    assert not ledger.run(ledger.jobs.fail(T, job_id, 1, {"code": "other"}))
    assert ledger.run(ledger.jobs.cancel(T, job_id)) == "failed"
    assert ledger.run(ledger.jobs.release(T, job_id, 1, detail="")) is None
    kept = job(ledger, job_id)
    assert (kept.status, kept.reason, kept.error) == (
        "failed",
        "invalid_output",
        {"code": "invalid_output", "detail": "no", "retryable": False},
    )
    assert balanced(ledger)["failed"] == 1


def test_a_lease_goes_on_while_it_is_renewed(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    for _ in range(4):
        time.sleep(0.1)
        assert ledger.run(ledger.jobs.renew(T, job_id, 1)).ok
        assert ledger.run(ledger.upkeep.recover(T)) == ()
    assert job(ledger, job_id).status == "running"


def test_a_result_after_the_lease_counts_while_nobody_else_claimed(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    time.sleep(0.25)
    assert ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))


def test_three_dead_attempts_are_poison_and_the_last_runs_alone(ledger: Ledger) -> None:
    job_id = make(ledger)
    for attempt in (1, 2):
        assert claim(ledger, job_id).attempt == attempt
        time.sleep(0.25)
        assert ledger.run(ledger.upkeep.recover(T))[0][1] == "queued"
    assert ledger.run(ledger.jobs.claim(T, job_id, "worker-1")) == ALONE
    assert job(ledger, job_id).attempt == 2, "asking must not count"
    assert claim(ledger, job_id, alone=True).attempt == 3
    time.sleep(0.25)
    assert ledger.run(ledger.upkeep.recover(T))[0][1] == "failed"
    dead = job(ledger, job_id)
    assert dead.status == "failed"
    assert dead.error is not None
    assert (dead.error["code"], dead.error["retryable"], dead.reason) == ("poison", False, "poison")
    assert balanced(ledger)["failed"] == 1


def test_engine_errors_are_tried_again_and_end_as_poison(ledger: Ledger) -> None:
    job_id = make(ledger)
    for _ in range(2):
        attempt = claim(ledger, job_id, alone=True).attempt
        assert ledger.run(ledger.jobs.release(T, job_id, attempt, detail="engine_error: it broke")) == "queued"
    attempt = claim(ledger, job_id, alone=True).attempt
    assert ledger.run(ledger.jobs.release(T, job_id, attempt, detail="engine_error: it broke")) == "failed"
    error = job(ledger, job_id).error
    assert error is not None
    assert error["code"] == "poison"
    assert "engine_error: it broke" in error["detail"]


def test_a_release_that_is_not_the_jobs_fault_costs_no_attempt(ledger: Ledger) -> None:
    job_id = make(ledger)
    for attempt in range(1, 6):
        assert claim(ledger, job_id).attempt == attempt
        assert ledger.run(ledger.jobs.release(T, job_id, attempt, detail="stopping", counts=False)) == "queued"
    assert job(ledger, job_id).status == "queued"


def test_a_delayed_release_is_not_claimable_before_it_is_due(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    assert ledger.run(ledger.jobs.release(T, job_id, 1, detail="", delay_s=0.2)) == "queued"
    assert ledger.run(ledger.jobs.claim(T, job_id, "w")) is None
    assert ledger.run(ledger.upkeep.stale(T, {"interactive": 5, "bulk": 5})) == ()
    time.sleep(0.25)
    assert ledger.run(ledger.upkeep.stale(T, {"interactive": 5, "bulk": 5})) == (Message(T, job_id, "interactive"),)
    claim(ledger, job_id)


def test_cancelling_a_queued_job_is_immediate(ledger: Ledger) -> None:
    job_id = make(ledger)
    assert ledger.run(ledger.jobs.cancel(T, job_id)) == "cancelled"
    assert ledger.run(ledger.jobs.claim(T, job_id, "w")) is None
    assert job(ledger, job_id).reason == "requested"
    assert balanced(ledger)["cancelled"] == 1


def test_cancelling_a_running_job_is_seen_by_its_renewal(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    assert ledger.run(ledger.jobs.cancel(T, job_id)) == "running"
    assert job(ledger, job_id).cancel_requested
    renewal = ledger.run(ledger.jobs.renew(T, job_id, 1))
    assert renewal.ok
    assert renewal.cancel_requested
    assert ledger.run(ledger.jobs.cancelled(T, job_id, 1))
    assert job(ledger, job_id).status == "cancelled"
    assert not job(ledger, job_id).cancel_requested


@pytest.mark.parametrize("end", ["succeed", "fail", "release", "recover"])
def test_a_job_to_be_cancelled_ends_cancelled_whatever_its_worker_does(ledger: Ledger, end: str) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    ledger.run(ledger.jobs.cancel(T, job_id))
    match end:
        case "succeed":
            assert not ledger.run(ledger.jobs.succeed(T, job_id, 1, {"data": 1}))
        case "fail":
            assert not ledger.run(ledger.jobs.fail(T, job_id, 1, {"code": "x"}))
        case "release":
            assert ledger.run(ledger.jobs.release(T, job_id, 1, detail="")) == "cancelled"
        case _:
            time.sleep(0.25)
            assert ledger.run(ledger.upkeep.recover(T))[0][1] == "cancelled"
    ended = job(ledger, job_id)
    assert (ended.status, ended.result, ended.error) == ("cancelled", None, None)
    assert balanced(ledger)["cancelled"] == 1


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_delete_erases_everything(valkey: Valkey, ledger: Ledger, state: str) -> None:
    job_id = ledger.run(ledger.jobs.create(T, new(batch="b"), "key", "hash")).job_id
    if state != "queued":
        claim(ledger, job_id)
    if state == "succeeded":
        ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))
    assert ledger.run(ledger.jobs.delete(T, job_id))
    assert ledger.run(ledger.jobs.get(T, job_id)) is None
    assert not ledger.run(ledger.jobs.delete(T, job_id))
    assert not ledger.run(ledger.jobs.renew(T, job_id, 1)).ok
    assert not ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))
    with valkey.client() as client:
        left = {key.decode() for key in client.keys(f"extractor:{{{T}}}:*")}
    assert left == {f"extractor:{{{T}}}:counts"}
    counts = balanced(ledger)
    assert counts["cancelled" if state != "succeeded" else "succeeded"] == 1
    assert ledger.run(ledger.jobs.create(T, new(), "key", "hash")).existing is False


def test_the_document_goes_when_the_job_ends(valkey: Valkey, ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    with valkey.client() as client:
        assert client.exists(f"extractor:{{{T}}}:doc:{job_id}")
        ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))
        assert not client.exists(f"extractor:{{{T}}}:doc:{job_id}")


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


def test_a_list_is_newest_first_with_filters_and_cursor(ledger: Ledger) -> None:
    made = []
    for n in range(9):
        made.append(make(ledger, batch="even" if n % 2 == 0 else None))
        time.sleep(0.002)  # ids of one millisecond have no order among them
    ledger.run(ledger.jobs.create(T, NewJob("receipt@1", b"x")))
    ledger.run(ledger.jobs.cancel(T, made[0]))
    claim(ledger, made[1])
    ledger.run(ledger.jobs.succeed(T, made[1], 1, {"data": "large"}))

    def walk(limit: int, **filters: str) -> list[str]:
        ids, cursor = [], None
        for _ in range(20):
            page = ledger.run(ledger.jobs.list(T, cursor=cursor, limit=limit, **filters))
            assert len(page.jobs) <= limit
            ids += [found.id for found in page.jobs]
            cursor = page.cursor
            if cursor is None:
                return ids
        raise AssertionError("a cursor that never ends")

    assert walk(100)[1:] == sorted(made, reverse=True)
    assert walk(3)[1:] == sorted(made, reverse=True)
    assert walk(2, batch="even") == [made[n] for n in (8, 6, 4, 2, 0)]
    assert walk(2, batch="even", status="queued") == [made[n] for n in (8, 6, 4, 2)]
    assert walk(5, schema="receipt@1", batch="even") == []
    assert walk(5, status="running") == []
    succeeded = ledger.run(ledger.jobs.list(T, status="succeeded")).jobs
    assert [found.id for found in succeeded] == [made[1]]
    assert succeeded[0].result is None, "a list carries no results"
    assert ledger.run(ledger.jobs.list(T, cursor="nonsense", limit=1)).jobs[0].schema == "receipt@1"


def test_tenants_never_meet(valkey: Valkey, ledger: Ledger) -> None:
    mine, theirs = make(ledger), make(ledger, tenant="rival")
    assert ledger.run(ledger.jobs.get(T, theirs)) is None
    assert ledger.run(ledger.jobs.cancel(T, theirs)) is None
    assert ledger.run(ledger.jobs.delete(T, theirs)) is False
    assert ledger.run(ledger.jobs.claim(T, theirs, "w")) is None
    assert [found.id for found in ledger.run(ledger.jobs.list(T)).jobs] == [mine]
    assert ledger.run(ledger.jobs.list(T, cursor=theirs)).jobs in ([], list(ledger.run(ledger.jobs.list(T)).jobs))
    assert ledger.run(ledger.jobs.counts("rival"))["accepted"] == 1
    assert ledger.run(ledger.upkeep.tenants()) == (T, "rival")
    with valkey.client() as client:
        shared = [key for key in client.keys("*") if not key.startswith((b"extractor:{acme}:", b"extractor:{rival}:"))]
    assert sorted(shared) == [
        b"extractor:clock", b"extractor:memory", b"extractor:tallies", b"extractor:tenants",
    ]  # fmt: skip


@pytest.mark.parametrize("tenant", ["", "a b", "a}:job:", "x" * 65, "a\n", "*"])
def test_a_tenants_name_cannot_reach_into_anothers_keys(ledger: Ledger, tenant: str) -> None:
    with pytest.raises(ValueError, match="tenant"):
        ledger.run(ledger.jobs.get(tenant, UNKNOWN))


@pytest.mark.parametrize("job_id", ["", UNKNOWN, "x" * 32, "../" + "0" * 29, "0" * 31, "0" * 33, "{acme}"])
def test_an_unknown_or_malformed_id_is_nothing(ledger: Ledger, job_id: str) -> None:
    assert ledger.run(ledger.jobs.get(T, job_id)) is None
    assert ledger.run(ledger.jobs.cancel(T, job_id)) is None
    assert ledger.run(ledger.jobs.delete(T, job_id)) is False
    assert ledger.run(ledger.jobs.claim(T, job_id, "w")) is None


def test_queued_jobs_are_republished_when_their_message_is_lost_only(valkey: Valkey) -> None:
    with open_ledger(valkey, republish_after_s=0.2) as ledger:
        lost = make(ledger)
        assert ledger.run(ledger.upkeep.stale(T, {"interactive": 0, "bulk": 0})) == (), "within the grace"
        time.sleep(0.25)
        assert ledger.run(ledger.upkeep.stale(T, {"interactive": 7, "bulk": 0})) == (), "its queue still holds messages"
        later = make(ledger)
        time.sleep(0.45)
        latest = make(ledger)
        claim(ledger, latest)  # published long after `lost` and taken: `lost` was overtaken, so its message is gone
        found = {message.job_id for message in ledger.run(ledger.upkeep.stale(T, {"interactive": 7, "bulk": 0}))}
        assert found == {lost, later}
        assert ledger.run(ledger.upkeep.stale(T, {"interactive": 0, "bulk": 0})) == (), "just published"
        time.sleep(0.25)
        found = {message.job_id for message in ledger.run(ledger.upkeep.stale(T, {"interactive": 0, "bulk": 0}))}
        assert found == {lost, later}, "an empty queue holds no message"


def test_a_backlog_of_one_priority_hides_nothing_of_the_other(valkey: Valkey) -> None:
    with open_ledger(valkey, republish_after_s=0.1, reconcile_batch=1) as ledger:  # ten a look
        backlog = [make(ledger, priority="bulk") for _ in range(40)]
        lost = make(ledger, priority="interactive")
        time.sleep(0.15)
        found = ledger.run(ledger.upkeep.stale(T, {"interactive": 0, "bulk": len(backlog)}))
        assert [message.job_id for message in found] == [lost]


def test_a_message_lost_in_the_middle_of_a_long_queue_is_missed_soon(valkey: Valkey) -> None:
    """All were published within one grace, and most of them still wait."""
    with open_ledger(valkey, republish_after_s=0.3) as ledger:
        ids = []
        for _ in range(40):
            ids.append(make(ledger))
            time.sleep(0.002)
        depth = {"interactive": 30, "bulk": 0}
        for job_id in ids[:10]:
            if job_id != ids[4]:  # its message was popped by a worker that died
                claim(ledger, job_id)
        found: list[str] = []
        ends = time.monotonic() + 5
        while not found and time.monotonic() < ends:
            time.sleep(0.05)
            found += [message.job_id for message in ledger.run(ledger.upkeep.stale(T, depth))]
        assert found == [ids[4]], "and none of those that wait"
        time.sleep(0.7)
        assert ledger.run(ledger.upkeep.stale(T, depth)) == (), "once"


def test_workers_are_seen_while_they_beat(valkey: Valkey) -> None:
    info = WorkerInfo("w1", "host", 42, True, "ready", 4, 1, 1.5, {"model": "bundled"})
    with open_ledger(valkey, heartbeat_ttl_s=100.0) as ledger:
        ledger.run(ledger.workers.beat(info))
        (seen,) = ledger.run(ledger.workers.alive())
        assert (seen.id, seen.model, seen.ready, seen.busy) == ("w1", {"model": "bundled"}, True, 1)
        assert 0 <= seen.age_s < 100
    with open_ledger(valkey, heartbeat_ttl_s=0.2) as ledger:
        ledger.run(ledger.workers.beat(info))
        time.sleep(0.25)
        assert ledger.run(ledger.workers.alive()) == ()
        ledger.run(ledger.workers.beat(info))
        ledger.run(ledger.workers.leave("w1"))
        assert ledger.run(ledger.workers.alive()) == ()


def test_one_reconciler_leads(ledger: Ledger) -> None:
    assert ledger.run(ledger.upkeep.lead("w1", 0.2))
    assert not ledger.run(ledger.upkeep.lead("w2", 0.2))
    assert ledger.run(ledger.upkeep.lead("w1", 0.2))
    time.sleep(0.25)
    assert ledger.run(ledger.upkeep.lead("w2", 0.2))


def test_what_was_read_takes_the_documents_place(ledger: Ledger) -> None:
    """Counted as it is kept, under the attempt's fence; the password goes with the document it opened."""
    job_id = ledger.run(ledger.jobs.create(T, NewJob("invoice@1", b"%PDF" * 500, form="file", password="owl"))).job_id
    first = claim(ledger, job_id)
    assert (first.form, first.password, first.document[:4]) == ("file", "owl", b"%PDF")
    assert ledger.run(ledger.jobs.keep_read(T, job_id, first.attempt + 1, b"no")) is None
    assert ledger.run(ledger.jobs.keep_read(T, job_id, first.attempt, b"x" * 5000)) == "running"
    assert ledger.run(ledger.jobs.counts(T))["bytes"] == 5000
    assert ledger.run(ledger.jobs.release(T, job_id, first.attempt, detail="an engine error")) == "queued"
    again = claim(ledger, job_id)
    assert (again.form, again.password, again.document) == ("read", None, b"x" * 5000)
    assert ledger.run(ledger.jobs.succeed(T, job_id, again.attempt, {}))
    assert ledger.run(ledger.jobs.counts(T))["bytes"] == 0


def test_a_document_that_was_read_elsewhere_comes_back_uncounted(ledger: Ledger) -> None:
    job_id = ledger.run(ledger.jobs.create(T, NewJob("invoice@1", b"II*", form="picture"))).job_id
    for _ in range(5):  # more than there may be attempts
        assert (
            ledger.run(ledger.jobs.keep_read(T, job_id, claim(ledger, job_id).attempt, b"read", requeue=True))
            == "queued"
        )
    last = claim(ledger, job_id)
    assert ledger.run(ledger.jobs.cancel(T, job_id)) == "running"
    assert ledger.run(ledger.jobs.keep_read(T, job_id, last.attempt, b"read", requeue=True)) == "cancelled"
    assert ledger.run(ledger.jobs.counts(T))["bytes"] == 0


def test_pictures_are_put_off_where_there_is_no_room_for_them(ledger: Ledger) -> None:
    job_id = ledger.run(ledger.jobs.create(T, NewJob("invoice@1", b"%PDF", form="file"))).job_id
    ledger.run(
        ledger.workers.beat(WorkerInfo("w1", "box", 1, True, "ready", slots=1, busy=0, loaded_at=None, model={}))
    )
    first = claim(ledger, job_id, pictures=False)  # nobody knew yet that it is pictures
    assert (
        ledger.run(ledger.jobs.release(T, job_id, first.attempt, detail="x", counts=False, delay_s=0.001, behind=True))
        == "queued"
    )
    time.sleep(0.01)
    assert ledger.run(ledger.jobs.claim(T, job_id, "w", pictures=False)) is None
    seen = job(ledger, job_id)
    assert seen.waiting is not None
    assert (seen.waiting.reason, seen.attempt) == ("readers_busy", 1)


def test_who_only_waited_in_a_worker_that_died_is_not_to_blame(ledger: Ledger) -> None:
    job_id = make(ledger)
    for _ in range(5):  # more than there may be attempts
        attempt = claim(ledger, job_id).attempt
        assert not ledger.run(ledger.jobs.park(T, job_id, attempt + 1, parked=True))
        assert ledger.run(ledger.jobs.park(T, job_id, attempt, parked=True))
        time.sleep(0.25)
        assert [outcome for _, outcome in ledger.run(ledger.upkeep.recover(T))] == ["queued"]
    for _ in range(3):  # worked on when it died
        attempt = claim(ledger, job_id, alone=True).attempt
        ledger.run(ledger.jobs.park(T, job_id, attempt, parked=True))
        ledger.run(ledger.jobs.park(T, job_id, attempt, parked=False))
        time.sleep(0.25)
        ((_, outcome),) = ledger.run(ledger.upkeep.recover(T))
    assert outcome == "failed"
