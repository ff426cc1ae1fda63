"""Sockets that connections are accepted on. asyncio's own server, when no file descriptor is left, tries a hundredfold
and logs each try; this one waits for a second, and says so now and then. Knows no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence

log = logging.getLogger("extractor.api")
_BACKLOG = 2048
_AT_ONCE = 16  # then others have their turn
_PAUSE_S = 1.0
_LOG_EVERY_S = 60.0
_KEEPALIVE_OPTIONS = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """A socket for each address that `host` has. Raises OSError."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            opened.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(_BACKLOG)
            one.setblocking(False)
    except OSError:
        for one in opened:
            one.close()
        raise
    return opened


class Listener:
    """Accepts from `start` to `close`; each connection gets a `protocol` of its own. `free_descriptor` closes an idle
    connection where there is one, and says whether it has."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        protocol: Callable[[], asyncio.Protocol],
        free_descriptor: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sockets = sockets
        self._protocol = protocol
        self._free_descriptor = free_descriptor
        self._loop = asyncio.get_running_loop()
        self._starting: set[asyncio.Task[None]] = set()
        self._resume: asyncio.TimerHandle | None = None
        self._logged_at = float("-inf")

    def start(self) -> None:
        for one in self._sockets:
            self._loop.add_reader(one, self._accept, one)

    def close(self) -> None:
        self._pause()
        for one in self._sockets:
            one.close()

    async def wait_closed(self) -> None:
        """Nothing is left to wait for: whoever has been accepted is the server's."""

    def _accept(self, one: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _address = one.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:  # no descriptors, no memory: whoever waits goes on waiting
                if not self._free_descriptor():
                    self._wait(error)
                return
            task = self._loop.create_task(self._connect(connection))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            _detect_dead_peer(connection)
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()

    def _wait(self, error: OSError) -> None:
        self._pause()
        self._resume = self._loop.call_later(_PAUSE_S, self.start)
        if self._loop.time() > self._logged_at + _LOG_EVERY_S:
            self._logged_at = self._loop.time()
            log.error("cannot accept connections for now", extra={"reason": error.strerror})

    def _pause(self) -> None:
        if self._resume is not None:
            self._resume.cancel()
        for one in self._sockets:
            self._loop.remove_reader(one)


def _detect_dead_peer(connection: socket.socket) -> None:
    """A peer that is gone without a word, as after a loss of power, is found out within a minute."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE_OPTIONS.items():
            if (option := getattr(socket, name, None)) is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)
