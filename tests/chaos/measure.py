"""What the service costs around an extractor that costs nothing: `python -m tests.chaos.measure`.

Processes of their own for Valkey (with its log on), the API and the workers, at the default leases; the client is this
process. First one document at a time through an idle service, then one batch over HTTP through all workers.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from extractor.client import Client, batches
from tests.support.fleet import Fleet
from tests.support.served import Api
from tests.support.valkey import Valkey

DEFAULTS = {"lease_s": 30.0, "pulse_s": 2.0, "reconcile_s": 5.0, "republish_after_s": 20.0}
WARM = 20


def idle(api: Api, count: int) -> None:
    """POST with `Prefer: wait` to the answer that holds the result, over one kept connection."""
    seconds = []
    with httpx.Client(base_url=api.url, trust_env=False, timeout=40, headers={"Prefer": "wait=30"}) as http:
        for n in range(WARM + count):
            body = {"document": {"text": f"document {n}"}, "schema": "contact"}
            began = time.perf_counter()
            answer = http.post("/v1/extractions", json=body)
            seconds.append(time.perf_counter() - began)
            assert answer.json()["status"] == "succeeded", answer.text
    ms = sorted(1e3 * second for second in seconds[WARM:])
    p50, p95 = statistics.median(ms), ms[int(len(ms) * 0.95)]
    print(f"one idle document, POST to result over HTTP: p50 {p50:.1f} ms, p95 {p95:.1f} ms, n={count}")


def batch(api: Api, processes: dict[str, int], count: int) -> None:
    before = {name: busy(pid) for name, pid in processes.items()}
    with Client(api.url) as client:
        began = time.perf_counter()
        sent = client.submit_batch(
            lambda: (batches.line(f"d{n}", f"document {n}", {}) for n in range(count)), "contact"
        )
        uploaded = time.perf_counter() - began
        done = client.wait_batch(sent.id)
    assert done.finished_at is not None
    total = (done.finished_at - done.created_at).total_seconds()  # the ledger's clock: the client looks once a second
    assert done.counts["succeeded"] == count, done.counts
    print(f"{count} documents: taken in {uploaded:.1f} s, all done in {total:.1f} s, {count / total:.0f} documents/s")
    costs = {name: 1e3 * (busy(pid) - before[name]) / count for name, pid in processes.items()}
    print("CPU a document: " + ", ".join(f"{name} {cost:.2f} ms" for name, cost in costs.items()))


def busy(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000, help="of the batch")
    parser.add_argument("--idle", type=int, default=200, help="documents one at a time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slots", type=int, default=8)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        Valkey(Path(name) / "valkey", aof=True) as valkey,
        Api(valkey, Path(name)) as api,
        Fleet(valkey, Path(name), slots=given.slots, **DEFAULTS) as fleet,
    ):
        fleet.start(given.workers)
        idle(api, given.idle)
        workers = {f"worker {n}": worker.pid for n, worker in enumerate(fleet.workers, 1)}
        batch(api, {"API": api.pid, "Valkey": valkey.pid, **workers}, given.documents)


if __name__ == "__main__":
    main()
