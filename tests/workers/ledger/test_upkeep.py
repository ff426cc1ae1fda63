"""Lists, tenants apart, and what is repaired: lost messages, silent workers, documents that were read elsewhere."""

from __future__ import annotations

import time

import pytest

from tests.support.ledger_support import T, claim, job, make, open_ledger
from tests.support.valkey import Valkey
from workers.ledger.ledger import (
    Ledger,
    NewJob,
    WorkerInfo,
)

UNKNOWN = "0" * 32


def test_a_list_is_newest_first_with_filters_and_cursor(ledger: Ledger) -> None:
    job_ids = []
    for n in range(9):
        job_ids.append(make(ledger, batch="even" if n % 2 == 0 else None))
        time.sleep(0.002)  # ids of one millisecond have no order among them
    ledger.run(ledger.jobs.create(T, NewJob("receipt@1", b"x")))
    ledger.run(ledger.jobs.cancel(T, job_ids[0]))
    claim(ledger, job_ids[1])
    ledger.run(ledger.jobs.succeed(T, job_ids[1], 1, {"data": "large"}))

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

    assert walk(100)[1:] == sorted(job_ids, reverse=True)
    assert walk(3)[1:] == sorted(job_ids, reverse=True)
    assert walk(2, batch="even") == [job_ids[n] for n in (8, 6, 4, 2, 0)]
    assert walk(2, batch="even", status="queued") == [job_ids[n] for n in (8, 6, 4, 2)]
    assert walk(5, schema="receipt@1", batch="even") == []
    assert walk(5, status="running") == []
    succeeded = ledger.run(ledger.jobs.list(T, status="succeeded")).jobs
    assert [found.id for found in succeeded] == [job_ids[1]]
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
        b"extractor:turns:interactive",
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


def test_a_worker_of_another_version_is_understood() -> None:
    """`stats` had another name; what is not known is left out."""
    heartbeat = {
        "id": "w1", "host": "host", "pid": 42, "ready": True, "state": "ready", "slots": 4, "busy": 1, "loaded_at": 1.5,
        "model": {}, "figures": {"documents": {"succeeded": 3}}, "mood": "good",
    }  # fmt: skip
    assert WorkerInfo.of(heartbeat, 0.5).stats == {"documents": {"succeeded": 3}}
    assert WorkerInfo.of({**heartbeat, "stats": {"engine": {}}}, 0.5).stats == {"engine": {}}


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
        ledger.run(
            ledger.jobs.release(T, job_id, first.attempt, detail="x", counts=False, delay_s=0.001, behind="pictures")
        )
        == "queued"
    )
    time.sleep(0.01)
    assert ledger.run(ledger.jobs.claim(T, job_id, "w", pictures=False)) is None
    seen = job(ledger, job_id)
    assert seen.waiting is not None
    assert (seen.waiting.reason, seen.attempt) == ("readers_busy", 1)


def test_a_long_document_that_is_put_off_stays_what_it_is(ledger: Ledger) -> None:
    job_id = ledger.run(ledger.jobs.create(T, NewJob("invoice@1", b"%PDF", form="file"))).job_id
    beat = WorkerInfo("w1", "box", 1, True, "ready", slots=1, busy=0, loaded_at=None, model={})
    ledger.run(ledger.workers.beat(beat))
    first = claim(ledger, job_id)
    assert ledger.run(ledger.jobs.keep_read(T, job_id, first.attempt, b"what was read")) == "running"
    put_off = ledger.jobs.release(T, job_id, first.attempt, detail="x", counts=False, delay_s=0.5, behind="windows")
    assert ledger.run(put_off) == "queued"
    seen = job(ledger, job_id)
    assert seen.waiting is not None
    assert (seen.waiting.reason, "longer than" in seen.waiting.detail) == ("readers_busy", True)
    time.sleep(0.6)
    again = claim(ledger, job_id, pictures=False)
    assert (again.form, again.document) == ("read", b"what was read")


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
