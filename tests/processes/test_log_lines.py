"""Lines of a log: JSON for machines, short text for a person at a terminal."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from datetime import datetime
from typing import Any

import pytest

from extractor.processes.log_lines import LineFormat, LineFormatter, LineHandler, event_of, parse_line

STORE = "8596:M 30 Nov 2026 13:26:26.664 {} Reading config from stdin"
TEXT = LineFormat(text=True)


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def as_text(event: dict[str, Any]) -> str:
    """Without the time."""
    line = TEXT.line(event)
    assert re.match(r"\d\d:\d\d:\d\d ", line), line
    return line[9:]


@pytest.mark.parametrize(
    ("environ", "terminal", "form"),
    [
        ({}, True, LineFormat(text=True, colour=True)),
        ({}, False, LineFormat(text=False)),
        ({"EXTRACTOR_LOG_FORMAT": "auto"}, True, LineFormat(text=True, colour=True)),
        ({"EXTRACTOR_LOG_FORMAT": "json"}, True, LineFormat(text=False)),
        ({"EXTRACTOR_LOG_FORMAT": "text"}, False, LineFormat(text=True)),
        ({"EXTRACTOR_LOG_FORMAT": ""}, False, LineFormat(text=False)),
        ({"NO_COLOR": "1"}, True, LineFormat(text=True)),
        ({"NO_COLOR": ""}, True, LineFormat(text=True, colour=True)),
        ({"TERM": "dumb"}, True, LineFormat(text=True)),
    ],
)
def test_a_terminal_gets_text_unless_the_setting_says_otherwise(
    environ: dict[str, str], terminal: bool, form: LineFormat
) -> None:
    assert LineFormat.chosen(environ, Stream(terminal=terminal)) == form


@pytest.mark.parametrize(
    ("logged", "line"),
    [
        (
            {"event": "request", "method": "POST", "route": "/v1/extractions", "status": 202, "duration_s": 0.06321,
             "job": "01a2", "request_id": "40c2", "logger": "extractor.api"},
            "info    worker-1  POST /v1/extractions 202  duration_s=0.0632 job=01a2",
        ),
        (
            {"event": "job", "outcome": "succeeded", "seconds": 1.418, "tenant": "default",
             "worker": "vm-1", "job": "01a2"},
            "info    worker-1  job succeeded  seconds=1.42 job=01a2",
        ),
        ({"event": "read", "outcome": "read", "pages": 2}, "info    worker-1  read  pages=2"),
        (
            {"event": "loaded", "model": {"model": "bundled", "device": "cpu", "revision": None, "slot_bytes": 9}},
            "info    worker-1  loaded  model=bundled device=cpu",
        ),
        ({"event": "heartbeat", "detail": "it is late", "level": "error"}, "error   worker-1  heartbeat: it is late"),
        ({"event": "first\nsecond\x1b[2J", "why": "a b\x1b[2J"}, 'info    worker-1  first  why="a b [2J"'),
        ({"event": "ended", "attempt": 1, "untold": 0, "jobs": 0}, "info    worker-1  ended  jobs=0"),
        ({"event": "claimed", "attempt": 2, "untold": 3}, "info    worker-1  claimed  attempt=2 untold=3"),
        (
            {"event": "job", "batch": "b1", "line": 9, "job": "01a2", "request_id": "40c2",
             "outcome": "failed", "code": "poison"},
            "info    worker-1  job failed  code=poison batch=b1 line=9 job=01a2",
        ),
        ({"event": "request", "request_id": "40c2"}, "info    worker-1  request  request_id=40c2"),
    ],
)  # fmt: skip
def test_a_person_reads_what_happened_and_the_few_facts_that_matter(logged: dict[str, Any], line: str) -> None:
    event = {"level": "info", "timestamp": "2026-11-30T13:26:54.013569Z", **logged}
    assert as_text(parse_line("worker-1", json.dumps(event))) == line


def test_a_library_is_heard_when_something_is_wrong() -> None:
    said = {"event": "Application startup complete.", "logger": "uvicorn.error"}
    assert TEXT.line({**said, "level": "info"}) == ""
    assert as_text({**said, "level": "warning"}) == "warning Application startup complete."
    assert LineFormat(text=False).line({**said, "level": "info"}), "JSON leaves nothing out"
    assert TEXT.line(parse_line("store", STORE.format("*"))) == ""
    assert TEXT.line(parse_line("store", "7:signal-handler (1796045542) Received SIGTERM")) == ""
    assert as_text(parse_line("store", STORE.format("#"))) == "warning store     Reading config from stdin"


@pytest.mark.parametrize(
    ("method", "status", "shown"),
    [("GET", 200, False), ("HEAD", 204, False), ("GET", 404, True), ("POST", 202, True), ("DELETE", 204, True)],
)
def test_a_read_that_succeeded_is_no_news(method: str, status: int, shown: bool) -> None:
    event = {"event": "request", "method": method, "route": "/v1/batches/{id}", "status": status, "level": "info"}
    assert bool(TEXT.line(event)) is shown
    assert LineFormat(text=False).line(event)


@pytest.mark.parametrize("line", ["plain words", '{"no": "event"}', "{broken", '{"event"', "[1]", ""])
def test_what_is_no_event_becomes_one(line: str) -> None:
    event = json.loads(LineFormat(text=False).line(parse_line("api", line)))
    assert (event["service"], event["event"], event["level"]) == ("api", line, "info")
    assert as_text(event).startswith("info    api"), "and is read by a person"


def test_json_is_one_line_whatever_is_said() -> None:
    line = LineFormat(text=False).line(event_of("up", "two\nlines", at=object()))
    assert "\n" not in line
    assert json.loads(line)["event"] == "two\nlines"


def test_what_is_not_worth_a_line_is_no_empty_one() -> None:
    stream = Stream(terminal=True)
    handler = LineHandler(stream)
    handler.setFormatter(LineFormatter(TEXT))
    for name, level in (("celery", logging.INFO), ("workers", logging.INFO), ("celery", logging.WARNING)):
        handler.handle(logging.LogRecord(name, level, "", 0, "hello", (), None))
    assert [line[9:] for line in stream.getvalue().splitlines()] == ["info    hello", "warning hello"]


def test_trouble_is_coloured() -> None:
    coloured = LineFormat(text=True, colour=True)
    assert "\x1b[31m" in coloured.line(event_of("api", "it broke", "error"))
    assert "\x1b[33m" in coloured.line(event_of("api", "it may break", "warning"))
    assert "\x1b[3" not in coloured.line(event_of("api", "all is well"))


def test_a_process_of_the_standard_library_alone_logs_the_same_lines() -> None:
    try:
        raise ValueError("the text of a document")
    except ValueError:
        record = logging.LogRecord("extractor.engine", logging.ERROR, "", 0, "step %d failed", (3,), sys.exc_info())
    event = json.loads(LineFormatter(LineFormat(text=False)).format(record))
    timestamp = event.pop("timestamp")
    assert event == {"event": "step 3 failed", "logger": "extractor.engine", "error": "ValueError", "level": "error"}
    assert datetime.fromisoformat(timestamp).tzinfo is not None
    assert LineFormatter(TEXT).format(record)[9:] == "error   step 3 failed  error=ValueError"


def test_that_a_document_is_begun_is_news_the_second_time() -> None:
    begun = {"event": "claimed", "level": "info", "attempt": 1}
    assert TEXT.line(begun) == ""
    assert TEXT.line({**begun, "attempt": 2})
    assert LineFormat(text=False).line(begun)
