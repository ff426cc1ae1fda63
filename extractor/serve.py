"""The whole service on one machine: the embedded store (unless a Redis is given), the API and workers as children of
this process, started in order, watched, restarted when they die, and ended in order: workers first, so that what they
hold goes back to the queue while there is one, then the API, then the store.

`extractor up`, the demo and the end-to-end tests run the same `Service`. It starts the other rooms as programs
(`python -m api`, `python -m workers`) and imports none of them.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from extractor.children import Child, Log, Program, Restarts
from extractor.embedded import EmbeddedSettings, EmbeddedValkey, free_port
from extractor.environment import of_api, of_worker
from extractor.errors import ExtractorError

_EVERY_S = 0.1
_READY_EVERY_S = 0.5
_STRIKES = 3
_API_GRACE_S = 15.0


class ServiceError(ExtractorError):
    """The service cannot start, or a part of it kept dying; `detail` ends with that part's last lines."""

    code = "service_failed"


@dataclass(frozen=True)
class ServicePlan:
    """What to run. `port` 0 takes a free one; `redis_url` None starts the embedded store in `data_dir` (None: a
    folder of its own that goes when the service ends)."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    redis_url: str | None = None
    data_dir: Path | None = None
    max_memory: str = "1gb"
    environ: Mapping[str, str] = field(default_factory=dict)
    worker_grace_s: float = 30.0
    api_command: Sequence[str] = (sys.executable, "-m", "api")
    worker_command: Sequence[str] = (sys.executable, "-m", "workers")


@dataclass
class _Post:
    """A place that has to be filled: the program, who is in it now, and its record."""

    program: Program
    child: Child | None = None
    restarts: Restarts = field(default_factory=lambda: Restarts(_STRIKES))


class Service:
    """Started by `start` (or `with`), watched by a thread of its own, ended by `stop`."""

    def __init__(self, plan: ServicePlan, log: Log) -> None:
        self.plan = plan
        self._log = log
        self._port = plan.port or free_port()
        self._stack = ExitStack()
        self._store: EmbeddedValkey | None = None
        self._store_post: _Post | None = None
        self._posts: list[_Post] = []
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._over = threading.Event()
        self._failure: ServiceError | None = None
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
        posts = [*([self._store_post] if self._store_post else []), *self._posts]
        return {post.program.name: post.child.pid for post in posts if post.child is not None}

    def start(self) -> None:
        self._thread.start()

    def wait_ready(self, timeout_s: float | None = None) -> None:
        """Until a worker has loaded its model and the API says so. Raises ServiceError."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._ready.wait(_EVERY_S):
            self.check()
            if deadline is not None and time.monotonic() > deadline:
                raise ServiceError(f"The service was not ready after {timeout_s:g} s")

    def check(self) -> None:
        """Raises ServiceError when the service is over."""
        if self._over.is_set():
            raise self._failure or ServiceError("The service has stopped")

    def watch(self) -> None:
        """Return when it has been stopped. Raises ServiceError when it could not go on."""
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
        for post in self._posts:
            if post.child is not None:
                post.child.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # Below: the supervisor thread. It starts every child, because they die with the thread that started them.

    def _main(self) -> None:
        try:
            self._begin()
            while not self._stopping.wait(_EVERY_S):
                self._tend()
        except ExtractorError as error:
            self._failure = ServiceError(error.detail)
        except Exception as error:  # a fault of ours must still end the children
            self._failure = ServiceError(f"The supervisor broke: {type(error).__name__}: {error}")
        finally:
            self._end()
            self._over.set()

    def _begin(self) -> None:
        if self.plan.redis_url is None:
            folder = self.plan.data_dir
            if folder is None:
                folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="extractor-")))
            self._store = EmbeddedValkey(folder / "store", self._log, max_memory=self.plan.max_memory)
            self._store_post = _Post(Program("store", ()), self._store.start(self._stopping.is_set))
        environ = {
            **self.plan.environ,
            "EXTRACTOR_REDIS_URL": self.redis_url,
            "EXTRACTOR_HOST": self.plan.host,
            "EXTRACTOR_PORT": str(self._port),
        }
        self._posts = [_Post(Program("api", self.plan.api_command, environ, of_api))]
        for number in range(1, self.plan.workers + 1):
            self._posts.append(_Post(Program(f"worker-{number}", self.plan.worker_command, environ, of_worker)))
        self._probe = httpx.Client(base_url=self.url, timeout=2.0, trust_env=False)
        self._stack.callback(self._probe.close)
        self._next_probe = 0.0

    def _tend(self) -> None:
        """One round: the dead are noted and, when their time has come, replaced; the living are asked if they work.

        A program that dies again and again without having worked in between is hopeless; one that worked may die of
        its documents as often as it likes."""
        now = time.monotonic()
        for post in [*([self._store_post] if self._store_post else []), *self._posts]:
            if post.child is not None and (status := post.child.exit_status()) is not None:
                self._bury(post, status, now)
            if post.child is None and now >= post.restarts.not_before:
                post.child = self._fill(post)
        asking = not self._ready.is_set() or any(post.restarts.on_trial for post in self._posts)
        if asking and now >= self._next_probe:
            self._next_probe = now + _READY_EVERY_S
            working = self._working()
            for post in self._posts:
                if post.child is not None and post.child.pid in working:
                    post.restarts.worked()
                    if post is not self._posts[0]:
                        self._ready.set()

    def _fill(self, post: _Post) -> Child:
        if post is self._store_post:
            assert self._store is not None
            child = self._store.start(self._stopping.is_set)
            post.restarts.worked()  # it answered
            return child
        return Child(post.program, self._log)

    def _bury(self, post: _Post, status: int, now: float) -> None:
        """Raises ServiceError when it is pointless to go on."""
        assert post.child is not None
        words = post.child.last_words()
        post.child.kill()  # what it started and left behind
        post.child = None
        post.restarts.died(now)
        what = f"{post.program.name} ended with {_status(status)}"
        if post.restarts.hopeless:
            raise ServiceError(f"{what}, {_STRIKES} times in a row. Its last lines:\n{words}")
        self._log(f"service | {what}; starting it again")

    def _working(self) -> set[int]:
        """The pids that the API calls ready, and the API's own when it answers so."""
        try:
            answer = self._probe.get("/readyz")
            workers = answer.json()["workers"] if answer.status_code == httpx.codes.OK else []
        except (httpx.TransportError, ValueError, KeyError):
            return set()
        working = {int(worker["pid"]) for worker in workers if worker["ready"]}
        api = self._posts[0].child
        return working | ({api.pid} if api is not None and answer.status_code == httpx.codes.OK else set())

    def _end(self) -> None:
        """Workers together, then the API, then the store."""
        self._ready.clear()
        workers = [post.child for post in self._posts[1:] if post.child is not None]
        enders = [threading.Thread(target=child.end, args=(self.plan.worker_grace_s,)) for child in workers]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        for post in self._posts[:1]:
            if post.child is not None:
                post.child.end(_API_GRACE_S)
        if self._store is not None:
            self._store.stop()
        for post in [*([self._store_post] if self._store_post else []), *self._posts]:
            post.child = None
        self._stack.close()


def plan_of(settings: EmbeddedSettings, redis_url: str | None, **more: object) -> ServicePlan:
    """The plan that the environment's settings make, with what a command line says in `more`."""
    embedded = {} if redis_url else {"data_dir": settings.data_dir, "max_memory": settings.embedded_max_memory}
    return ServicePlan(redis_url=redis_url, **embedded, **more)  # type: ignore[arg-type]


def _status(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
