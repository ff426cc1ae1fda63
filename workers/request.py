"""Celery's request, for one thing Celery does not see: an acknowledgement that was lost because Redis was away.

Celery logs it and goes on. But such a message counts as taken for as long as the connection lives, and when all that
may be taken count so, the consumer asks for no more: nothing reads the dead connection, nobody finds it dead, and the
worker stands idle for ever. So a lost acknowledgement is a lost connection, and is raised where Celery makes a new one.
"""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request as CeleryRequest
from kombu.asynchronous import get_event_loop


class Request(CeleryRequest):  # type: ignore[misc]
    """Called in a thread of the pool."""

    def acknowledge(self) -> None:
        super().acknowledge()
        self._reconnect_if_lost()

    def reject(self, requeue: bool = False) -> None:
        super().reject(requeue=requeue)
        self._reconnect_if_lost()

    def _reconnect_if_lost(self) -> None:
        """The acknowledgement itself runs in the loop's thread, in its next round or the one after, and the calls of a
        round have no order: so it is looked for a round later."""
        loop: Any = get_event_loop()
        if loop is not None:
            loop.call_soon(lambda: loop.call_soon(self._check))

    def _check(self) -> None:
        """A channel that is closed has been replaced already: several acknowledgements are lost with one connection."""
        if not self._message.acknowledged and not self._message.channel.closed:
            raise ConnectionError("an acknowledgement was lost")
