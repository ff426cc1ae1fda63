"""`extractor up` as its user runs it, with a worker that loads in no time: started in a folder with `api`, `workers`
and `schemas` of the user's own, harmed in every way a process can be, and asked what it says about that."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from extractor.processes import heartbeat
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service
from tests.support.remains import holding, mark
from tests.support.served import wait_until

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
READY_S = 120.0
READY = '"event": "ready"'
FAST = {
    "EXTRACTOR_EXTRACTOR_FACTORY": "tests.support.scripted_worker:Scripted", "EXTRACTOR_LEASE_S": "3",
    "EXTRACTOR_PULSE_S": "0.4", "EXTRACTOR_RECONCILE_S": "0.5", "EXTRACTOR_REPUBLISH_AFTER_S": "2",
    "EXTRACTOR_HEARTBEAT_TTL_S": "2", "EXTRACTOR_REDIS_TIMEOUT_S": "1", "EXTRACTOR_REDIS_CONNECT_TIMEOUT_S": "0.5",
    "EXTRACTOR_WORKER_SILENT_S": "4", "EXTRACTOR_SHUTDOWN_S": "2", "EXTRACTOR_ERASE_WITHIN_S": "4",
}  # fmt: skip
MINE = "from pydantic import BaseModel\n\n\nclass Ticket(BaseModel):\n    number: str\n"
WITHOUT = """import os, sys
if name := os.environ.get("WITHOUT"):
    sys.modules[name] = None
"""
BOOM = "raise RuntimeError('the working folder was imported')\n"


def command(folder: Path) -> list[str]:
    """`extractor up` as pip installs it: it stands in another folder than the user."""
    script = folder.parent / "bin" / "extractor"
    script.parent.mkdir(exist_ok=True)
    script.write_text("from extractor.processes.launch import cli\ncli()\n")
    return [sys.executable, str(script), "up", "--port", "0"]


class Up:
    """The command, in a folder, until it has ended. `lines` is what it says. Not `scripted`: as it comes, with the
    bundled pair and the times that are set by default."""

    def __init__(self, folder: Path, *arguments: str, scripted: bool = True, **environ: str) -> None:
        given = {name: value for name, value in os.environ.items() if not name.startswith("EXTRACTOR_")}
        fast = FAST if scripted else {}
        self.lines: list[str] = []
        self.data = folder / "run"
        self.temporary = folder.parent / "temporary"
        self.temporary.mkdir(exist_ok=True)
        folders = {"EXTRACTOR_DATA_DIR": str(self.data), "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            [*command(folder), *arguments],
            cwd=folder,
            env={**given, "PYTHONPATH": str(ROOT), **folders, **fast, **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(iter(self.process.stderr.readline, ""))

    @property
    def said(self) -> str:
        return "".join(list(self.lines))

    def ready(self) -> str:
        """Its URL."""
        assert wait_until(lambda: READY in self.said or self.process.poll() is not None, READY_S), self.said
        found = re.search(rf'{READY}, "url": "(http://[^"]+)"', self.said)
        assert found, self.said
        return found[1]

    def pid(self, room: str) -> int:
        """Of the child that runs it now (a module, or the name of a program); 0 while there is none."""
        for entry in Path(f"/proc/{self.process.pid}/task").iterdir():
            for child in words(entry / "children", None):
                if room in (*words(Path(f"/proc/{child}/cmdline"), "\0"), *words(Path(f"/proc/{child}/comm"), "\n")):
                    return int(child)
        return 0

    def kill(self, room: str) -> int:
        """SIGKILL, as soon as one is there; its pid."""
        pids: list[int] = []
        assert wait_until(lambda: pids.append(self.pid(room)) or pids[-1] > 0, 60), self.said
        os.kill(pids[-1], signal.SIGKILL)
        return pids[-1]

    def __enter__(self) -> Up:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._reader.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        assert self.process.returncode < 0 or not list(self.temporary.glob("extractor-*")), "an orderly end leaves none"


def words(file: Path, between: str | None) -> list[str]:
    """None of a process or a thread that has ended meanwhile."""
    try:
        return file.read_text().split(between)
    except OSError:
        return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path)


def project(tmp_path: Path) -> Path:
    """A user's."""
    for name in ("api", "workers", "extractor", "celery", "redis"):
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").write_text(BOOM)
    (tmp_path / "project" / "schemas").mkdir()
    (tmp_path / "project" / "schemas" / "ticket.py").write_text(MINE)
    (tmp_path / "project" / "structlog.py").write_text(BOOM)
    return tmp_path / "project"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(project(tmp_path_factory.mktemp("shared")), EXTRACTOR_SCHEMAS="schemas") as running:
        running.ready()
        yield running


def post(url: str, text: str, schema: str = "ticket") -> str:
    body: dict[str, Any] = {"schema": schema, "document": {"text": text}}
    answer = httpx.post(f"{url}/v1/extractions", json=body, timeout=30, trust_env=False)
    assert answer.status_code == 202, answer.text
    return f"{url}{answer.headers['Location']}"


def status(job: str) -> str:
    return str(httpx.get(job, trust_env=False, timeout=30).json()["status"])


@pytest.mark.parametrize("path", [str(ROOT), f":{ROOT}", f".:{ROOT}:"], ids=["absolute", "an empty entry", "relative"])
def test_the_users_folder_is_not_on_the_path_of_what_runs(folder: Path, path: str) -> None:
    """And relative paths are still the user's. An empty entry of PYTHONPATH is the folder one happens to be in."""
    if path != str(ROOT):
        shutil.rmtree(folder / "extractor")  # that would be taken for the command itself
    with Up(folder, EXTRACTOR_SCHEMAS="schemas", PYTHONPATH=path) as up:
        url = up.ready()
        names = {one["name"] for one in httpx.get(f"{url}/v1/schemas", trust_env=False).json()["data"]}
        assert {"ticket", "invoice"} <= names
        job = post(url, "Ticket 4711")
        assert wait_until(lambda: status(job) == "succeeded", 30), up.said
        assert "the working folder was imported" not in up.said


def test_what_it_says_into_a_pipe_is_json_with_the_service_that_says_it(up: Up) -> None:
    up.ready()
    assert wait_until(lambda: '"event": "loaded"' in up.said, 30), up.said
    events = [json.loads(line) for line in up.said.splitlines()]
    assert {"store", "api", "worker-1", "up"} == {event["service"] for event in events}
    assert all({"event", "level", "timestamp"} <= event.keys() for event in events)


def test_on_a_terminal_it_says_short_lines(folder: Path) -> None:
    """And no control character of anybody's but its colours."""
    with Terminal(folder, EXTRACTOR_SCHEMAS="schemas", NO_COLOR="1") as terminal:
        url = terminal.ready()
        assert httpx.get(f"{url}/v1/extractions/none%1b%5b2J", trust_env=False).status_code == 404
        assert wait_until(lambda: "GET /v1/extractions/{id} 404" in terminal.said, 30), terminal.said
    lines = terminal.said.splitlines()
    assert [line for line in lines if re.match(r"\d\d:\d\d:\d\d info    api       listening  at=127.0.0.1:", line)]
    assert [line for line in lines if re.match(r"\d\d:\d\d:\d\d info    worker-1  loaded  ", line)]
    assert not re.search(r'[\x00-\x08\x0b-\x1f]|"event"|superuser|bye bye', terminal.said), terminal.said
    ends = (
        terminal.said.index("extractor: stopping; what runs is finished, or goes back"),
        terminal.said.index("extractor: stopped"),
    )
    assert ends[0] < ends[1]


class Terminal:
    """As Up, with a terminal for its standard error."""

    def __init__(self, folder: Path, **environ: str) -> None:
        ours, theirs = os.openpty()
        self._ours, self._read_text = ours, bytearray()
        given = {name: value for name, value in os.environ.items() if not name.startswith("EXTRACTOR_")}
        self.process = subprocess.Popen(
            command(folder),
            cwd=folder,
            env={**given, "PYTHONPATH": str(ROOT), "EXTRACTOR_DATA_DIR": str(folder / "run"), **FAST, **environ},
            stderr=theirs,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # who wrote has ended
            while piece := os.read(self._ours, 4096):
                self._read_text.extend(piece)

    @property
    def said(self) -> str:
        return bytes(self._read_text).decode().replace("\r\n", "\n")

    def ready(self) -> str:
        assert wait_until(lambda: "Try:" in self.said or self.process.poll() is not None, READY_S), self.said
        found = re.search(r"Ready at (http://\S+)", self.said)
        assert found, self.said
        return found[1]

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._reader.join(10)
        os.close(self._ours)


def test_a_worker_that_stands_still_is_replaced(up: Up) -> None:
    """What it held is given back by its lease."""
    url, worker = up.ready(), up.pid("workers")
    job = post(url, "Ticket sleep=1000")
    assert wait_until(lambda: status(job) == "running", 30)
    os.kill(worker, signal.SIGSTOP)
    assert wait_until(lambda: up.pid("workers") not in (0, worker), 60), up.said
    assert "worker-1 has not moved for" in up.said
    assert wait_until(lambda: httpx.get(job).json()["attempt"] == 2, 60), "taken again"
    httpx.post(f"{job}/cancel")
    assert wait_until(lambda: status(job) == "cancelled", 30)


def test_an_api_that_does_not_answer_is_replaced() -> None:
    lines: list[str] = []
    environ = {**FAST, "PYTHONPATH": str(ROOT)}
    with Service(ServicePlan(port=0, environ=environ, api_silent_s=4.0), lines.append) as service:
        service.wait_ready(READY_S)
        api, job = service.pids()["api"], post(service.url, "Ada sleep=3", "contact")
        os.kill(api, signal.SIGSTOP)
        assert wait_until(lambda: service.pids().get("api") not in (None, api), 60), lines
        assert any("api has not answered for" in line for line in lines)
        assert wait_until(lambda: answers(service.url), 60)
        assert wait_until(lambda: status(job) == "succeeded", 30)


def test_a_store_that_does_not_answer_is_replaced() -> None:
    """With all that it had acknowledged; a document that waited is done by itself."""
    lines: list[str] = []
    patient = {"EXTRACTOR_STORE_TIMEOUT_S": "1", "EXTRACTOR_WORKER_SILENT_S": "60"}
    environ = {**FAST, "PYTHONPATH": str(ROOT), **patient}
    with Service(ServicePlan(port=0, environ=environ, store_silent_s=4.0), lines.append) as service:
        service.wait_ready(READY_S)
        before = service.pids()
        jobs = [post(service.url, f"Ada {n} sleep=0.5", "contact") for n in range(12)]
        os.kill(before["store"], signal.SIGSTOP)
        answer = httpx.get(f"{service.url}/readyz", timeout=10, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable"), answer.text
        assert wait_until(lambda: service.pids().get("store") not in (None, before["store"]), 60), lines
        assert any(re.search(r"store has not answered for \d+ s and was ended", line) for line in lines)
        assert wait_until(lambda: all(succeeded(job) for job in jobs), 60), lines
        assert wait_until(lambda: httpx.get(f"{service.url}/readyz", trust_env=False).status_code == 200, 60)
        assert {name: pid for name, pid in service.pids().items() if name != "store"} == {
            name: pid for name, pid in before.items() if name != "store"
        }, "nobody else was harmed"


def succeeded(job: str) -> bool:
    """False while there is no store."""
    answer = httpx.get(job, trust_env=False, timeout=30)
    return answer.status_code == 200 and answer.json()["status"] == "succeeded"


def test_a_worker_that_was_killed_is_ready_no_longer(up: Up) -> None:
    """Though it was heard of a moment ago."""
    url, told = up.ready(), list[httpx.Response]()
    assert wait_until(lambda: bool(named(httpx.get(f"{url}/readyz"))), 60)
    killed = up.kill("workers")
    assert wait_until(lambda: heartbeat.born(killed) == 0, 30, every_s=0.01)
    assert wait_until(lambda: told.append(httpx.get(f"{url}/readyz")) or told[-1].is_success, 60)
    assert told[0].status_code == 503, "another takes longer to start"
    assert all(killed not in named(answer) for answer in told)
    assert named(told[-1]) == {up.pid("workers")}


def named(answer: httpx.Response) -> set[int]:
    """The pids of the workers that it calls ready."""
    return {worker["pid"] for worker in answer.json().get("workers", []) if worker["ready"]}


def test_what_is_erased_leaves_the_disk(up: Up) -> None:
    """Though the store and the worker are killed at once, and again when the time has come for its file."""
    url, text = up.ready(), mark()
    body = {"schema": "ticket", "document": {"text": f"Ticket {text}"}, "metadata": {"note": text}}
    created = httpx.post(f"{url}/v1/extractions", json=body, timeout=30, trust_env=False)
    job = f"{url}{created.headers['Location']}"
    assert wait_until(lambda: succeeded(job), 30)
    kept = post(url, f"Ticket kept {text[::-1]} sleep=1000")
    assert holding(up.data, text)
    assert httpx.delete(job, trust_env=False).status_code == 204
    for _ in range(2):
        up.kill("valkey-server")
        up.kill("workers")
        time.sleep(2)
    assert wait_until(lambda: not holding(up.data, text), 90, every_s=0.2), holding(up.data, text)
    assert holding(up.data, text[::-1]), "what is kept is there"
    assert wait_until(lambda: httpx.delete(kept, trust_env=False).status_code == 204, 30)
    assert wait_until(lambda: not holding(up.data, text[::-1]), 60, every_s=0.2)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_service_that_was_ready_never_gives_up(up: Up) -> None:
    """The worker dies before it has loaded, more often than a start is forgiven; the API takes documents meanwhile and
    says why nobody works, and when nobody kills any more all is done, by itself."""
    url, jobs = up.ready(), []
    killed: set[int] = set()  # a process that is killed on a busy machine is there for another moment
    assert wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200, 60)
    began = time.monotonic()
    while len(killed) < 4:
        if (worker := up.pid("workers")) and worker not in killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
            jobs.append(post(url, f"Ticket {len(killed)}"))
        time.sleep(0.1)
        assert time.monotonic() - began < 120, up.said
    assert up.process.poll() is None
    assert wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 503, 20)
    detail = httpx.get(f"{url}/readyz").json()["detail"]
    assert re.search(r"worker-1 ended with SIGKILL, \d times in a row; it is started again in \d+ s", detail), detail
    assert wait_until(lambda: "worker-1 ended with SIGKILL, 4 times in a row" in up.said, 20), up.said
    assert wait_until(lambda: all(status(job) == "succeeded" for job in jobs), 90), up.said
    assert httpx.get(f"{url}/readyz").status_code == 200


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"EXTRACTOR_EXTRACTOR_FACTORY": "tests.support.scripted_worker:no_model"}, "./none: no such folder"),
        (
            {"EXTRACTOR_EXTRACTOR_FACTORY": "workers.worker.extraction:make", "EXTRACTOR_MODEL": "./none"},
            "EXTRACTOR_MODEL=./none: no such folder",
        ),
        ({"EXTRACTOR_EXTRACTOR_FACTORY": "nowhere:make"}, "there is no module nowhere"),
        ({"EXTRACTOR_EXTRACTOR_FACTORY": "workers.worker.extraction:nothing"}, "has no 'nothing'"),
        ({"EXTRACTOR_MAX_DRAFT": "many"}, "EXTRACTOR_MAX_DRAFT: "),
        ({"EXTRACTOR_LEASE_S": "0"}, "EXTRACTOR_LEASE_S: "),
        ({"WITHOUT": "celery"}, "celery is not installed: in a clone, pip install -c constraints.txt '.[service]'"),
        ({"WITHOUT": "fastapi"}, "fastapi is not installed: in a clone, pip install -c constraints.txt '.[service]'"),
    ],
)
def test_what_can_never_work_is_told_at_once(folder: Path, environ: dict[str, str], told: str) -> None:
    """And once, however many programs find it out."""
    (folder.parent / "sitecustomize.py").write_text(WITHOUT)
    with Up(folder, "--workers", "2", **environ, PYTHONPATH=f"{ROOT}{os.pathsep}{folder.parent}") as running:
        assert running.process.wait(READY_S) == 2
        running._reader.join(10)
        last = running.said.rstrip().splitlines()[-1]
        assert last.startswith("extractor: ")
        assert told in last
        assert running.said.count(told) == 1, running.said
        assert "again" not in running.said, "one start"
