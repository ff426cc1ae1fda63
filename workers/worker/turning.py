"""Tells that Celery's consumer turns: a step of its that marks the time in its own loop. While it connects, or closes,
nothing is expected of it: it waits for a store then. Knows Celery and the vitals; knows no task."""

from __future__ import annotations

from typing import Any

from celery import bootsteps

from workers.worker.runtime import CONSUMER, Runtime

_EVERY_S = 2.0
_STILL_S = 60.0  # a frozen store holds a turn up for a few seconds


class Turning(bootsteps.StartStopStep):  # type: ignore[misc]
    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        super().__init__(consumer)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        vitals = Runtime.current().vitals
        vitals.expect(CONSUMER, _STILL_S)
        self._timer = consumer.timer.call_repeatedly(_EVERY_S, vitals.moved, (CONSUMER,))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002
        Runtime.current().vitals.rest(CONSUMER)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    shutdown = stop
