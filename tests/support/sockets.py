"""Raw connections to an HTTP server, for tests of what no client library sends."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", self
        found: dict[str, Any] = json.loads(self.body)
        assert found["request_id"] == self.headers["x-request-id"]
        assert found["status"] == self.status
        return found


class Raw:
    """One connection. `read` waits for one answer, `ended` for the server's hanging up."""

    def __init__(self, url: str, timeout_s: float = 30.0, source: str | None = None) -> None:
        address = httpx.URL(url)
        from_ = None if source is None else (source, 0)
        self.socket = socket.create_connection((address.host, address.port or 80), timeout_s, source_address=from_)
        self._rest = b""

    def send(self, data: bytes) -> Raw:
        self.socket.sendall(data)
        return self

    def get(self, path: str, headers: str = "") -> Raw:
        return self.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())

    def read(self) -> RawAnswer:
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return RawAnswer(int(first.split()[1]), headers, body)

    def head(self) -> RawAnswer:
        """An answer that has no body, whatever length it names."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return RawAnswer(int(first.split()[1]), headers, b"")

    def ended(self, within_s: float = 30.0) -> float:
        """The seconds until the server hung up, whatever it said before."""
        began = time.monotonic()
        self.socket.settimeout(within_s)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return time.monotonic() - began

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _more(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError(f"hung up after {self._rest!r}")
        self._rest += more
