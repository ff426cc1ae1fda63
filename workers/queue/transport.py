"""kombu's Redis transport for messages that may be lost.

Taken messages are kept in the worker's memory only. kombu's own way writes each into Redis until it is acknowledged,
which costs more than everything else a worker does for a document, starts a second time what takes longer than a
timeout, and still loses what was taken and not yet written. A message's job is in the ledger: the reconciler publishes
again what was queued and lost, and a lease that ends brings back what was running.

One client a channel: kombu makes one for every command, and in redis-py a client is dear to make.

And bulk documents leave places for interactive ones: while they have all the others, a worker waits for the interactive
queue only. Their messages stay where they are, so nothing is taken that would have to go back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from kombu.utils.scheduling import priority_cycle

from workers.queue.app import queue_name

AGAIN = "again"  # a header
_BULK = queue_name("bulk")
_LOOK_S = 0.1  # how long the interactive queue is waited for alone, where Redis does not let us end the waiting


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


class Order(priority_cycle):
    """The queues as they stand in `task_queues`, without those that are closed just now."""

    closed: tuple[str, ...] = ()

    def consume(self, n: int) -> list[str]:
        return [queue for queue in self.items[:n] if queue not in self.closed]


class Channel(redis.Channel):
    """A client is safe to share between threads: each command takes a connection of the pool for itself."""

    from_transport_options: Any = (*redis.Channel.from_transport_options, "interactive_slots")
    interactive_slots = 0
    body_encoding = None  # type: ignore[assignment]  # JSON as it is, not in base64
    _kept: Any = None
    _waits: Any = None  # Redis' id of the connection that waits for messages

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

    def _brpop_start(self, timeout: float | None = None) -> None:
        """One message is asked for at a time, so what is decided here still holds when it comes."""
        full = self._bulk_full()
        self._queue_cycle.closed = (_BULK,) if full else ()
        if full:
            timeout, self._waits = _LOOK_S, None
            with suppress(self.ResponseError):  # the user of this Redis may not ask
                connection = self.client.connection
                connection.send_command("CLIENT", "ID")
                self._waits = connection.read_response()
        super()._brpop_start(timeout)  # type: ignore[no-untyped-call]

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """A bulk document that ends makes room for the next at once: the waiting that left it out is ended."""
        super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        if self._in_poll and self._queue_cycle.closed and self._waits and not self._bulk_full():
            with suppress(self.ResponseError, *self.connection_errors), self.conn_or_acquire() as client:
                client.client_unblock(self._waits)

    def _bulk_full(self) -> bool:
        """Whether bulk documents have all places but those kept for others. Of a single place none is kept."""
        places: int = self.qos.prefetch_count
        taken = [message for tag, message in list(self.qos._delivered.items()) if tag not in self.qos._dirty]
        bulk = sum(message.delivery_info["routing_key"] == _BULK for message in taken)
        return places > 0 and bulk >= max(1, places - self.interactive_slots)

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[no-untyped-call]  # holds a connection
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[no-untyped-call]
        return self._kept


class Transport(redis.Transport):
    Channel = Channel
