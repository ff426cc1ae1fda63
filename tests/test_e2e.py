"""The whole way, with nothing in a fake's place: the embedded Valkey, the API over HTTP, a Celery worker process with
the bundled pair on the CPU. One service for the file; the command line and the client are its users.

The last tests harm it: a worker killed under load, and the end of `extractor up`.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from pydantic import BaseModel, Field

from extractor.client import Client, Conflict, Job, Refused
from extractor.service.demo import Sample, samples
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service
from schemas.registry import Registry
from tests.support.served import wait_until
from tests.support.slim import links, slim

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[1]
SAMPLES = samples()
READY_S = 200.0
# Schemas whose answer is valid whatever a model writes, so that these tests show the service and not its model: the
# grammar bounds a short one, and holds a long one open for about 150 tokens.
SHORT = {
    "type": "object",
    "properties": {"code": {"type": "string", "maxLength": 8}},
    "required": ["code"],
    "additionalProperties": False,
}
WORD = {"type": "string", "minLength": 8, "maxLength": 10}
LONG = {
    "type": "object",
    "properties": {"words": {"type": "array", "minItems": 16, "maxItems": 16, "items": WORD}},
    "required": ["words"],
    "additionalProperties": False,
}
# Recovery within seconds, so that a test can see it; the defaults are for networks and large models.
FAST = {
    "EXTRACTOR_LEASE_S": "4", "EXTRACTOR_PULSE_S": "0.5", "EXTRACTOR_RECONCILE_S": "0.5",
    "EXTRACTOR_REPUBLISH_AFTER_S": "4", "EXTRACTOR_HEARTBEAT_TTL_S": "3", "EXTRACTOR_VISIBILITY_TIMEOUT_S": "10",
    "EXTRACTOR_MAX_ATTEMPTS": "3",
}  # fmt: skip

# What a shell may hold when it starts the service; none of it is for everybody.
SECRETS = {
    "EXTRACTOR_METRICS_TOKEN": "0" * 64, "EXTRACTOR_API_KEY": "a-client's", "HF_TOKEN": "hf_s3cr3t",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3cr3t", "EXTRACTOR_OTEL": "false",
    "AWS_SECRET_ACCESS_KEY": "s3cr3t", "DATABASE_URL": "postgres://me:s3cr3t@db/1", "TOTP_PASSPHRASE": "s3cr3t",
}  # fmt: skip
OURS = ("EXTRACTOR_METRICS_TOKEN", "HF_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS")


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def service(log: list[str]) -> Iterator[Service]:
    plan = ServicePlan(port=0, environ=FAST, worker_grace_s=20.0)
    with pytest.MonkeyPatch.context() as shell:
        for name, value in SECRETS.items():
            shell.setenv(name, value)
        with Service(plan, log.append) as running:
            running.wait_ready(READY_S)
            shell.undo()
            yield running


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    with Client(service.url) as talking:
        yield talking


@dataclass
class CommandRun:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def command(*arguments: str, url: str | None = None) -> CommandRun:
    """The command line as a process of its own."""
    environ = {**os.environ, **({"EXTRACTOR_URL": url} if url else {})}
    done = subprocess.run(
        [sys.executable, "-c", "from extractor.cli.app import main; main()", *arguments],
        capture_output=True, text=True, env=environ, cwd=ROOT, timeout=200, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return CommandRun(done.returncode, done.stdout, done.stderr)


def environ_of(pid: int) -> dict[str, str]:
    """As the kernel has it; the store writes its title over a part of its own."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def test_each_process_has_the_secrets_that_it_uses(service: Service, client: Client, log: list[str]) -> None:
    """The table of docs/security.md, read from the kernel."""
    client.wait(client.submit(SAMPLES[0].path, SAMPLES[0].schema).id, 120)  # so that all there is has been started
    password = urlsplit(service.redis_url).password
    assert password
    pids = service.pids()
    everybody = {pid: f"{name}'s {'/'.join(psutil.Process(pid).cmdline()[-3:])}" for name, pid in pids.items()}
    for name, pid in pids.items():
        for child in psutil.Process(pid).children(recursive=True):
            everybody[child.pid] = f"{name}'s child {' '.join(child.cmdline())}"
    engines = [pid for pid, who in everybody.items() if "extractor.engine.child" in who]
    assert len(engines) == 1
    expected = {
        pids["store"]: (),
        pids["api"]: ("redis", "EXTRACTOR_METRICS_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS"),
        pids["worker-1"]: ("redis", "HF_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS"),
    }
    for pid, who in everybody.items():
        found = environ_of(pid)
        has = {name for name in OURS if name in found} | ({"redis"} if password in "".join(found.values()) else set())
        assert has == set(expected.get(pid, ())), who  # an engine's model is bundled, and a sandbox has none
        assert "s3cr3t" not in "".join(value for name, value in found.items() if name not in OURS), who
        assert "EXTRACTOR_API_KEY" not in found, who
        assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes(), who
    assert not [line for line in log if password in line]


def test_who_needs_no_network_has_none(service: Service) -> None:
    """The store has no port, the engine a filter that tests/sandbox/test_network.py tries, and no thread without it."""
    store = psutil.Process(service.pids()["store"])
    assert not store.net_connections(kind="inet")
    children = psutil.Process(service.pids()["worker-1"]).children(recursive=True)
    (engine,) = [child for child in children if "extractor.engine.child" in child.cmdline()]
    assert not engine.net_connections(kind="inet")
    for thread in Path(f"/proc/{engine.pid}/task").iterdir():
        assert "Seccomp:\t2\n" in (thread / "status").read_text()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path.name)
def test_a_sample_comes_back_valid_or_with_what_is_wrong(client: Client, sample: Sample) -> None:
    """Promise 1, whatever the small model writes: data that validates, or its last answer with the reason."""
    job = client.wait(client.submit(sample.path, sample.schema, options={"text": True}).id, 120)
    assert job.attempt == 1 + (sample.path.suffix == ".jpg"), "a picture is read first, beside the slots"
    if job.status == "failed":
        assert job.error is not None
        assert job.error["code"] in ("invalid_output", "truncated_output")
        assert job.error["last"].startswith("{")
        return
    assert job.result is not None
    Registry.discover().get(sample.schema).validate(job.data)
    usage = job.result["usage"]
    assert 0 < usage["target_forwards"] < usage["output_tokens"], "drafts save target forwards"
    assert set(usage["drafts"]) == {"grammar", "copy", "mtp"}
    assert all(0 <= each["accepted"] <= each["proposed"] for each in usage["drafts"].values())
    assert job.result["schema"] == f"{sample.schema}@1"
    text = job.result["document"]["text"]
    spans = [span for known in job.fields.values() for span in known["evidence"]]
    assert len(spans) > 3
    assert all(text[span["start"] : span["stop"]] == span["text"] for span in spans)
    with_boxes = {".txt": (), ".eml": (2,)}.get(sample.path.suffix, (1,))  # pages: a mail's own text has none
    assert all(bool(span["boxes"]) == (span["page"] in with_boxes) for span in spans)
    assert all(0 < known["confidence"] <= 1 for known in job.fields.values())


def test_drafters_change_speed_and_nothing_else(client: Client) -> None:
    mixes: list[list[str]] = [[], ["grammar"], ["copy"], ["mtp"], ["grammar", "copy", "mtp"]]
    jobs = [client.submit(SAMPLES[0].path, LONG, options={"drafters": mix}) for mix in mixes]
    ended = [client.wait(job.id, 120) for job in jobs]
    assert [job.status for job in ended] == ["succeeded"] * len(mixes)
    assert all(job.data == ended[0].data for job in ended)
    forwards = [(job.result or {})["usage"]["target_forwards"] for job in ended]
    assert forwards[0] == max(forwards)
    assert forwards[-1] < forwards[0]


def test_a_loop_is_ended_and_told(service: Service) -> None:
    """Of a text that no model could write without one."""
    loop = {"type": "string", "pattern": "^n{300,}$"}
    schema = {"type": "object", "properties": {"text": loop, "after": WORD}, "required": ["text", "after"]}
    body = {"json_schema": schema, "document": {"text": "None."}}
    answer = httpx.post(f"{service.url}/v1/extractions", json=body, headers={"Prefer": "wait=60"}, timeout=90)
    result = answer.json()["result"]
    assert result["data"]["text"] == "n" * 300
    assert result["needs_review"]
    [mark] = [one for one in result["review"] if one["code"] == "repeated"]
    assert (mark["pointer"], mark["severity"]) == ("/text", "high")


def test_a_typed_extraction_gives_an_instance(client: Client) -> None:
    class Code(BaseModel):
        code: str = Field(max_length=8)

    assert isinstance(client.extract("The code is QX-4471.", Code, 120), Code)


def test_curl_with_prefer_wait_gets_the_result_at_once(service: Service) -> None:
    content = base64.b64encode("Größe: 44".encode("latin-1")).decode()
    body = {"json_schema": SHORT, "document": {"content": content, "media_type": "text/plain; charset=latin-1"}}
    answer = httpx.post(f"{service.url}/v1/extractions", json=body, headers={"Prefer": "wait=60"}, timeout=90)
    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"
    assert httpx.get(service.url + answer.headers["Location"]).json() == answer.json(), "a result can be read again"


def test_a_repeated_post_is_one_extraction(client: Client) -> None:
    one, two = (client.submit("Ada, 555-0100", SHORT, idempotency_key="the-same") for _ in range(2))
    assert one.id == two.id
    with pytest.raises(Refused) as caught:
        client.submit("Bob, 555-0101", SHORT, idempotency_key="the-same")
    assert caught.value.code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"schema": "nope", "document": {"text": "x"}}, 422, "unknown_schema"),
        ({"json_schema": {"type": "objekt"}, "document": {"text": "x"}}, 422, "invalid_schema"),
        ({"schema": "contact", "document": {"text": "  \n"}}, 422, "empty_document"),
        ({"schema": "contact", "document": {"text": "x" * (32 * 2**20 + 1)}}, 413, "document_too_large"),
        ({"schema": "contact", "document": {"content": "AAECAwQF"}}, 422, "binary_document"),
        ({"schema": "contact", "document": {"content": "UmFyIRoHAQA="}}, 415, "unsupported_media_type"),
        ({"document": {"text": "x"}}, 422, "invalid_request"),
    ],
)
def test_bad_input_is_a_problem_and_no_job(service: Service, body: Any, status: int, code: str) -> None:
    def newest() -> list[str]:
        return [job["id"] for job in httpx.get(f"{service.url}/v1/extractions?limit=1").json()["data"]]

    before = newest()
    answer = httpx.post(f"{service.url}/v1/extractions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert newest() == before


def test_a_document_longer_than_the_context_is_read_in_windows(client: Client) -> None:
    letter = "Anna Berger, Sales\nPhone: 030 1234567\n" + "and so we write, as agreed.\n" * 500
    job = client.wait(client.submit(letter, "contact").id, 120)
    assert job.status == "succeeded"
    assert job.result is not None
    windows = job.result["document"]["windows"]
    assert len(windows) > 1
    assert [window["state"] for window in windows] == ["read"] * len(windows)


def test_the_command_line_submits_lists_and_tells(service: Service, tmp_path: Path) -> None:
    schema, file = tmp_path / "short.json", str(SAMPLES[0].path)
    schema.write_text(json.dumps(SHORT))
    waited = command("submit", file, "-s", str(schema), "--wait", url=service.url)
    assert waited.status == 0, waited.err
    assert set(waited.lines[0]) == {"code"}
    sent = command("submit", file, "-s", str(schema), url=service.url)
    job_id = sent.lines[0]["id"]
    with Client(service.url) as client:
        client.wait(job_id, 120)
    told = command("status", job_id, url=service.url)
    assert (told.status, told.lines[0]["status"]) == (0, "succeeded")
    assert job_id in command("list", "--limit", "3", url=service.url).out
    late = command("cancel", job_id, url=service.url)
    assert (late.status, late.out) == (2, "")
    assert "already_finished" in late.err
    assert command("status", "no-such-id", url=service.url).status == 2


def test_the_command_line_extracts_a_batch_in_order(service: Service, tmp_path: Path) -> None:
    empty, schema, out = tmp_path / "empty.txt", tmp_path / "short.json", tmp_path / "out.jsonl"
    empty.write_text(" ")
    schema.write_text(json.dumps(SHORT))
    files = [str(sample.path) for sample in SAMPLES]
    done = command("batch", *files, str(empty), "-s", str(schema), "-o", str(out), url=service.url)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert done.status == 1, "one of them is empty"
    assert [row["file"] for row in rows] == [*files, str(empty)]
    assert [row["status"] for row in rows] == ["succeeded"] * len(files) + ["failed"]
    assert rows[-1]["error"]["code"] == "empty_document"
    assert all(set(row["data"]) == {"code"} for row in rows[:-1])


def test_the_command_beside_the_client_alone_asks_the_service(service: Service, tmp_path: Path) -> None:
    """As `pip install .` leaves it: httpx and pydantic, no Typer."""
    links(tmp_path, "httpx", "pydantic")
    out, schema = tmp_path / "out.csv", tmp_path / "short.json"
    schema.write_text(json.dumps(SHORT))

    def run(*arguments: str) -> str:
        done = slim([ROOT, tmp_path], *arguments, EXTRACTOR_URL=service.url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    files = [str(sample.path) for sample in SAMPLES[:2]]
    assert set(json.loads(run("submit", files[0], "-s", str(schema), "--wait"))) == {"code"}
    job = json.loads(run("submit", files[0], "--schema", SAMPLES[0].schema))["id"]
    assert json.loads(run("status", job))["id"] == job
    assert run("list", "--limit", "1").startswith(job)
    run("batch", *files, "-s", str(schema), "-o", str(out))
    assert [row["status"] for row in csv.DictReader(out.read_text().splitlines())] == ["succeeded"] * 2
    assert "ready" in run("workers")


def test_the_command_line_extracts_here_and_now(client: Client, tmp_path: Path) -> None:
    schema, path = tmp_path / "long.json", SAMPLES[0].path
    schema.write_text(json.dumps(LONG))
    done = command("run", str(path), "-s", str(schema), "--full")
    assert done.status == 0, done.err
    result = done.lines[0]
    served = client.wait(client.submit(path, LONG).id, 120)
    assert result["data"] == served.data, "one library, two ways to it"
    assert result["usage"]["output_tokens"] > 0


def test_a_running_extraction_can_be_cancelled(client: Client) -> None:
    jobs = [client.submit(f"Document {n}", LONG) for n in range(12)]
    assert {client.cancel(job.id).status for job in jobs[6:]} <= {"cancelled", "running"}
    ended = [client.wait(job.id, 120).status for job in jobs]
    assert ended == ["succeeded"] * 6 + ["cancelled"] * 6
    with pytest.raises(Conflict):
        client.cancel(jobs[0].id)


def test_nothing_is_lost_when_the_worker_is_killed_under_load(service: Service, client: Client) -> None:
    jobs = [client.submit(f"Document {n} of many", LONG) for n in range(24)]
    assert wait_until(lambda: any(client.get(job.id).status == "running" for job in jobs), 30, every_s=0.01)
    killed = service.pids()["worker-1"]
    os.killpg(killed, signal.SIGKILL)
    ended: list[Job] = [client.wait(job.id, 200) for job in jobs]
    assert Counter(job.status for job in ended) == {"succeeded": len(jobs)}
    assert max(job.attempt for job in ended) >= 2, "the kill hit work in flight, and it was done again"
    assert service.pids()["worker-1"] != killed


def test_an_engine_that_dies_is_started_again_under_a_worker_that_stays(service: Service, client: Client) -> None:
    worker = psutil.Process(service.pids()["worker-1"])
    jobs = [client.submit(f"Document {n} for an engine", LONG) for n in range(12)]
    # Not the first that runs: its grammar may still be on trial, and what comes to an engine that is away just waits.
    assert wait_until(lambda: any(client.get(job.id).status == "succeeded" for job in jobs), 60, every_s=0.01)
    [engine] = [child for child in worker.children() if "extractor.engine.child" in child.cmdline()]
    engine.kill()
    ended = [client.wait(job.id, 200) for job in jobs]
    assert Counter(job.status for job in ended) == {"succeeded": len(jobs)}
    assert max(job.attempt for job in ended) >= 2, "the kill hit work in flight, and it was done again"
    assert service.pids()["worker-1"] == worker.pid
    assert worker.is_running()


def test_up_says_when_it_is_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ = {**os.environ, **FAST, "EXTRACTOR_DATA_DIR": str(tmp_path)}
    program = [sys.executable, "-c", "from extractor.cli.app import main; main()", "up", "--port", "0"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environ, cwd=ROOT) as up:
        assert up.stderr is not None
        seen = []
        for line in up.stderr:
            seen.append(line)
            if ready := re.search(r'"event": "ready", "url": "(http://[^"]+)"', line):
                break
        else:
            pytest.fail("".join(seen))
        family = psutil.Process(up.pid).children(recursive=True)
        assert len(family) >= 3, "store, API and worker"
        assert httpx.get(f"{ready[1]}/readyz").status_code == 200
        up.terminate()
        deadline = time.monotonic() + 60
        rest = up.stderr.read()
        assert up.wait(max(0.0, deadline - time.monotonic())) == 0, rest
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
