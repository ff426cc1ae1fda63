"""What an OpenTelemetry collector gets, over OTLP/HTTP, from the API and a worker as processes of their own."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.fleet import Fleet
from tests.support.served import Api
from tests.support.valkey import Valkey

TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary41c2"


class Collector:
    """Takes `POST /v1/traces` and keeps what came: `spans` are (service, span), `raw` the bytes."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        self.raw: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.take(self.path, body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.spans += [(named["service.name"], span) for scope in resource.scope_spans for span in scope.spans]

    def __enter__(self) -> Collector:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_one_trace_from_the_post_to_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector, Valkey(tmp_path / "valkey") as valkey:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with Fleet(valkey, tmp_path) as fleet, Api(valkey, tmp_path) as api:
            worker = fleet.start()
            answer = httpx.post(
                f"{api.url}/v1/extractions",
                json={"document": {"text": f"one {CANARY}"}, "schema": "contact"},
                headers={"traceparent": f"00-{TRACE}-{ABOVE}-01", "Prefer": "wait=30"},
                timeout=40,
                trust_env=False,
            )
            assert answer.json()["status"] == "succeeded", answer.text
            worker.terminate()
            assert api.process is not None
            api.process.terminate()
            api.process.wait(30)
    ours = [(service, span) for service, span in collector.spans if span.trace_id.hex() == TRACE]
    names = {span.name: (service, span) for service, span in ours}
    assert {"document", "claim", "extract", "finish"} <= set(names), sorted(names)
    door = next(span for _, span in ours if span.parent_span_id.hex() == ABOVE)
    service, document = names["document"]
    assert document.parent_span_id == door.span_id, "the worker goes on where the API was"
    assert service != next(s for s, span in ours if span is door), "each says which service it is"
    assert names["extract"][1].parent_span_id == document.span_id
    assert not any(CANARY.encode() in body for body in collector.raw)
