"""The API as a process of its own: `python -m api`. Knows uvicorn; whoever needs only the application takes
`api.app.create_app`."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from api.app import create_app
from api.config import ApiSettings
from api.observability import logs
from api.observability.metrics import Metrics
from api.server.connection import Connection, SharedContext
from api.server.connection_limits import ConnectionLimiter
from api.server.listener import Listener, open_sockets
from api.services import Services
from extractor.processes.heartbeat import HeartbeatFile
from workers.config import WorkerSettings, faults_of, misspelled

log = logging.getLogger("extractor.api")
DRAIN_S = 8  # what has not ended by then is cut; no call but a long-poll or a stream takes that long
_OTHER_FILES = 128  # the store's connections, the queue's, what is read from disk
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # <malloc.h>
_TICKS_A_SECOND = 10  # uvicorn's
_FOREVER_S = 10.0**9
_EX_CONFIG = 78  # EX_CONFIG of sysexits.h


class ListenError(ValueError):
    """The address is taken, or not this machine's."""


def serve(settings: ApiSettings | None = None) -> None:
    """Listen until SIGINT or SIGTERM. Raises KeyConfigError before listening when keys are missing or malformed, and
    ListenError."""
    settings = settings or ApiSettings()
    app = create_app(settings)
    try:
        sockets = open_sockets(settings.host, settings.port)
    except OSError as error:
        raise ListenError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
    _Server(app, settings, sockets).run()


class _Server(uvicorn.Server):
    """Listens by itself (listener.py), holds its connections to their timeouts, and ends the long-polls before it waits
    for what is in flight."""

    def __init__(self, app: FastAPI, settings: ApiSettings, sockets: list[socket.socket]) -> None:
        super().__init__(uvicorn_config(app, settings))
        self._app = app
        self._settings = settings
        self._sockets = sockets
        metrics: Metrics = app.state.metrics
        most = connection_capacity(settings)
        of_one = min(settings.max_connections_per_address, max(1, most * 5 // 8))  # as the two stand by default
        self._shared = SharedContext(
            ConnectionLimiter(most, of_one), settings.trusted_proxies, metrics,
            header_timeout_s=settings.header_timeout_s, stall_timeout_s=settings.stall_timeout_s,
        )  # fmt: skip

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        await super().startup(sockets=[])
        listener = Listener(self._sockets, self._connection, self._shared.limiter.evict_idle)
        listener.start()
        self.servers = [listener]  # type: ignore[list-item]  # of an asyncio.Server uvicorn uses these two methods
        self._write_heartbeat()
        log.info("listening", extra={"at": ["{}:{}".format(*one.getsockname()) for one in self._sockets]})

    def _write_heartbeat(self) -> None:
        """For the probe of this container (liveness.py), which asks over HTTP and kills by process id."""
        name = self._settings.heartbeat_file
        try:
            if name:
                heartbeat = HeartbeatFile(Path(name))
                heartbeat.beat("serving", _FOREVER_S)
                heartbeat.close()
        except OSError as error:
            log.error("heartbeat_file cannot be written", extra={"file": name, "reason": error.strerror})

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state, self._shared)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_SECOND == 0:
            self._shared.check_timeouts([one for one in self.server_state.connections if isinstance(one, Connection)])
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        services: Services | None = getattr(self._app.state, "services", None)
        if services is not None:
            services.store.ledger.stop_waiting()
        await super().shutdown(sockets)


def uvicorn_config(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """How uvicorn is to run this application: no `Server` header, no access log beside our own (its lines hold query
    strings), no client address from a header nobody vouches for, no other protocol. Logging is the caller's."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        server_header=False,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=settings.idle_timeout_s,  # type: ignore[arg-type]  # loop.call_later takes parts of a second
        timeout_graceful_shutdown=DRAIN_S,
        log_config=None,
    )


def connection_capacity(settings: ApiSettings) -> int:
    """How many connections there may be: so many that a file descriptor is left for everything else. Takes as many
    descriptors as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + _OTHER_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    open_files = most if soft == resource.RLIM_INFINITY else soft
    found = max(1, min(settings.max_connections, max(open_files - _OTHER_FILES, open_files // 2)))
    if found < settings.max_connections:
        log.warning("fewer connections than max_connections: ulimit -n", extra={"files": open_files, "places": found})
    return found


def tune_malloc() -> None:
    """What large bodies took goes back to the system: glibc would keep it, in as many heaps as threads were at work.
    Nothing elsewhere."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 256 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 1024 * 1024)
        mallopt(_M_ARENA_MAX, 2)


def main() -> None:
    """Status 78 where another start would end alike: a wrong setting, malformed keys, an address that is taken."""
    tune_malloc()
    logs.configure()
    for name, near in misspelled(os.environ, ApiSettings, WorkerSettings).items():
        log.warning("no such setting", extra={"setting": name, "perhaps": near})
    try:
        serve()
        return
    except KeyboardInterrupt:  # uvicorn has ended in order, and sends its signal on
        raise SystemExit(128 + signal.SIGINT) from None
    except ValidationError as error:
        detail = faults_of(error)
    except ValueError as error:  # keys, the address; a traceback would tell an operator nothing more
        detail = str(error)
    print(f"extractor api: {detail}", file=sys.stderr)
    raise SystemExit(_EX_CONFIG)
