"""The whole service on one machine, as one object: a thread of its own starts, watches and ends the processes
(process_group.py); the caller waits until they are ready, and stops them.

`extractor up`, the demo and the end-to-end tests run the same `Service`. It starts the other rooms as programs
(launch.py) and imports none of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from extractor.errors import ExtractorError
from extractor.processes.log_lines import LineFormat, event_of, parse_line
from extractor.service.children import SUPERVISOR
from extractor.service.plan import ServicePlan
from extractor.service.private_files import scratch_folder
from extractor.service.process_group import ProcessGroup, ServiceFailed
from extractor.service.valkey import free_port

_CHECK_EVERY_S = 0.1


def named(who: str, what: str) -> str:
    return f"{who:<8}| {what}"


def line_in(form: LineFormat, who: str, what: str) -> str:
    """Empty for what is not worth a line in this form. The supervisor speaks when something is wrong."""
    if not what.strip():
        return ""
    return form.line(event_of(who, what, "warning") if who == SUPERVISOR else parse_line(who, what))


class Service:
    """Started by `start` (or `with`), watched by a thread of its own, ended by `stop`."""

    def __init__(self, plan: ServicePlan, log: Callable[[str], None], line: Callable[[str, str], str] = named) -> None:
        """`line` makes a line of who says it and what is said; an empty one is not given to `log`."""
        self.plan = plan
        self._log = log
        self._line = line
        self._port = plan.port or free_port()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._over = threading.Event()
        self._failure: ServiceFailed | None = None
        self._group = ProcessGroup(plan, self._port, self.url, self._say, stopping=self._stopping, ready=self._ready)
        self._thread = threading.Thread(target=self._main, name="supervisor")

    @property
    def url(self) -> str:
        """Of the API, as this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.plan.host, self.plan.host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def redis_url(self) -> str:
        """Of the store in use; known once the service has started."""
        return self._group.redis_url

    def pids(self) -> dict[str, int]:
        """Who runs now, by name: `store`, `api`, `worker-1` …"""
        return self._group.pids()

    def start(self) -> None:
        """Returns at once; `wait_ready` says when it can be used."""
        self._thread.start()

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Returns when a worker has loaded its model and the API says so. Raises ServiceFailed."""
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
        """Returns when it has been stopped. Raises ServiceFailed when it could not go on."""
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
        self._group.kill_all()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _say(self, who: str, what: str) -> None:
        if line := self._line(who, what):
            self._log(line)

    def _main(self) -> None:
        """The supervisor's thread."""
        try:
            with scratch_folder() as scratch:
                try:
                    self._group.begin(scratch)
                    while not self._stopping.wait(_CHECK_EVERY_S):
                        self._check_once()
                finally:
                    self._group.end()
        except ExtractorError as error:
            self._failure = ServiceFailed(error.detail)
        except Exception as error:  # a fault of ours
            self._failure = ServiceFailed(f"The supervisor broke: {type(error).__name__}: {error}")
        finally:
            self._over.set()

    def _check_once(self) -> None:
        """Raises ExtractorError when it is pointless to go on, which it never is once the service has been ready."""
        try:
            self._group.check()
        except Exception as error:
            if not self._ready.is_set():
                raise
            self._say(SUPERVISOR, f"the supervisor goes on after {type(error).__name__}: {error}")
            self._stopping.wait(1.0)
