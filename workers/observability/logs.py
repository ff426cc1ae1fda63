"""How a worker logs: a line on stderr, as EXTRACTOR_LOG_FORMAT says, with ids and never a document. Whatever is logged
in the thread of a job carries the job's ids (`ids_of`), whoever logs it. Tracebacks are left out: their last line may
quote what was read; the kind of the error and where it was raised are kept."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from extractor.processes.log_lines import LineFormat, LineHandler
from workers.ledger.batches import is_batch_id, line_of
from workers.ledger.jobs import Job


def configure(level: str = "INFO") -> None:
    """For this process, Celery's loggers included."""
    form = LineFormat.chosen(os.environ, sys.stderr)
    handler = LineHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _where,
                lambda _, __, event: form.line(event),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    # One line for a message received and one for its end say nothing that the ledger does not say better.
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def ids_of(job: Job) -> dict[str, str | int]:
    """What every line about a job has: its id, the request that brought it, and its place in a batch. A line's number,
    not its custom_id, which is the caller's text."""
    named = {"job": job.id, "tenant": job.tenant, "request_id": job.request_id, "batch": job.batch}
    ids: dict[str, str | int] = {name: value for name, value in named.items() if value is not None}
    return ids | ({"line": line_of(job.id)} if job.batch is not None and is_batch_id(job.batch) else {})


def _where(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` → the error's type and the line that raised it."""
    info = event.pop("exc_info", None)
    record = event.get("_record")
    info = info or getattr(record, "exc_info", None)
    error = info if isinstance(info, BaseException) else (info[1] if isinstance(info, tuple) else None)
    if error is not None:
        event.update(where_raised(error))
    return event


def where_raised(error: BaseException) -> dict[str, str]:
    """The type of an error and the line that raised it: all that may be logged of one that is not ours."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    return {"error": type(error).__name__, "at": at}
