"""The processes of one service: the embedded store (unless a Redis is given), the API and the workers. Started in
order, watched, restarted when they die or stand still, and ended in order: workers first, so that what they hold goes
back to the queue while there is one, then the API, then the store.

Before the service has been ready once, what can never work ends it with the reason. From then on whatever dies is
started again, after pauses that grow to half a minute, and the rest goes on.

Every method but `pids`, `kill_all` and `redis_url` belongs to one thread, the one that starts the children: they die
with it (children.py).
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from extractor.errors import ExtractorError
from extractor.processes import log_lines
from extractor.processes.environment import of_api, of_worker
from extractor.processes.heartbeat import HeartbeatFile
from extractor.processes.launch import UNRECOVERABLE
from extractor.service.children import SUPERVISOR, Log, Program
from extractor.service.managed import START_S, ApiProbe, ManagedProcess, ending, reason
from extractor.service.plan import ServicePlan
from extractor.service.valkey import EmbeddedValkey

_READY_EVERY_S = 0.2
_PROBE_EVERY_S = 2.0
_LATE_S = 8.0  # a round takes less, even if no process answers it
_PATIENCE_S = 10.0  # with the processes, after this one was held up itself
_MOST_EARLY_DEATHS = 3  # of a program, before the service has been ready
_API_GRACE_S = 15.0
_STORE_GRACE_S = 5.0  # of one that did not answer


class ServiceFailed(ExtractorError):
    """The service cannot start, or a part of it kept dying; `detail` ends with that part's last lines."""

    code = "service_failed"


class ProcessGroup:
    """`url`: where the API is to listen, on `port`. `stopping` ends waits; `ready` is set when a worker has loaded its
    model and the API says so, once."""

    def __init__(
        self, plan: ServicePlan, port: int, url: str, log: Log, *, stopping: threading.Event, ready: threading.Event
    ) -> None:
        self._plan = plan
        self._port = port
        self._url = url
        self._log = log
        self._stopping = stopping
        self._ready = ready
        self._store: EmbeddedValkey | None = None
        self._store_process: ManagedProcess | None = None
        self._processes: list[ManagedProcess] = []  # the API, then the workers
        self._api_probe: ApiProbe | None = None
        self._next_probe = self._next_ready = 0.0
        self._last_round, self._judge_from = 0.0, 0.0

    @property
    def redis_url(self) -> str:
        """Of the store in use; known once it has started."""
        url = self._store.url if self._store else self._plan.redis_url
        assert url is not None, "known once the service has started"
        return url

    def pids(self) -> dict[str, int]:
        """Who runs now, by name: `store`, `api`, `worker-1` …"""
        return {process.name: process.child.pid for process in self._all() if process.child is not None}

    def kill_all(self) -> None:
        """The API and the workers, at once; the store still ends in order."""
        for process in self._processes:
            child = process.child  # which another thread may take away meanwhile
            if child is not None:
                child.kill()

    def begin(self, scratch: Path) -> None:
        """Starts the store; API and workers start in the first round. `scratch`: a folder for as long as this runs."""
        if self._plan.redis_url is None:
            folder = self._plan.data_dir or scratch
            self._store = EmbeddedValkey(
                folder / "store", self._log, max_memory=self._plan.max_memory, silent_s=self._plan.store_silent_s
            )
            self._store_process = ManagedProcess(Program("store", ()))
            self._store_process.child = self._store.start(self._stopping.is_set)
        heartbeats = scratch / "heartbeats"
        heartbeats.mkdir()
        self._processes = [self._api(heartbeats)]
        for number in range(1, self._plan.workers + 1):
            self._processes.append(self._worker(f"worker-{number}", heartbeats))
        self._api_probe = ApiProbe(self._url, self._plan.api_silent_s)
        self._last_round = time.monotonic()

    def check(self) -> None:
        """One round: the dead are noted and, when their time has come, replaced; the living are asked if they work,
        and killed if they do not move. Raises ExtractorError when it is pointless to go on."""
        now = time.monotonic()
        if now - self._last_round > _LATE_S:  # it was we who stood still, and perhaps everybody
            self._judge_from = now + _PATIENCE_S
        self._last_round = now
        for process in self._all():
            self._replace_dead(process, now)
        if now >= self._next_probe:
            self._next_probe = now + _PROBE_EVERY_S
            self._probe_all(judge=now >= self._judge_from)
        if now >= self._next_ready and not self._ready.is_set():
            self._next_ready = now + _READY_EVERY_S
            self._look_for_ready_worker()

    def end(self) -> None:
        """Workers together, then the API, then the store."""
        self._ready.clear()
        workers = [process.child for process in self._processes[1:] if process.child is not None]
        enders = [threading.Thread(target=child.end, args=(self._plan.worker_grace_s,)) for child in workers]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        for process in self._processes[:1]:
            if process.child is not None:
                process.child.end(_API_GRACE_S)
        if self._store is not None:
            self._store.stop()
        for process in self._all():
            process.child = None
            process.close()
        if self._api_probe is not None:
            self._api_probe.close()

    def _all(self) -> list[ManagedProcess]:
        return [*([self._store_process] if self._store_process else []), *self._processes]

    def _api(self, heartbeats: Path) -> ManagedProcess:
        environ = {**self._environ(), "EXTRACTOR_HEARTBEATS": str(heartbeats)}
        return ManagedProcess(Program("api", self._plan.api_command, environ, of_api))

    def _worker(self, name: str, heartbeats: Path) -> ManagedProcess:
        file = heartbeats / name
        environ = {**self._environ(), "EXTRACTOR_HEARTBEAT_FILE": str(file)}
        return ManagedProcess(Program(name, self._plan.worker_command, environ, of_worker), HeartbeatFile(file))

    def _environ(self) -> dict[str, str]:
        return {
            **self._plan.environ,
            "EXTRACTOR_REDIS_URL": self.redis_url,
            log_lines.SETTING: "json",  # for us, who read them: whoever started us sees our own form of it
            "EXTRACTOR_HOST": self._plan.host,
            "EXTRACTOR_PORT": str(self._port),
        }

    def _replace_dead(self, process: ManagedProcess, now: float) -> None:
        if process.child is not None and (status := process.child.exit_status()) is not None:
            self._schedule_restart(
                process, f"{process.name} ended with {ending(status)}", unrecoverable=status == UNRECOVERABLE
            )
        if process.child is None and now >= process.restarts.not_before and not self._stopping.is_set():
            self._start(process)

    def _look_for_ready_worker(self) -> None:
        assert self._api_probe is not None
        working = self._api_probe.ready()
        if any(process.child is not None and process.child.pid in working for process in self._processes[1:]):
            self._ready.set()

    def _probe_all(self, *, judge: bool) -> None:
        """Notes which processes work; with `judge`, those that do not move are killed."""
        assert self._api_probe is not None
        self._probe_store(judge=judge)
        api, *workers = self._processes
        if api.child is not None and self._api_probe.answers():
            api.restarts.worked()
        for worker in workers:
            if worker.is_ready():
                worker.restarts.worked()
        for process in self._processes if judge else ():
            still = self._api_probe.silent() if process is api else process.stalled()
            if still and process.child is not None:
                self._schedule_restart(process, f"{still} and was killed")

    def _probe_store(self, *, judge: bool) -> None:
        """A store that stands still is first asked to end: if it can, it then writes out what it has acknowledged and
        not yet handed to the kernel, which it may put off while the disk is busy."""
        process = self._store_process
        if self._store is None or process is None or process.child is None or self._store.answers() or not judge:
            return
        if still := self._store.silent():
            process.child.end(_STORE_GRACE_S)
            self._schedule_restart(process, f"{still} and was ended")

    def _start(self, process: ManagedProcess) -> None:
        """Raises ExtractorError where that ends the service (`_schedule_restart`)."""
        assert self._api_probe is not None
        try:
            if process is self._store_process:
                assert self._store is not None
                process.child = self._store.start(self._stopping.is_set)
                process.restarts.worked()  # it answered
                return
            if process is self._processes[0]:
                self._api_probe.begin()
            process.start(self._log)
        except (OSError, ExtractorError) as error:  # no process, no memory, no room on the disk
            if not self._stopping.is_set():
                self._schedule_restart(process, f"{process.name} cannot be started: {error}")

    def _schedule_restart(self, process: ManagedProcess, what: str, *, unrecoverable: bool = False) -> None:
        """Raises ServiceFailed when it is pointless to go on."""
        last_lines = process.end(reported=unrecoverable)
        pause_s = process.restarts.died(time.monotonic())
        if not self._ready.is_set() and unrecoverable:
            raise ServiceFailed(reason(last_lines) or what)
        if not self._ready.is_set() and process.restarts.deaths >= _MOST_EARLY_DEATHS:
            raise ServiceFailed(f"{what}, {_MOST_EARLY_DEATHS} times in a row. Its last lines:\n{last_lines}")
        why = f"{reason(last_lines)} ({what})" if unrecoverable else what
        if process.restarts.deaths > 1:
            why += f", {process.restarts.deaths} times in a row"
        why += f"; it is started again in {pause_s:g} s"
        process.report("down", pause_s + START_S, why)
        self._log(SUPERVISOR, why)
