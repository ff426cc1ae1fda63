"""The API as it is run: a process of its own on a real socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.config import ApiSettings
from api.keys.keys import KeyConfigError
from api.server.server import serve
from tests.support.api_support import BODY, FakeWorker
from tests.support.served import Api
from tests.support.valkey import Valkey, free_port


@pytest.fixture(scope="module")
def server(valkey: Valkey) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    environ = {**os.environ, "EXTRACTOR_PORT": str(port), "EXTRACTOR_REDIS_URL": valkey.url}
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environ, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 100  # what a busy machine may take to import it
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield process, url
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


def test_over_a_socket(server: tuple[subprocess.Popen[bytes], str], valkey: Valkey) -> None:
    """Events arrive while it runs, no header names the server, an over-long chunked body is cut off, and SIGTERM ends
    the process while a client still waits."""
    process, url = server
    worker = FakeWorker(valkey.url)
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
        created = http.post("/v1/extractions", json=BODY)
        assert created.status_code == 202
        assert "server" not in created.headers
        path, job_id = created.headers["location"], created.json()["id"]
        with http.stream("GET", f"{path}/events") as stream:
            events = (line for line in stream.iter_lines() if line)
            assert next(events) == "event: queued"
            next(events)
            claim = worker.claim(job_id)
            assert next(events) == "event: running"
            next(events)
            worker.ledger.run(worker.ledger.jobs.succeed("default", job_id, claim.attempt, {"data": {}}))
            assert next(events) == "event: succeeded"
            assert json.loads(next(events).removeprefix("data: "))["result"] == {"data": {}}
            assert next(events, None) is None, "the stream ends"
    worker.ledger.close()

    assert b" 413 " in _endless_post(url).split(b"\r\n", 1)[0]

    waiting = threading.Thread(target=_long_poll, args=(url,))
    waiting.start()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    waiting.join()
    assert process.returncode in (0, -signal.SIGTERM)
    assert process.stderr is not None
    log = process.stderr.read().decode()
    lines = [json.loads(line) for line in log.splitlines()]
    assert ("/v1/extractions", 202) in [(line.get("route"), line.get("status")) for line in lines]
    assert "Okafor" not in log
    assert "Traceback" not in log


def test_ctrl_c_ends_it_without_a_traceback(valkey: Valkey, tmp_path: Path) -> None:
    with Api(valkey, tmp_path) as api:
        assert api.process is not None
        api.process.send_signal(signal.SIGINT)
        assert api.process.wait(60) == 130
        assert "Traceback" not in api.log()


def test_it_refuses_to_be_open() -> None:
    with pytest.raises(KeyConfigError, match="without API keys"):
        serve(ApiSettings(host="0.0.0.0", port=free_port()))


@pytest.mark.parametrize("module", ["api", "workers"])
@pytest.mark.parametrize(
    ("name", "value"), [("SLOTS", "abc"), ("REDIS_URL", "nonsense:secret"), ("REDIS_URL", "redis://:secret/x@host")]
)
def test_a_wrong_setting_is_named_without_a_traceback(module: str, name: str, value: str) -> None:
    environ = {**os.environ, f"EXTRACTOR_{name}": value}
    ended = subprocess.run(
        [sys.executable, "-m", module], env=environ, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 78, "another start would end alike"
    assert f"EXTRACTOR_{name}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.parametrize("module", ["api", "workers"])
def test_what_is_nearly_a_setting_is_told(module: str) -> None:
    """In the log of the process that would have read it; SLOTS ends it at once."""
    environ = {**os.environ, "EXTRACTOR_QUOTA_JOB": "5", "EXTRACTOR_SLOTS": "abc"}
    ended = subprocess.run(
        [sys.executable, "-m", module], env=environ, capture_output=True, text=True, timeout=100, check=False
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert [(one["setting"], one["perhaps"]) for one in lines if one["event"] == "no such setting"] == [
        ("EXTRACTOR_QUOTA_JOB", "EXTRACTOR_QUOTA_JOBS")
    ]
    assert "Traceback" not in ended.stderr


def _endless_post(url: str) -> bytes:
    """Chunks without end, as fast as they are taken; what the server answers before it hangs up."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/extractions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        answer = b""
        try:
            for _ in range(100):
                connection.sendall(chunk)
        except ConnectionError:
            answer = b""
        try:
            answer = connection.recv(65536)
        except ConnectionError:
            pytest.fail("hung up without an answer")
    return answer


def _long_poll(url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
        job = http.post("/v1/extractions", json=BODY).json()
        try:
            http.get(f"/v1/extractions/{job['id']}", params={"wait": 60})
        except httpx.TransportError:
            return  # cut off, as it should be
