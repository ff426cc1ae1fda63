"""Batches as they are received: lines, repeats, custom ids, quotas; and the order of their results."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from tests.workers.ledger.batch_support import T, add, finish, found, line, start, swept, whole
from workers.errors import BatchClosed
from workers.ledger.batches import is_batch_id, line_of
from workers.ledger.ledger import IdempotencyConflict, Ledger, NewJob

LEASE_S = 0.05


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
    schema, entry = {"type": "object", "description": "x" * 1000}, b'{"line":4,"error":"%s"}' % (b"y" * 500)
    shared = len(json.dumps(schema, separators=(",", ":")))
    with open_ledger(valkey, quota_kept_bytes=12_000, reconcile_batch=2) as ledger:
        opened = start(ledger)
        empty = ledger.run(ledger.jobs.counts(T))["kept"]
        jobs = [NewJob("inline@1", b"text", json_schema=schema, custom_id=f"i{n}") for n in range(2)]
        noted = NewJob("invoice@1", b"text", metadata={"a": "z" * 100}, custom_id="m")
        added_lines = add(ledger, opened, *(line(n, job) for n, job in enumerate([*jobs, noted], 1)), line(4, entry))
        counts = ledger.run(ledger.jobs.counts(T))
        assert counts["bytes"] == 3 * 4, "the schema is the batch's"
        taken = counts["kept"] - empty - shared - len(entry) - len(f'{{"a":"{"z" * 100}"}}')
        assert 3 * 1000 < taken < 3 * 2000, "and the keys of three jobs"
        assert add(ledger, opened, line(4, entry)).lines == 4
        for job_id in added_lines.job_ids:
            finish(ledger, job_id)
        counts = ledger.run(ledger.jobs.counts(T))
        assert counts["bytes"] == 0
        added = add(ledger, opened, *(line(n, entry.replace(b"4", b"%d" % n, 1)) for n in range(5, 20)))
        assert added.refused is not None
        assert (added.refused.limit, added.refused.allowed) == ("quota_kept_bytes", 12_000)
        assert 12_000 - 700 < added.refused.current <= 12_000
        for job_id in added_lines.job_ids:
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
