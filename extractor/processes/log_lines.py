"""What a process logs, as a line. A machine gets JSON, a person at a terminal short lines:

    13:26:55 info    worker-1  job succeeded  seconds=1.42 job=01a22ca31108a42233c424210d894e40

The programs log JSON into pipes; `extractor up` reads those (`parse_line`) and writes them in the form that its own
standard error takes (`LineFormat`). Knows nothing of who logs what, but for the few facts that are not worth a person's
time.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

Event = dict[str, Any]
SETTING = "EXTRACTOR_LOG_FORMAT"
_QUIET = ("debug", "info")
_OURS = ("extractor", "workers", "api", "")
_HEAD = ("timestamp", "level", "service", "event", "logger")
_MACHINES = frozenset(
    {"worker", "tenant", "key", "revision", "slot_bytes", "cache_bytes", "architecture", "examples", "window"}
)
_USUAL = (("attempt", 1), ("untold", 0))  # of which other values are told
_COLOURS = {"warning": "33", "error": "31", "critical": "31"}
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
_REFUSED = 400  # HTTP statuses from here on
_LONGEST = 400  # characters of one value: a line is short
# Valkey's: pid:role, date, level, text; and what it says within a handler of a signal.
_STORE_LINE = re.compile(r"\d+:(?:[A-Z] \d+ \w+ \d{4} [\d:.]+ (?P<level>[.*#-])|signal-handler \(\d+\)) (?P<text>.*)")
_STORE_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class LineFormat:
    """`text`: for a person, else JSON. `colour`: with ANSI colours."""

    text: bool
    colour: bool = False

    @classmethod
    def chosen(cls, environ: Mapping[str, str], stream: TextIO) -> LineFormat:
        """Of EXTRACTOR_LOG_FORMAT: `text`, `json`, or by whether `stream` is a terminal. Colours on a terminal, unless
        NO_COLOR is set (no-color.org) or the terminal has none. What is none of the three counts as `auto`; who reads
        the settings refuses it."""
        terminal = stream.isatty()
        wanted = environ.get(SETTING, "")
        text = wanted == "text" or (terminal and wanted != "json")
        return cls(text, text and terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    def line(self, event: Mapping[str, Any]) -> str:
        """Without a line break. Empty for what a person need not read."""
        if not self.text:
            return json.dumps(event, default=str)
        level, logger = str(event.get("level", "info")), str(event.get("logger", ""))
        if _only_looks(event) or _only_begins(event) or not worth_reading(level, logger):
            return ""
        return _readable(event, level, colour=self.colour)


def worth_reading(level: str, logger: str) -> bool:
    """By a person: whatever is wrong, and of what goes well that which we say ourselves and no library does."""
    return level not in _QUIET or logger.partition(".")[0] in _OURS


def _only_looks(event: Mapping[str, Any]) -> bool:
    """Whether somebody asked how far something is, and was told: they come twice a second."""
    status = event.get("status")
    return event.get("method") in ("GET", "HEAD") and isinstance(status, int) and status < _REFUSED


def _only_begins(event: Mapping[str, Any]) -> bool:
    """Whether a document is begun as it should be: the line of its end follows."""
    return event.get("event") == "claimed" and event.get("attempt") == 1


def parse_line(service: str, line: str) -> Event:
    """A line of a program's output as an event of that `service`: our JSON, the store's own form, or any text."""
    try:
        found = json.loads(line) if line.startswith("{") else None
    except ValueError:
        found = None
    if isinstance(found, dict) and "event" in found:
        return {"service": service, **found}
    level, logger = "info", ""
    if stored := _STORE_LINE.fullmatch(line):
        level, line, logger = _STORE_LEVELS[stored["level"] or "*"], stored["text"], "valkey"
    return event_of(service, line, level, **({"logger": logger} if logger else {}))


def event_of(service: str, text: str, level: str = "info", **facts: Any) -> Event:
    """One that happens now."""
    return {"service": service, "event": text, **facts, "level": level, "timestamp": datetime.now(UTC).isoformat()}


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes what its formatter makes of a record, unless that is empty."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if line := self.format(record):
                self.stream.write(line + self.terminator)
                self.flush()
        except Exception:
            self.handleError(record)


class LineFormatter(logging.Formatter):
    """For a process that logs by the standard library alone. Of an error that is logged with it only the kind is told:
    its words may quote a document."""

    def __init__(self, form: LineFormat) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        facts = {"error": record.exc_info[0].__name__} if record.exc_info and record.exc_info[0] else {}
        when = datetime.fromtimestamp(record.created, UTC).isoformat()
        level = record.levelname.lower()
        event = {"event": record.getMessage(), "logger": record.name, **facts, "level": level, "timestamp": when}
        return self._form.line(event)


def _readable(event: Mapping[str, Any], level: str, *, colour: bool) -> str:
    facts = _facts(event)
    text = _text(event, facts)
    message = f"{level:<8}{event['service']:<10}{text}" if "service" in event else f"{level:<8}{text}"
    rest = " ".join(f"{name}={_value(value)}" for name, value in facts.items())
    when = _local_time(event.get("timestamp"))
    if not colour:
        return f"{when} {message}" + (f"  {rest}" if rest else "")
    message = f"\x1b[{_COLOURS[level]}m{message}{_RESET}" if level in _COLOURS else message
    return f"{_DIM}{when}{_RESET} {message}" + (f"  {_DIM}{rest}{_RESET}" if rest else "")


def _facts(event: Mapping[str, Any]) -> Event:
    """Without what a person has no use for. What is nested is shown by its own facts."""
    found: Event = {}
    for name, value in event.items():
        if name in _HEAD or name in _MACHINES or name.startswith("_"):
            continue
        if isinstance(value, Mapping):
            found.update((key, one) for key, one in value.items() if key not in _MACHINES and one not in (None, ""))
        elif value not in (None, "") and (name, value) not in _USUAL:
            found[name] = value
    if "job" in found or "batch" in found:
        found.pop("request_id", None)  # JSON has it, for who looks for one in other systems' logs
    for name in ("batch", "line", "job"):  # last: long, and the same on many lines
        if name in found:
            found[name] = found.pop(name)
    return found


def _text(event: Mapping[str, Any], facts: Event) -> str:
    """What happened, with the facts that are it; those are taken out of `facts`."""
    message = _one_line(str(event.get("event", "")))
    if message == "request" and {"method", "route", "status"} <= facts.keys():
        message = f"{facts.pop('method')} {facts.pop('route')} {facts.pop('status')}"
    outcome = facts.pop("outcome", "")
    if outcome and outcome != message:
        message = f"{message} {outcome}"
    if "detail" in facts:
        message = f"{message}: {_one_line(str(facts.pop('detail')))}"
    return message


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ",".join(map(_value, value))
    text = _one_line(str(value))
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f'"{text}"' if " " in text or not text else text


def _one_line(text: str) -> str:
    """The first of several, without control characters: a terminal would heed them."""
    first = next(filter(None, map(str.strip, text.splitlines())), "")
    return _CONTROL.sub(" ", first)


def _local_time(stamp: Any) -> str:
    try:
        when = datetime.fromisoformat(str(stamp))
    except ValueError:
        when = datetime.now(UTC)
    return when.astimezone().strftime("%H:%M:%S")
