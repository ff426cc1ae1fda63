"""kombu's Redis transport for tokens that may be lost.

Taken messages are kept in the worker's memory only. kombu's own way writes each into Redis until it is acknowledged,
which costs more than everything else a worker does for a document, starts a second time what takes longer than a
timeout, and still loses what was taken and not yet written. A token's job is in the ledger: the reconciler publishes
again what was queued and lost, and a lease that ends brings back what was running.

And one client a channel: kombu makes one for every command, and in redis-py a client is dear to make.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kombu.transport import redis, virtual
from kombu.utils.json import dumps

AGAIN = "again"  # a header


class QoS(virtual.QoS):
    def restore_unacked(self) -> list[Any]:
        """What a worker took and did not end goes back when its channel closes; the first one that cannot is the last
        that is tried, for a store that is away answers none, and the ledger knows them all."""
        self._flush()  # type: ignore[no-untyped-call]
        with suppress(*self.channel.connection_errors):
            for message in self._delivered.values():
                self.channel._restore(message)
        self._delivered.clear()
        return []


class Channel(redis.Channel):
    """A client is safe to share between threads: each command takes a connection of the pool for itself."""

    body_encoding = None  # type: ignore[assignment]  # JSON as it is, not in base64
    _kept: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.QoS = QoS  # type: ignore[assignment]  # of the instance, as kombu does without ack_emulation

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """What was taken once already (`AGAIN`) goes to the front: it waits behind nobody a second time."""
        if not (message.get("headers") or {}).get(AGAIN):
            super()._put(queue, message, **kwargs)  # type: ignore[no-untyped-call]
        elif (batch := kwargs.get("_publish_batch")) is not None:
            batch.add("rpush", queue, dumps(message))  # type: ignore[no-untyped-call]
        else:
            self._to_front(queue, message)

    def _restore(self, message: Any, leftmost: bool = False) -> None:  # noqa: ARG002 -- kombu's word for the same
        info = message.delivery_info
        for queue in self._lookup(info["exchange"], info["routing_key"]):  # type: ignore[no-untyped-call]
            self._to_front(queue, message.serializable())

    def _to_front(self, queue: str, message: dict[str, Any]) -> None:
        with self.conn_or_acquire() as client:
            client.rpush(queue, dumps(message))  # type: ignore[no-untyped-call]

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]  # holds a connection
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[no-untyped-call]
        return self._kept


class Transport(redis.Transport):
    Channel = Channel
