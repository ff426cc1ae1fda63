"""Batches at their end: cancelled, erased, expired; their lists and speed; what a message holds; what the reconciler
does."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from typing import Any

import pytest

from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from tests.workers.ledger.batch_support import T, add, finish, found, keys, line, start, swept, whole
from workers.config import WorkerSettings
from workers.errors import BatchClosed
from workers.ledger.ledger import STATUSES, Claim, Ledger, NewJob, StoreUnavailable
from workers.queue.app import TASK
from workers.queue.publish import JobQueue
from workers.worker.reconciler import Reconciler

LEASE_S = 0.05


def test_cancelling_stops_what_is_queued_and_what_runs(ledger: Ledger) -> None:
    batch_id, jobs = whole(ledger, 5)
    finish(ledger, jobs[0])
    claim = ledger.run(ledger.jobs.claim(T, jobs[1], "w"))
    assert isinstance(claim, Claim)
    assert ledger.run(ledger.batches.end(T, batch_id, "cancel", "requested")) == "ending"
    assert ledger.run(ledger.jobs.claim(T, jobs[2], "w")) is None, "at once, before anything is swept"
    assert ledger.run(ledger.jobs.renew(T, jobs[1], 1)).cancel_requested
    swept(ledger)
    assert found(ledger, batch_id).status == "cancelling"
    assert not ledger.run(ledger.jobs.succeed(T, jobs[1], 1, {"data": 1}))
    done = found(ledger, batch_id)
    assert (done.status, done.counts["succeeded"], done.counts["cancelled"]) == ("cancelled", 1, 4)
    assert done.expires_at is not None
    reasons = {job.reason for job in ledger.run(ledger.jobs.list(T, batch=batch_id, status="cancelled")).jobs}
    assert reasons == {"requested"}
    assert ledger.run(ledger.batches.end(T, batch_id, "cancel", "requested")) == "ending", "twice is fine"
    finished, _ = whole(ledger, 0)
    assert ledger.run(ledger.batches.end(T, finished, "cancel", "requested")) == "finished"


def test_a_worker_that_dies_in_a_cancelled_batch_gives_nothing_back(ledger: Ledger) -> None:
    batch_id, (job_id,) = whole(ledger, 1)
    ledger.run(ledger.jobs.claim(T, job_id, "w"))
    ledger.run(ledger.batches.end(T, batch_id, "cancel", "requested"))
    swept(ledger)
    time.sleep(0.06)
    assert ledger.run(ledger.upkeep.recover(T))[0][1] == "cancelled"
    assert found(ledger, batch_id).status == "cancelled"


def test_an_upload_that_nobody_completes_is_cancelled_in_the_end(valkey: Valkey) -> None:
    with open_ledger(valkey, idempotency_ttl_s=0.05) as ledger:
        opened = start(ledger, "key")
        add(ledger, opened, line(1))
        swept(ledger)
        assert found(ledger, opened.batch_id).status == "receiving"
        time.sleep(0.06)
        swept(ledger)
        assert found(ledger, opened.batch_id).cancel == "upload_abandoned"
        assert found(ledger, opened.batch_id).status == "cancelled"
        with pytest.raises(BatchClosed, match="cancelled"):
            add(ledger, opened, line(2))


@pytest.mark.parametrize("how", ["erased", "expired"])
def test_nothing_of_a_batch_is_left(valkey: Valkey, how: str) -> None:
    with open_ledger(valkey, result_ttl_s=0.05 if how == "expired" else 100, reconcile_batch=2) as ledger:
        opened = start(ledger, "key")
        added = add(ledger, opened, *(line(n) for n in range(1, 6)), line(6, b"{}"), line(7, custom_id="c1"))
        finish(ledger, added.job_ids[0])
        if how == "erased":
            ledger.run(ledger.jobs.claim(T, added.job_ids[1], "w"))
            assert ledger.run(ledger.batches.end(T, opened.batch_id, "erase", "deleted")) == "ending"
            assert ledger.run(ledger.batches.get(T, opened.batch_id)) is None, "gone for everybody at once"
            assert ledger.run(ledger.batches.ids(T, None, 10)) == []
        else:
            ledger.run(ledger.batches.seal(T, opened))
            for job_id in added.job_ids[1:]:
                finish(ledger, job_id)
            time.sleep(0.06)
            assert ledger.run(ledger.batches.get(T, opened.batch_id)) is None, "over, whether somebody erases it or not"
            assert ledger.run(ledger.jobs.get(T, added.job_ids[0])) is None
            assert not ledger.run(ledger.jobs.list(T)).jobs
            assert ledger.run(ledger.jobs.review(T, added.job_ids[0], {})) is None
        swept(ledger)
        left = keys(valkey)
        assert left == {"counts"}
        counts = ledger.run(ledger.jobs.counts(T))
        assert counts["accepted"] == 5 == sum(counts[s] for s in STATUSES)
        assert (counts["bytes"], counts["kept"]) == (0, 0)
        ledger.run(ledger.upkeep.expire(T))
        assert ledger.run(ledger.upkeep.tenants()) == ()


def test_an_inline_schema_is_kept_once_and_handed_out_with_every_job(valkey: Valkey, ledger: Ledger) -> None:
    schema = {"type": "object", "description": "x" * 1000}
    opened = start(ledger)
    jobs = [NewJob("inline@1", b"text", json_schema=schema, custom_id=f"i{n}") for n in range(3)]
    added = add(ledger, opened, *(line(n, job) for n, job in enumerate(jobs, 1)))
    with valkey.client() as client:
        assert not client.hexists(f"extractor:{{{T}}}:job:{added.job_ids[0]}", "json_schema")
    claim = ledger.run(ledger.jobs.claim(T, added.job_ids[2], "w"))
    assert isinstance(claim, Claim)
    assert claim.json_schema == schema


def test_a_document_is_kept_compressed_and_handed_out_as_it_was(valkey: Valkey, ledger: Ledger) -> None:
    text = b"Invoice 17, total 3.00 EUR\n" * 400
    noise = random.Random(1).randbytes(3000)
    for document, smaller in ((text, True), (noise, False), (b"short", False)):
        job_id = ledger.run(ledger.jobs.create(T, NewJob("invoice@1", document))).job_id
        with valkey.client() as client:
            assert (client.strlen(f"extractor:{{{T}}}:doc:{job_id}") < len(document) / 5) == smaller
            assert ledger.run(ledger.jobs.counts(T))["bytes"] == client.strlen(f"extractor:{{{T}}}:doc:{job_id}"), (
                "as it is kept"
            )
        claim = ledger.run(ledger.jobs.claim(T, job_id, "w"))
        assert isinstance(claim, Claim)
        assert (claim.document, claim.job.size) == (document, len(document))
        ledger.run(ledger.jobs.succeed(T, job_id, 1, {}))


def test_batches_of_tenants_never_meet(ledger: Ledger) -> None:
    batch_id, _ = whole(ledger, 1, "key")
    batches = ledger.batches
    assert ledger.run(batches.get("rival", batch_id)) is None
    assert ledger.run(batches.end("rival", batch_id, "erase", "x")) is None
    assert ledger.run(batches.ids("rival", None, 10)) == []
    assert ledger.run(batches.results("rival", batch_id, "input", 0)).jobs == ()
    assert ledger.run(batches.open("rival", "key", "other", None)).batch_id != batch_id
    swept_any = ledger.run(batches.sweep("rival", batch_id))
    assert not swept_any
    assert found(ledger, batch_id).counts["queued"] == 1


def test_a_list_of_batches_is_newest_first(ledger: Ledger) -> None:
    batch_ids = []
    for _ in range(5):
        batch_ids.append(start(ledger).batch_id)
        time.sleep(0.002)
    first = ledger.run(ledger.batches.ids(T, None, 3))
    assert first == batch_ids[:1:-1]
    assert ledger.run(ledger.batches.ids(T, first[-1], 3)) == batch_ids[1::-1]


def test_speed_and_time_left(ledger: Ledger) -> None:
    batch_id, jobs = whole(ledger, 6)
    assert found(ledger, batch_id).documents_per_s is None
    for job_id in jobs[:3]:
        finish(ledger, job_id)
    time.sleep(0.2)
    batch = found(ledger, batch_id)
    assert batch.started_at
    seconds = (batch.now - batch.started_at).total_seconds()
    assert batch.documents_per_s == pytest.approx(3 / seconds)
    assert batch.seconds_left == pytest.approx(seconds)


def test_a_full_store_takes_no_lines_and_loses_none(tmp_path: Any) -> None:
    with Valkey(tmp_path / "small", maxmemory="3mb") as server, open_ledger(server, quota_share=0) as ledger:
        opened = start(ledger, "key")
        noise = random.Random(2)
        taken = 0
        with contextlib.suppress(StoreUnavailable):
            while taken < 100:
                job = NewJob("invoice@1", noise.randbytes(200_000), custom_id=f"n{taken}")
                taken += len(add(ledger, opened, line(taken + 1, job)).job_ids)
        assert taken < 100, "it was refused in the end"
        assert found(ledger, opened.batch_id).counts["accepted"] == taken > 0
        ledger.run(ledger.batches.seal(T, opened))


def test_any_order_of_events_keeps_the_counts_true(ledger: Ledger) -> None:
    """Random transitions over two batches; after each the batch says what its jobs say."""
    chance = random.Random(7)
    for _ in range(2):
        opened = start(ledger)
        jobs = list(add(ledger, opened, *(line(n) for n in range(1, 9))).job_ids)
        seen: Counter[str] = Counter()
        for step in range(60):
            job_id = chance.choice(jobs)
            event = chance.choice(["claim", "claim", "succeed", "fail", "release", "cancel", "delete", "recover"])
            job = ledger.run(ledger.jobs.get(T, job_id))
            attempt = job.attempt if job else 0
            match event:
                case "claim":
                    ledger.run(ledger.jobs.claim(T, job_id, "w", alone=True))
                case "succeed":
                    ledger.run(ledger.jobs.succeed(T, job_id, attempt, {"data": 1}))
                case "fail":
                    ledger.run(ledger.jobs.fail(T, job_id, attempt, {"code": "x"}))
                case "release":
                    ledger.run(ledger.jobs.release(T, job_id, attempt, detail=""))
                case "cancel":
                    ledger.run(ledger.jobs.cancel(T, job_id))
                case "delete" if job and chance.random() < 0.2:
                    seen[job.status if job.done else "cancelled"] += 1
                    ledger.run(ledger.jobs.delete(T, job_id))
                case "recover" if chance.random() < 0.3:
                    time.sleep(0.06)
                    ledger.run(ledger.upkeep.recover(T))
            if step == 30:
                ledger.run(ledger.batches.seal(T, opened))
            left = Counter(job.status for job in (ledger.run(ledger.jobs.get(T, i)) for i in jobs) if job)
            counts = found(ledger, opened.batch_id).counts
            assert {s: counts[s] for s in STATUSES} == {s: left[s] + seen[s] for s in STATUSES}
            assert counts["accepted"] == 8 == sum(counts[s] for s in STATUSES)
        ledger.run(ledger.batches.end(T, opened.batch_id, "cancel", "requested"))
        swept(ledger)
        for job_id in jobs:
            ledger.run(ledger.jobs.cancelled(T, job_id, getattr(ledger.run(ledger.jobs.get(T, job_id)), "attempt", 0)))
        ended = found(ledger, opened.batch_id)
        assert (ended.open, ended.finished_at is not None) == (0, True)


def test_a_message_holds_two_ids_and_little_else(valkey: Valkey) -> None:
    """As Celery's protocol 2 writes a task, which any Celery worker reads."""
    queue = JobQueue(WorkerSettings(redis_url=valkey.url))
    queue.publish(T, "0" * 32, "bulk")
    queue.publish_all(T, ["1" * 32, "2" * 32], "bulk")
    with valkey.client() as client:
        messages = client.lrange("extractor.bulk", 0, -1)[::-1]
    queue.close()
    for n, message in enumerate(map(json.loads, messages)):
        assert message["headers"] == {"lang": "py", "task": TASK, "id": f"{n}" * 32}
        assert json.loads(message["body"])[0] == [T, f"{n}" * 32]
    assert len(messages) == 3
    assert max(map(len, messages)) < 450


def test_the_reconciler_ends_what_the_api_began(valkey: Valkey) -> None:
    settings = WorkerSettings(redis_url=valkey.url, reconcile_batch=2)
    queue = JobQueue(settings)
    with Ledger(settings=settings) as ledger:
        cancelled, _ = whole(ledger, 5)
        erased, (job_id, *_) = whole(ledger, 5)
        ledger.run(ledger.batches.end(T, cancelled, "cancel", "requested"))
        ledger.run(ledger.batches.end(T, erased, "erase", "deleted"))
        Reconciler(ledger, queue, settings, "w").tick()
        assert found(ledger, cancelled).counts["cancelled"] == 5
        assert found(ledger, cancelled).status == "cancelled"
        assert ledger.run(ledger.jobs.get(T, job_id)) is None
    queue.close()


def test_a_tick_erases_all_that_is_due_and_every_tenant_has_a_turn(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = WorkerSettings(redis_url=valkey.url, reconcile_batch=2, result_ttl_s=0.001)
    queue = JobQueue(settings)
    with Ledger(settings=settings) as ledger:
        for tenant, count in (("a", 7), ("b", 7), ("c", 1)):
            for n in range(count):
                job_id = ledger.run(ledger.jobs.create(tenant, NewJob("invoice@1", b"%d" % n))).job_id
                ledger.run(ledger.jobs.claim(tenant, job_id, "w"))
                assert ledger.run(ledger.jobs.succeed(tenant, job_id, 1, {}))
        time.sleep(0.01)
        monkeypatch.setattr("workers.worker.reconciler._TIDY_S", 0.0)
        Reconciler(ledger, queue, settings, "w").tick()
        with valkey.client() as client:
            left = {tenant: client.zcard(f"extractor:{{{tenant}}}:index") for tenant in "abc"}
        assert left == {"a": 5, "b": 5, "c": 0}, "a slice of each, when there is no time"
        monkeypatch.undo()
        Reconciler(ledger, queue, settings, "w").tick()
        assert ledger.run(ledger.upkeep.tenants()) == ()
    queue.close()
