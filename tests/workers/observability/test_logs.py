"""One id from POST to result, with real processes: what the API and the workers log of a document carries its ids, and
nothing they log holds anything of its text, its name or what its caller wrote beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fleet import Fleet, until
from tests.support.served import Api
from tests.support.valkey import Valkey

pytestmark = pytest.mark.timeout(300)  # real processes, on machines that may be busy
CANARY = "canary5d1e"


class LoggingService:
    def __init__(self, folder: Path, api: Api, fleet: Fleet) -> None:
        self.folder, self.fleet = folder, fleet
        self.http = httpx.Client(base_url=api.url, trust_env=False, timeout=60)

    def lines(self, name: str = "*-*.log") -> list[dict[str, Any]]:
        """Every line of every log of that name, which has to be JSON."""
        texts = [path.read_text() for path in sorted(self.folder.glob(name))]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def grep(self, word: str) -> list[str]:
        """What was said on the lines with this word, in their order."""
        found = [line for line in self.lines() if word in json.dumps(line)]
        return [line["event"] for line in sorted(found, key=lambda line: line["timestamp"])]

    def submit(self, text: str, request_id: str) -> dict[str, Any]:
        body = {
            "schema": "contact",
            "document": {"text": f"{CANARY} {text}", "filename": f"{CANARY}.txt"},
            "metadata": {CANARY: CANARY},
            "options": {"timeout_s": 60},
        }
        response = self.http.post("/v1/extractions", json=body, headers={"X-Request-ID": request_id})
        assert response.status_code == 202, response.text
        return self.end(f"/v1/extractions/{response.json()['id']}")

    def end(self, path: str) -> dict[str, Any]:
        def ended() -> dict[str, Any]:
            found: dict[str, Any] = self.http.get(path).json()
            return found

        until(lambda: ended()["finished_at"] is not None, 60, "ended")
        return ended()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggingService]:
    folder = tmp_path_factory.mktemp("seen")
    (folder / "store").mkdir()
    with (
        Valkey(folder / "store" / "valkey", aof=True) as valkey,  # one that keeps all is not warned of
        Fleet(valkey, folder, lease_s=8.0) as fleet,  # a machine that is busy for a while ends none
        Api(valkey, folder) as api,
    ):
        fleet.start()
        made = LoggingService(folder, api, fleet)
        yield made
        made.http.close()
    for log in [*folder.glob("worker-*.log"), *folder.glob("api-*.log")]:
        assert CANARY not in log.read_text(), f"{log.name} holds something of a document"


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", ["claimed", "job"]),
        ("raise=bug", ["claimed", "internal error", "job"]),
        ("raise=output", ["claimed", "job"]),
        ("raise=engine", ["claimed", "job", "republished", "claimed", "job", "republished", "claimed", "job"]),
    ],
)
def test_every_line_about_a_document_has_its_id(service: LoggingService, text: str, said: list[str]) -> None:
    request_id = f"asked-{text.replace('=', '-')}"
    before = len(service.lines("worker-*.log"))
    job = service.submit(text, request_id)
    until(lambda: service.grep(job["id"]).count("job") == said.count("job"), 20, "the last line is written")
    lines = service.lines("worker-*.log")[before:]
    assert [line["event"] for line in lines] == said
    assert {(line["job"], line["request_id"]) for line in lines} == {(job["id"], request_id)}
    assert job["request_id"] == request_id
    # the POST, and what the worker did, which may have claimed it before the POST was answered
    assert Counter(service.grep(request_id)) == Counter(["request", *said])
    requests = [event for event in service.grep(job["id"]) if event == "request"]
    assert len(requests) >= 2, "the POST and each GET name the job"
    if "raise" in text:
        code = lines[-1]["code"]
        assert job["reason"] == ("poison" if text == "raise=engine" else code)


@pytest.mark.process
def test_a_batchs_documents_have_its_id_and_their_line(service: LoggingService) -> None:
    texts = ["one", "two raise=bug"]
    lines = [
        {"custom_id": f"{CANARY}-{n}", "schema": "contact", "document": {"text": f"{CANARY} {text}"}}
        for n, text in enumerate(texts)
    ]
    lines.append({"custom_id": CANARY, "schema": CANARY})
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"X-Request-ID": "upload-7", "Content-Type": "application/x-ndjson"}
    batch = service.http.post("/v1/batches", content=body, headers=headers).json()
    service.end(f"/v1/batches/{batch['id']}")
    until(lambda: service.grep("upload-7").count("job") == 2, 20, "the last line is written")
    ended = [line for line in service.lines("worker-*.log") if line.get("batch") == batch["id"]]
    assert {line["line"] for line in ended} == {1, 2}
    assert {line["request_id"] for line in ended} == {"upload-7"}
    assert sorted(service.grep("upload-7")) == sorted(["request", "claimed", "claimed", "internal error", "job", "job"])
    assert set(service.grep(batch["id"])) == {"request", "claimed", "internal error", "job"}


@pytest.mark.process
def test_a_lost_worker_is_told_of_with_the_ids(service: LoggingService) -> None:
    body = {"schema": "contact", "document": {"text": f"{CANARY} sleep=20"}}
    job_id = service.http.post("/v1/extractions", json=body, headers={"X-Request-ID": "orphan-1"}).json()["id"]
    until(lambda: service.http.get(f"/v1/extractions/{job_id}").json()["status"] == "running", 30, "it runs")
    (old,) = service.fleet.alive()
    service.fleet.start()
    old.kill()
    until(lambda: service.grep("orphan-1").count("claimed") == 2, 60, "another worker has it")
    assert service.http.post(f"/v1/extractions/{job_id}/cancel").status_code == 202
    assert service.end(f"/v1/extractions/{job_id}")["reason"] == "requested"
    until(lambda: "job" in service.grep("orphan-1"), 20, "the last line is written")
    # the worker may have claimed it before the POST was answered: its line is not always the first
    said = service.grep("orphan-1")
    assert Counter(said) == Counter(["request", "claimed", "lease ended", "claimed", "abort", "job"])
    assert said[-2:] == ["abort", "job"]


@pytest.mark.process
def test_nothing_strange_in_a_callers_id_reaches_the_logs(service: LoggingService) -> None:
    for strange in ('x"}\n{"event": "forged', f"{CANARY} with spaces", "x" * 500):
        headers = {b"X-Request-ID": strange.replace("\n", " ").encode()}
        job = service.http.get("/v1/extractions/" + CANARY, headers=headers)
        assert job.status_code == 404
        assert job.headers["x-request-id"] != strange
    assert "forged" not in "".join(path.read_text() for path in service.folder.glob("api-*.log"))
