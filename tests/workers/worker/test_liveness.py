"""The heartbeat of a worker in its file, and the probe that reads it: real processes, harmed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from extractor.processes.heartbeat import Beat, HeartbeatFile, born, ended, machine, read
from tests.support.fleet import ROOT, TENANT, Fleet, until
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.worker.watchdog import Watchdog

pytestmark = pytest.mark.timeout(300)  # real processes, on machines that may be busy
SILENT = {"worker_silent_s": 3.0, "redis_timeout_s": 1.0, "redis_connect_timeout_s": 0.5}


def probe(file: Path, *arguments: str) -> tuple[int, str]:
    environ = {**os.environ, "EXTRACTOR_HEARTBEAT_FILE": str(file)}
    command = [sys.executable, "-m", "workers.liveness", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.strip()


def test_a_worker_that_moves_is_left_alone_and_one_that_does_not_is_killed(tmp_path: Path) -> None:
    """Stopped; a part of it dead while the process lives. Its documents are another's by its lease."""
    file = tmp_path / "heartbeat"
    with (
        Valkey(tmp_path / "valkey") as valkey,
        Fleet(valkey, tmp_path, heartbeat_file=str(file), **SILENT) as fleet,
    ):
        assert probe(file, "--ready") == (1, f"no heartbeat: {file}")
        for fault in ("stopped", "heartbeat", "consumer"):
            worker = fleet.start()
            assert probe(file, "--ready", "--kill") == (0, "ready")
            job = fleet.submit(f"{fault} sleep=0.1" if fault == "stopped" else f"deadlock={fault} sleep=1000")
            if fault == "stopped":
                fleet.wait([job], 30)
                worker.send(signal.SIGSTOP)
            until(lambda: (beat := read(file)) is not None and beat.silent(), 30, f"{fault} is seen")
            assert worker.process.poll() is None
            assert probe(file) == (1, f"process {worker.pid} no longer moves")
            assert probe(file, "--kill") == (1, f"process {worker.pid} no longer moves; it was killed")
            assert worker.process.wait(10) == -signal.SIGKILL
            if fault != "stopped":
                assert fleet.job(job).status == "running"
                fleet.ledger.run(fleet.ledger.jobs.cancel(TENANT, job))
        fleet.start()


def test_a_store_that_is_away_makes_nobody_look_dead(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    with (
        Valkey(tmp_path / "valkey") as valkey,
        Fleet(valkey, tmp_path, heartbeat_file=str(file), **SILENT) as fleet,
    ):
        worker = fleet.start()
        valkey.freeze()
        until_s = time.monotonic() + 2 * SILENT["worker_silent_s"]
        while time.monotonic() < until_s:
            beat = read(file)
            assert beat is not None
            assert not beat.silent()
            time.sleep(0.1)
        valkey.thaw()
        assert worker.terminate() == 0


def test_a_beat_is_believed_for_as_long_as_it_says() -> None:
    beat = Beat(1, 2, at=100.0, good_for_s=20.0, state="ready")
    assert not beat.silent(119.0)
    assert beat.silent(121.0)
    assert beat.silent(99.0), "it is of before the machine's start"


def test_a_process_that_has_taken_the_number_of_another_is_not_killed() -> None:
    assert born(os.getpid()) > 0
    assert not Beat(os.getpid(), born(os.getpid()) + 1, 0.0, 1.0, "ready").kill()
    assert not Beat(2**22 + 1, 5, 0.0, 1.0, "ready").kill()


def test_what_lies_there_may_be_anything(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat"
    assert read(file) is None
    for rubbish in (b"", b"{", b"[]", b"null", b"{}", json.dumps({"pid": 1}).encode(), b"\xff" * 2000):
        file.write_bytes(rubbish)
        assert read(file) is None
    writer = HeartbeatFile(file)
    writer.beat("recovering", 5.0, "\N{GREEK SMALL LETTER ALPHA}" * 5000)
    writer.beat("ready", 5.0)
    beat = read(file)
    writer.close()
    assert beat is not None
    assert (beat.pid, beat.state, beat.why) == (os.getpid(), "ready", "")


def test_a_worker_with_a_part_that_stands_still_no_longer_beats(tmp_path: Path) -> None:
    watchdog = Watchdog(str(tmp_path / "heartbeat"), 60.0)
    watchdog.beat("ready")
    first = read(tmp_path / "heartbeat")
    watchdog.expect("a part", 0.01)
    time.sleep(0.05)
    watchdog.beat("ready")
    assert watchdog.stuck() == "a part"
    assert read(tmp_path / "heartbeat") == first
    watchdog.moved("a part")
    watchdog.beat("ready")
    assert read(tmp_path / "heartbeat") != first
    watchdog.rest("a part")
    time.sleep(0.05)
    assert watchdog.stuck() == ""
    watchdog.close()
    Watchdog(str(tmp_path / "no such folder" / "heartbeat")).beat("ready")  # told in the log; the work goes on


def test_a_beat_outlasts_whatever_a_store_holds_up() -> None:
    settings = WorkerSettings(worker_silent_s=2, redis_timeout_s=30)
    assert settings.beat_good_for_s > 2 * settings.redis_timeout_s
    assert WorkerSettings().beat_good_for_s == WorkerSettings().worker_silent_s


def test_who_has_ended_is_known_on_his_machine_only() -> None:
    """Killed, also before its parent has asked; its number taken by another. Of one elsewhere, or of one that said
    nothing of where it is, nothing is known."""
    child = subprocess.Popen(["sleep", "1000"])
    since = born(child.pid)
    assert not ended(machine(), child.pid, since)
    assert ended(machine(), child.pid, since - 1), "another's number"
    child.kill()
    until(lambda: ended(machine(), child.pid, since), 10, "a zombie has ended")
    child.wait()
    assert ended(machine(), child.pid, since)
    for elsewhere in ("", "another run pid:[1]"):
        assert not ended(elsewhere, child.pid, since)
