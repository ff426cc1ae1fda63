"""A job's attempts: claims, leases, releases, cancellations, ends; on a real Valkey."""

from __future__ import annotations

import time

import pytest

from schemas.jsontext import read
from tests.support.ledger_support import T, balanced, claim, job, make, new
from tests.support.valkey import Valkey
from workers.ledger.ledger import ALONE, Ledger, Message
from workers.ledger.progress import ReadingProgress


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


def test_a_failed_job_keeps_an_answer_with_any_numbers(ledger: Ledger) -> None:
    job_id = make(ledger)
    claim(ledger, job_id)
    data = read('{"a":1250.00,"b":123456789012345678901234567890,"c":-0.5e-7}')
    assert ledger.run(ledger.jobs.fail(T, job_id, 1, {"code": "invalid_output", "data": data}))
    error = job(ledger, job_id).error
    assert error is not None
    assert error["data"] == {"a": 1250, "b": pytest.approx(123456789012345678901234567890), "c": -0.5e-7}


def test_how_far_a_job_is_is_its_attempts_and_gone_with_it(ledger: Ledger) -> None:
    def tell(attempt: int, done: int) -> bool:
        return ledger.run(ledger.jobs.progress(T, job_id, attempt, ReadingProgress(done, 12, "windows")))

    job_id = make(ledger)
    assert not tell(0, 1), "nobody reads it"
    claim(ledger, job_id)
    assert tell(1, 3)
    assert job(ledger, job_id).progress == ReadingProgress(3, 12, "windows")
    assert [one.progress for one in ledger.run(ledger.jobs.list(T)).jobs] == [ReadingProgress(3, 12, "windows")]
    assert ledger.run(ledger.jobs.release(T, job_id, 1, detail="again")) == "queued"
    assert job(ledger, job_id).progress is None, "the next attempt begins anew"
    claim(ledger, job_id)
    assert not tell(1, 4)
    assert tell(2, 1)
    ledger.run(ledger.jobs.succeed(T, job_id, 2, {}))
    assert job(ledger, job_id).progress is None
    assert not tell(2, 2)
    assert job(ledger, job_id).progress is None


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
    assert ledger.run(ledger.upkeep.stale(T, 0)) == ()
    time.sleep(0.25)
    assert ledger.run(ledger.upkeep.stale(T, 0)) == (Message(T, job_id, "interactive"),)
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
