"""kombu's Redis transport with one client a channel. kombu makes a client for every message it notes and acknowledges,
and in redis-py a client is dear to make (its tables of response parsers): an eighth of a worker's time."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A client is safe to share between threads: each command takes a connection of the pool for itself."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]  # holds a connection
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[no-untyped-call]
        return self._kept


class Transport(redis.Transport):
    Channel = Channel
