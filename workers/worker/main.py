"""One worker process under the settings of the environment. Loads the model, then takes messages until SIGTERM or
SIGINT, then finishes or gives back what runs. Exit status: 0 after a stop that was asked for, 78 where another start
would end alike (a wrong setting, no such model, a package that is missing), 1 when the engine or the worker broke."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from typing import Any

import structlog
from celery import signals
from celery.apps import worker as celery_banners
from celery.platforms import SecurityWarning
from kombu.asynchronous import get_event_loop
from pydantic import ValidationError

from extractor.config import Settings
from extractor.errors import ExtractorError, InputError, ModelError
from extractor.processes.packages import missing
from workers.config import WorkerSettings, faults_of, misspelled
from workers.observability.logs import configure, where_raised
from workers.worker.consumer_watch import ConsumerWatch
from workers.worker.runtime import Runtime

log = structlog.get_logger("workers")
NEVER = 78  # EX_CONFIG of sysexits.h
_STEADY_S = 30.0
_PAUSE_S = 1.0


def main() -> int:
    configure()
    celery_banners.safe_say = _unsaid
    # Of a worker that root runs Celery warns for pickled messages, which ours never are (queue/app.py).
    warnings.filterwarnings("ignore", category=SecurityWarning)
    signal.signal(signal.SIGTERM, _leave)
    for name, near in misspelled(os.environ, WorkerSettings, Settings).items():
        log.warning("no such setting", setting=name, perhaps=near)
    try:
        runtime = Runtime(WorkerSettings())
    except ValidationError as error:
        log.error("a setting is wrong", detail=faults_of(error), status=NEVER)
        return NEVER
    status = 1
    try:
        runtime.start()
        return consume(runtime)
    except KeyboardInterrupt:
        return 0
    except ExtractorError as error:
        status = NEVER if isinstance(error, InputError | ModelError) else 1
        log.error("the extractor did not start", code=error.code, detail=error.detail, status=status)
    except ImportError as error:
        status = NEVER
        log.error("the extractor did not start", detail=missing(error), status=status)
    except Exception as error:
        log.error("the worker did not start", detail=str(error), **where_raised(error))
    finally:
        runtime.stop()
        log.info("worker stopped", worker=runtime.id)
    return status


def _unsaid(*_: object) -> None:
    """What Celery says at a signal, past all loggers: a container's log has stdout's lines among those of JSON."""


def _leave(*_: object) -> None:
    """SIGTERM while the model loads; afterwards it is Celery's."""
    raise KeyboardInterrupt


def consume(runtime: Runtime) -> int:
    """Celery's worker in this process, on its threads pool, until a stop is asked for. A full Redis can break
    Celery's worker for good (it cannot note its queues); the model stays loaded and a new one is made, for
    `store_patience_s`. What a broken one had taken is repaired by the reconciler."""

    def stopping(**_: Any) -> None:
        """Called by a signal, which the consumer would see only when its waiting for a message has ended."""
        runtime.begin_stop()
        threading.Thread(target=_wake, name="wake", daemon=True).start()

    def logging_is_ours(**_: Any) -> None:
        """Connected, so that Celery leaves the loggers as they are."""

    def taking(**_: Any) -> None:
        runtime.consuming(True)

    signals.worker_ready.connect(taking)
    signals.worker_shutting_down.connect(stopping)
    signals.setup_logging.connect(logging_is_ours)
    runtime.queue.app.steps["consumer"].add(ConsumerWatch)
    worked_at = time.monotonic()
    while True:
        began = time.monotonic()
        status = celery_worker(runtime)
        if time.monotonic() - began > _STEADY_S:
            worked_at = time.monotonic()
        if runtime.stopping.is_set() or time.monotonic() - worked_at > runtime.settings.store_patience_s:
            return 1 if runtime.broken else status
        runtime.consuming(False)
        log.warning("the consumer broke and is made again", worker=runtime.id)
        time.sleep(_PAUSE_S)
        if runtime.stopping.is_set():
            return status


def _wake() -> None:
    """The consumer's event loop; it hears other threads only."""
    if (hub := get_event_loop()) is not None:
        hub.call_soon(bool)  # type: ignore[no-untyped-call]


def celery_worker(runtime: Runtime) -> int:
    worker = runtime.queue.app.Worker(
        hostname=runtime.id,
        concurrency=runtime.settings.slots,
        pool="threads",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
