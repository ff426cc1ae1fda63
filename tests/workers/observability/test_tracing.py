"""Traces across the queue: from the caller's traceparent over the API and the ledger to the worker's spans, with
numbers and ids and nothing of a document; and nothing at all when they are not asked for."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from extractor.errors import FieldError, InvalidOutput
from tests.documents import making
from tests.support.api_support import ANSWER, Published
from workers.config import WorkerSettings
from workers.observability import tracing
from workers.worker import tasks
from workers.worker.runtime import Runtime

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = pytest.mark.anyio
CANARY = "canary77f0"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class TracedExtraction:
    def as_json(self) -> dict[str, Any]:
        return {**ANSWER, "data": {"name": CANARY}, "usage": {**ANSWER["usage"], "prefill_s": 0.25, "decode_s": 0.5}}


class TracedExtractor:
    """Stands where the extractor is."""

    def begin(self, document: Any, *_: Any, **__: Any) -> TracedExtraction:
        if "fail" in document.text:
            raise InvalidOutput("no", errors=(FieldError("/name", CANARY),), last=CANARY)
        return TracedExtraction()

    def model_info(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        """Holds nothing."""


class Options:
    def __init__(self, **_: Any) -> None:
        """Takes any."""


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    made = InMemorySpanExporter()
    tracing.start("test", made)
    yield made
    tracing.stop()


@pytest.fixture
def runtime(redis_url: str) -> Iterator[Runtime]:
    """A worker's runtime with a script for an extractor; its threads are not started."""
    made = Runtime(WorkerSettings(redis_url=redis_url, warm_up=False))
    made._module, made.extractor = sys.modules[__name__], TracedExtractor()
    yield made
    made.queue.close()
    made.ledger.close()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return {name.removeprefix("extractor."): value for name, value in (span.attributes or {}).items()}


def body(text: str) -> dict[str, Any]:
    document = {"text": f"{CANARY} {text}", "filename": f"{CANARY}.txt"}
    return {"schema": "contact", "document": document, "metadata": {"note": CANARY}}


async def run_one(api: httpx.AsyncClient, runtime: Runtime, text: str, **headers: str) -> dict[str, Any]:
    job: dict[str, Any] = (await api.post("/v1/extractions", json=body(text), headers=headers)).json()
    tasks.process(runtime, "default", "interactive")
    return job


async def test_one_trace_from_the_caller_to_the_worker(
    api: httpx.AsyncClient, exporter: InMemorySpanExporter, runtime: Runtime, published: Published
) -> None:
    job = await run_one(api, runtime, "plain", traceparent=CALLER)
    assert published == [("default", job["id"], "interactive")], "the message carries ids only"
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert list(spans) == ["POST /v1/extractions", "claim", "extract", "finish", "document"]
    assert {f"{span.context.trace_id:032x}" for span in spans.values() if span.context} == {CALLER.split("-")[1]}
    above = {name: span.parent.span_id if span.parent else 0 for name, span in spans.items()}
    ids = {name: span.context.span_id for name, span in spans.items() if span.context}
    assert f"{above['POST /v1/extractions']:016x}" == CALLER.split("-")[2]
    assert above["document"] == ids["POST /v1/extractions"]
    assert {above[name] for name in ("claim", "extract", "finish")} == {ids["document"]}
    assert spans["document"].kind is SpanKind.CONSUMER

    about = attributes(spans["document"])
    assert (about["job"], about["attempt"], about["outcome"]) == (job["id"], 1, "succeeded")
    assert about["request_id"] == job["request_id"] == attributes(spans["POST /v1/extractions"])["request_id"]
    numbers = attributes(spans["extract"])
    assert (numbers["prefill_s"], numbers["decode_s"], numbers["output_tokens"]) == (0.25, 0.5, 7)
    assert numbers["drafts.grammar.accepted"] == 4


async def test_the_reading_of_a_document_is_a_span_with_numbers(
    api: httpx.AsyncClient, exporter: InMemorySpanExporter, runtime: Runtime
) -> None:
    content = base64.b64encode(making.docx(making.p(f"{CANARY} plain"))).decode()
    document = {"content": content, "filename": f"{CANARY}.docx", "password": CANARY}
    job = (await api.post("/v1/extractions", json={"schema": "contact", "document": document})).json()
    try:
        tasks.process(runtime, "default", "interactive")
    finally:
        runtime.readers.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert list(spans) == ["POST /v1/extractions", "claim", "read", "extract", "finish", "document"]
    posted, parent = spans["POST /v1/extractions"].context, spans["read"].parent
    assert posted is not None
    assert parent is not None
    assert parent.span_id == posted.span_id
    about = attributes(spans["read"])
    assert (about["job"], about["format"], about["pages"], about["attempt"]) == (job["id"], making.DOCX, 1, 1)
    assert about["document_s"] > 0
    assert CANARY not in json.dumps([json.loads(span.to_json()) for span in spans.values()])


async def test_a_failure_is_a_code_and_nothing_of_the_document(
    api: httpx.AsyncClient, exporter: InMemorySpanExporter, runtime: Runtime
) -> None:
    await run_one(api, runtime, "fail")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans["document"].status.description == attributes(spans["document"])["code"] == "invalid_output"
    assert attributes(spans["document"])["outcome"] == "failed"
    assert spans["POST /v1/extractions"].parent is None, "a trace of its own where the caller has none"
    assert all(not span.events for span in spans.values()), "no exception is recorded"
    assert CANARY not in json.dumps([json.loads(span.to_json()) for span in spans.values()])


@pytest.mark.parametrize("given", ["", "00-zz", CALLER.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)])
async def test_a_malformed_traceparent_begins_a_new_trace(
    api: httpx.AsyncClient, exporter: InMemorySpanExporter, runtime: Runtime, given: str
) -> None:
    await run_one(api, runtime, "plain", traceparent=given)
    first = exporter.get_finished_spans()[0]
    assert first.parent is None


async def test_documents_of_a_batch_are_linked_to_its_upload(
    api: httpx.AsyncClient, exporter: InMemorySpanExporter, runtime: Runtime
) -> None:
    lines = "".join(json.dumps({"custom_id": str(n), **body("plain")}) + "\n" for n in range(2))
    headers = {"Content-Type": "application/x-ndjson", "traceparent": CALLER}
    batch = (await api.post("/v1/batches", content=lines.encode(), headers=headers)).json()
    for job in runtime.ledger.run(runtime.ledger.jobs.list("default", batch=batch["id"])).jobs:
        tasks.process(runtime, "default", job.priority)
    upload, *_ = (span for span in exporter.get_finished_spans() if span.name == "POST /v1/batches")
    documents = [span for span in exporter.get_finished_spans() if span.name == "document"]
    assert upload.context is not None
    assert len(documents) == 2
    for span in documents:
        assert [link.context.span_id for link in span.links] == [upload.context.span_id]
        assert span.parent is None
        assert attributes(span)["line"] in (1, 2)


async def test_off_nothing_is_kept(api: httpx.AsyncClient, runtime: Runtime) -> None:
    job = await run_one(api, runtime, "plain", traceparent=CALLER)
    kept = runtime.ledger.run(runtime.ledger.jobs.get("default", job["id"]))
    assert kept is not None
    assert kept.trace is None


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"EXTRACTOR_OTEL": "true"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318", "EXTRACTOR_OTEL": "0"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_when_traces_are_wanted(environ: dict[str, str], wanted: bool) -> None:
    assert tracing.wanted(environ) is wanted


def test_a_word_that_is_neither_is_refused() -> None:
    with pytest.raises(tracing.TracingUnavailable):
        tracing.wanted({"EXTRACTOR_OTEL": "perhaps"})


@pytest.mark.parametrize(
    ("environ", "status", "said"),
    [
        ({}, 0, "off False"),
        ({"EXTRACTOR_OTEL": "1"}, 0, "on True"),
        ({"EXTRACTOR_OTEL": "1", "BARRED": "1"}, 1, "'.[otel]'"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "BARRED": "1"}, 0, "off False"),
    ],
)
def test_the_sdk_is_imported_when_asked_for_and_not_needed_otherwise(
    environ: dict[str, str], status: int, said: str
) -> None:
    # its part that traces: redis-py imports others by itself, where they are there
    script = (
        "import os, sys, workers.worker.tasks, api.app\n"
        "if os.environ.get('BARRED'): sys.modules['opentelemetry.sdk.trace'] = None\n"
        "from workers.observability import tracing\n"
        "tracing.start('test')\n"
        "print('on' if tracing.on() else 'off', bool(sys.modules.get('opentelemetry.sdk.trace')))\n"
        "tracing.stop()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environ},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
