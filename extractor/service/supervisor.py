"""The whole service on one machine: the embedded store (unless a Redis is given), the API and workers as children of
this process, started in order, watched, restarted when they die or stand still, and ended in order: workers first, so
that what they hold goes back to the queue while there is one, then the API, then the store.

Before the service has been ready once, what can never work ends it with the reason. From then on it never gives up:
whatever dies is started again, after pauses that grow to half a minute, and the rest goes on.

`extractor up`, the demo and the end-to-end tests run the same `Service`. It starts the other rooms as programs
(launch.py) and imports none of them.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from extractor import launch
from extractor.environment import of_api, of_worker
from extractor.errors import ExtractorError
from extractor.heartbeat import Heartbeat
from extractor.service.children import Log, Program
from extractor.service.posts import NEVER, START_S, Door, Post, ending, reason
from extractor.service.valkey import EmbeddedSettings, EmbeddedValkey, free_port

_EVERY_S = 0.1
_READY_EVERY_S = 0.5
_LOOK_S = 2.0
_HELD_UP_S = 8.0  # a round takes less, whoever does not answer it
_PATIENCE_S = 10.0  # for others, after this process itself was held up
_STRIKES = 3  # of a program, before the service has been ready
_API_GRACE_S = 15.0
_STORE_GRACE_S = 5.0  # of one that did not answer


class ServiceError(ExtractorError):
    """The service cannot start, or a part of it kept dying; `detail` ends with that part's last lines."""

    code = "service_failed"


@dataclass(frozen=True)
class ServicePlan:
    """What to run. `port` 0 takes a free one; `redis_url` None starts the embedded store in `data_dir` (None: a
    folder of its own that goes when the service ends). An API that has not answered for `api_silent_s`, and an
    embedded store that has not for `store_silent_s`, are replaced; of workers EXTRACTOR_WORKER_SILENT_S says so."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    redis_url: str | None = None
    data_dir: Path | None = None
    max_memory: str = "1gb"
    environ: Mapping[str, str] = field(default_factory=dict)
    worker_grace_s: float = 30.0
    api_silent_s: float = 20.0
    store_silent_s: float = 20.0
    api_command: Sequence[str] = launch.command("api")
    worker_command: Sequence[str] = launch.command("workers")


class Service:
    """Started by `start` (or `with`), watched by a thread of its own, ended by `stop`."""

    def __init__(self, plan: ServicePlan, log: Log) -> None:
        self.plan = plan
        self._log = log
        self._port = plan.port or free_port()
        self._stack = ExitStack()
        self._store: EmbeddedValkey | None = None
        self._store_post: Post | None = None
        self._posts: list[Post] = []
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
        return {post.name: post.child.pid for post in self._all() if post.child is not None}

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
                self._round()
        except ExtractorError as error:
            self._failure = ServiceError(error.detail)
        except Exception as error:  # a fault of ours must still end the children
            self._failure = ServiceError(f"The supervisor broke: {type(error).__name__}: {error}")
        finally:
            self._end()
            self._over.set()

    def _round(self) -> None:
        """Raises ExtractorError when it is pointless to go on, which it never is once the service has been ready."""
        try:
            self._tend()
        except Exception as error:
            if not self._ready.is_set():
                raise
            self._log(f"service | the supervisor goes on after {type(error).__name__}: {error}")
            self._stopping.wait(1.0)

    def _begin(self) -> None:
        if self.plan.redis_url is None:
            folder = self.plan.data_dir
            if folder is None:
                folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="extractor-")))
            self._store = EmbeddedValkey(
                folder / "store", self._log, max_memory=self.plan.max_memory, silent_s=self.plan.store_silent_s
            )
            self._store_post = Post(Program("store", ()))
            self._store_post.child = self._store.start(self._stopping.is_set)
        self._beats = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="extractor-up-")))
        self._posts = [self._post("api", self.plan.api_command)]
        for number in range(1, self.plan.workers + 1):
            self._posts.append(self._post(f"worker-{number}", self.plan.worker_command))
        self._door = Door(self.url, self.plan.api_silent_s)
        self._stack.callback(self._door.close)
        self._next_look = self._next_ready = 0.0
        self._began_at, self._judging_from = time.monotonic(), 0.0

    def _post(self, name: str, command: Sequence[str]) -> Post:
        environ = {
            **self.plan.environ,
            "EXTRACTOR_REDIS_URL": self.redis_url,
            "EXTRACTOR_HOST": self.plan.host,
            "EXTRACTOR_PORT": str(self._port),
        }
        if name == "api":
            return Post(Program(name, command, {**environ, "EXTRACTOR_HEARTBEATS": str(self._beats)}, of_api))
        file = self._beats / name
        environ["EXTRACTOR_HEARTBEAT_FILE"] = str(file)
        return Post(Program(name, command, environ, of_worker), Heartbeat(file))

    def _all(self) -> list[Post]:
        return [*([self._store_post] if self._store_post else []), *self._posts]

    def _tend(self) -> None:
        """One round: the dead are noted and, when their time has come, replaced; the living are asked if they work,
        and killed if they do not move."""
        now = time.monotonic()
        if now - self._began_at > _HELD_UP_S:  # it was we who stood still, and perhaps everybody
            self._judging_from = now + _PATIENCE_S
        self._began_at = now
        for post in self._all():
            if post.child is not None and (status := post.child.exit_status()) is not None:
                self._bury(post, f"{post.name} ended with {ending(status)}", never=status == NEVER)
            if post.child is None and now >= post.restarts.not_before and not self._stopping.is_set():
                self._fill(post)
        if now >= self._next_look:
            self._next_look = now + _LOOK_S
            self._look(judge=now >= self._judging_from)
        if now >= self._next_ready and not self._ready.is_set():
            self._next_ready = now + _READY_EVERY_S
            working = self._door.ready()
            if any(post.child is not None and post.child.pid in working for post in self._posts[1:]):
                self._ready.set()

    def _look(self, *, judge: bool) -> None:
        """Who works is noted; who does not move, `judge`d."""
        self._look_at_store(judge=judge)
        api, *workers = self._posts
        if api.child is not None and self._door.answers():
            api.restarts.worked()
        for worker in workers:
            if worker.works():
                worker.restarts.worked()
        for post in self._posts if judge else ():
            still = self._door.silent() if post is api else post.stood_still()
            if still and post.child is not None:
                self._bury(post, f"{still} and was killed")

    def _look_at_store(self, *, judge: bool) -> None:
        """One that stands still is first asked to end: what it has acknowledged and not yet handed to the kernel (it
        may put that off while the disk is busy) it writes out then, if it can."""
        post = self._store_post
        if self._store is None or post is None or post.child is None or self._store.answers() or not judge:
            return
        if still := self._store.silent():
            post.child.end(_STORE_GRACE_S)
            self._bury(post, f"{still} and was ended")

    def _fill(self, post: Post) -> None:
        """Raises ExtractorError where that ends the service (`_bury`)."""
        try:
            if post is self._store_post:
                assert self._store is not None
                post.child = self._store.start(self._stopping.is_set)
                post.restarts.worked()  # it answered
                return
            if post is self._posts[0]:
                self._door.begin()
            post.fill(self._log)
        except (OSError, ExtractorError) as error:  # no process, no memory, no room on the disk
            if not self._stopping.is_set():
                self._bury(post, f"{post.name} cannot be started: {error}")

    def _bury(self, post: Post, what: str, *, never: bool = False) -> None:
        """Raises ServiceError when it is pointless to go on."""
        words = ""
        if post.child is not None:
            post.child.kill()  # it, and what it started and left behind
            words = post.child.last_words()
            post.child = None
        pause_s = post.restarts.died(time.monotonic())
        if not self._ready.is_set() and never:
            raise ServiceError(reason(words) or what)
        if not self._ready.is_set() and post.restarts.deaths >= _STRIKES:
            raise ServiceError(f"{what}, {_STRIKES} times in a row. Its last lines:\n{words}")
        why = f"{reason(words)} ({what})" if never else what
        if post.restarts.deaths > 1:
            why += f", {post.restarts.deaths} times in a row"
        why += f"; it is started again in {pause_s:g} s"
        post.tell("down", pause_s + START_S, why)
        self._log(f"service | {why}")

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
        for post in self._all():
            post.child = None
            post.close()
        self._stack.close()


def plan_of(settings: EmbeddedSettings, redis_url: str | None, **more: object) -> ServicePlan:
    """The plan that the environment's settings make, with what a command line says in `more`."""
    embedded = {} if redis_url else {"data_dir": settings.data_dir, "max_memory": settings.embedded_max_memory}
    return ServicePlan(redis_url=redis_url, **embedded, **more)  # type: ignore[arg-type]
