"""Faults of workers and engines, each a function of its size: a few seconds in `make test`, more in `make chaos`. Each
returns what it injected and counted, after `LedgerWatch.judge` has held the run to the promise (nothing lost or twice).
Faults of the store are in store_scenarios.py."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import psutil

from extractor.documents import read
from tests.chaos.ledgerwatch import FaultRun, LedgerWatch
from tests.documents.samples import PROSE, Pdf, saved, scanned
from tests.support.fleet import TENANT, Fleet, until


def worker_kills(
    fleet: Fleet,
    *,
    kills: int,
    documents: int,
    workers: int = 2,
    seed: int = 1,
    backlog: int = 50,
    seconds: tuple[float, float] = (0.1, 0.5),
) -> FaultRun:
    """SIGKILL to a worker's process group, again and again; each is replaced and ready before the next, and documents
    keep coming until the last kill (at least `documents` of them), so that about `backlog` wait; each takes between
    two numbers of `seconds`."""
    dice = random.Random(seed)
    with LedgerWatch(fleet) as watch:
        fleet.start(workers)
        over = threading.Event()
        feeder = threading.Thread(target=_feed, args=(watch, documents, over, dice.randrange(2**32), backlog, seconds))
        feeder.start()
        try:
            for _ in range(kills):
                time.sleep(dice.uniform(0.2, 1.2))
                dice.choice(fleet.alive()).kill()
                fleet.start(wait=False)
                until(lambda: _ready(fleet) == workers, 60, "the fleet is complete again")
        finally:
            over.set()
            feeder.join()
        report = watch.judge("worker SIGKILL", 120, kills=kills)
        report.measured["runs_cut_short"] = report.measured["runs"] - report.measured["accepted"]
        return report


def reader_kills(fleet: Fleet, *, kills: int, files: int, scans: int = 0, seed: int = 3) -> FaultRun:
    """SIGKILL to workers while they read files (and pictures, where there are `scans`), each of which takes a
    moment. None is lost, and of each kill's files none is read more than once more."""
    dice = random.Random(seed)
    contents = [_file(number) for number in range(4)] + [_scan()] * (scans > 0)
    with LedgerWatch(fleet) as watch:
        fleet.start(2)
        for number in range(files + scans):
            content, media_type, text = contents[-1] if number < scans else contents[number % 4]
            watch.submit_file(content, media_type, text, priority=dice.choice(["interactive", "bulk"]))
        for _ in range(kills):
            read = fleet.logs().count('"event": "read"')
            until(lambda read=read: fleet.logs().count('"event": "read"') > read, 60, "another one read")  # type: ignore[misc]
            fleet.wait_busy()
            dice.choice(fleet.alive()).kill()
            fleet.start(wait=False)
            until(lambda: _ready(fleet) == 2, 60, "the fleet is complete again")
        report = watch.judge("worker SIGKILL while reading", 180, kills=kills)
        tallies = fleet.ledger.run(fleet.ledger.upkeep.tallies())
        report.measured["cut_short"] = tallies.get("lease_lost", 0)
        report.measured["read"] = fleet.logs().count('"event": "read"')
        assert report.measured["succeeded"] == files + scans, report
        at_once = fleet.settings.slots + fleet.settings.picture_readers
        assert report.measured["read"] <= files + scans + kills * at_once
        return report


def _file(number: int) -> tuple[bytes, str, str]:
    """A PDF whose pages take a moment to read, and its text."""
    pdf = Pdf()
    for page in range(6):
        pdf.lines(60, 60, [f"{number} {page} {line}: {PROSE[line : line + 60]}" for line in range(40)])
        pdf.page()
    content = pdf.bytes()
    return content, "application/pdf", read(content).text


def _scan() -> tuple[bytes, str, str]:
    pdf = Pdf()
    pdf.text(72, 72, "Total 12.50 EUR")
    pdf.page()
    content = saved(scanned(pdf.bytes(), area=(60, 55, 190, 85), dpi=100), "PNG")
    return content, "image/png", read(content).text


def _ready(fleet: Fleet) -> int:
    pids = fleet.ready()
    return sum(worker.pid in pids for worker in fleet.alive())


def _feed(
    watch: LedgerWatch, documents: int, over: threading.Event, seed: int, backlog: int, seconds: tuple[float, float]
) -> None:
    dice = random.Random(seed)
    while len(watch.texts) < documents or not over.is_set():
        if sum(watch.fleet.queue.waiting().values()) > backlog:
            time.sleep(0.05)
            continue
        text = f"document {len(watch.texts)} sleep={dice.uniform(*seconds):.3f}"
        watch.submit(text, priority=dice.choice(["interactive", "bulk"]))


def stale_worker(fleet: Fleet) -> FaultRun:
    """A worker stopped past its lease and continued: what it brings late is refused."""
    with LedgerWatch(fleet) as watch:
        stopped = fleet.start()
        job_id = watch.submit("slow document stubborn=1.0")
        fleet.wait_running(job_id)
        stopped.send(signal.SIGSTOP)
        fleet.start(wait=False)
        fleet.wait([job_id], 30)
        stopped.send(signal.SIGCONT)
        until(lambda: '"outcome": "dropped"' in stopped.log.read_text(), 15, "the late result dropped")
        report = watch.judge("stale worker", 5, stops=1, late_results_dropped=1)
        assert report.measured["succeeded"] == 1
        assert report.measured["most_attempts"] == 2
        return report


def poison(fleet: Fleet, *, neighbours: int) -> FaultRun:
    """A document that kills its process, among others in flight."""
    with LedgerWatch(fleet) as watch:
        fleet.start()
        stop = threading.Event()
        nurse = threading.Thread(target=_replace_the_dead, args=(fleet, stop))
        nurse.start()
        try:
            first = [watch.submit(f"neighbour {n} sleep=0.05") for n in range(neighbours // 2)]
            bad = watch.submit("this one is bad: die")
            rest = [watch.submit(f"neighbour {n} sleep=0.05") for n in range(neighbours // 2, neighbours)]
            jobs = fleet.wait([bad], 90)
            report = watch.judge("poison", 90, poisons=1, deaths=fleet.started - 1)
        finally:
            stop.set()
            nurse.join()
        assert jobs[0].error is not None
        assert jobs[0].error["code"] == "poison"
        assert fleet.runs().most_common(1)[0][1] <= 3
        assert report.measured["succeeded"] == len(first) + len(rest), "neighbours are untouched"
        return report


def _replace_the_dead(fleet: Fleet, stop: threading.Event) -> None:
    while not stop.wait(0.1):
        if not fleet.alive():
            fleet.start(wait=False)


def every_message_twice(fleet: Fleet, *, documents: int) -> FaultRun:
    """Each message published twice, and again after its job has succeeded."""
    with LedgerWatch(fleet) as watch:
        fleet.start(2)
        ids = []
        for n in range(documents):
            ids.append(watch.submit(f"document {n} sleep=0.01"))
            fleet.queue.publish(TENANT, ids[-1], "interactive")
        fleet.wait(ids, 60)
        for job_id in ids:
            fleet.queue.publish(TENANT, job_id, "bulk")
        until(lambda: sum(fleet.queue.waiting().values()) == 0, 30, "messages taken")
        report = watch.judge("every message three times", 10, messages=3 * documents)
        assert report.measured["runs"] == documents, "no second run"
        assert report.measured["succeeded"] == documents
        return report


def engine_hung(fleet: Fleet, *, hangs: int, documents: int) -> FaultRun:
    """The engine of a worker stopped (SIGSTOP) while documents with large grammars fill its pipe, again and again. The
    worker goes on beating and says what is wrong; the engine is killed, another loads, and the documents are done in
    the same worker. They have no timeouts that would help. For `tests.support.scripted_engine`."""
    with LedgerWatch(fleet) as watch:
        worker = fleet.start()
        noticed, seen = [], set[str]()
        for hang in range(hangs):
            for n in range(documents):
                watch.submit(f"document {hang}.{n}")
            watch.submit(f"warm {hang}")
            until(lambda: _open(fleet) == 0, 60, "an engine that works")
            engine = int((fleet.folder / f"engine-of-{worker.pid}").read_text())
            os.kill(engine, signal.SIGSTOP)
            began = time.monotonic()
            for n in range(fleet.settings.slots):
                watch.submit(f"large {hang}.{n} fill=4000000")
            while _open(fleet):
                (info,) = fleet.ledger.run(fleet.ledger.workers.alive())
                assert info.age_s < fleet.settings.pulse_s + 2.0, "it goes on beating"
                seen.add(info.state)
                if info.state == "recovering" and len(noticed) == hang:
                    noticed.append(time.monotonic() - began)
                    assert "has not been heard of" in info.why, info.why
                assert time.monotonic() - began < 120, fleet.logs()[-3000:]
                time.sleep(0.05)
            assert not psutil.pid_exists(engine)
        report = watch.judge("engine hung, its pipe full", 60, hangs=hangs, noticed_s=round(max(noticed), 1))
        assert worker.process.poll() is None, "the worker stays"
        assert report.measured["succeeded"] == len(watch.texts)
        assert report.measured["most_attempts"] == 2, "a hang counts an attempt"
        assert seen == {"ready", "recovering"}
        return report


def _open(fleet: Fleet) -> int:
    counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
    return counts["queued"] + counts["running"]


def sigterm(fleet: Fleet, *, documents: int, rounds: int) -> FaultRun:
    """SIGTERM to every worker in the middle of a batch, new ones started, again and again."""
    with LedgerWatch(fleet) as watch:
        slow = watch.submit("long document sleep=4")
        for n in range(documents):
            watch.submit(f"document {n} sleep=0.4")
        statuses, longest = [], 0.0
        for _ in range(rounds):
            fleet.start(2)
            time.sleep(0.6)
            began = time.monotonic()
            for worker in fleet.alive():
                worker.process.terminate()
            statuses += [worker.process.wait(60) for worker in fleet.workers[-2:]]
            longest = max(longest, time.monotonic() - began)
            assert not fleet.ledger.run(fleet.ledger.jobs.list(TENANT, status="running")).jobs, (
                "nothing is left to a lease"
            )
        fleet.start(2)
        report = watch.judge("SIGTERM", 60, sigterms=2 * rounds, longest_stop_s=round(longest, 1))
        assert report.measured["succeeded"] == documents + 1
        assert statuses == [0] * len(statuses), statuses
        report.measured["attempts_of_the_long_one"] = fleet.job(slow).attempt
        return report


def longer_than_lease(fleet: Fleet, *, seconds: float) -> FaultRun:
    """A document that takes several times as long as a lease, and as the reconciler lets a message be silent."""
    with LedgerWatch(fleet) as watch:
        fleet.start(2)
        watch.submit(f"long sleep={seconds}")
        times = round(seconds / max(fleet.settings.lease_s, fleet.settings.republish_after_s), 1)
        report = watch.judge("longer than a lease", seconds + 20, times_longer=times)
        assert report.measured["runs"] == 1
        assert report.measured["most_attempts"] == 1
        return report


def recovery(fleet: Fleet) -> FaultRun:
    """How long documents in flight wait for another worker when theirs is killed."""
    with LedgerWatch(fleet) as watch:
        victim = fleet.start()
        ids = [watch.submit(f"document {n} sleep=1000") for n in range(4)]
        for job_id in ids:
            fleet.wait_running(job_id)
        fleet.start(wait=False)
        victim.kill()
        recovered_s = until(lambda: all(fleet.job(job_id).attempt == 2 for job_id in ids), 120, "taken over")
        for job_id in ids:
            fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job_id))
        return watch.judge("recovery", 20, kills=1, lease_s=fleet.settings.lease_s, recovered_s=round(recovered_s, 1))
