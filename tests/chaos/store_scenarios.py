"""Faults of the store and of the way to it, each a function of its size, as in scenarios.py."""

from __future__ import annotations

import random
import time

import pytest

from tests.chaos.ledgerwatch import FaultRun, LedgerWatch
from tests.chaos.proxy import Proxy
from tests.support.fleet import TENANT, Fleet, until
from tests.support.remains import left, mark
from workers.ledger.ledger import STATUSES, StoreUnavailable


def store_killed(fleet: Fleet, *, documents: int, away_s: float, kills: int = 1) -> FaultRun:
    """Redis killed with SIGKILL and restarted from its AOF, under load. Work has resumed when something ends that had
    not when Redis was back; a fast machine may have ended everything by then."""
    with LedgerWatch(fleet) as watch:
        fleet.start()
        refused, resumed_s = 0, 0.0
        for kill in range(kills):
            for n in range(documents):
                watch.submit(f"document {kill}.{n} sleep=0.05")
            fleet.valkey.kill()
            time.sleep(away_s)
            try:
                fleet.submit("refused")
            except StoreUnavailable:
                refused += 1
            fleet.valkey.start()
            done, every = _succeeded(fleet), (kill + 1) * documents

            def resumed(done: int = done, every: int = every) -> bool:
                return _succeeded(fleet) > done or done == every

            resumed_s = max(resumed_s, until(resumed, 30, lambda: f"work resumed\n{fleet.logs()[-4000:]}"))
        assert refused == kills
        report = watch.judge("Redis kill -9", 90, kills=kills, resumed_s=round(resumed_s, 1))
        assert report.measured["succeeded"] == kills * documents
        assert resumed_s < 15
        return report


def erased(fleet: Fleet, *, documents: int, kills: int, seed: int = 1) -> FaultRun:
    """Documents are erased, waiting, running or done, while store and workers are killed: in the end no file of the
    store's folder holds any of them, and all others are done."""
    dice = random.Random(seed)
    gone, kept = dict[str, str](), dict[str, str]()
    fleet.start(2)
    for _ in range(kills):
        new = dict[str, str]()
        for _ in range(documents // kills):
            text = mark()
            new[fleet.submit(f"{text} sleep={dice.uniform(0.0, 0.2):.2f}", metadata={"note": text})] = text
        for job_id, text in new.items():
            if dice.random() < 0.5:
                time.sleep(dice.uniform(0.0, 0.02))
                assert fleet.ledger.run(fleet.ledger.jobs.delete(TENANT, job_id))
                gone[job_id] = text
            else:
                kept[job_id] = text
        assert left(fleet.valkey.folder, gone.values()), "it could be seen"
        time.sleep(dice.uniform(0.0, fleet.settings.erase_within_s))
        dice.choice(fleet.alive()).kill()
        fleet.valkey.kill()
        fleet.valkey.start()
        fleet.start(wait=False)
    began = time.monotonic()
    until(lambda: not left(fleet.valkey.folder, gone.values()), 120, lambda: f"gone\n{fleet.logs()[-4000:]}")
    gone_s = time.monotonic() - began
    done = fleet.wait(kept, 90)
    assert all(job.status == "succeeded" and job.metadata == {"note": kept[job.id]} for job in done)
    assert len(left(fleet.valkey.folder, kept.values())) == len(kept)
    assert not any(fleet.ledger.run(fleet.ledger.jobs.get(TENANT, job_id)) for job_id in gone)
    counts = fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))
    assert counts["accepted"] == len(gone) + len(kept) == sum(counts[status] for status in STATUSES)
    return FaultRun("erased", {"kills": kills, "erased": len(gone), "kept": len(kept), "gone_s": round(gone_s, 1)})


def store_killed_full(fleet: Fleet) -> FaultRun:
    """Redis is away while every slot works, so that nothing reads the queue's connection, for longer than the worker's
    patience: the results are given up and every message is acknowledged to nobody."""
    with LedgerWatch(fleet) as watch:
        fleet.start()
        for n in range(fleet.settings.slots * 3):
            watch.submit(f"document {n} sleep=1")
        until(
            lambda: fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["running"] == fleet.settings.slots,
            30,
            "every slot works",
        )
        fleet.valkey.kill()
        time.sleep(2.0 + fleet.settings.store_patience_s)
        fleet.valkey.start()
        return watch.judge("Redis kill -9 under full slots", 40)


def _succeeded(fleet: Fleet) -> int:
    return fleet.ledger.run(fleet.ledger.jobs.counts(TENANT))["succeeded"]


def store_frozen(fleet: Fleet, *, documents: int, frozen_s: float) -> FaultRun:
    """Redis stopped for longer than a lease: calls end in time, and what was in the air happens once. A creation that
    timed out may have taken effect; asked again with its idempotency key it is the same job."""
    with LedgerWatch(fleet) as watch:
        fleet.start()
        for n in range(documents):
            watch.submit(f"document {n} sleep=0.3")
        fleet.wait_busy()
        fleet.valkey.freeze()
        began = time.monotonic()
        longest = 0.0
        while time.monotonic() - began < frozen_s:
            asked = time.monotonic()
            with pytest.raises(StoreUnavailable):
                fleet.submit("asked again and again", key="once")
            longest = max(longest, time.monotonic() - asked)
        fleet.valkey.thaw()
        thawed = time.monotonic()
        watch.submit("asked again and again", key="once")
        report = watch.judge("Redis frozen", 60, frozen_s=frozen_s, longest_call_s=round(longest, 2))
        assert longest < fleet.settings.redis_timeout_s + 1
        assert report.measured["succeeded"] == documents + 1
        report.measured["all_done_after_s"] = round(time.monotonic() - thawed, 1)
        return report


def store_full(fleet: Fleet, *, documents: int) -> FaultRun:
    """Memory runs out under load: new jobs are refused, results of running work land, then all goes on."""
    with LedgerWatch(fleet) as watch, fleet.valkey.client() as client:
        worker = fleet.start()
        for n in range(documents):
            watch.submit(f"document {n} sleep=0.3")
        fleet.wait_busy()
        client.config_set("maxmemory", "1mb")
        running = [job.id for job in fleet.ledger.run(fleet.ledger.jobs.list(TENANT, status="running", limit=100)).jobs]
        with pytest.raises(StoreUnavailable):
            fleet.submit("refused " + "x" * 1_500_000)
        landed = fleet.wait(running, 20)
        assert {job.status for job in landed} == {"succeeded"}
        time.sleep(1)
        client.config_set("maxmemory", "0")
        report = watch.judge("Redis full", 60, landed_while_full=len(landed))
        assert report.measured["succeeded"] == documents
        report.measured["worker_survived"] = worker.process.poll() is None
        return report


def network(fleet: Fleet, *, documents: int) -> FaultRun:
    """The worker reaches Redis through a proxy that resets every connection, then swallows everything for a while."""
    with Proxy(fleet.valkey) as proxy, LedgerWatch(fleet) as watch:
        fleet.settings = fleet.settings.model_copy(update={"redis_url": proxy.url})
        fleet.start()
        for n in range(documents):
            watch.submit(f"document {n} sleep=0.2")
        resets = 0
        for _ in range(5):
            time.sleep(0.8)
            resets += proxy.reset()
        proxy.blackhole(True)
        time.sleep(6)
        proxy.blackhole(False)
        began = time.monotonic()
        done = _succeeded(fleet)
        resumed_s = until(lambda: _succeeded(fleet) > done, 60, "work resumed")
        report = watch.judge("network", 90, resets=resets, blackholed_s=6, resumed_s=round(resumed_s, 1))
        assert report.measured["succeeded"] == documents
        report.measured["all_done_after_s"] = round(time.monotonic() - began, 1)
        return report
