"""A store that freezes while many upload: whoever calls is answered in bounded time, the uploads among them, and who
asks for nothing of the store does not wait at all."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.served import Api, wait_until
from tests.support.sockets import Raw
from tests.support.valkey import Valkey

STORE_S = 1.0  # of the setting that is 4 by default
BOUND_S = 30.0  # what a busy machine may make of two; where one waits for the other it is minutes
LINES = "".join(
    json.dumps({"custom_id": str(n), "schema": "contact", "document": {"text": "Mina Okafor"}}) + "\n"
    for n in range(60)  # more than a slice
)
HEAD = (
    "POST /v1/batches HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
    "Transfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[tuple[Api, Callable[[], None]]]:
    with Valkey(tmp_path / "valkey") as valkey, Api(valkey, tmp_path, store_timeout_s=STORE_S) as api:
        yield api, valkey.freeze
        valkey.thaw()


def chunk(text: str) -> bytes:
    return f"{len(text.encode()):x}\r\n{text}\r\n".encode()


def documents_kept(api: Api) -> int:
    text = httpx.get(f"{api.url}/metrics", trust_env=False, timeout=60).text
    found = re.search(r'^extractor_jobs{status="queued"} (\S+)$', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def test_however_many_uploads_are_open(frozen: tuple[Api, Callable[[], None]]) -> None:
    api, freeze = frozen
    uploads = 200
    opened = [Raw(api.url).send(HEAD.encode() + chunk(LINES)) for _ in range(uploads)]
    assert wait_until(lambda: documents_kept(api) >= uploads * 50, 60, 0.5)
    freeze()
    began = time.monotonic()
    for raw in opened:
        raw.send(chunk(LINES * 2))
    took: dict[str, list[float]] = {}

    def timed(name: str, statuses: tuple[int, ...], call: Callable[[], int]) -> None:
        at = time.monotonic()
        status = call()
        took.setdefault(name, []).append(time.monotonic() - at)
        assert status in statuses, name

    def get(path: str) -> int:
        return httpx.get(f"{api.url}{path}", trust_env=False, timeout=60).status_code

    def post() -> int:
        body = {"schema": "contact", "document": {"text": "x" * 400_000}}
        return httpx.post(f"{api.url}/v1/extractions", json=body, trust_env=False, timeout=60).status_code

    id_ = "0" * 32
    with ThreadPoolExecutor(40) as threads:
        calls = [threads.submit(timed, "upload", (503,), lambda raw=raw: raw.read().status) for raw in opened[:30]]
        for _ in range(3):
            for path in (f"/v1/extractions/{id_}", f"/v1/extractions/{id_}?wait=20", "/v1/extractions", "/v1/batches"):
                calls.append(threads.submit(timed, path, (503,), lambda path=path: get(path)))
            calls.append(
                threads.submit(
                    timed, f"/v1/batches/{id_}/results", (503, 404), lambda: get(f"/v1/batches/{id_}/results")
                )
            )
            calls.append(threads.submit(timed, "POST", (503,), post))
            for path in ("/healthz", "/v1/schemas", "/docs"):
                calls.append(threads.submit(timed, f"no store: {path}", (200,), lambda path=path: get(path)))
        for call in calls:
            call.result()
    assert max(max(times) for times in took.values()) < BOUND_S, took
    for raw in opened[30:]:
        assert raw.read().status == 503
    assert time.monotonic() - began < BOUND_S, "all of them, one with the other"
    free = [seconds for name, times in took.items() if name.startswith("no store") for seconds in times]
    assert max(free) < BOUND_S / 2, "and these did not wait for the store"
    for raw in opened:
        raw.close()
