"""Batches through a real API process: the client, sync and async, the command `extractor batch`, and an API that is
killed in the middle of an upload."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import gzip
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, field_validator

from extractor.cli import batch as command
from extractor.cli import evaluate_runs, remote
from extractor.cli.app import main
from extractor.client import (
    AsyncClient,
    BatchTimeout,
    Client,
    ExtractionFailed,
    NotFound,
    Patience,
    Refused,
    Row,
    Unauthorized,
    batches,
)
from extractor.errors import DocumentError
from tests.support.fleet import Fleet
from tests.support.scripted_worker import digest
from tests.support.served import Api, ThreadWorker
from tests.support.valkey import Valkey


class Said(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def _not_odd(cls, value: str) -> str:
        if value == "odd":
            raise ValueError("it is odd")
        return value


@pytest.fixture(scope="module")
def service(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Api(valkey, tmp_path_factory.mktemp("api")) as api:
        yield api.url


@pytest.fixture
def worker(valkey: Valkey) -> Iterator[ThreadWorker]:
    valkey.flush()
    with ThreadWorker(valkey) as one:
        yield one


@pytest.fixture
def client(service: str, worker: ThreadWorker) -> Iterator[Client]:  # noqa: ARG001
    with Client(service, patience=Patience(total_s=60, first_s=0.05)) as one:
        yield one


def judge(rows: list[Row[Said]]) -> None:
    assert [(row.line, row.custom_id, row.status) for row in rows] == [
        (1, "1", "succeeded"), (2, "2", "failed"), (3, "three", "succeeded"), (4, "4", "refused"), (5, "5", "failed")
    ]  # fmt: skip
    assert (rows[0].value, rows[1].value, rows[2].value) == (Said(text="one"), None, Said(text="three"))
    assert rows[1].error is not None
    assert rows[1].error["code"] == "invalid_output"
    assert rows[3].error is not None
    assert (rows[3].error["code"], rows[3].job) == ("empty_document", None)
    assert rows[4].error is not None
    assert (rows[4].value, rows[4].error["errors"][0]["pointer"]) == (None, "/text"), "what the class alone refuses"
    assert rows[4].error["last"] == '{"text":"odd"}'


DOCUMENTS: list[Any] = ["one", b"fail", ("three", "three"), " ", "odd"]


def test_a_row_for_each_document_with_instances_as_values(client: Client) -> None:
    judge(list(client.batch(DOCUMENTS, Said)))


def test_the_same_awaited(service: str, worker: ThreadWorker) -> None:  # noqa: ARG001
    async def run() -> list[Row[Said]]:
        async with AsyncClient(service) as client:
            return [row async for row in client.batch(DOCUMENTS, Said)]

    judge(asyncio.run(run()))


def test_pages_of_rows_meet_without_a_gap(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PAGE_ROWS", 4)
    documents = [" " if n % 3 == 0 or 10 < n < 22 else f"n{n}" for n in range(40)]
    rows = list(client.batch(documents, "contact"))
    assert [row.line for row in rows] == list(range(1, 41))
    assert [row.status == "refused" for row in rows] == [document == " " for document in documents]


def test_waiting_cancelling_and_erasing(client: Client, worker: ThreadWorker) -> None:
    batch = client.submit_batch(batches.lines_of(["hold", "hold"], {}), "contact")
    with pytest.raises(BatchTimeout) as late:
        client.wait_batch(batch.id, 0.3)
    assert late.value.batch.id == batch.id
    while len(worker.held) < 2:
        time.sleep(0.01)
    assert client.cancel_batch(batch.id).status in ("cancelling", "cancelled")
    assert client.wait_batch(batch.id, 30).status == "cancelled"
    client.delete_batch(batch.id)
    with pytest.raises(NotFound):
        client.get_batch(batch.id)


def test_an_api_killed_in_the_middle_of_an_upload_costs_nothing(valkey: Valkey, tmp_path: Path) -> None:
    """kill -9 with half of the lines sent; then the same upload once more. Exactly the same documents."""
    count = 1000
    lines = b"".join(batches.line(f"c{n}", f"document {n}", {}) for n in range(count))
    headers = {"Idempotency-Key": "evening", "Content-Type": "application/x-ndjson"}
    valkey.flush()
    with Api(valkey, tmp_path) as api, ThreadWorker(valkey) as worker:

        def until_killed(part: float) -> Iterator[bytes]:
            stop = int(len(lines) * part)
            for at in range(0, stop, 4096):
                yield lines[at : at + 4096]
            deadline = time.monotonic() + 60
            while (
                worker.ledger.run(worker.ledger.jobs.counts("default"))["accepted"] < count * (part - 0.2)
                and time.monotonic() < deadline
            ):
                time.sleep(0.01)
            os.kill(api.pid, signal.SIGKILL)
            yield lines[stop:]

        def upload(content: Any) -> httpx.Response:
            with httpx.Client(trust_env=False, timeout=60) as http:
                url = f"{api.url}/v1/batches?schema=contact"
                return http.post(url, content=content, headers=headers)

        with pytest.raises(httpx.TransportError):
            upload(until_killed(0.6))
        kept = worker.ledger.run(worker.ledger.jobs.counts("default"))["accepted"]
        api.kill()
        api.start()
        response = upload(lines)
        assert response.status_code == 202, response.text
        batch_id = response.json()["id"]
        with Client(api.url) as client:
            done = client.wait_batch(batch_id, 60)
            rows = list(client.batch_rows(batch_id))
        again = upload(gzip.compress(lines))
        assert (again.headers["idempotent-replayed"], again.json()["id"]) == ("true", batch_id)
        counts = worker.ledger.run(worker.ledger.jobs.counts("default"))
    print(f"[api killed] lines={count} kept_at_the_kill={kept} accepted={counts['accepted']}")
    assert 0 < kept < count
    assert done.counts["accepted"] == done.counts["succeeded"] == count
    assert counts["accepted"] == counts["succeeded"] == count
    assert [row.custom_id for row in rows] == [f"c{n}" for n in range(count)]
    assert [row.value["text"] for row in rows if row.value] == [f"document {n}" for n in range(count)]


def test_real_workers_take_a_batch_and_an_interactive_document_passes_it(
    valkey: Valkey, service: str, tmp_path: Path
) -> None:
    valkey.flush()
    with Fleet(valkey, tmp_path, slots=2) as fleet, Client(service) as client:
        fleet.start()
        sent = client.submit_batch(batches.lines_of([f"n{n} sleep=0.1" for n in range(60)], {}), "contact")
        while client.get_batch(sent.id).counts["succeeded"] < 4:
            time.sleep(0.02)
        client.wait(client.submit("in a hurry", "contact").id, 60)
        passed = client.get_batch(sent.id)
        assert passed.counts["queued"] > 20, "it did not wait for them"
        done = client.wait_batch(sent.id, 60)
        rows = list(client.batch_rows(sent.id))
    assert done.counts["succeeded"] == 60
    assert done.documents_per_s
    assert [row.value["digest"] for row in rows if row.value] == [digest(f"n{n} sleep=0.1") for n in range(60)]


@pytest.fixture
def run(
    service: str,
    worker: ThreadWorker,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Any:
    monkeypatch.setattr(command, "POLL_S", 0.02)

    def call(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        command = [] if arguments[0] == "submit" else ["batch"]
        monkeypatch.setattr(sys, "argv", ["extractor", *command, *arguments, "--url", service])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        return int(ended.value.code or 0), [json.loads(line) for line in out.splitlines()], err.decode()

    return call


def write(folder: Path, *texts: str) -> list[str]:
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text)
    return [str(folder / f"{number}.txt") for number in range(len(texts))]


def test_the_command_writes_a_row_a_file_in_order(run: Any, tmp_path: Path) -> None:
    files = write(tmp_path, "a", "fail", "b", " ")
    (tmp_path / "4.txt").write_text("x")
    (tmp_path / "4.txt").chmod(0)
    unreadable = [str(tmp_path / "4.txt")] if not os.access(tmp_path / "4.txt", os.R_OK) else []
    status, rows, err = run(*files, *unreadable, "-s", "contact")
    assert status == 1
    assert [row["file"] for row in rows] == [*files, *unreadable]
    statuses = ["succeeded", "failed", "succeeded", "failed", *["failed" for _ in unreadable]]
    assert [row["status"] for row in rows] == statuses
    assert [row["data"] and row["data"]["text"] for row in rows[:4]] == ["a", None, "b", None]
    assert [row["error"] and row["error"]["code"] for row in rows[:4]] == [
        None, "invalid_output", None, "empty_document"
    ]  # fmt: skip
    assert "2 succeeded" in err
    assert run(files[0], "-s", "contact")[0] == 0


def test_the_command_takes_lines_of_jsonl_and_writes_a_file_at_once(run: Any, tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl"
    lines = [{"custom_id": f"l{n}", "schema": "contact", "document": {"text": f"t{n}"}} for n in range(3)]
    path.write_bytes(gzip.compress(b"\n".join(json.dumps(one).encode() for one in lines) + b"\nno JSON\n"))
    status, printed, _ = run(str(path), "-o", str(out), "--max-output-tokens", "9")
    rows = [json.loads(row) for row in out.read_text().splitlines()]
    assert (status, printed) == (1, [])
    assert [(row["custom_id"], row["line"], row["status"]) for row in rows] == [
        ("l0", 1, "succeeded"), ("l1", 2, "succeeded"), ("l2", 3, "succeeded"), (None, 4, "failed")
    ]  # fmt: skip
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in.jsonl.gz", "out.jsonl"]
    assert run(str(path), "-o", str(out), "--max-output-tokens", "9", "--resume")[0] == 1, "whole: as it ended"
    status, _, err = run(*write(tmp_path, "a"))
    assert (status, "--schema" in err) == (2, True)


def test_the_command_writes_rows_in_full_and_tables(run: Any, tmp_path: Path) -> None:
    files, out = write(tmp_path, "a", "fail", " "), tmp_path / "out.csv"
    status, rows, _ = run(*files, "-s", "contact", "--full")
    assert (status, [row["file"] for row in rows]) == (1, files)
    assert [row["status"] for row in rows] == ["succeeded", "failed", "failed"]
    assert rows[0]["result"]["data"]["text"] == "a"
    assert {"fields", "usage", "model"} <= rows[0]["result"].keys()
    assert rows[0]["custom_id"] == (files[0] if len(files[0]) <= 64 else "…" + files[0][-63:])
    assert [row["result"] for row in rows[1:]] == [None, None]
    assert [row["error"]["code"] for row in rows[1:]] == ["invalid_output", "empty_document"]

    assert run(*files, "-s", "contact", "-o", str(out))[0] == 1
    with out.open(newline="") as text:
        lines = list(csv.DictReader(text))
    assert [(line["file"], line["status"], line["text"]) for line in lines] == [
        (files[0], "succeeded", "a"), (files[1], "failed", ""), (files[2], "failed", "")
    ]  # fmt: skip
    assert run(*files, "-s", "contact", "-o", str(out), "--resume")[0] == 1, "whole: as it ended"
    book = tmp_path / "out.xlsx"
    assert run(files[0], "-s", "contact", "-o", str(book))[0] == 0
    assert run(files[0], "-s", "contact", "-o", str(book), "--resume")[0] == 0
    assert sorted(entry.name for entry in tmp_path.glob("out*")) == ["out.csv", "out.xlsx"]
    book.write_bytes(b"none")
    assert run(files[0], "-s", "contact", "-o", str(book), "--resume")[0] == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [(["--format", "xlsx"], "needs -o"), (["--rows", "items"], "of a table"), (["--format", "x"], "xlsx")],
)
def test_what_does_not_go_together_is_told(run: Any, tmp_path: Path, flags: list[str], said: str) -> None:
    status, _, err = run(*write(tmp_path, "a"), "-s", "contact", *flags)
    assert (status, said in err) == (2, True)


def test_an_output_that_is_there_is_not_overwritten_silently(run: Any, tmp_path: Path) -> None:
    files, out = write(tmp_path, "a"), tmp_path / "out.jsonl"
    out.write_text("precious\n")
    status, _, err = run(*files, "-s", "contact", "-o", str(out))
    assert (status, "--overwrite" in err, out.read_text()) == (2, True, "precious\n")
    assert not (tmp_path / "out.jsonl.batch").exists()
    status, _, err = run(*files, "-s", "contact", "-o", str(out), "--overwrite")
    assert (status, json.loads(out.read_text())["status"]) == (0, "succeeded")
    assert run(*files, "-s", "contact", "-o", str(out))[0] == 2
    assert run(*files, "-s", "contact", "-o", str(out), "--resume")[0] == 0, "it is whole already"


VALIDATORS = """
from pydantic import BaseModel, field_validator

class Said(BaseModel):
    text: str

    @field_validator("text")
    @classmethod
    def _not_odd(cls, value):
        if value == "odd":
            raise ValueError("it is odd")
        return value
"""


def test_the_validators_of_a_file_judge_what_the_service_answers(run: Any, tmp_path: Path) -> None:
    schema, lines = tmp_path / "said.py", tmp_path / "in.jsonl"
    schema.write_text(VALIDATORS)
    odd, even = {"document": {"text": "odd"}}, {"document": {"text": "even"}}
    own = {"json_schema": {"type": "object", "properties": {}}}
    other = [{**odd, "schema": "contact"}, {**odd, **own}, odd, even]
    lines.write_text("".join(json.dumps({**line, "custom_id": f"l{n}"}) + "\n" for n, line in enumerate(other)))
    files = write(tmp_path, "odd", "even")
    status, rows, err = run(*files, str(lines), "-s", str(schema))
    statuses = ["failed", "succeeded", "succeeded", "succeeded", "failed", "succeeded"]
    assert (status, [row["status"] for row in rows]) == (1, statuses)
    assert rows[1]["data"] == {"text": "even"}
    assert rows[0]["data"] is rows[4]["data"] is None
    assert (rows[0]["error"]["code"], rows[0]["error"]["last"]) == ("invalid_output", '{"text":"odd"}')
    assert rows[0]["error"]["errors"] == [{"pointer": "/text", "detail": "Value error, it is odd"}]
    assert "4 succeeded, 2 failed" in err
    assert f"\n  {files[0]}: the answer does not fit the schema" in err
    assert "\n  l2: the answer does not fit the schema" in err
    status, rows, err = run("submit", files[0], "-s", str(schema), "--wait")
    assert (status, rows, "/text: Value error, it is odd" in err) == (1, [], True)
    status, rows, _ = run("submit", files[0], "-s", str(schema), "--wait", "--full")
    assert (status, rows[0]["status"], rows[0]["error"]["last"]) == (1, "failed", '{"text":"odd"}')
    assert run("submit", files[1], "-s", str(schema), "--wait")[:2] == (0, [{"text": "even"}])


def test_the_text_stays_where_somebody_will_review_it(run: Any, tmp_path: Path) -> None:
    (file,) = write(tmp_path, "kept")
    _, (row,), _ = run(file, "-s", "contact", "--full", "--keep-text")
    _, (alone,), _ = run("submit", file, "-s", "contact", "--wait", "--full", "--keep-text")
    assert row["options"] == alone["options"] == {"text": True}


def test_what_a_person_should_look_at_is_said_beside_the_data(run: Any, tmp_path: Path) -> None:
    sure, doubtful, very = write(tmp_path, "sure", "doubtful", "doubtful " * 12)
    assert run("submit", sure, "-s", "contact", "--wait")[2].count("to review") == 0
    status, rows, err = run("submit", doubtful, "-s", "contact", "--wait")
    assert (status, rows) == (0, [{"text": "doubtful"}])
    assert "  to review: /text: the model was not sure of it\n" in err
    err = run("submit", very, "-s", "contact", "--wait")[2]
    assert (err.count("not sure of it"), "to review: 2 more, which --full prints" in err) == (10, True)
    _, rows, err = run(sure, doubtful, very, "-s", "contact")
    assert [row["needs_review"] for row in rows] == [False, True, True]
    assert "3 succeeded, 0 failed, 2 to review" in err
    assert "to review" not in run(sure, "-s", "contact")[2]


def test_who_waits_is_told_how_far_it_is(
    run: Any, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "SAID_EVERY_S", 0.02)
    (file,) = write(tmp_path, "hold")
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        if text == "  running":
            client.cancel(next(iter(client.list(status="running"))).id)

    monkeypatch.setattr(remote, "say", say)
    status, rows, err = run("submit", file, "-s", "contact", "--wait")
    assert (status, rows, "cancelled" in err) == (1, [], True)
    assert told.count("  running") == 1, "what has not changed is not said again"
    (job,) = client.list(status="cancelled")
    reading = job.model_copy(update={"status": "running", "progress": {"done": 14, "total": 52, "unit": "windows"}})
    queued = job.model_copy(update={"status": "queued", "waiting": {"detail": "No worker is there"}})
    assert [remote.how_far(one) for one in (reading, queued)] == [
        "running, 14 of 52 windows", "queued: No worker is there"]  # fmt: skip


def test_a_list_tells_and_narrows_to_what_waits_for_a_review(
    client: Client, service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sure, doubtful = (client.wait(client.submit(text, "contact").id).id for text in ("sure", "doubtful"))

    def listed(*arguments: str) -> list[tuple[str, bool]]:
        monkeypatch.setattr(sys, "argv", ["extractor", "list", *arguments, "--url", service])
        with pytest.raises(SystemExit):
            main()
        return [(line.split()[0], line.endswith("to review")) for line in capsys.readouterr().out.splitlines()]

    assert listed() == [(doubtful, True), (sure, False)]
    assert listed("--review", "open") == [(doubtful, True)]
    assert listed("--review", "done") == []
    assert not client.review(doubtful, {"/text": "certain"}).needs_review
    assert listed("--review", "done") == [(doubtful, False)]
    with pytest.raises(Refused) as refused:
        client.review(sure, confirmed=["/nothing"])
    assert "leads to no value of the answer" in str(refused.value)


def test_a_list_tells_which_document_it_was_and_why_it_failed(
    client: Client, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fine.txt").write_text("fine")
    (tmp_path / "bad\x1b[2J.txt").write_text("fail")
    own = {"type": "object", "properties": {"a": {"type": "string"}}}
    for document, schema in ((tmp_path / "fine.txt", "contact"), (tmp_path / "bad\x1b[2J.txt", "contact"), ("x", own)):
        job = client.submit(document, schema)
        with contextlib.suppress(ExtractionFailed):
            client.wait(job.id)
    monkeypatch.setattr(sys, "argv", ["extractor", "list", "--url", service])
    with pytest.raises(SystemExit):
        main()
    unnamed, failed, fine = (line.split()[2:] for line in capsys.readouterr().out.splitlines())
    assert (len(unnamed[0]), unnamed[0][:7], unnamed[0][-1], unnamed[2:]) == (24, "inline@", "…", [])
    assert (failed[0], failed[2:]) == ("contact@1", ["bad\\x1b[2J.txt", "invalid_output"])
    assert fine[2:] == ["fine.txt"]


def test_who_does_not_wait_is_told_where_the_result_will_be(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Client, "wait", interrupt)
        status, rows, err = run("submit", *write(tmp_path, "a"), "-s", "contact", "--wait")
    id = err.split()[0]
    assert (status, rows) == (130, [])
    assert err.splitlines()[1].startswith(f"It goes on in the service: `extractor status {id}` has its result")


def test_an_interrupted_command_is_resumed(
    run: Any, worker: ThreadWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, out = write(tmp_path, "a", "hold", "b"), tmp_path / "out.jsonl"
    arguments = [*files, "-s", "contact", "-o", str(out)]

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(command, "_follow", interrupt)
        status, _, err = run(*arguments)
    assert (status, "--resume" in err) == (130, True)
    assert not out.exists(), "a half-written file is never there"
    assert run(*arguments)[0] == 2, "not by accident a second time"
    assert run(files[0], "-s", "contact", "-o", str(out), "--resume")[0] == 2, "not with other inputs"

    def let_go() -> None:
        while not worker.held:
            time.sleep(0.01)
        held = worker.held.pop()
        answer = {"data": {"text": "held"}, "fields": {}}
        worker.ledger.run(worker.ledger.jobs.succeed("default", held.job.id, held.attempt, answer))

    helper = threading.Thread(target=let_go)
    helper.start()
    status, _, _ = run(*arguments, "--resume")
    helper.join()
    rows = [json.loads(row) for row in out.read_text().splitlines()]
    assert (status, [row["data"]["text"] for row in rows]) == (0, ["a", "held", "b"])
    assert worker.ledger.run(worker.ledger.jobs.counts("default"))["accepted"] == 3, "each document once"
    assert not out.with_name("out.jsonl.batch").exists()


def test_a_refused_command_leaves_nothing_to_resume(run: Any, tmp_path: Path) -> None:
    file, out = write(tmp_path, "a")[0], tmp_path / "out.jsonl"
    status, _, err = run(file, "-s", "nope", "-o", str(out))
    assert (status, "(unknown_schema)\n  /schema\n" in err) == (2, True)
    assert run(file, "-s", "contact", "-o", str(out))[0] == 0
    status, _, err = run(file, "-s", "contact", "-o", str(tmp_path))
    assert (status, "is a folder" in err) == (2, True)
    assert {entry.name for entry in tmp_path.iterdir()} == {"0.txt", "out.jsonl"}


def test_what_was_begun_is_not_forgotten_for_a_refusal(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that has run out since, say: its documents run."""
    arguments = [*write(tmp_path, "a"), "-s", "contact", "-o", str(tmp_path / "out.jsonl")]

    def refuse(*_: Any) -> None:
        raise Unauthorized("A valid API key is needed", status=401, code="unauthorized")

    for place, call, more in ((command, "_follow", []), (Client, "submit_batch", ["--resume"])):
        with monkeypatch.context() as patch:
            patch.setattr(place, call, refuse)
            assert run(*arguments, *more)[0] == 2
    assert run(*arguments, "--resume")[0] == 0


def test_what_the_command_writes_is_none_of_its_inputs(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a", "b")
    arguments = [str(tmp_path), "-s", "contact", "-o", str(tmp_path / "out.jsonl")]

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(command, "_follow", interrupt)
        assert run(*arguments)[0] == 130
    assert run(*arguments, "--resume")[0] == 0
    for _ in range(2):
        rows = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert [row["data"]["text"] for row in rows] == ["a", "b"]
        assert run(*arguments, "--overwrite")[0] == 0, "nor of a later run's"


def test_links_that_lead_nowhere_are_rows_that_failed(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder, "a")
    (folder / "circle.txt").symlink_to("circle.txt")
    (folder / "gone.txt").symlink_to("gone")
    out = tmp_path / "out.jsonl"
    assert run(str(folder), "-s", "contact", "-o", str(out))[0] == 1
    rows = [json.loads(row) for row in out.read_text().splitlines()]
    assert [(Path(row["file"]).name, row["status"]) for row in rows] == [
        ("0.txt", "succeeded"), ("circle.txt", "failed"), ("gone.txt", "failed")
    ]  # fmt: skip
    assert all("the link leads nowhere" in row["error"]["detail"] for row in rows[1:])


def test_names_in_another_encoding_and_broken_archives(run: Any, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("a")
    status, rows, _ = run(str(tmp_path), "-s", "contact")
    assert (status, rows[0]["data"]["text"], rows[0]["file"][-8:]) == (0, "a", "caf\ufffd.txt")
    broken = tmp_path / "in.jsonl.gz"
    broken.write_bytes(gzip.compress(b'{"a":1}\n' * 999)[:40] + b"\xff" * 40)
    status, _, err = run(str(broken), "-s", "contact")
    assert (status, "Cannot read" in err) == (2, True)
    assert run(str(tmp_path / ("x" * 300)), "-s", "contact")[0] == 2


def test_without_an_output_an_interrupted_batch_is_cancelled(
    run: Any, worker: ThreadWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_follow", interrupt)
    assert run(*write(tmp_path, "hold", "hold"), "-s", "contact")[0] == 130
    deadline = time.monotonic() + 20
    while worker.ledger.run(worker.ledger.jobs.counts("default"))["cancelled"] < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert worker.ledger.run(worker.ledger.jobs.counts("default"))["cancelled"] == 2


def test_a_document_that_cannot_be_read_ends_the_library_call(client: Client, tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        list(client.batch(["a", tmp_path / "gone.txt"], "contact"))


def test_eval_asks_a_service_in_one_batch_and_leaves_nothing_there(
    service: str, client: Client, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> None:  # fmt: skip
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    said = [
        {"document": "first one", "expected": {"text": "First one"}, "schema": schema},
        {"document": {"text": "fail"}, "expected": {"text": "x"}, "schema": schema},
        {"document": "third one", "expected": {"name": "Roe"}, "schema": "contact"},
    ]
    (tmp_path / "gold.jsonl").write_text("\n".join(map(json.dumps, said)))
    monkeypatch.setattr(evaluate_runs, "_POLL_S", 0.02)
    monkeypatch.setattr(sys, "argv", ["extractor", "eval", str(tmp_path / "gold.jsonl"), "--url", service, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsysbinary.readouterr()
    assert ended.value.code == 0, err
    made = json.loads(out)
    kinds = [[leaf["kind"] for leaf in one["leaves"]] for one in made["documents"]]
    assert kinds == [["normalised"], ["missing"], ["missing", "invented"]], "the last has a field that no contact has"
    assert [one["error"] and one["error"]["code"] for one in made["documents"]] == [None, "invalid_output", None]
    assert [one["schema"].partition("@")[0] for one in made["documents"]] == ["inline", "inline", "contact"]
    assert made["model"] == "scripted"
    assert list(client.list()) == []


def test_an_interrupted_eval_leaves_no_gold_in_the_service(
    service: str, client: Client, worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gold.jsonl").write_text(json.dumps({"document": "hold", "expected": {"name": "x"}}))

    def interrupt(_: float) -> None:
        if worker.held:
            raise KeyboardInterrupt
        time.sleep(0.01)

    monkeypatch.setattr(evaluate_runs, "time", SimpleNamespace(sleep=interrupt, monotonic=time.monotonic))
    arguments = ["extractor", "eval", str(tmp_path / "gold.jsonl"), "-s", "contact", "--url", service]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert list(client.list()) == []
