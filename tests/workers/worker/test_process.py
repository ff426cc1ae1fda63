"""One real worker process with the scripted extractor: how each end of a document reaches the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.support.fleet import ROOT, TENANT, Fleet, until
from tests.support.scripted_worker import digest
from workers.ledger.ledger import Job

pytestmark = pytest.mark.timeout(300)  # real processes, on machines that may be busy


def end_of(fleet: Fleet, text: str, timeout_s: float = 60.0, **fields: object) -> Job:
    return fleet.wait([fleet.submit(text, **fields)], timeout_s)[0]


def code(job: Job) -> str:
    assert job.error is not None
    return str(job.error["code"])


def test_a_result_is_what_the_extractor_said(fleet: Fleet) -> None:
    job = end_of(fleet, "an invoice", options={"max_output_tokens": 5})
    assert job.status == "succeeded"
    assert job.result is not None
    assert job.result["data"] == {"digest": digest("an invoice"), "schema": "invoice@1"}
    inline = end_of(fleet, "an invoice", json_schema={"type": "object"})
    assert inline.result is not None
    assert inline.result["data"]["schema"] == "inline"


def test_a_running_job_is_cancelled(fleet: Fleet) -> None:
    job_id = fleet.submit("sleep=1000")
    fleet.wait_running(job_id)
    assert fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job_id)) == "running"
    assert fleet.wait([job_id], 60)[0].status == "cancelled"


def test_a_deleted_running_job_stops(fleet: Fleet) -> None:
    job_id = fleet.submit("sleep=1001")
    fleet.wait_running(job_id)
    assert fleet.ledger.run(fleet.ledger.jobs.delete(TENANT, job_id))
    until(lambda: fleet.ledger.run(fleet.ledger.workers.alive())[0].busy == 0, 60, "the slot is free again")


def test_an_answer_that_is_no_good_is_kept_with_its_faults(fleet: Fleet) -> None:
    job = end_of(fleet, "raise=output")
    assert job.status == "failed"
    assert job.error == {
        "code": "invalid_output",
        "detail": "two fields are wrong",
        "retryable": False,
        "errors": [{"pointer": "/n", "detail": "not an integer"}],
        "last": '{"n": "x"}',
    }


def test_an_engine_error_is_tried_again_and_then_poison(fleet: Fleet) -> None:
    text = "broken engine raise=engine"
    job = end_of(fleet, text)
    assert (job.status, code(job), job.attempt) == ("failed", "poison", 3)
    assert fleet.runs()[digest(text)] == 3


def test_an_answer_that_cannot_be_kept_fails_the_job_and_is_not_tried_again(fleet: Fleet) -> None:
    job = end_of(fleet, "a huge number")
    assert (job.status, code(job), job.attempt) == ("failed", "internal_error", 1)


def test_an_engine_that_is_slow_and_answers_others_was_only_slow(fleet: Fleet) -> None:
    job = end_of(fleet, "raise=silent")
    assert (job.status, code(job), job.attempt) == ("failed", "deadline_exceeded", 1)
    assert end_of(fleet, "the worker goes on once more").status == "succeeded"


@pytest.mark.parametrize("kind", ["bug", "memory"])
def test_a_bug_fails_the_job_and_tells_nothing_of_the_document(fleet: Fleet, kind: str) -> None:
    job = end_of(fleet, f"secret-{kind} raise={kind}")
    assert code(job) == "internal_error"
    assert "secret" not in str(job.error)
    assert "secret" not in fleet.logs()
    assert end_of(fleet, "the worker goes on").status == "succeeded"


def test_a_document_that_cannot_be_read_is_the_callers_fault(fleet: Fleet) -> None:
    job = end_of(fleet, "   ", media_type="text/plain")
    assert job.status == "failed"
    assert code(job) == "empty_document"


def test_options_the_extractor_refuses_fail_the_job_only(fleet: Fleet) -> None:
    assert code(end_of(fleet, "x", options={"nonsense": 1})) == "invalid_options"


def test_a_lost_message_is_published_again(fleet: Fleet) -> None:
    began = time.monotonic()
    job = fleet.wait([fleet.submit("never published", publish=False)], 60)[0]
    assert job.status == "succeeded"
    assert time.monotonic() - began >= fleet.settings.republish_after_s


def test_interactive_documents_go_before_bulk(fleet: Fleet) -> None:
    bulk = [fleet.submit(f"bulk {n} sleep=0.3", priority="bulk") for n in range(24)]
    urgent = fleet.wait([fleet.submit("urgent")], 60)[0]
    assert urgent.started_at is not None
    behind = [job for job in fleet.wait(bulk, 60) if job.started_at and job.started_at > urgent.created_at]
    before = [job for job in behind if job.started_at and job.started_at < urgent.started_at]
    assert len(before) <= fleet.settings.slots < len(behind)


def test_bulk_documents_leave_a_place_to_interactive_ones(fleet: Fleet) -> None:
    """Long ones: whoever had to wait for one of them to end would not be done in time."""
    bulk = [fleet.submit(f"long {n} sleep=1000", priority="bulk") for n in range(6)]
    until(
        lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] == fleet.settings.slots - 1,
        60,
        "bulk has its places",
    )
    for n in range(3):
        assert end_of(fleet, f"urgent in between {n}", 60).status == "succeeded"
    assert fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] == fleet.settings.slots - 1
    for job_id in bulk:
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job_id))
    fleet.wait(bulk, 60)


def test_a_worker_says_what_it_is(fleet: Fleet) -> None:
    (info,) = fleet.ledger.run(fleet.ledger.workers.alive())
    assert (info.ready, info.state, info.slots, info.model) == (True, "ready", 4, {"model": "scripted"})
    assert info.loaded_at is not None
    assert info.age_s < fleet.settings.heartbeat_ttl_s


def test_all_that_a_worker_says_until_its_end_is_json(fleet: Fleet) -> None:
    with Fleet(fleet.valkey, fleet.folder.parent / "stopped") as other:
        other.folder.mkdir()
        worker = other.start()
        assert worker.terminate() == 0
        said = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert said[-1]["event"] == "worker stopped"


def test_a_thread_that_does_not_stop_is_abandoned_and_its_job_taken_over(fleet: Fleet) -> None:
    with Fleet(fleet.valkey, fleet.folder.parent / "stubborn", shutdown_s=0.3, abort_s=0.5) as other:
        other.folder.mkdir()
        (old,) = fleet.workers
        stubborn = other.start()
        old.terminate()
        job_id = other.submit("stubborn=4")
        other.wait_running(job_id)
        assert stubborn.terminate() == 1
        assert other.job(job_id).status == "queued"
        fleet.start()
        job = fleet.wait([job_id], 60)[0]
        assert (job.status, job.attempt) == ("succeeded", 2)


def test_a_broken_engine_ends_its_worker_and_blames_no_document(fleet: Fleet) -> None:
    broken = fleet.folder / "broken"
    worker = fleet.alive()[0]
    broken.touch()
    ids = [fleet.submit(f"innocent {n}") for n in range(20)]
    assert worker.process.wait(60) == 1
    assert {fleet.job(job_id).status for job_id in ids} == {"queued"}
    broken.unlink()
    fleet.start()
    assert {job.status for job in fleet.wait(ids, 60)} == {"succeeded"}


@pytest.mark.parametrize(
    ("modules", "barred"),
    [
        # what the API imports
        ("workers.ledger.ledger, workers.queue.publish, workers.queue.app, workers.config", {"extractor"}),
        ("workers.worker.main, tests.support.scripted_worker", set()),
    ],
)
def test_importing_workers_loads_no_torch(modules: str, barred: set[str]) -> None:
    barred |= {"torch", "transformers", "llguidance", "outlines"}
    check = f"import sys, {modules}; loaded = {sorted(barred)} & sys.modules.keys(); sys.exit(bool(loaded))"
    check = check.replace("[", "{", 1).replace("]", "}", 1)
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True, timeout=60)
