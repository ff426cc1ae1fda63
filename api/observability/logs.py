"""How the API logs: a line on stderr, as EXTRACTOR_LOG_FORMAT says, with ids and never a document. Of an exception the
type and the places it came through are kept, not its message and not its traceback: both may quote what was read."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from extractor.processes.log_lines import LineFormat, LineHandler

_FRAMES = 6


def configure(level: str = "INFO") -> None:
    """For this process, uvicorn's loggers included."""
    form = LineFormat.chosen(os.environ, sys.stderr)
    handler = LineHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[
                _without_traceback,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                lambda _, __, event: form.line(event),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


def error_location(error: BaseException) -> dict[str, str]:
    """What may be said of an error that is not ours: its type, and the functions and lines, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    at = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return {"error": f"{type(error).__module__}.{type(error).__qualname__}", "at": at}


def _without_traceback(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in ("exc_info", "exc_text", "stack_info", "color_message"):
        event.pop(name, None)
    record = event.get("_record")
    if record is not None and record.exc_info and record.exc_info[1] is not None:
        event.update(error_location(record.exc_info[1]))
    if record is not None:  # ProcessorFormatter appends what a record still carries
        record.exc_info = record.exc_text = record.stack_info = None
    return event
