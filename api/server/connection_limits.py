"""How many may be connected, in all and of one address. When the limit is reached, the client that has been idle for
the longest is evicted; a new one is refused only where all are being served. So idle connections, however many, keep
nobody out. Knows no HTTP and no socket."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Protocol

LimitReached = Literal["connections", "address"]


class LimitedClient(Protocol):
    """`address` is None for one whose address says nothing: a proxy's, a Unix socket."""

    address: str | None

    def evict(self) -> None:
        """Hang up; it has been released."""


class ConnectionLimiter:
    """`admit` each client, `mark_busy` and `mark_idle` it, and `release` it (twice is fine)."""

    def __init__(self, max_total: int, max_per_address: int) -> None:
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._clients: dict[LimitedClient, None] = {}
        self._per_address: Counter[str] = Counter()
        self._idle: dict[LimitedClient, None] = {}  # dicts keep the order in which they became so
        self._idle_per_address: dict[str, dict[LimitedClient, None]] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def admit(self, client: LimitedClient) -> LimitReached | None:
        """The limit that keeps it out, or None: it is in, and idle."""
        address = client.address
        full = address is not None and self._per_address[address] >= self._max_per_address
        if full and not self._evict_oldest(self._idle_per_address.get(address or "")):
            return "address"
        if len(self._clients) >= self._max_total and not self._evict_oldest(self._idle):
            return "connections"
        self._clients[client] = None
        if address:
            self._per_address[address] += 1
        self.mark_idle(client)
        return None

    def mark_busy(self, client: LimitedClient) -> None:
        self._idle.pop(client, None)
        if client.address and (same := self._idle_per_address.get(client.address)) is not None:
            same.pop(client, None)
            if not same:
                del self._idle_per_address[client.address]

    def mark_idle(self, client: LimitedClient) -> None:
        if client in self._clients and client not in self._idle:
            self._idle[client] = None
            if client.address:
                self._idle_per_address.setdefault(client.address, {})[client] = None

    def release(self, client: LimitedClient) -> None:
        self.mark_busy(client)
        if client in self._clients:
            del self._clients[client]
            if client.address:
                self._per_address[client.address] -= 1
                if not self._per_address[client.address]:
                    del self._per_address[client.address]

    def evict_idle(self) -> bool:
        """Whether a client that was idle has been evicted."""
        return self._evict_oldest(self._idle)

    def _evict_oldest(self, idle: dict[LimitedClient, None] | None) -> bool:
        if not idle:
            return False
        client = next(iter(idle))
        self.release(client)
        client.evict()
        return True
