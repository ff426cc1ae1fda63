"""The whole service on one machine: the embedded store (unless a Redis is given), the API and workers as children of
this process, started in order, watched, restarted when they die or stand still, and ended in order: workers first, so
that what they hold goes back to the queue while there is one, then the API, then the store.

Before the service has been ready once, what can never work ends it with the reason. From then on it never gives up:
whatever dies is started again, after pauses that grow to half a minute, and the rest goes on.

`extractor up`, the demo and the end-to-end tests run the same `Service`. It starts the other rooms as programs
(launch.py) and imports none of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from extractor.errors import ExtractorError
from extractor.processes.environment import of_api, of_worker
from extractor.processes.heartbeat import HeartbeatFile
from extractor.processes.launch import UNRECOVERABLE
from extractor.service.children import Log, Program
from extractor.service.managed import START_S, ApiProbe, ManagedProcess, ending, reason
from extractor.service.plan import ServicePlan
from extractor.service.private_files import scratch_folder
from extractor.service.valkey import EmbeddedValkey, free_port

_CHECK_EVERY_S = 0.1
_READY_EVERY_S = 0.2
_PROBE_EVERY_S = 2.0
_HELD_UP_S = 8.0  # a round takes less, whoever does not answer it
_PATIENCE_S = 10.0  # for others, after this process itself was held up
_MOST_EARLY_DEATHS = 3  # of a program, before the service has been ready
_API_GRACE_S = 15.0
_STORE_GRACE_S = 5.0  # of one that did not answer


class ServiceFailed(ExtractorError):
    """The service cannot start, or a part of it kept dying; `detail` ends with that part's last lines."""

    code = "service_failed"


class Service:
    """Started by `start` (or `with`), watched by a thread of its own, ended by `stop`."""

    def __init__(self, plan: ServicePlan, log: Log) -> None:
        self.plan = plan
        self._log = log
        self._port = plan.port or free_port()
        self._stack = ExitStack()
        self._store: EmbeddedValkey | None = None
        self._store_process: ManagedProcess | None = None
        self._processes: list[ManagedProcess] = []
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._over = threading.Event()
        self._failure: ServiceFailed | None = None
        self._thread = threading.Thread(target=self._main, name="supervisor")

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.plan.host, self.plan.host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def redis_url(self) -> str:
        """Of the store in use."""
        url = self._store.url if self._store else self.plan.redis_url
        assert url is not None, "known once the service has started"
        return url

    def pids(self) -> dict[str, int]:
        """Who runs now, by name: `store`, `api`, `worker-1` …"""
        return {process.name: process.child.pid for process in self._all() if process.child is not None}

    def start(self) -> None:
        self._thread.start()

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Until a worker has loaded its model and the API says so. Raises ServiceFailed."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._ready.wait(_CHECK_EVERY_S):
            self.check()
            if deadline is not None and time.monotonic() > deadline:
                raise ServiceFailed(f"The service was not ready after {timeout_s:g} s")

    def check(self) -> None:
        """Raises ServiceFailed when the service is over."""
        if self._over.is_set():
            raise self._failure or ServiceFailed("The service has stopped")

    def watch(self) -> None:
        """Return when it has been stopped. Raises ServiceFailed when it could not go on."""
        while not self._over.wait(1.0):
            continue  # in slices, so that a signal handler of the main thread gets its turn
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Idempotent; returns when every process has ended."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def hurry(self) -> None:
        """Cut short an orderly stop: kill what is left."""
        for process in self._processes:
            if process.child is not None:
                process.child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # Below: the supervisor thread. It starts every child, because they die with the thread that started them.

    def _main(self) -> None:
        try:
            self._begin()
            while not self._stopping.wait(_CHECK_EVERY_S):
                self._check_once()
        except ExtractorError as error:
            self._failure = ServiceFailed(error.detail)
        except Exception as error:  # a fault of ours must still end the children
            self._failure = ServiceFailed(f"The supervisor broke: {type(error).__name__}: {error}")
        finally:
            with self._stack:  # whatever comes, its folders go
                self._end()
            self._over.set()

    def _check_once(self) -> None:
        """Raises ExtractorError when it is pointless to go on, which it never is once the service has been ready."""
        try:
            self._check_processes()
        except Exception as error:
            if not self._ready.is_set():
                raise
            self._log(f"service | the supervisor goes on after {type(error).__name__}: {error}")
            self._stopping.wait(1.0)

    def _begin(self) -> None:
        scratch = self._stack.enter_context(scratch_folder())
        if self.plan.redis_url is None:
            folder = self.plan.data_dir or scratch
            self._store = EmbeddedValkey(
                folder / "store", self._log, max_memory=self.plan.max_memory, silent_s=self.plan.store_silent_s
            )
            self._store_process = ManagedProcess(Program("store", ()))
            self._store_process.child = self._store.start(self._stopping.is_set)
        self._heartbeats = scratch / "heartbeats"
        self._heartbeats.mkdir()
        self._processes = [self._managed("api", self.plan.api_command)]
        for number in range(1, self.plan.workers + 1):
            self._processes.append(self._managed(f"worker-{number}", self.plan.worker_command))
        self._api_probe = ApiProbe(self.url, self.plan.api_silent_s)
        self._stack.callback(self._api_probe.close)
        self._next_probe = self._next_ready = 0.0
        self._began_at, self._judging_from = time.monotonic(), 0.0

    def _managed(self, name: str, command: Sequence[str]) -> ManagedProcess:
        environ = {
            **self.plan.environ,
            "EXTRACTOR_REDIS_URL": self.redis_url,
            "EXTRACTOR_HOST": self.plan.host,
            "EXTRACTOR_PORT": str(self._port),
        }
        if name == "api":
            return ManagedProcess(
                Program(name, command, {**environ, "EXTRACTOR_HEARTBEATS": str(self._heartbeats)}, of_api)
            )
        file = self._heartbeats / name
        environ["EXTRACTOR_HEARTBEAT_FILE"] = str(file)
        return ManagedProcess(Program(name, command, environ, of_worker), HeartbeatFile(file))

    def _all(self) -> list[ManagedProcess]:
        return [*([self._store_process] if self._store_process else []), *self._processes]

    def _check_processes(self) -> None:
        """One round: the dead are noted and, when their time has come, replaced; the living are asked if they work,
        and killed if they do not move."""
        now = time.monotonic()
        if now - self._began_at > _HELD_UP_S:  # it was we who stood still, and perhaps everybody
            self._judging_from = now + _PATIENCE_S
        self._began_at = now
        for process in self._all():
            if process.child is not None and (status := process.child.exit_status()) is not None:
                self._schedule_restart(
                    process, f"{process.name} ended with {ending(status)}", unrecoverable=status == UNRECOVERABLE
                )
            if process.child is None and now >= process.restarts.not_before and not self._stopping.is_set():
                self._start_process(process)
        if now >= self._next_probe:
            self._next_probe = now + _PROBE_EVERY_S
            self._probe_all(judge=now >= self._judging_from)
        if now >= self._next_ready and not self._ready.is_set():
            self._next_ready = now + _READY_EVERY_S
            working = self._api_probe.ready()
            if any(process.child is not None and process.child.pid in working for process in self._processes[1:]):
                self._ready.set()

    def _probe_all(self, *, judge: bool) -> None:
        """Who works is noted; who does not move, `judge`d."""
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
        """One that stands still is first asked to end: what it has acknowledged and not yet handed to the kernel (it
        may put that off while the disk is busy) it writes out then, if it can."""
        process = self._store_process
        if self._store is None or process is None or process.child is None or self._store.answers() or not judge:
            return
        if still := self._store.silent():
            process.child.end(_STORE_GRACE_S)
            self._schedule_restart(process, f"{still} and was ended")

    def _start_process(self, process: ManagedProcess) -> None:
        """Raises ExtractorError where that ends the service (`_schedule_restart`)."""
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
        self._log(f"service | {why}")

    def _end(self) -> None:
        """Workers together, then the API, then the store."""
        self._ready.clear()
        workers = [process.child for process in self._processes[1:] if process.child is not None]
        enders = [threading.Thread(target=child.end, args=(self.plan.worker_grace_s,)) for child in workers]
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
