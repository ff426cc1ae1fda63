"""The API as a process of its own and a worker without a model, for tests of what goes over a socket. The worker says
of a document what its text asks for: `fail`, `hold` (runs until it is cancelled), else its text comes back, with a
mark for review for each `doubtful`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psutil

from tests.support.api_support import ANSWER
from tests.support.valkey import Valkey, free_port
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Ledger

TENANT = "default"
DOUBT = {"pointer": "/text", "code": "low_confidence", "detail": "the model was not sure of it", "severity": "low"}


def wait_until(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Whether `condition` held within the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every_s)
    return True


class Api:
    """`kill` and `start` again: the port stays. `open_files`: its `ulimit -n`."""

    def __init__(self, valkey: Valkey, folder: Path, *, open_files: int | None = None, **settings: Any) -> None:
        self._open_files = open_files
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"api-{self.port}.log"
        given = {f"EXTRACTOR_{name.upper()}": str(value) for name, value in settings.items()}
        self.settings = given
        self._environ = {**os.environ, **given, "EXTRACTOR_PORT": str(self.port), "EXTRACTOR_REDIS_URL": valkey.url}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Api:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "api"]
            if self._open_files is not None:
                command = ["sh", "-c", f'ulimit -n {self._open_files}; exec "$@"', "sh", *command]
            self.process = subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)
        deadline = time.monotonic() + 100  # what a busy machine may take to import it
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False)
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(self._log.read_text())

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def log(self) -> str:
        return self._log.read_text()

    def cpu_s(self) -> float:
        """The processor's time it has taken so far."""
        taken = psutil.Process(self.pid).cpu_times()
        return float(taken.user + taken.system)

    def memory_bytes(self) -> int:
        return int(psutil.Process(self.pid).memory_info().rss)

    def peak_bytes(self) -> int:
        """The most it ever held, as the kernel has it."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def __enter__(self) -> Api:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


class ThreadWorker:
    """Takes whatever is queued, in a thread. `held` are the jobs it runs."""

    def __init__(self, valkey: Valkey) -> None:
        self.ledger = Ledger(settings=WorkerSettings(redis_url=valkey.url))
        self.held: list[Claim] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            for job in reversed(self.ledger.run(self.ledger.jobs.list(TENANT, status="queued", limit=1000)).jobs):
                claim = self.ledger.run(self.ledger.jobs.claim(TENANT, job.id, "thread"))
                if isinstance(claim, Claim):
                    self._work(claim)
            for claim in list(self.held):
                if self.ledger.run(self.ledger.jobs.renew(TENANT, claim.job.id, claim.attempt)).cancel_requested:
                    self.ledger.run(self.ledger.jobs.cancelled(TENANT, claim.job.id, claim.attempt))
                    self.held.remove(claim)

    def _work(self, claim: Claim) -> None:
        text = claim.document.decode()
        if "hold" in text:
            self.held.append(claim)
        elif "fail" in text:
            error = {"code": "invalid_output", "detail": "no", "retryable": False, "errors": [], "last": "{}"}
            self.ledger.run(self.ledger.jobs.fail(TENANT, claim.job.id, claim.attempt, error))
        else:
            marks = [DOUBT] * text.count("doubtful")
            result = {**ANSWER, "data": {"text": text}, "review": marks, "needs_review": bool(marks)}
            job = claim.job.id
            self.ledger.run(self.ledger.jobs.succeed(TENANT, job, claim.attempt, result, marked=bool(marks)))

    def __enter__(self) -> ThreadWorker:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self.ledger.close()
