"""What a run is judged by: every accepted job, its answer, and every end the ledger announced. Knows the scripted
extractor's answer to a document; injects nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from types import TracebackType
from typing import Any

from redis.exceptions import RedisError

from tests.support.fleet import TENANT, Fleet
from tests.support.scripted_worker import digest
from workers.ledger.ledger import TERMINAL


@dataclass
class FaultRun:
    """What was injected and what was counted; `print` it."""

    name: str
    measured: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"[{self.name}] " + " ".join(f"{key}={value}" for key, value in self.measured.items())


class LedgerWatch:
    """Submits documents and holds the ledger to account for each."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.texts: dict[str, str] = {}
        self.ends: Counter[str] = Counter()
        self.claims: defaultdict[str, list[float]] = defaultdict(list)  # when each was announced, by job
        self._stop = threading.Event()
        self._client = fleet.valkey.client()
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)

    def __enter__(self) -> LedgerWatch:
        self._subscription = self._client.pubsub(ignore_subscribe_messages=True)
        self._subscription.subscribe(f"extractor:{{{TENANT}}}:events")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._subscription.close()
        self._client.close()

    def submit(self, text: str, **options: Any) -> str:
        job_id = self.fleet.submit(text, **options)
        self.texts[job_id] = text
        return job_id

    def submit_file(self, content: bytes, media_type: str, text: str, **options: Any) -> str:
        """`text`: what is read of it."""
        job_id = self.fleet.submit_file(content, media_type, **options)
        self.texts[job_id] = text
        return job_id

    def judge(self, name: str, timeout_s: float, **injected: Any) -> FaultRun:
        """Waits for every job and asserts what must hold whatever was injected."""
        began = time.monotonic()
        jobs = self.fleet.wait(self.texts, timeout_s)
        settled_s = time.monotonic() - began
        time.sleep(0.1)
        counts = self.fleet.ledger.run(self.fleet.ledger.jobs.counts(TENANT))
        statuses = Counter(job.status for job in jobs)
        assert counts["accepted"] == len(self.texts), "accepted by the ledger = accepted by the client"
        assert counts["accepted"] == counts["succeeded"] + counts["failed"] + counts["cancelled"]
        assert counts["queued"] == counts["running"] == counts["bytes"] == 0
        assert {status: counts[status] for status in TERMINAL} == {s: statuses[s] for s in TERMINAL}
        changed = [
            job.id
            for job in jobs
            if job.status == "succeeded" and (job.result or {})["data"]["digest"] != digest(self.texts[job.id])
        ]
        assert not changed, "a result that is not its document's"
        twice = [job_id for job_id, times in self.ends.items() if times > 1]
        assert not twice, "a job that ended twice"
        runs = self.fleet.runs()
        measured = {
            **injected,
            "accepted": counts["accepted"],
            "succeeded": counts["succeeded"],
            "failed": counts["failed"],
            "cancelled": counts["cancelled"],
            "failed_codes": dict(Counter((job.error or {})["code"] for job in jobs if job.status == "failed")),
            "runs": sum(runs.values()),
            "most_attempts": max(job.attempt for job in jobs),
            "ended_twice": len(twice),
            "changed": len(changed),
            "settled_s": round(settled_s, 1),
            "longest_s": round(max(_seconds(job.created_at, job.finished_at) for job in jobs), 1),
        }
        again = sorted(later - earlier for claims in self.claims.values() for earlier, later in pairwise(claims))
        if again:  # from one claim to the next, so the time before the fault is in it
            measured["taken_again"] = len(again)
            measured["recovered_p99_s"] = round(again[int(len(again) * 0.99)], 1)
            measured["recovered_last_s"] = round(again[-1], 1)
        return FaultRun(name, measured)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                message = self._subscription.get_message(timeout=0.2)
            except RedisError:  # it was killed or frozen; ends announced meanwhile are counted in the ledger
                time.sleep(0.1)
                continue
            if message is not None:
                job_id, status = message["data"].decode().split()
                if status in TERMINAL:
                    self.ends[job_id] += 1
                elif status == "running":
                    self.claims[job_id].append(time.monotonic())


def _seconds(begin: datetime | None, end: datetime | None) -> float:
    return (end - begin).total_seconds() if begin and end else 0.0
