"""Documents that are read in windows leave their slots: what fits does not wait for them, they end as others do, and a
worker that stops gives them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.fleet import TENANT, Fleet, until
from tests.support.long_documents import ledger
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.job_commands import JobCommands
from workers.ledger.ledger import NewJob, StoreUnavailable
from workers.ledger.progress import ReadingProgress
from workers.ledger.scripts import Call
from workers.worker.progress_report import ProgressReport
from workers.worker.waiting_room import MOST_OF_A_TENANT

pytestmark = pytest.mark.process
OTHER = "other"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    settings = {"extractor_factory": "tests.support.window_worker:make", "warm_up": False, "slots": 2}
    with Valkey(tmp_path / "valkey") as valkey, Fleet(valkey, tmp_path, **settings) as fleet:
        fleet.environ = {
            "EXTRACTOR_SCHEMAS": "tests.support.window_engine", "EXTRACTOR_CONTEXT": "2048", "EXTRACTOR_SLOTS": "2",
            "WINDOW_S": "0.5",
        }  # fmt: skip
        yield fleet


def _enter(fleet: Fleet, pages: int, rows: int, tenant: str = TENANT) -> str:
    document, _ = ledger(pages, rows)
    job = NewJob("window_engine@1", document.text.encode())
    created = fleet.ledger.run(fleet.ledger.jobs.create(tenant, job, None, document.text))
    fleet.queue.publish(tenant, created.job_id, job.priority)
    return created.job_id


def _status(fleet: Fleet, job_id: str, tenant: str = TENANT) -> str:
    job = fleet.ledger.run(fleet.ledger.jobs.get(tenant, job_id))
    return job.status if job is not None else "gone"


def test_what_fits_does_not_wait_for_long_documents(fleet: Fleet) -> None:
    """More of them than there are slots, each of many windows of half a second."""
    fleet.start()
    long = [_enter(fleet, 60, 300) for _ in range(4)]
    for one in long:
        fleet.wait_running(one)
    short = _enter(fleet, 1, 3, OTHER)
    until(lambda: _status(fleet, short, OTHER) == "succeeded", 60, "the short document")
    assert {_status(fleet, one) for one in long} == {"running"}
    deleted, *rest = long
    fleet.ledger.run(fleet.ledger.jobs.delete(TENANT, deleted))
    for one in rest:
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, one))
    assert [job.status for job in fleet.wait(rest, 60)] == ["cancelled"] * 3
    until(lambda: not any(info.busy for info in fleet.ledger.run(fleet.ledger.workers.alive())), 60, "an idle worker")
    assert _status(fleet, deleted) == "gone"


def test_it_says_how_far_it_is_while_it_is_read(fleet: Fleet) -> None:
    fleet.start()
    one = _enter(fleet, 12, 60)
    seen: list[ReadingProgress] = []

    def ended() -> bool:
        job = fleet.ledger.run(fleet.ledger.jobs.get(TENANT, one))
        assert job is not None
        if job.progress is not None and job.progress not in seen:
            seen.append(job.progress)
        return job.done

    until(ended, 60, "the long document")
    (job,) = fleet.wait([one], 60)
    assert job.result is not None
    windows = len(job.result["document"]["windows"])
    assert len(seen) > 1
    assert seen == [ReadingProgress(done, windows, "windows") for done in sorted(far.done for far in seen)]
    assert job.progress is None


def test_a_retried_document_is_read_in_the_windows_that_were_chosen_before(fleet: Fleet) -> None:
    fleet.environ |= {"EXTRACTOR_MAX_WINDOWS": "6"}
    worker = fleet.start()
    killed = _enter(fleet, 30, 150)
    until(lambda: bool(_done(fleet, killed)), 60, "a window that is over")
    worker.kill()
    fleet.start()
    (retried,) = fleet.wait([killed], 120)
    (once,) = fleet.wait([_enter(fleet, 30, 150)], 120)
    assert (retried.status, once.status) == ("succeeded", "succeeded")
    assert retried.attempt > 1 == once.attempt
    assert retried.result is not None
    assert once.result is not None
    assert retried.result["document"]["windows"] == once.result["document"]["windows"]
    assert retried.result["data"] == once.result["data"]
    states = [window["state"] for window in once.result["document"]["windows"]]
    assert states.count("read") == 6
    assert len(states) <= 13, "windows that follow each other and are left out are one"


def _done(fleet: Fleet, job_id: str) -> int:
    """How many of its windows are over."""
    job = fleet.ledger.run(fleet.ledger.jobs.get(TENANT, job_id))
    assert job is not None
    assert not job.done
    return job.progress.done if job.progress is not None else 0


class Away:
    """A store, or none."""

    def __init__(self, *, away: bool) -> None:
        self.jobs, self.away = JobCommands(WorkerSettings()), away
        self.asked: list[Call[bool]] = []

    def run(self, call: Call[bool]) -> bool:
        self.asked.append(call)
        if self.away:
            raise StoreUnavailable("away")
        return True


@pytest.mark.parametrize("away", [False, True])
def test_it_is_told_once_a_second_at_most(away: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("workers.worker.progress_report.time.monotonic", lambda: now[0])
    store, claim = Away(away=away), SimpleNamespace(job=SimpleNamespace(tenant=TENANT, id="0" * 32), attempt=1)
    report = ProgressReport(store, claim, "windows")  # type: ignore[arg-type]
    for tenth in range(101):
        now[0] = 100.0 + tenth / 10
        report(tenth, 100)
    report(100, 100)
    assert len(store.asked) == (2 if away else 11)
    now[0] += 100
    report(100, 100)
    assert len(store.asked) == (3 if away else 11), "what was told is not told again"


def test_a_worker_that_stops_gives_long_documents_back(fleet: Fleet) -> None:
    worker = fleet.start()
    long = [_enter(fleet, 12, 60) for _ in range(3)]
    for one in long:
        fleet.wait_running(one)
    worker.terminate()
    assert {_status(fleet, one) for one in long} <= {"queued", "succeeded"}
    fleet.start()
    done = fleet.wait(long, 120)
    assert [job.status for job in done] == ["succeeded"] * 3
    assert all(len(job.result["data"]["rows"]) == 60 for job in done if job.result is not None)


def test_a_document_for_which_there_is_no_room_keeps_what_was_read_of_it(fleet: Fleet) -> None:
    """More of one tenant than may wait: those that come later are given back, and taken up again."""
    fleet.start()
    document, _ = ledger(12, 60)
    page = f"<pre>{document.text}</pre>".encode()
    jobs = []
    for number in range(MOST_OF_A_TENANT + 4):
        job = NewJob("window_engine@1", page, media_type="text/html", form="file", filename=f"{number}.html")
        jobs.append(fleet.ledger.run(fleet.ledger.jobs.create(TENANT, job)).job_id)
        fleet.queue.publish(TENANT, jobs[-1], job.priority)

    def again() -> bool:
        found = [fleet.ledger.run(fleet.ledger.jobs.get(TENANT, one)) for one in jobs]
        return any(one is not None and one.attempt > 1 and one.status != "queued" for one in found)

    until(again, 120, "one that was taken up again")
    found = [fleet.ledger.run(fleet.ledger.jobs.get(TENANT, one)) for one in jobs]
    assert {one.status for one in found if one is not None} <= {"queued", "running", "succeeded"}
