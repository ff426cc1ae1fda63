"""The queue's transport: one client a channel, a new one when its connections were given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.valkey import Valkey
from workers.app import make_app
from workers.config import WorkerSettings
from workers.transport import Transport


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


@pytest.mark.parametrize("url", ["rediss://example.org/0", "sentinel://example.org:26379"])
def test_other_transports_are_the_url_s(url: str) -> None:
    assert make_app(WorkerSettings(broker_url=url)).conf.broker_transport is None
