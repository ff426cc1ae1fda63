"""One tenant fills the store in every way there is, and its neighbour notices nothing: what it holds is counted, and
of what is free it gets a share."""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.ledger_support import open_ledger
from tests.support.valkey import Valkey
from workers.ledger.batches import DecidedLine, Opened
from workers.ledger.ledger import Claim, Ledger, NewJob, QuotaExceeded, WorkerInfo

MEMORY_MB = 24
HOG, NEIGHBOUR = "hog", "neighbour"
NOISE = random.Random(3)
Unit = Callable[[Ledger, int], object]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("full"), maxmemory=f"{MEMORY_MB}mb") as valkey:
        yield valkey


def new(**fields: Any) -> NewJob:
    return NewJob("invoice@1", b"x", **fields)


def text(count: int) -> str:
    return NOISE.randbytes(count // 2).hex()


def documents(ledger: Ledger, _: int) -> None:
    ledger.run(ledger.jobs.create(HOG, NewJob("invoice@1", NOISE.randbytes(50_000))))


def tiny(ledger: Ledger, n: int) -> None:
    ledger.run(ledger.jobs.create(HOG, new(), f"key {n}", "hash"))


def ended(ledger: Ledger, n: int) -> None:
    ledger.run(ledger.jobs.cancel(HOG, ledger.run(ledger.jobs.create(HOG, new(), f"key {n}", "hash")).job_id))


def metadata(ledger: Ledger, _: int) -> None:
    ledger.run(ledger.jobs.create(HOG, new(metadata={str(key): "é" * 512 for key in range(16)})))


def names(ledger: Ledger, _: int) -> None:
    job = new(filename="🧾" * 255, media_type="x" * 200, custom_id="🧾" * 64, request_id="r" * 128)
    ledger.run(ledger.jobs.cancel(HOG, ledger.run(ledger.jobs.create(HOG, job)).job_id))


def schemas(ledger: Ledger, n: int) -> None:
    job = NewJob(f"inline@{n:012x}", b"x", json_schema={"type": "object", "description": text(20_000)})
    ledger.run(ledger.jobs.create(HOG, job))


def results(ledger: Ledger, _: int) -> None:
    claim = ledger.run(ledger.jobs.claim(HOG, ledger.run(ledger.jobs.create(HOG, new())).job_id, "w"))
    assert isinstance(claim, Claim)
    assert ledger.run(ledger.jobs.succeed(HOG, claim.job.id, 1, {"data": text(300_000)})), "what runs lands"


def errors(ledger: Ledger, _: int) -> None:
    claim = ledger.run(ledger.jobs.claim(HOG, ledger.run(ledger.jobs.create(HOG, new())).job_id, "w"))
    assert isinstance(claim, Claim)
    assert ledger.run(ledger.jobs.fail(HOG, claim.job.id, 1, {"code": "invalid_output", "last": text(50_000)}))


def batch(ledger: Ledger, n: int, *contents: NewJob | bytes) -> Opened:
    opened = ledger.run(ledger.batches.open(HOG, f"batch {n}", "", None))
    lines = [DecidedLine(number, f"{n}.{number}", content) for number, content in enumerate(contents, 1)]
    refused = ledger.run(ledger.batches.add(HOG, opened, lines)).refused
    if refused is not None:
        raise refused
    return opened


def empty_batches(ledger: Ledger, n: int) -> None:
    ledger.run(ledger.batches.seal(HOG, batch(ledger, n)))


def cancelled_batches(ledger: Ledger, n: int) -> None:
    """8 kB of metadata a line, and hardly a document."""
    jobs = [new(metadata={str(key): "m" * 512 for key in range(16)}, custom_id=f"{n}.{at}") for at in range(50)]
    opened = batch(ledger, n, *jobs)
    ledger.run(ledger.batches.end(HOG, opened.batch_id, "cancel", "x"))
    while ledger.run(ledger.batches.sweep(HOG, opened.batch_id)):
        pass


def wrong_lines(ledger: Ledger, n: int) -> None:
    batch(ledger, n, *(b'{"line":%d,"error":"%s"}' % (at, text(500).encode()) for at in range(1, 51)))


def own_schemas(ledger: Ledger, n: int) -> None:
    """Of the lines of one slice that the quota has no room for, nothing stays."""
    batch(
        ledger, n, *(
            NewJob(f"inline@{n:06x}{at:06x}", b"x", custom_id=str(at), json_schema={"description": text(20_000)})
            for at in range(50)
        )
    )  # fmt: skip


def one_by_one(ledger: Ledger, n: int) -> None:
    """The jobs of a batch are erased, their places in its list are not."""
    opened = batch(ledger, n, *(new(custom_id=f"{n}.{at}") for at in range(200)))
    for at in range(1, 201):
        ledger.run(ledger.jobs.delete(HOG, f"{opened.batch_id[:24]}{at:08x}"))


def messages(ledger: Ledger, n: int) -> None:
    """Cancelled and erased, a job leaves its message in the queue; no worker takes it."""
    opened = batch(ledger, n, *(new(custom_id=f"{n}.{at}", priority="bulk") for at in range(200)))
    job_ids = [f"{opened.batch_id[:24]}{at:08x}" for at in range(1, 201)]
    with SERVER[0].client() as client:
        client.lpush("extractor.bulk", *(job_id + "m" * 400 for job_id in job_ids))  # as long as Celery's are
    ledger.run(ledger.batches.end(HOG, opened.batch_id, "erase", "x"))
    while ledger.run(ledger.batches.sweep(HOG, opened.batch_id)):
        pass


SERVER: list[Valkey] = []
WAYS: dict[Unit, int] = {
    documents: 20, tiny: 300, ended: 300, metadata: 50, names: 100, schemas: 50, results: 10, errors: 30,
    empty_batches: 300, cancelled_batches: 4, wrong_lines: 20, own_schemas: 2, one_by_one: 20, messages: 10,
}  # fmt: skip
QUICK = [documents, metadata, schemas, results, errors, cancelled_batches, wrong_lines, own_schemas]


def neighbour_is_served(ledger: Ledger) -> None:
    """Whatever it brings: refused is neither its document nor its batch."""
    ledger.run(
        ledger.jobs.delete(
            NEIGHBOUR, ledger.run(ledger.jobs.create(NEIGHBOUR, NewJob("invoice@1", NOISE.randbytes(20_000)))).job_id
        )
    )
    opened = ledger.run(ledger.batches.open(NEIGHBOUR, None, "", None))
    assert ledger.run(ledger.batches.add(NEIGHBOUR, opened, [DecidedLine(1, "d", new())])).refused is None
    ledger.run(ledger.batches.end(NEIGHBOUR, opened.batch_id, "erase", "x"))
    while ledger.run(ledger.batches.sweep(NEIGHBOUR, opened.batch_id)):
        pass


def fill(ledger: Ledger, way: Unit, numbers: Iterator[int], *, most_s: float = 8.0) -> QuotaExceeded:
    """As much as goes in; what refused the rest."""
    until = time.monotonic() + most_s
    while True:
        n = next(numbers)
        try:
            way(ledger, n)
        except QuotaExceeded as refused:
            neighbour_is_served(ledger)
            return refused
        if n % 40 == 0:
            neighbour_is_served(ledger)
        assert time.monotonic() < until, "it was refused in the end"


def held(valkey: Valkey) -> int:
    """As lua/shared/quota.lua adds it up."""
    with valkey.client() as client:
        counts = {name.decode(): int(count) for name, count in client.hgetall(f"extractor:{{{HOG}}}:counts").items()}
    opened = (counts.get("queued", 0) + counts.get("running", 0)) * 2500
    return opened + counts.get("bytes", 0) + counts.get("kept", 0) + counts.get("orphans", 0) * 500


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_a_tenant_holds_counts_as_much_as_it_takes(valkey: Valkey, way: Unit) -> None:
    SERVER[:] = [valkey]
    with open_ledger(valkey) as ledger, valkey.client() as client:
        way(ledger, 0)  # scripts and tables are there

        def used() -> int:
            while client.info("memory")["lazyfree_pending_objects"]:
                time.sleep(0.01)  # what the test before has left is freed behind its back
            return int(client.info("memory")["used_memory_dataset"])

        before, counted = used(), held(valkey)
        for n in range(1, WAYS[way] + 1):
            way(ledger, n)
        taken, counted = used() - before, held(valkey) - counted
        assert taken > 0
        assert counted > 0.8 * taken, f"{counted / taken:.2f} of what it takes"


@pytest.mark.parametrize("way", QUICK, ids=lambda way: way.__name__)
def test_a_neighbour_is_served_while_one_tenant_fills_the_store(valkey: Valkey, way: Unit) -> None:
    SERVER[:] = [valkey]
    with open_ledger(valkey) as ledger, valkey.client() as client:
        assert fill(ledger, way, itertools.count()).limit == "quota_share"
        assert client.info("memory")["used_memory"] < 0.8 * MEMORY_MB * 2**20


def test_in_every_way_at_once(valkey: Valkey) -> None:
    SERVER[:] = [valkey]
    with open_ledger(valkey) as ledger, valkey.client() as client:
        numbers = itertools.count()
        for way in QUICK:
            fill(ledger, way, numbers)
        time.sleep(1.0)  # what is free is looked up once a second
        for way in WAYS:
            fill(ledger, way, numbers)
        assert client.info("memory")["used_memory"] < 0.8 * MEMORY_MB * 2**20


def until_refused(ledger: Ledger, tenant: str, size: int) -> list[str]:
    job_ids: list[str] = []
    with contextlib.suppress(QuotaExceeded):
        while len(job_ids) < 10_000:
            job_ids.append(ledger.run(ledger.jobs.create(tenant, NewJob("invoice@1", NOISE.randbytes(size)))).job_id)
    assert len(job_ids) < 10_000
    return job_ids


def test_many_who_fill_it_leave_room_for_one_more(valkey: Valkey) -> None:
    with open_ledger(valkey) as ledger:
        for number in range(6):
            until_refused(ledger, f"hog-{number}", 20_000)
        neighbour_is_served(ledger)


def test_what_is_erased_is_free_again(valkey: Valkey) -> None:
    with open_ledger(valkey) as ledger:
        job_ids = until_refused(ledger, HOG, 50_000)
        for job_id in job_ids[: len(job_ids) // 2]:
            ledger.run(ledger.jobs.delete(HOG, job_id))
        assert len(until_refused(ledger, HOG, 50_000)) > len(job_ids) // 3


def test_results_of_a_hog_wait_when_the_store_is_nearly_full(valkey: Valkey) -> None:
    """Those that run land; what is queued waits until there is room, and is done then."""
    with open_ledger(valkey, republish_after_s=0.05) as ledger, valkey.client() as client:
        runs, waits = (
            ledger.run(ledger.jobs.create(HOG, NewJob("invoice@1", NOISE.randbytes(10_000)))).job_id for _ in range(2)
        )
        for _ in range(400):
            ledger.run(ledger.jobs.create(HOG, new(metadata={"m": text(4000)})))
        assert isinstance(ledger.run(ledger.jobs.claim(HOG, runs, "w")), Claim)
        while client.info("memory")["used_memory"] < 0.93 * MEMORY_MB * 2**20:
            client.rpush("other", b"o" * 100_000)
        time.sleep(1.05)
        mine = ledger.run(ledger.jobs.create(NEIGHBOUR, new())).job_id
        assert ledger.run(ledger.jobs.succeed(HOG, runs, 1, {"data": text(100_000)}))
        assert ledger.run(ledger.jobs.claim(HOG, waits, "w")) is None
        ledger.run(ledger.workers.beat(WorkerInfo("w", "host", 1, True, "ready", 4, 1, 1.5, {})))
        seen = ledger.run(ledger.jobs.get(HOG, waits))
        assert seen is not None
        assert (seen.status, seen.attempt) == ("queued", 0)
        assert seen.waiting is not None
        assert seen.waiting.reason == "store_full"
        assert isinstance(ledger.run(ledger.jobs.claim(NEIGHBOUR, mine, "w")), Claim), "nobody else waits for it"
        client.delete("other")
        time.sleep(1.05)
        assert waits in {message.job_id for message in ledger.run(ledger.upkeep.stale(HOG, 0))}
        assert isinstance(ledger.run(ledger.jobs.claim(HOG, waits, "w")), Claim)
