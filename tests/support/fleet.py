"""Real worker processes for tests: `python -m workers` with the scripted extractor on a test's Valkey, leases short
enough to see them end. Knows how to start, harm and stop them, and how to wait for the ledger; asserts nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Job, Ledger, NewJob
from workers.ledger.new_job import Form
from workers.queue.publish import JobQueue

ROOT = Path(__file__).parents[2]
TENANT = "acme"
FAST: dict[str, Any] = {
    "slots": 4,
    "lease_s": 2.0,
    "pulse_s": 0.4,
    "reconcile_s": 0.5,
    "republish_after_s": 2.0,
    "retry_delay_s": 0.1,
    "heartbeat_ttl_s": 4.0,
    "shutdown_s": 5.0,
    "store_patience_s": 60.0,
    "extractor_factory": "tests.support.scripted_worker:Scripted",
}


class Worker:
    """One worker process, in a process group of its own."""

    def __init__(self, settings: WorkerSettings, folder: Path, name: str, more: Mapping[str, str]) -> None:
        environ = {f"EXTRACTOR_{key.upper()}": str(value) for key, value in settings.model_dump().items()}
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error::ResourceWarning", "-m", "workers"],
                cwd=ROOT,
                env={**os.environ, **environ, "SCRIPTED_LOG": str(folder / "runs.log"), **more},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        os.killpg(self.pid, number)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
        self.process.wait(10)

    def terminate(self, timeout_s: float = 60.0) -> int:
        """SIGTERM, and its exit status."""
        self.process.terminate()
        return self.process.wait(timeout_s)


class Fleet:
    """Workers on one Valkey, and the ledger and queue a client would use. Kills what is left when it ends."""

    def __init__(self, valkey: Valkey, folder: Path, **settings: Any) -> None:
        self.valkey = valkey
        self.folder = folder
        self.settings = WorkerSettings(**{**FAST, "redis_url": valkey.url, **settings})
        self.ledger = Ledger(settings=self.settings)
        self.queue = JobQueue(self.settings)
        self.workers: list[Worker] = []
        self.started = 0
        self.environ: dict[str, str] = {}  # what workers are told beside their settings

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.send(signal.SIGCONT)
            worker.kill()
        self.queue.close()
        self.ledger.close()

    def start(self, count: int = 1, *, wait: bool = True) -> Worker:
        """Starts workers; the last of them."""
        new = []
        for _ in range(count):
            self.started += 1
            new.append(Worker(self.settings, self.folder, f"worker-{self.started}", self.environ))
        self.workers += new
        if wait:
            until(lambda: all(self._is_ready(worker) for worker in new), 60, "workers ready")
        return new[-1]

    def _is_ready(self, worker: Worker) -> bool:
        assert worker.process.poll() is None, worker.log.read_text()
        return worker.pid in self.ready()

    def ready(self) -> list[int]:
        return [info.pid for info in self.ledger.run(self.ledger.workers.alive()) if info.ready]

    def alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.process.poll() is None]

    def submit(self, text: str, *, publish: bool = True, key: str | None = None, **fields: Any) -> str:
        """As the API does it: into the ledger, then into the queue."""
        return self._enter(NewJob("invoice@1", text.encode(), **fields), publish, key, text)

    def submit_file(self, content: bytes, media_type: str, tenant: str = TENANT, **fields: Any) -> str:
        """The same of a document that has to be read."""
        form: Form = "picture" if media_type.startswith("image/") else "file"
        job = NewJob("invoice@1", content, media_type=media_type, form=form, **fields)
        return self._enter(job, True, None, "", tenant)

    def _enter(self, job: NewJob, publish: bool, key: str | None, asked: str, tenant: str = TENANT) -> str:
        created = self.ledger.run(self.ledger.jobs.create(tenant, job, key, asked))
        if publish and not created.existing:
            self.queue.publish(tenant, created.job_id, job.priority)
        return created.job_id

    def job(self, job_id: str) -> Job:
        job = self.ledger.run(self.ledger.jobs.get(TENANT, job_id))
        assert job is not None, "the ledger lost a job"
        return job

    def wait(self, ids: Iterable[str], timeout_s: float) -> list[Job]:
        """All of them, terminal."""
        ids = list(ids)
        open_ids = set(ids)

        def settled() -> bool:
            for job_id in list(open_ids):
                if self.job(job_id).done:
                    open_ids.discard(job_id)
            return not open_ids

        until(settled, timeout_s, lambda: f"jobs done; open: {Counter(self.job(i).status for i in open_ids)}")
        return [self.job(job_id) for job_id in ids]

    def wait_running(self, job_id: str, timeout_s: float = 30.0) -> None:
        until(lambda: self.job(job_id).status == "running", timeout_s, "job running")

    def wait_busy(self) -> None:
        """Until something runs; with short documents, any one may be over before it is asked for."""
        until(lambda: self.ledger.run(self.ledger.jobs.counts(TENANT))["running"] > 0, 30, "some job running")

    def runs(self) -> Counter[str]:
        """How often the extractor was asked, by the digest of the document."""
        log = self.folder / "runs.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return Counter(line.split()[1] for line in lines)

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))


def until(condition: Callable[[], bool], timeout_s: float, what: str | Callable[[], str]) -> float:
    """Seconds until it held; AssertionError when it did not."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"not within {timeout_s} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)
    return time.monotonic() - began
