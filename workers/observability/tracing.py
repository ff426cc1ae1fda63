"""OpenTelemetry traces over the queue, when asked for: `EXTRACTOR_OTEL=true`, or an `OTEL_EXPORTER_OTLP_ENDPOINT` in
the environment. Off, nothing of OpenTelemetry is imported and every call here does nothing.

A trace begins at the caller (W3C `traceparent` of the POST) or at the API, is kept with the job in the ledger, and goes
on in the worker. Attributes are ids, numbers and codes: no document, no value, no name a caller gave."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

log = logging.getLogger("extractor.tracing")
Kind = Literal["internal", "server", "producer", "consumer"]
Value = str | int | float | bool
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_provider: TracerProvider | None = None
_tracer: trace.Tracer | None = None


class TracingUnavailable(ValueError):
    """Traces were asked for by name and cannot be made."""


def wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Raises TracingUnavailable for a value that is neither yes nor no."""
    value = environ.get("EXTRACTOR_OTEL", "").strip().lower()
    if value and value not in _ON + _OFF:
        raise TracingUnavailable("EXTRACTOR_OTEL is true or false")
    if value:
        return value in _ON
    return environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and any(environ.get(name) for name in _ENDPOINTS)


def start(service: str, exporter: SpanExporter | None = None) -> None:
    """From here on spans are made, if they are wanted, and exported over OTLP/HTTP as the `OTEL_*` variables say, or to
    `exporter`. Raises TracingUnavailable when `EXTRACTOR_OTEL` asks for what is not installed."""
    global _provider, _tracer
    if exporter is None and not wanted():
        return
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ModuleNotFoundError as error:
        detail = f"traces need an extra ({error.name} is missing): in a clone, pip install -c constraints.txt '.[otel]'"
        if os.environ.get("EXTRACTOR_OTEL"):
            raise TracingUnavailable(detail) from None
        log.warning(detail)  # the endpoint may be meant for others on this machine
        return
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or service})
    _provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if exporter is not None:
        _provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("extractor")


def stop() -> None:
    """What was not exported yet is, within seconds."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


def on() -> bool:
    return _tracer is not None


class Span:
    """A span as the rest of the code sees it; one that does nothing where tracing is off."""

    def __init__(self, span: trace.Span | None = None) -> None:
        self._span = span

    def set(self, **about: Value | None) -> None:
        """`extractor.` is put before each name; None is left out."""
        if self._span is not None:
            given = {f"extractor.{name}": value for name, value in about.items() if value is not None}
            self._span.set_attributes(given)

    def failed(self, code: str) -> None:
        """Only a code: an error's message may quote what was read."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, code))

    @property
    def traceparent(self) -> str | None:
        """As W3C writes it, for whoever goes on with the trace."""
        if self._span is None:
            return None
        from opentelemetry import trace

        carrier: dict[str, str] = {}
        _propagator().inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get("traceparent")


_NOTHING = Span()


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    link: str | None = None,
    kind: Kind = "internal",
    begun_ns: int | None = None,
    **about: Value | None,
) -> Iterator[Span]:
    """A span around the block, below `parent` (a traceparent; malformed is none) or the one it is in. Errors that pass
    are marked by their type alone. `link`: another trace it belongs to."""
    if _tracer is None:
        yield _NOTHING
        return
    from opentelemetry import trace

    linked = _context_of(link)
    links = None if linked is None else [trace.Link(trace.get_current_span(linked).get_span_context())]
    with _tracer.start_as_current_span(
        name,
        context=_context_of(parent),
        kind=trace.SpanKind[kind.upper()],
        links=links,
        start_time=begun_ns,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        opened = Span(current)
        opened.set(**about)
        try:
            yield opened
        except Exception as error:
            opened.failed(type(error).__name__)
            raise


def above(trace: str | None, *, in_batch: bool) -> dict[str, Any]:
    """Where the span of a job belongs whose trace is `trace`. Thousands of documents in the one trace of their upload
    would be of no use to anybody: those are linked to it."""
    return {"link": trace} if in_batch else {"parent": trace}


def stats_of(result: Mapping[str, Any]) -> dict[str, Value | None]:
    """The attributes of an extraction that its usage gives."""
    usage = result.get("usage") or {}
    about: dict[str, Value | None] = {
        name: usage.get(name)
        for name in (
            "model_calls",
            "prompt_tokens",
            "output_tokens",
            "target_forwards",
            "prefill_s",
            "decode_s",
            "duration_s",
        )
    }
    for drafter, counter in (usage.get("drafts") or {}).items():
        about[f"drafts.{drafter}.proposed"] = counter["proposed"]
        about[f"drafts.{drafter}.accepted"] = counter["accepted"]
    return about | {"model": result.get("model")}


def _context_of(traceparent: str | None) -> Context | None:
    """The trace that a traceparent names; None for none, and for one that is malformed."""
    if traceparent is None:
        return None
    from opentelemetry import trace

    found = _propagator().extract({"traceparent": traceparent})
    return found if trace.get_current_span(found).get_span_context().is_valid else None


def _propagator() -> TraceContextTextMapPropagator:
    """W3C's, whatever `OTEL_PROPAGATORS` says: the ledger keeps a traceparent."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()
