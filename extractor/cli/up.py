"""`extractor up`: the service in one terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from functools import partial
from types import FrameType
from typing import Annotated

import typer

from extractor.cli.flags import ModelFlag
from extractor.cli.output import fail, say
from extractor.config import read_settings
from extractor.processes.log_lines import LineFormat, event_of
from extractor.service.children import SUPERVISOR
from extractor.service.plan import plan_of
from extractor.service.supervisor import Service, line_in
from extractor.service.valkey import EmbeddedSettings

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SPARE_S = 10.0
_TEXT = LineFormat(text=True)
_STOPPING = (
    "extractor: stopping; what runs is finished, or goes back to the queue to be done after the next start. "
    "A second Ctrl-C ends it at once"
)


Port = Annotated[
    int, typer.Option("--port", envvar="EXTRACTOR_PORT", min=0, max=65535, help="Where to listen; 0: a free port.")
]
Host = Annotated[
    str, typer.Option("--host", envvar="EXTRACTOR_HOST", help="Address to listen on; any but loopback needs keys.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Worker processes, each with a model of its own.")]


def up(port: Port = 8000, host: Host = "127.0.0.1", model: ModelFlag = None, workers: Workers = 1) -> None:
    """Start the service: API, workers, and the embedded store unless EXTRACTOR_REDIS_URL is set. Ctrl-C stops all."""
    from api.config import ApiSettings
    from api.keys.keys import ApiKeys, KeyConfigError, check_exposure
    from workers.config import WorkerSettings

    settings = ApiSettings(host=host, port=port)
    read_settings()  # what is wrong is told now, and not by a worker that has been started for it
    try:
        keys = ApiKeys.load(settings.api_keys)
        check_exposure(settings, keys)
    except KeyConfigError as error:
        fail(str(error))
    _must_be_free(host, port)
    plan = plan_of(
        EmbeddedSettings(),
        os.environ.get("EXTRACTOR_REDIS_URL") or None,
        host=host,
        port=port,
        workers=workers,
        environ={} if model is None else {"EXTRACTOR_MODEL": model},
        worker_grace_s=WorkerSettings().shutdown_s + _SPARE_S,
    )
    form = LineFormat.chosen(os.environ, sys.stderr)
    run_until_stopped(Service(plan, _write, partial(line_in, form)), form, keyed=bool(keys))


def _write(line: str) -> None:
    """A terminal that was closed is no reason to end: SIGHUP is, and comes unless `nohup` says otherwise. In one piece:
    `print` writes the end of a line by itself, and lines of two programs come at the same time."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def run_until_stopped(service: Service, form: LineFormat = _TEXT, *, keyed: bool = False) -> None:
    """Start, say when it is ready and what to try (`keyed`: with an API key), and end in order at the first Ctrl-C or
    SIGTERM, at once at the second. Raises ServiceFailed when the service cannot go on."""
    stops = 0

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal stops
        stops += 1
        if stops == 1:
            raise KeyboardInterrupt
        service.hurry()

    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    heeded = [number for number in _STOPS if number != signal.SIGHUP or not nohup]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        with service:
            try:
                service.wait_ready()
                _say_in(form, _greeting(service.url, keyed=keyed), "ready", url=service.url)
                service.watch()
            except KeyboardInterrupt:
                _say_in(form, _STOPPING, "stopping")
                raise
    except KeyboardInterrupt:
        _say_in(form, "extractor: stopped", "stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_in(form: LineFormat, text: str, event: str, **facts: str) -> None:
    """To a person the text, to a machine the event."""
    if form.text:
        say(text)
    else:
        _write(form.line(event_of(SUPERVISOR, event, **facts)))


def _greeting(url: str, *, keyed: bool) -> str:
    body = '{"schema": "contact", "document": {"text": "Ada Lovelace, Analyst, ada@example.org, +44 20 7946 0018"}}'
    key = '    -H "Authorization: Bearer $EXTRACTOR_API_KEY" \\\n' if keyed else ""
    whose = " with a key of yours in EXTRACTOR_API_KEY" if keyed else ""
    return (
        f"\nReady at {url} with a page to try it on (documentation: {url}/docs). Ctrl-C stops it. Try{whose}:\n\n"
        f"  curl -s {url}/v1/extractions -H 'Prefer: wait=20' -H 'Content-Type: application/json' \\\n"
        f"{key}    -d '{body}'\n"
    )


def _must_be_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fail(f"Cannot listen on {host}:{port}: {error.strerror}; --port takes another one")
