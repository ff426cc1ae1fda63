"""A limit on requests at once of each client behind a proxy, whose connections are the proxy's."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from api.server.connection_limits import ConnectionLimiter, LimitReached
from api.server.proxies import TrustedProxies, address_group


@dataclass(eq=False)
class _Request:
    """One that a proxy hands on: the connection is the proxy's, so the request is what is counted."""

    address: str | None

    def evict(self) -> None:
        raise AssertionError("a request is never idle")


class ProxiedRequestLimiter:
    """So many requests at once of each client behind a proxy; a client's own connection is counted in connection.py."""

    def __init__(self, max_per_address: int, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._limiter = ConnectionLimiter(sys.maxsize, max_per_address)

    @contextlib.contextmanager
    def counted(self, scope: Scope) -> Iterator[LimitReached | None]:
        """The limit that is reached, if any is."""
        peer = (scope.get("client") or ("",))[0]
        forwarded = Headers(scope=scope).getlist("x-forwarded-for") if peer in self._proxies else []
        caller = self._proxies.client_address(forwarded)
        if caller is None:
            yield None
            return
        request = _Request(address_group(caller))
        full = self._limiter.admit(request)
        self._limiter.mark_busy(request)
        try:
            yield full
        finally:
            self._limiter.release(request)
