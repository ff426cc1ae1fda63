"""Batches in the ledger against a real Valkey: what an upload may write, what its counts say, how it ends and goes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ledger_support import open_ledger
from tests.valkey import Valkey
from workers.config import WorkerSettings
from workers.errors import BatchClosed
from workers.ledger.batches import Added, Batch, Line, Opened, is_batch_id, line_of
from workers.ledger.ledger import STATUSES, Claim, IdempotencyConflict, Ledger, NewJob, StoreUnavailable
from workers.queue.app import TASK
from workers.queue.publish import Queue
from workers.worker.reconciler import Reconciler

pytest_plugins = ["tests.ledger_fixtures"]

T = "acme"


@pytest.fixture
def ledger(valkey: Valkey) -> Iterator[Ledger]:
    with open_ledger(valkey, lease_s=0.05) as opened:
        yield opened


def start(ledger: Ledger, key: str | None = None, asked: str = "same") -> Opened:
    return ledger.run(ledger.batches.open(T, key, asked, None))


def line(number: int, content: NewJob | bytes | None = None, custom_id: str | None = None) -> Line:
    job = NewJob("invoice@1", f"document {number}".encode(), priority="bulk", custom_id=custom_id or f"c{number}")
    return Line(number, hashlib.sha256(f"up to {number}".encode()).hexdigest(), content or job)


def add(ledger: Ledger, opened: Opened, *lines: Line) -> Added:
    return ledger.run(ledger.batches.add(T, opened, lines))


def whole(ledger: Ledger, count: int, key: str | None = None) -> tuple[str, tuple[str, ...]]:
    opened = start(ledger, key)
    made = add(ledger, opened, *(line(n) for n in range(1, count + 1)))
    ledger.run(ledger.batches.seal(T, opened))
    return opened.batch_id, made.job_ids


def found(ledger: Ledger, batch_id: str) -> Batch:
    batch = ledger.run(ledger.batches.get(T, batch_id))
    assert batch is not None
    return batch


def finish(ledger: Ledger, job_id: str, data: Any = 1) -> None:
    claim = ledger.run(ledger.jobs.claim(T, job_id, "w"))
    assert isinstance(claim, Claim)
    assert ledger.run(ledger.jobs.succeed(T, job_id, claim.attempt, {"data": data}))


def swept(ledger: Ledger, batch_id: str | None = None) -> None:
    while ledger.run(ledger.batches.sweep(T, batch_id)):
        pass


def keys(valkey: Valkey) -> set[str]:
    with valkey.client() as client:
        return {key.decode().removeprefix(f"extractor:{{{T}}}:") for key in client.keys(f"extractor:{{{T}}}:*")}


def test_a_batch_from_its_first_line_to_its_last_result(ledger: Ledger) -> None:
    opened = start(ledger)
    assert is_batch_id(opened.batch_id)
    assert (opened.lines, opened.received) == (0, False)
    added = add(ledger, opened, line(1), line(2, b'{"line":2}'), line(3))
    assert [line_of(job_id) for job_id in added.job_ids] == [1, 3]
    assert found(ledger, opened.batch_id).status == "receiving"
    finish(ledger, added.job_ids[1])
    ledger.run(ledger.batches.seal(T, opened))
    running = found(ledger, opened.batch_id)
    assert (running.status, running.lines, running.refused) == ("running", 3, 1)
    assert running.counts == {
        "accepted": 2, "queued": 1, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 0
    }  # fmt: skip
    job = ledger.run(ledger.jobs.get(T, added.job_ids[1]))
    assert job is not None
    assert (job.batch, job.custom_id, job.priority, job.expires_at) == (opened.batch_id, "c3", "bulk", None)
    finish(ledger, added.job_ids[0])
    done = found(ledger, opened.batch_id)
    assert (done.status, done.open, done.seconds_left) == ("completed", 0, 0.0)
    assert done.finished_at
    assert done.expires_at
    assert (done.expires_at - done.finished_at).total_seconds() == pytest.approx(86_400)
    job = ledger.run(ledger.jobs.get(T, added.job_ids[1]))
    assert job is not None
    assert job.expires_at == done.expires_at, "a result is kept as long as its batch"


def test_results_in_the_order_of_the_lines_or_of_their_ends(ledger: Ledger) -> None:
    batch_id, jobs = whole(ledger, 250)
    ended = [7, 3, 180, 249, 0]
    for n in ended:
        finish(ledger, jobs[n], "x" * 300_000 if n == 3 else n)

    def read(order: Any) -> list[int]:
        lines, after = [], 0
        while True:
            page = ledger.run(ledger.batches.results(T, batch_id, order, after))
            lines += [line_of(job.id) - 1 for job in page.jobs]
            if page.after is None:
                return lines
            assert page.after > after
            after = page.after

    assert read("input") == sorted(ended)
    assert read("finished") == ended
    assert read("finished") == ended, "as often as one likes"
    ledger.run(ledger.jobs.delete(T, jobs[3]))
    assert read("finished") == [7, 180, 249, 0]


def test_a_repeated_upload_goes_on_where_the_first_one_broke(ledger: Ledger) -> None:
    first = start(ledger, "key")
    add(ledger, first, line(1), line(2))
    again = start(ledger, "key")
    assert (again.batch_id, again.lines, again.digest) == (first.batch_id, 2, line(2).digest)
    with pytest.raises(BatchClosed) as closed:
        add(ledger, first, line(3))
    assert closed.value.why == "superseded", "the broken one, should it live on, writes no more"
    assert [line_of(job_id) for job_id in add(ledger, again, line(3)).job_ids] == [3]
    ledger.run(ledger.batches.seal(T, again))
    assert start(ledger, "key").received
    assert found(ledger, first.batch_id).counts["accepted"] == ledger.run(ledger.jobs.counts(T))["accepted"] == 3
    with pytest.raises(IdempotencyConflict):
        start(ledger, "key", asked="something else")
    assert start(ledger).batch_id != first.batch_id


def test_a_slice_that_comes_twice_is_there_once(ledger: Ledger) -> None:
    opened = start(ledger)
    add(ledger, opened, line(1), line(2, b'{"line":2}'), line(3))
    again = add(ledger, opened, line(2, b'{"line":2}'), line(3), line(4))
    assert ([line_of(job_id) for job_id in again.job_ids], again.lines) == ([4], 4)
    assert add(ledger, opened, line(1)).lines == 4
    batch = found(ledger, opened.batch_id)
    assert (batch.lines, batch.refused, batch.counts["accepted"]) == (4, 1, 3)


def test_erasing_a_batch_leaves_its_key_to_whoever_has_it_now(valkey: Valkey) -> None:
    with open_ledger(valkey, result_ttl_s=0.001) as brief, open_ledger(valkey) as ledger:
        old = start(brief, "key")
        ledger.run(ledger.batches.seal(T, old))
        time.sleep(0.005)
        new = start(ledger, "key")
        assert new.batch_id != old.batch_id
        ledger.run(ledger.batches.end(T, old.batch_id, "erase", "deleted"))
        assert start(ledger, "key").batch_id == new.batch_id


def test_a_custom_id_is_taken_once(ledger: Ledger) -> None:
    opened = start(ledger)
    added = add(ledger, opened, line(1, custom_id="a"), line(2, custom_id="b"), line(3, custom_id="a"))
    assert len(added.job_ids) == 2
    assert add(ledger, opened, line(4, custom_id="b")).job_ids == ()
    errors = ledger.run(ledger.batches.errors(T, opened.batch_id, 0))
    assert [number for number, _ in errors] == [3, 4]
    assert b"duplicate_custom_id" in errors[0][1]
    assert b"Line 2 has the same" in errors[1][1]
    assert found(ledger, opened.batch_id).refused == 2


def test_a_quota_ends_a_slice_at_the_line_that_does_not_fit(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_jobs=3) as ledger:
        opened = start(ledger, "key")
        added = add(ledger, opened, *(line(n) for n in range(1, 6)))
        assert (len(added.job_ids), added.lines) == (3, 3)
        assert added.refused is not None
        assert (added.refused.limit, added.refused.current) == ("quota_jobs", 3)
        finish(ledger, added.job_ids[0])
        again = start(ledger, "key")
        assert (again.lines, again.digest) == (3, line(3).digest)
        assert add(ledger, again, line(4), line(5)).lines == 4
    with open_ledger(valkey, quota_bytes=45) as ledger:
        opened = start(ledger)
        added = add(ledger, opened, line(1), line(2))
        assert added.refused is not None
        assert (added.refused.limit, added.lines) == ("quota_bytes", 1)


def test_a_key_is_known_as_long_as_its_batch(valkey: Valkey) -> None:
    """A batch may run for days: who looks for it again under its key must not be given another."""
    with open_ledger(valkey, idempotency_ttl_s=0.001) as ledger:
        opened = start(ledger, "key")
        add(ledger, opened, line(1))
        ledger.run(ledger.batches.seal(T, opened))
        time.sleep(0.01)
        assert start(ledger, "key").batch_id == opened.batch_id


def test_schemas_metadata_and_what_is_wrong_count_while_they_are_kept(valkey: Valkey) -> None:
    schema, said = {"type": "object", "description": "x" * 1000}, b'{"line":4,"error":"%s"}' % (b"y" * 500)
    shared = len(json.dumps(schema, separators=(",", ":")))
    with open_ledger(valkey, quota_kept_bytes=12_000, reconcile_batch=2) as ledger:
        opened = start(ledger)
        empty = ledger.run(ledger.jobs.counts(T))["kept"]
        jobs = [NewJob("inline@1", b"text", json_schema=schema, custom_id=f"i{n}") for n in range(2)]
        noted = NewJob("invoice@1", b"text", metadata={"a": "z" * 100}, custom_id="m")
        made = add(ledger, opened, *(line(n, job) for n, job in enumerate([*jobs, noted], 1)), line(4, said))
        counts = ledger.run(ledger.jobs.counts(T))
        assert counts["bytes"] == 3 * 4, "the schema is the batch's"
        taken = counts["kept"] - empty - shared - len(said) - len(f'{{"a":"{"z" * 100}"}}')
        assert 3 * 1000 < taken < 3 * 2000, "and the keys of three jobs"
        assert add(ledger, opened, line(4, said)).lines == 4
        for job_id in made.job_ids:
            finish(ledger, job_id)
        counts = ledger.run(ledger.jobs.counts(T))
        assert counts["bytes"] == 0
        added = add(ledger, opened, *(line(n, said.replace(b"4", b"%d" % n, 1)) for n in range(5, 20)))
        assert added.refused is not None
        assert (added.refused.limit, added.refused.allowed) == ("quota_kept_bytes", 12_000)
        assert 12_000 - 700 < added.refused.current <= 12_000
        for job_id in made.job_ids:
            ledger.run(ledger.jobs.delete(T, job_id))
        ledger.run(ledger.batches.end(T, opened.batch_id, "erase", "deleted"))
        swept(ledger)
        assert (ledger.run(ledger.jobs.counts(T))["bytes"], ledger.run(ledger.jobs.counts(T))["kept"]) == (0, 0)


def test_a_rate_is_charged_a_slice_at_a_time_for_documents_only(valkey: Valkey) -> None:
    with open_ledger(valkey, quota_rate_per_minute=6) as ledger, valkey.client() as client:
        opened = start(ledger, "key")
        assert add(ledger, opened, line(1), line(2, b'{"line":2}'), line(3), line(4, custom_id="c1")).refused is None
        assert add(ledger, opened, line(3), line(4, custom_id="c1")).lines == 4, "what comes twice is charged once"
        added = add(ledger, opened, *(line(n) for n in range(5, 15)))
        assert (len(added.job_ids), added.lines) == (4, 8), "two and four documents, two refused lines"
        assert added.refused is not None
        assert (added.refused.limit, added.refused.allowed) == ("quota_rate_per_minute", 6)
        assert added.refused.retry_after_s == pytest.approx(60, abs=5), "a minute's worth, for the upload comes again"
        at = f"extractor:{{{T}}}:rate"
        client.set(at, float(client.get(at)) - 30_000)
        again = start(ledger, "key")
        assert again.lines == 8
        assert add(ledger, again, *(line(n) for n in range(9, 15))).lines == 11, "half a minute is half of them"
        client.delete(at)
        assert add(ledger, again, *(line(n) for n in range(12, 15))).refused is None
        ledger.run(ledger.batches.seal(T, again))
        assert found(ledger, opened.batch_id).counts["accepted"] == 12


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
        made = add(ledger, opened, *(line(n) for n in range(1, 6)), line(6, b"{}"), line(7, custom_id="c1"))
        finish(ledger, made.job_ids[0])
        if how == "erased":
            ledger.run(ledger.jobs.claim(T, made.job_ids[1], "w"))
            assert ledger.run(ledger.batches.end(T, opened.batch_id, "erase", "deleted")) == "ending"
            assert ledger.run(ledger.batches.get(T, opened.batch_id)) is None, "gone for everybody at once"
            assert ledger.run(ledger.batches.ids(T, None, 10)) == []
        else:
            ledger.run(ledger.batches.seal(T, opened))
            for job_id in made.job_ids[1:]:
                finish(ledger, job_id)
            swept(ledger)
            assert found(ledger, opened.batch_id).status == "completed"
            time.sleep(0.06)
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
    made = add(ledger, opened, *(line(n, job) for n, job in enumerate(jobs, 1)))
    with valkey.client() as client:
        assert not client.hexists(f"extractor:{{{T}}}:job:{made.job_ids[0]}", "json_schema")
    claim = ledger.run(ledger.jobs.claim(T, made.job_ids[2], "w"))
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
    made = []
    for _ in range(5):
        made.append(start(ledger).batch_id)
        time.sleep(0.002)
    first = ledger.run(ledger.batches.ids(T, None, 3))
    assert first == made[:1:-1]
    assert ledger.run(ledger.batches.ids(T, first[-1], 3)) == made[1::-1]


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


def test_a_token_holds_two_ids_and_little_else(valkey: Valkey) -> None:
    """As Celery's protocol 2 writes a task, which any Celery worker reads."""
    queue = Queue(WorkerSettings(redis_url=valkey.url))
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
    queue = Queue(settings)
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
    queue = Queue(settings)
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
