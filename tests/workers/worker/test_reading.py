"""Documents that have to be read: in a worker, beside those that are being decoded, once over all attempts. Pictures of
text are read outside of the slots."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest

from extractor.documents import read
from extractor.errors import DocumentError
from tests.documents import making
from tests.documents.samples import Pdf, saved, scanned
from tests.support.fleet import TENANT, Fleet, until
from tests.support.scripted_worker import digest
from tests.support.valkey import Valkey
from workers.ledger.ledger import Job
from workers.worker.pictures import PictureReading
from workers.worker.reading import DocumentReading
from workers.worker.waiting_room import MOST_OF_A_TENANT, WaitingRoom

pytestmark = pytest.mark.timeout(300)
PDF, PNG, TIFF = "application/pdf", "image/png", "image/tiff"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One worker with one slot: whoever holds it keeps everybody else out."""
    folder = tmp_path_factory.mktemp("fleet")
    with Valkey(folder / "valkey") as valkey, Fleet(valkey, folder, slots=1) as started:
        started.start()
        yield started


def pdf(text: str, **options: Any) -> bytes:
    document = Pdf(**options)
    document.text(72, 72, text)
    document.page()
    return document.bytes()


@cache
def scan(pages: int) -> bytes:
    """A picture of a few words, or a file of many such."""
    image = scanned(pdf("Total 12.50 EUR"), area=(60, 55, 190, 85), dpi=100)
    return saved(image, "TIFF", save_all=True, append_images=[image] * (pages - 1))


def one(fleet: Fleet, content: bytes, media_type: str = PDF, **more: Any) -> Job:
    (job,) = fleet.wait([fleet.submit_file(content, media_type, **more)], 60)
    return job


def counted(fleet: Fleet, stat: str, label: str) -> dict[tuple[str, str], int]:
    """What workers have counted: how many by this label and outcome."""
    found: dict[tuple[str, str], int] = {}
    for worker in fleet.ledger.run(fleet.ledger.workers.alive()):
        for said in worker.stats[stat]["each"]:
            at = said[label], said["outcome"]
            found[at] = found.get(at, 0) + sum(said["buckets"])
    return found


def readings(fleet: Fleet) -> dict[tuple[str, str], int]:
    return counted(fleet, "readings", "format")


def left_of(fleet: Fleet, job_id: str) -> tuple[set[str], int]:
    """The names in a job's hash, and whether its document is there."""
    prefix = f"extractor:{{{TENANT}}}:"
    names = fleet.ledger._redis.hkeys(f"{prefix}job:{job_id}")
    return {name.decode() for name in names}, fleet.ledger._redis.exists(f"{prefix}doc:{job_id}")


def test_a_file_is_read_and_nothing_of_it_is_left(fleet: Fleet) -> None:
    content = making.docx(making.p("Total 12.50"))
    job = one(fleet, content, making.DOCX, password="of no use")
    assert job.result is not None, job.error
    assert job.result["data"]["digest"] == digest(read(content).text)
    assert job.attempt == 1
    assert job.result["usage"]["document_s"] > 0
    document = job.result["document"]
    assert (document["format"], [page["how"] for page in document["pages"]]) == ("Word (DOCX)", ["text"])
    names, kept = left_of(fleet, job.id)
    assert (names & {"password", "coding", "weight"}, kept) == (set(), 0)
    assert fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["bytes"] == 0


def test_pictures_are_read_beside_and_come_back_by_the_queue(fleet: Fleet) -> None:
    job = one(fleet, scan(1), TIFF)
    assert job.result is not None, job.error
    (page,) = job.result["document"]["pages"]
    assert (page["how"], page["confidence"] > 0.5) == ("ocr", True)
    assert job.attempt == 2
    assert fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["bytes"] == 0


def test_an_interactive_text_passes_pictures_that_are_read(fleet: Fleet) -> None:
    """In the only slot there is: whoever read pictures in it would let nobody by."""
    slow = [fleet.submit_file(scan(12), TIFF), fleet.submit_file(scan(13), TIFF)]
    until(lambda: all(fleet.job(job_id).status == "running" for job_id in slow), 60, "both taken")
    (text,) = fleet.wait([fleet.submit("Total 12")], 60)
    assert text.status == "succeeded"
    assert [fleet.job(job_id).status for job_id in slow] == ["running", "running"]
    for job_id in slow:
        fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job_id))
    assert {job.status for job in fleet.wait(slow, 60)} == {"cancelled"}


def test_its_time_holds_while_pictures_are_read(fleet: Fleet) -> None:
    job = one(fleet, scan(40), TIFF, options={"timeout_s": 0.5})
    assert job.error is not None
    assert (job.error["code"], job.error["detail"]) == (
        "deadline_exceeded",
        "the document was not read within 0.5 s",
    )

    def codes() -> list[str]:
        """Of the lines on its end, which are written behind it."""
        logged = [json.loads(line) for line in fleet.logs().splitlines() if job.id in line]
        return [line["code"] for line in logged if line["event"] == "job"]

    until(lambda: codes() == ["deadline_exceeded"], 20, "it is in the log")


def test_what_was_read_is_there_for_the_next_attempt(fleet: Fleet) -> None:
    before = readings(fleet).get((PDF, "read"), 0)
    decoded = counted(fleet, "decodings", "priority")
    job = one(fleet, pdf("raise=engine"))
    assert job.error is not None
    assert (job.error["code"], job.attempt) == ("poison", 3)
    until(lambda: readings(fleet).get((PDF, "read"), 0) > before, 30, "a heartbeat")
    assert readings(fleet)[PDF, "read"] == before + 1
    failed = ("interactive", "engine_error")
    attempts = decoded.get(failed, 0) + 3
    until(lambda: counted(fleet, "decodings", "priority").get(failed, 0) >= attempts, 30, "a heartbeat")
    assert counted(fleet, "decodings", "priority") == decoded | {failed: attempts}


@pytest.mark.parametrize(
    ("content", "media_type", "password"),
    [
        (pdf("Total", encrypt="owl"), PDF, None),
        (pdf("Total", encrypt="owl"), PDF, "cat"),
        (pdf("Total")[:200], PDF, None),
        (making.docx(making.p("Total"))[:-30], making.DOCX, None),
        (making.docx(""), making.DOCX, None),
    ],
    ids=["password required", "password wrong", "cut off", "a broken archive", "empty"],
)
def test_what_cannot_be_read_is_told_in_the_readers_words(
    fleet: Fleet, content: bytes, media_type: str, password: str | None
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(content, password=password)
    job = one(fleet, content, media_type, password=password)
    assert job.error is not None
    assert (job.error["code"], job.error["detail"]) == (caught.value.code, caught.value.detail)
    assert job.attempt == 1


def test_a_password_opens_it(fleet: Fleet) -> None:
    job = one(fleet, pdf("Total 12", encrypt="owl"), password="owl")
    assert job.status == "succeeded", job.error
    assert "owl" not in str(job)


def _reading(
    tenant: str, name: str, priority: str, pages: int, seen: list[str], gate: threading.Event
) -> DocumentReading:
    job = SimpleNamespace(tenant=tenant, id=name, priority=priority)
    active = SimpleNamespace(claim=SimpleNamespace(job=job, document=b"x"), abort=threading.Event())
    made = SimpleNamespace(active=active, pages_left=list(range(pages)), size=1)

    def next_page() -> None:
        seen.append(name)
        gate.wait(30)
        del made.pages_left[0]

    made.next_page = next_page
    return cast("DocumentReading", made)


def test_tenants_take_turns_by_the_page_and_interactive_ones_come_first() -> None:
    seen: list[str] = []
    ended: list[tuple[str, str]] = []
    gate = threading.Event()
    parked: list[tuple[str, bool]] = []
    told: list[tuple[str, int, int]] = []
    pictures = WaitingRoom("pictures", 1, lambda claim, waits: parked.append((claim.job.id, waits)))

    def then(reading: DocumentReading, error: Exception | None) -> None:
        ended.append((reading.active.claim.job.id, type(error).__name__))

    def take(tenant: str, name: str, priority: str, pages: int) -> DocumentReading:
        made = _reading(tenant, name, priority, pages, seen, gate)
        pictures.take(PictureReading(made.active, ExitStack(), made, lambda *far: told.append((name, *far)), then))
        return made

    take("a", "a-long", "bulk", 3)
    pictures.start()
    until(lambda: seen == ["a-long"], 30, "the first page")
    take("a", "a-more", "bulk", 1)
    take("b", "b-one", "bulk", 1)
    take("c", "c-now", "interactive", 2)
    withdrawn = take("d", "d-gone", "bulk", 1)
    withdrawn.active.abort.set()
    until(lambda: ended == [("d-gone", "Cancelled")], 30, "who waits and is withdrawn leaves at once")
    for at in range(MOST_OF_A_TENANT - 2):
        assert pictures.has_room("a")
        take("a", f"a{at}", "bulk", 1)
    assert (pictures.has_room("a"), pictures.has_room("b")) == (True, True)  # the one that is read does not wait
    gate.set()
    until(lambda: len(ended) == 4 + MOST_OF_A_TENANT - 1, 30, "all")
    assert seen[:7] == ["a-long", "c-now", "c-now", "a-long", "b-one", "a-long", "a-more"]
    assert [waits for name, waits in parked if name == "c-now"] == [True, False, True, False]
    assert [far for name, *far in told if name == "a-long"] == [[0, 3], [1, 3], [2, 3]]
    pictures.stop()
    assert not pictures.has_room("e")


def test_a_worker_that_stops_gives_pictures_back_at_once(fleet: Fleet) -> None:
    before = fleet.workers[-1]
    job_id = fleet.submit_file(scan(30), TIFF)
    until(lambda: fleet.job(job_id).status == "running", 60, "taken")
    assert before.terminate() == 0
    assert (fleet.job(job_id).status, fleet.job(job_id).attempt) == ("queued", 1)
    fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job_id))
    fleet.start()


def test_a_kill_while_it_is_read_costs_one_more_reading(fleet: Fleet) -> None:
    """Takes its time: a lease has to end, and a second worker to start."""
    ids = [fleet.submit_file(scan(4), TIFF), fleet.submit_file(pdf("sleep=30 killed"), PDF)]
    until(lambda: all(fleet.job(job_id).status == "running" for job_id in ids), 60, "both being worked on")
    fleet.workers[-1].send(signal.SIGKILL)
    ids.append(fleet.submit_file(making.docx(making.p("Total after all")), making.DOCX))
    fleet.start()
    fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, ids[1]))
    jobs = fleet.wait(ids, 90)
    assert [job.status for job in jobs] == ["succeeded", "cancelled", "succeeded"], [job.error for job in jobs]
    assert jobs[0].attempt == 3, "killed, read, extracted"
    until(lambda: readings(fleet).get((TIFF, "read")) == 1, 30, "a heartbeat of the second worker")
    assert fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["bytes"] == 0
