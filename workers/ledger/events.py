"""Notifications of changed jobs, in one process: a single Redis subscription to the news of all tenants wakes those
who wait. A notification says "look again" and never what happened; it may be lost, so whoever waits also looks at
a slow interval. Knows the channel's name and no other key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from workers.ledger.keyspace import prefix

_CHANNEL = "events"
_RETRY_S = 1.0


class Events:
    """Subscribes while anybody waits. Whenever a subscription begins, the first time and after a lost connection,
    everybody is woken, because earlier notifications were missed."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._redis = client
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._reader: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def of(self, tenant: str, job_id: str) -> Iterator[asyncio.Event]:
        """Yields an event that every notification sets. Clear it before looking at the job."""
        key = (prefix(tenant) + _CHANNEL, job_id)
        event = asyncio.Event()
        self._waiting.setdefault(key, set()).add(event)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="ledger-events")
        try:
            yield event
        finally:
            waiting = self._waiting[key]
            waiting.discard(event)
            if not waiting:
                del self._waiting[key]

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    def _wake_all(self) -> None:
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def _read(self) -> None:
        """Ends only right after the last one has left: whoever comes while a subscription is being closed gets a new
        one."""
        while self._waiting:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.psubscribe(prefix("any").replace("{any}", "{*}") + _CHANNEL)
                    while self._waiting:
                        self._dispatch(await subscription.get_message(timeout=_RETRY_S))
            except (RedisError, OSError):
                await asyncio.sleep(_RETRY_S)

    def _dispatch(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        if message["type"] != "pmessage":  # the server says that it is subscribed, which to have asked for is not yet
            self._wake_all()
            return
        job_id = message["data"].split(b" ", 1)[0].decode()
        for event in self._waiting.get((message["channel"].decode(), job_id), ()):
            event.set()
