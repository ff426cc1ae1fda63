"""kombu's Redis transport, for messages that may be lost.

Messages that were taken are kept in the worker's memory only. kombu's own way writes each into Redis until it is
acknowledged. That costs more than everything else a worker does for a document, starts a second time what takes longer
than a timeout, and still loses what was taken and not yet written. Here the ledger has the job: the reconciler
publishes again what was queued and lost, and a lease that ends brings back what was running.

A channel has one client. kombu makes one for every command, and in redis-py making one is slow.

Bulk documents leave slots free for interactive ones: when they have all the other slots, a worker waits for the
interactive queue only. Their messages stay in the queue, so nothing is taken that would have to go back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from kombu.utils.scheduling import priority_cycle

from workers.queue.app import queue_name

_BULK = queue_name("bulk")
_LOOK_S = 0.1  # how long the interactive queue is waited for alone, where Redis does not let us end the waiting


class QoS(virtual.QoS):
    def restore_unacked(self) -> list[Any]:
        """What a worker took and did not finish goes back to the queue when its channel closes. After the first message
        that cannot go back none is tried: the store is away, and the ledger knows the jobs."""
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
    _waits: Any = None  # Redis' id of the connection that waits for messages; None where its user may not ask
    _known: Any = None  # the socket that has this id

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.QoS = QoS  # type: ignore[assignment]  # of the instance, as kombu does without ack_emulation

    def _restore(self, message: Any, leftmost: bool = False) -> None:  # noqa: ARG002 -- kombu's word for the same
        info = message.delivery_info
        for queue in self._lookup(info["exchange"], info["routing_key"]):  # type: ignore[no-untyped-call]
            with self.conn_or_acquire() as client:
                client.rpush(queue, dumps(message.serializable()))  # type: ignore[no-untyped-call]

    def _brpop_start(self, timeout: float | None = None) -> None:
        """One message is asked for at a time, so this decision still holds when it arrives."""
        full = self._bulk_full()
        self._queue_cycle.closed = (_BULK,) if full else ()
        connection = self.client.connection
        if self._known is None or self._known is not connection._sock:  # each has an id of its own
            self._waits = None
            with suppress(self.ResponseError):
                connection.send_command("CLIENT", "ID")
                self._waits = connection.read_response()
            self._known = connection._sock
        super()._brpop_start(_LOOK_S if full else timeout)  # type: ignore[no-untyped-call]

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """When a bulk document ends there is room for the next at once: the waiting that left bulk out is ended."""
        super().basic_ack(delivery_tag, multiple)  # type: ignore[no-untyped-call]
        if self._queue_cycle.closed and not self._bulk_full():
            self._end_waiting()

    def close(self) -> None:
        """kombu reads the end of the waiting first, so that no message is lost: here that comes at once."""
        self._end_waiting()
        super().close()  # type: ignore[no-untyped-call]

    def _end_waiting(self) -> None:
        if self._in_poll and self._waits:
            with suppress(self.ResponseError, *self.connection_errors), self.conn_or_acquire() as client:
                client.client_unblock(self._waits)

    def _bulk_full(self) -> bool:
        """Whether bulk documents have all slots but those kept for interactive ones. A single slot is never kept."""
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
