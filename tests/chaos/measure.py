"""What the ledger, the queue and one worker cost when the extractor costs nothing: `python -m tests.chaos.measure`."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.fleet import TENANT, Fleet
from tests.valkey import Valkey
from workers.ledger import AsyncLedger, NewJob

IDLE, BATCH = 200, 1_000


async def one_by_one(fleet: Fleet) -> list[float]:
    """Seconds from before the creation to the result in hand, one document at a time, as the API does it."""
    seconds = []
    async with AsyncLedger(settings=fleet.settings) as ledger:
        for n in range(IDLE):
            began = time.perf_counter()
            created = await ledger.create(TENANT, NewJob("invoice@1", b"document %d" % n))
            await asyncio.to_thread(fleet.queue.publish, TENANT, created.job_id, "interactive")
            job = await ledger.wait(TENANT, created.job_id, 30)
            seconds.append(time.perf_counter() - began)
            assert job is not None
            assert job.status == "succeeded"
    return seconds


def main() -> None:
    """Default leases, one worker of four slots."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Valkey(Path(folder) / "valkey", aof=True) as valkey,
        Fleet(valkey, Path(folder), lease_s=30, pulse_s=2, reconcile_s=5, republish_after_s=20) as fleet,
    ):
        fleet.start()
        seconds = sorted(asyncio.run(one_by_one(fleet)))
        p50, p95 = statistics.median(seconds), seconds[int(len(seconds) * 0.95)]
        print(f"one idle document, create to result: p50 {p50 * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms, n={IDLE}")
        began = time.perf_counter()
        ids = [fleet.submit(f"batch {n}") for n in range(BATCH)]
        submitted = time.perf_counter() - began
        fleet.wait(ids, 300)
        total = time.perf_counter() - began
        print(f"{BATCH} documents: submitted in {submitted:.1f} s, all done in {total:.1f} s", end="; ")
        print(f"{BATCH / total:.0f} documents/s with one worker of {fleet.settings.slots} slots")


if __name__ == "__main__":
    main()
