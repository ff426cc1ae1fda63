# ruff: noqa: E501 -- tables of attacks, one a line
"""Connections that mean no good: silent ones, slow heads, slow bodies, half requests, no HTTP, and crowds that wait.
Bounded in count and time; raw sockets to the service's own address only."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress

_SLOW_HEAD = b"GET /healthz HTTP/1.1\r\nhost: a\r\nx-a: "
_SLOW_BODY = (
    b"POST /v1/extractions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"
)
_GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 5000, b"GET " + b"/" * 200_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /v1/extractions HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /healthz HTTP/1.1\nhost: a\n\n", b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 10_000 + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /v1/extractions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", b"\x00" * 4096, b"GET /healthz HTTP/1.1\r\n: \r\n\r\n",
)  # fmt: skip


class Crowd:
    """`address` is told `silent` + `slow` connections for `seconds`, garbage again and again meanwhile."""

    def __init__(self, address: tuple[str, int], *, silent: int, slow: int, seconds: float, seed: int = 0) -> None:
        self._address, self._seconds = address, seconds
        self._silent, self._slow = silent, slow
        self._dice = random.Random(f"connections {seed}")
        self.opened = self.closed_on_us = self.garbage = 0
        self.unanswered: list[str] = []

    def run(self) -> None:
        sockets = [made for _ in range(self._silent + self._slow) if (made := self._open()) is not None]
        slow = sockets[self._silent :]
        for at, one in enumerate(slow):
            with suppress(OSError):
                one.sendall(_SLOW_BODY if at % 2 else _SLOW_HEAD)
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            for one in slow:
                with suppress(OSError):
                    one.send(b"a")
            for _ in range(5):
                self._say_garbage()
            time.sleep(0.5)
        for one in sockets:
            one.setblocking(False)
            with suppress(OSError):
                self.closed_on_us += one.recv(65536) == b"" or one.recv(65536) == b""
            one.close()

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.run, name="crowd")
        thread.start()
        return thread

    def _open(self) -> socket.socket | None:
        try:
            made = socket.create_connection(self._address, timeout=5)
        except OSError:
            return None
        self.opened += 1
        return made

    def _say_garbage(self) -> None:
        """Whatever is no HTTP gets an answer or a closed connection, and soon."""
        said = self._dice.choice(_GARBAGE)
        self.garbage += 1
        one = self._open()
        if one is None:
            return
        with one:
            try:
                one.settimeout(30)
                one.sendall(said)
                one.shutdown(socket.SHUT_WR)
                one.recv(65536)
            except TimeoutError:
                self.unanswered.append(repr(said[:40]))
            except OSError:
                pass  # it hung up on us, which is an answer
