"""Watches over Celery's consumer: a bootstep that reports to the watchdog from the consumer's own event loop. While the
consumer connects, or closes, nothing is expected of it: it waits for a store then. Knows Celery and the watchdog; knows
no task."""

from __future__ import annotations

from typing import Any

from celery import bootsteps

from workers.worker.runtime import CONSUMER, Runtime

_EVERY_S = 2.0
_SILENT_S = 60.0  # a frozen store holds the loop up for a few seconds


class ConsumerWatch(bootsteps.StartStopStep):  # type: ignore[misc]
    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        super().__init__(consumer)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        watchdog = Runtime.current().watchdog
        watchdog.expect(CONSUMER, _SILENT_S)
        self._timer = consumer.timer.call_repeatedly(_EVERY_S, watchdog.moved, (CONSUMER,))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002
        Runtime.current().watchdog.rest(CONSUMER)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    shutdown = stop
