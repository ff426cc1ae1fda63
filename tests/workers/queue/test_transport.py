"""The queue's transport: one client a channel, a new one when its connections were given up."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kombu import Consumer, Message
from pydantic import ValidationError

from tests.support.fleet import until
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.queue import transport
from workers.queue.app import make_app
from workers.queue.publish import JobQueue
from workers.queue.transport import Transport


def test_a_channel_keeps_its_client_as_long_as_its_pool(tmp_path: Path) -> None:
    with Valkey(tmp_path) as valkey:
        keeps(valkey)


def keeps(valkey: Valkey) -> None:
    app = make_app(WorkerSettings(redis_url=valkey.url))
    with app.connection_for_write() as connection:
        assert isinstance(connection.transport, Transport)
        channel: Any = connection.default_channel
        with channel.conn_or_acquire() as one, channel.conn_or_acquire() as two:
            assert one is two
            assert one.ping()
        assert channel.client is not one, "the one that waits for messages is its own"
        channel._disconnect_pools()
        with channel.conn_or_acquire() as new:
            assert new is not one
            assert new.ping()
    app.close()


def test_other_brokers_are_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="redis://, rediss:// or unix://, not sentinel://"):
        WorkerSettings(broker_url="sentinel://example.org:26379")


def test_tls_goes_through_this_one() -> None:
    """kombu takes TLS from the URL, whatever transport is named beside it."""
    app = make_app(WorkerSettings(broker_url="rediss://example.org:6380/2?ssl_cert_reqs=required"))
    connection = app.connection_for_write()
    assert connection.transport_cls == "workers.queue.transport:Transport"
    assert connection.ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    app.close()


def test_what_was_taken_and_not_ended_goes_back(tmp_path: Path) -> None:
    """To the front of the queue when the channel closes; to nowhere, and at once, when the store is away."""
    with Valkey(tmp_path) as valkey:
        queue = JobQueue(WorkerSettings(redis_url=valkey.url, redis_timeout_s=2.0))
        for job in ("ended", "taken", "other"):
            queue.publish("acme", job, "bulk")
        taken(queue, "ended")
        assert queue.waiting()["bulk"] == 2
        with valkey.client() as client:
            assert not client.keys("unacked*"), "no book is kept in the store"
        with queue.app.connection_for_read() as connection:
            consumer = connection.SimpleQueue("extractor.bulk")
            again = [consumer.get(timeout=5).payload[0][1] for _ in range(2)]
            assert again == ["taken", "other"], "it is the next, as it was"
            valkey.kill()
            connection.default_channel.close()  # where this asks again and again, the test does not end
        queue.close()


def test_a_bulk_document_that_ends_makes_room_for_the_next_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for interactive documents only is told, and does not look again some time later."""
    monkeypatch.setattr(transport, "_LOOK_S", 300.0)
    with Valkey(tmp_path) as valkey:
        queue = JobQueue(WorkerSettings(redis_url=valkey.url, interactive_slots=1))
        queue.publish_all("acme", ["first", "second"], "bulk")
        received: list[Message] = []
        with queue.app.connection_for_read() as connection:
            consumer = Consumer(
                connection,
                queue.app.amqp.queues.values(),
                on_message=received.append,
                prefetch_count=2,
                accept=["json"],
            )
            with consumer, valkey.client() as client, ThreadPoolExecutor(1) as pool:
                connection.drain_events(timeout=20)
                waits = pool.submit(connection.drain_events, timeout=20)
                until(lambda: client.info("clients")["blocked_clients"] == 1, 10, "it waits for interactive ones")
                assert not waits.done()
                assert queue.waiting()["bulk"] == 1
                received[0].ack()
                waits.result()
        assert [message.payload[0][1] for message in received] == ["first", "second"]
        queue.close()


def test_a_channel_that_waits_closes_at_once_and_loses_no_message(tmp_path: Path) -> None:
    """Else it waits until Redis ends the waiting; here that would fail, for nobody waits for an answer for so long."""
    with Valkey(tmp_path) as valkey:
        queue = JobQueue(WorkerSettings(redis_url=valkey.url, redis_timeout_s=20.0))
        with queue.app.connection_for_read() as connection, valkey.client() as client:
            channel: Any = connection.default_channel
            channel.brpop_timeout = 600
            Consumer(channel, queue.app.amqp.queues.values(), accept=["json"]).consume()
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.01)
            until(lambda: client.info("clients")["blocked_clients"] == 1, 10, "it waits")
            channel.close()
            assert client.info("clients")["blocked_clients"] == 0
        queue.publish("acme", "job", "bulk")
        assert queue.waiting()["bulk"] == 1, "nobody takes it who has gone"
        queue.close()


def taken(queue: JobQueue, ended: str) -> None:
    """Takes two messages, ends one and closes the channel."""
    with queue.app.connection_for_read() as connection:
        consumer = connection.SimpleQueue("extractor.bulk")
        first, second = consumer.get(timeout=5), consumer.get(timeout=5)
        assert first.payload[0] == ["acme", ended]
        first.ack()
        assert queue.waiting()["bulk"] == 1
        assert not second.acknowledged
