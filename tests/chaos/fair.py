"""How long two tenants wait when one brings many documents and then the other a few: `python -m tests.chaos.fair`. Real
workers with a scripted extractor that sleeps. Then what a turn and its claim cost with many documents waiting, of two
tenants and of a thousand."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.support.fleet import Fleet, until
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.batches import DecidedLine
from workers.ledger.ledger import Claim, Ledger, NewJob

DEFAULTS = {"lease_s": 30.0, "pulse_s": 2.0, "reconcile_s": 5.0, "republish_after_s": 20.0}
MANY, FEW = "acme", "globex"
_SLICE = 500


def bring(ledger: Ledger, tenant: str, count: int, text: str = "a document") -> tuple[str, ...]:
    """A batch of so many documents; their ids."""
    opened, ids = ledger.run(ledger.batches.open(tenant, None, "", None)), list[str]()
    for first in range(1, count + 1, _SLICE):
        numbers = range(first, min(first + _SLICE, count + 1))
        jobs = [(n, NewJob("invoice@1", f"{n} {text}".encode(), priority="bulk", custom_id=str(n))) for n in numbers]
        added = ledger.run(ledger.batches.add(tenant, opened, [DecidedLine(n, str(n), job) for n, job in jobs]))
        ids += added.job_ids
    ledger.run(ledger.batches.seal(tenant, opened))
    return tuple(ids)


def waits(fleet: Fleet, many: int, few: int, sleep_s: float) -> None:
    """The many are published, and the few right after them."""
    text = f"sleep={sleep_s}"
    ids = {MANY: bring(fleet.ledger, MANY, many, text), FEW: bring(fleet.ledger, FEW, few, text)}
    published = datetime.now(UTC)
    for tenant, own in ids.items():
        fleet.queue.publish_all(tenant, own, "bulk")
    until(lambda: sum(_succeeded(fleet, tenant) for tenant in ids) == many + few, 900, "all done")
    for tenant, own in ids.items():
        print(f"{tenant}, {len(own)} documents: waited {_figures(_waited(fleet, tenant, own, published))}")


def _succeeded(fleet: Fleet, tenant: str) -> int:
    return fleet.ledger.run(fleet.ledger.jobs.counts(tenant))["succeeded"]


def _waited(fleet: Fleet, tenant: str, ids: Sequence[str], since: datetime) -> list[float]:
    jobs = [fleet.ledger.run(fleet.ledger.jobs.get(tenant, job_id)) for job_id in ids]
    return sorted((job.started_at - since).total_seconds() for job in jobs if job and job.started_at)


def _figures(seconds: Sequence[float]) -> str:
    p99 = seconds[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return f"p50 {statistics.median(seconds):.2f} s, p99 {p99:.2f} s, longest {seconds[-1]:.2f} s"


def claims(valkey: Valkey, tenants: int, waiting: int, count: int) -> None:
    """One after another, as a worker makes them; the message is not taken."""
    valkey.flush()
    with Ledger(settings=WorkerSettings(redis_url=valkey.url)) as ledger:
        names = [f"tenant-{n}" for n in range(tenants)]
        for name in names:
            bring(ledger, name, waiting // tenants)
        store, seconds = psutil.Process(valkey.pid), []
        used = sum(store.cpu_times()[:2])
        for n in range(count):
            began = time.perf_counter()
            turn = ledger.run(ledger.jobs.turn(names[n % tenants], "bulk"))
            assert turn is not None
            assert isinstance(ledger.run(ledger.jobs.claim(*turn, "w")), Claim)
            seconds.append(time.perf_counter() - began)
        used = sum(store.cpu_times()[:2]) - used
    each = f"{1e6 * statistics.median(seconds):.0f} µs, of Valkey's CPU {1e6 * used / count:.0f} µs"
    print(f"turn and claim, {waiting} waiting of {tenants} tenants: {each}, n={count}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=2000, help="documents of the tenant that comes first")
    parser.add_argument("--few", type=int, default=10, help="documents of the one that comes after it")
    parser.add_argument("--sleep", type=float, default=0.1, help="seconds a document takes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--waiting", type=int, default=100_000, help="documents that wait while claims are timed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Valkey(Path(name) / "valkey", aof=True) as valkey:
        with Fleet(valkey, Path(name), slots=given.slots, **DEFAULTS) as fleet:
            fleet.start(given.workers)
            waits(fleet, given.many, given.few, given.sleep)
        for tenants in (2, 1000):
            claims(valkey, tenants, given.waiting, 5000)


if __name__ == "__main__":
    main()
