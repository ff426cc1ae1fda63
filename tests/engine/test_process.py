"""The engine in a process of its own: the same answers, and what becomes of everybody when it dies."""

from __future__ import annotations

import errno
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from extractor.engine import Engine, EngineConfig, Params, Request, process
from extractor.engine.heartbeat import Heartbeat, silence
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.process import EngineProcess
from extractor.engine.spawn import EngineChild, spawn
from extractor.errors import EngineError, InputError, ModelError
from tests.engine import tiny
from tests.engine.child import (
    BUG,
    DIE,
    ECHO,
    GARBLED,
    HANG,
    LOSE_DEVICE,
    REFUSE,
    STUCK_NATIVE,
    STUCK_READER,
    STUCK_STEP,
    UNTOLD,
)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def engine() -> Iterator[EngineProcess]:
    running = EngineProcess("tests.engine.child:scripted")
    yield running
    running.close()


def echoes(engine: EngineProcess) -> bool:
    return engine.submit(Request([ECHO, 8, 9])).result(60).ids == [ECHO, 8, 9]


def test_it_answers_as_the_engine_in_this_process_does(tmp_path: Path) -> None:
    folder = tiny.save_gemma4(tmp_path)
    models: Models = load(ModelSpec(model=str(folder)))
    here = Engine(models, EngineConfig(slots=2, context=1024))
    there = EngineProcess("tests.engine.child:tiny_model", str(folder))
    try:
        request = tiny.request(models, 1, max_tokens=20)
        mine, theirs = here.submit(request).result(60), there.submit(request).result(60)
        assert theirs.ids == mine.ids
        assert theirs.logprobs == pytest.approx(mine.logprobs, abs=1e-4)
        assert theirs.stats.drafts.keys() == mine.stats.drafts.keys()  # how much is drafted depends on the clock
        assert there.info["architecture"] == "Gemma4ForCausalLM"
        deadline = time.monotonic() + 30
        while (stats := there.stats()).get("output_tokens") != len(theirs.ids):
            assert time.monotonic() < deadline
            time.sleep(0.05)  # told with the next heartbeat
        assert stats["drafts"].keys() == here.stats()["drafts"].keys()
        assert there.tokenizer.decode(theirs.ids) == models.tokenizer.decode(mine.ids)
        with pytest.raises(InputError, match="the context is 1024") as caught:
            there.submit(Request(request.prompt, params=Params(max_tokens=5000))).result(60)
        assert caught.value.code == "context_exceeded"
    finally:
        here.close()
        there.close()


def test_what_it_loaded_is_told(engine: EngineProcess) -> None:
    assert (engine.tokenizer, engine.info) == ("a tokenizer", {"context": 64})
    assert echoes(engine)


def test_a_killed_engine_fails_its_futures_and_another_is_started(engine: EngineProcess) -> None:
    lost = [engine.submit(Request([HANG, n])) for n in range(3)]
    before = engine.pid
    os.kill(before, signal.SIGKILL)
    for future in lost:
        with pytest.raises(EngineError, match="SIGKILL") as caught:
            future.result(60)
        assert caught.value.code == "engine_crashed"
        assert caught.value.retryable
    assert echoes(engine)  # submitted while there may be none: it waits for the next
    assert engine.pid != before
    assert engine.restarts == 1


def test_a_request_that_ends_the_process_is_told_how(engine: EngineProcess) -> None:
    with pytest.raises(EngineError, match="ended with status 7"):
        engine.submit(Request([DIE])).result(60)
    assert echoes(engine)


def test_an_answer_that_cannot_be_read_fails_who_waits_and_another_is_started(engine: EngineProcess) -> None:
    """Whose it was nobody knows."""
    waiting, garbled = engine.submit(Request([HANG])), engine.submit(Request([GARBLED]))
    for future in (waiting, garbled):
        with pytest.raises(EngineError, match="said what cannot be read and was killed") as caught:
            future.result(30)
        assert caught.value.code == "engine_crashed"
    assert echoes(engine)


def test_a_request_that_cannot_be_written_fails_who_waits_and_another_is_started(engine: EngineProcess) -> None:
    unwritten = Request([ECHO], grammar=lambda: "")  # type: ignore[arg-type]
    waiting = [engine.submit(Request([HANG])), engine.submit(unwritten)]
    for future in waiting:
        with pytest.raises(EngineError) as caught:
            future.result(30)
        assert caught.value.code == "engine_crashed"
    assert echoes(engine)


def test_an_answer_that_cannot_be_told_fails_and_others_go_on(engine: EngineProcess) -> None:
    before = engine.pid
    with pytest.raises(EngineError, match="the engine failed"):
        engine.submit(Request([UNTOLD])).result(30)
    assert echoes(engine)
    assert engine.pid == before


def test_a_lost_device_ends_the_process_too(engine: EngineProcess) -> None:
    with pytest.raises(EngineError, match="lost its device"):
        engine.submit(Request([LOSE_DEVICE])).result(60)
    assert echoes(engine)
    assert engine.restarts == 1


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (STUCK_READER, "at one request"),
        (STUCK_STEP, "at one step"),
        (STUCK_NATIVE, "not been heard of"),
        (None, "not been heard of"),
    ],
    ids=["reader", "step", "native code", "stopped"],
)
def test_an_engine_that_hangs_is_killed_and_another_is_started(request_: int | None, words: str) -> None:
    engine = EngineProcess("tests.engine.child:scripted", silent_s=2.0)
    try:
        before = engine.pid
        if request_ is None:
            os.kill(before, signal.SIGSTOP)
        lost = engine.submit(Request([request_ or HANG]))
        with pytest.raises(EngineError, match=words) as caught:
            lost.result(60)
        assert caught.value.code == "engine_crashed"
        assert not psutil.pid_exists(before)
        assert echoes(engine)
        assert engine.pid != before
    finally:
        engine.close()


def test_an_engine_that_cannot_even_be_killed_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one is that its device's driver holds. Its pipe is full, too."""
    monkeypatch.setattr(process, "CLOSE_S", 0.5)
    engine = EngineProcess("tests.engine.child:scripted", silent_s=2.0)
    held = engine._child
    try:
        monkeypatch.setattr(held, "kill", lambda: None)
        os.kill(held.pid, signal.SIGSTOP)
        lost = engine.submit(Request([HANG], grammar="x" * 4_000_000))
        assert isinstance(lost.exception(60), EngineError)
        assert echoes(engine)
        assert engine.pid != held.pid
    finally:
        os.kill(held.pid, signal.SIGKILL)
        held.join(10)
        engine.close()


def test_nobody_waits_for_an_engine_that_reads_nothing() -> None:
    """Its pipe is full of large requests: those who submit, withdraw, ask or look return at once."""
    engine = EngineProcess("tests.engine.child:scripted", silent_s=60.0)
    try:
        os.kill(engine.pid, signal.SIGSTOP)
        waiting = [engine.submit(Request([HANG], grammar="x" * 4_000_000)) for _ in range(4)]
        engine.abort(waiting[0])
        assert engine.stats() is not None
        assert engine.depth() == 4
        os.kill(engine.pid, signal.SIGCONT)
        assert waiting[0].result(60).finish == "cancelled"
        assert echoes(engine)
        assert engine.restarts == 0
    finally:
        engine.close()


def test_an_engine_that_hangs_while_it_loads_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SILENT_LOADING_S", 3.0)
    with pytest.raises(EngineError, match="not been heard of"):
        EngineProcess("tests.engine.child:loads_for_ever", silent_s=3.0)


def test_it_says_whether_it_is_ready(engine: EngineProcess) -> None:
    assert engine.ready()
    os.kill(engine.pid, signal.SIGKILL)
    assert isinstance(engine.submit(Request([HANG])).exception(60), EngineError)
    assert not engine.ready()
    assert echoes(engine)
    assert engine.ready()


def test_silence_is_of_the_process_its_reader_or_its_step() -> None:
    assert silence(Heartbeat(), 9, 10) is None
    assert "not been heard" in (silence(Heartbeat(), 11, 10) or "")
    assert "one request" in (silence(Heartbeat(handling_s=11), 0, 10) or "")
    assert silence(Heartbeat(step_s=1000), 0, 10) is None  # it cannot be said how long a step may take
    assert silence(Heartbeat(step_s=15, step_most_s=20), 0, 10) is None
    assert silence(Heartbeat(step_s=9, step_most_s=1), 0, 10) is None
    assert "one step" in (silence(Heartbeat(step_s=21, step_most_s=20), 0, 10) or "")


def test_abort_and_refusal_travel(engine: EngineProcess) -> None:
    hanging = engine.submit(Request([HANG]))
    engine.abort(hanging)
    assert hanging.result(60).finish == "cancelled"
    with pytest.raises(InputError, match="too long") as caught:
        engine.submit(Request([REFUSE])).result(60)
    assert caught.value.code == "context_exceeded"
    assert engine.depth() == 0


def test_an_error_of_another_kind_is_one_requests_fault_only(engine: EngineProcess) -> None:
    hanging = engine.submit(Request([HANG]))
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        engine.submit(Request([BUG])).result(60)
    assert not hanging.done()
    assert engine.restarts == 0


def test_what_is_withdrawn_while_there_is_no_engine_is_withdrawn_in_the_next(engine: EngineProcess) -> None:
    lost = engine.submit(Request([HANG]))
    os.kill(engine.pid, signal.SIGKILL)
    assert isinstance(lost.exception(60), EngineError)  # its death is known, and the next one loads
    hanging = engine.submit(Request([HANG]))
    engine.abort(hanging)
    assert engine.restarts == 0
    assert hanging.result(60).finish == "cancelled"
    assert echoes(engine)
    assert engine.depth() == 0


def test_close_fails_who_waits_and_leaves_no_process(engine: EngineProcess) -> None:
    waiting = engine.submit(Request([HANG]))
    pid = engine.pid
    engine.close()
    with pytest.raises(EngineError, match="was closed"):
        waiting.result(10)
    assert not psutil.pid_exists(pid)
    with pytest.raises(EngineError, match="closed"):
        engine.submit(Request([ECHO]))


def test_close_fails_who_came_while_there_was_no_engine(engine: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    starting, go_on = threading.Event(), threading.Event()

    def begins_to_start(*given: object, **more: object) -> object:
        starting.set()
        assert go_on.wait(60)
        return spawn(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "spawn", begins_to_start)
    os.kill(engine.pid, signal.SIGKILL)
    assert starting.wait(60)
    waiting = engine.submit(Request([ECHO]))
    monkeypatch.setattr(engine, "_greeting", _no_answer)
    closing = threading.Thread(target=engine.close)
    closing.start()
    go_on.set()
    with pytest.raises(EngineError, match="was closed"):
        waiting.result(60)
    closing.join(60)


def _no_answer(_: object) -> None:
    """Of a child that is killed while it loads."""
    raise EOFError


def test_who_is_withdrawn_while_the_engine_loads_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    children = []

    def interrupted(self: EngineProcess, _: object) -> None:
        children.append(self._child)
        raise KeyboardInterrupt

    monkeypatch.setattr(EngineProcess, "_greeting", interrupted)
    with pytest.raises(KeyboardInterrupt):
        EngineProcess("tests.engine.child:loads_slowly", 600.0)
    assert children[0].exitcode == -signal.SIGKILL


def test_a_machine_without_room_for_another_engine_is_asked_again(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def full_at_first(*given: object, **more: object) -> object:
        if not refused:
            refused.append(True)
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return spawn(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "spawn", full_at_first)
    monkeypatch.setattr(process, "PAUSE_S", 0.0)
    lost = engine.submit(Request([HANG]))
    os.kill(engine.pid, signal.SIGKILL)
    assert isinstance(lost.exception(60), EngineError)
    assert echoes(engine)
    assert refused


def test_of_a_child_that_is_killed_the_next_ones_pipe_stays(
    engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever kills it may go on when the next one is there already."""
    held, pipe = engine._child, engine._pipe
    replaced, hung_up = threading.Event(), queue.SimpleQueue[object]()

    def join(timeout_s: float) -> None:
        EngineChild.join(held, timeout_s)
        if threading.current_thread().name == "engine-watch":
            assert replaced.wait(60)

    monkeypatch.setattr(held, "join", join)
    monkeypatch.setattr(process, "hang_up", hung_up.put)
    monkeypatch.setattr(engine, "_silent_s", 2.0)
    lost = engine.submit(Request([HANG]))
    os.kill(held.pid, signal.SIGSTOP)
    assert isinstance(lost.exception(60), EngineError)
    assert echoes(engine)
    assert engine._pipe is not pipe
    replaced.set()
    assert hung_up.get(timeout=60) is pipe


def test_the_queue_is_bounded(engine: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_WAITING", 2)
    for _ in range(2):
        engine.submit(Request([HANG]))
    with pytest.raises(EngineError, match="2 requests wait") as caught:
        engine.submit(Request([ECHO]))
    assert caught.value.code == "engine_busy"


def test_a_model_that_does_not_load_is_the_error_it_would_be_here() -> None:
    with pytest.raises(ModelError, match="no such folder") as caught:
        EngineProcess("tests.engine.child:no_model")
    assert caught.value.code == "model_not_found"
    with pytest.raises(EngineError, match="ended with status 3 while it loaded"):
        EngineProcess("tests.engine.child:dies")


def test_it_gives_up_on_an_engine_that_cannot_be_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_S", 0.0)
    engine = EngineProcess("tests.engine.child:loads_once", str(tmp_path / "mark"))
    try:
        with pytest.raises(EngineError, match="status 7"):
            engine.submit(Request([DIE])).result(60)
        with pytest.raises(EngineError, match="3 times in a row"):
            engine.submit(Request([ECHO])).result(60)
        with pytest.raises(EngineError, match="3 times in a row"):
            engine.submit(Request([ECHO]))
    finally:
        engine.close()


def test_it_dies_with_its_parent() -> None:
    script = (
        "import time\nfrom extractor.engine.process import EngineProcess\n"
        "print(EngineProcess('tests.engine.child:scripted').pid, flush=True)\ntime.sleep(60)\n"
    )
    guarded = f"if __name__ == '__main__':\n{''.join('    ' + line for line in script.splitlines(True))}"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}  # the tests, for the child too
    with subprocess.Popen([sys.executable, "-c", guarded], stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def environ_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


@pytest.mark.parametrize("fetches", [False, True])
def test_it_inherits_no_secret_that_it_does_not_use(monkeypatch: pytest.MonkeyPatch, fetches: bool) -> None:
    withheld = {
        "EXTRACTOR_REDIS_URL": "unix://:x@/run/s", "EXTRACTOR_BROKER_URL": "redis://:x@h/0",
        "EXTRACTOR_METRICS_TOKEN": "c", "EXTRACTOR_API_KEYS": "a:b", "EXTRACTOR_API_KEY": "d",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=x",
        "AWS_SECRET_ACCESS_KEY": "x", "GITHUB_TOKEN": "x", "DATABASE_URL": "postgres://me:x@db/1", "PGPASSWORD": "x",
    }  # fmt: skip
    passed = {
        "CUDA_VISIBLE_DEVICES": "0", "EXTRACTOR_SLOTS": "3", "HTTPS_PROXY": "http://me:x@proxy:1",
        "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "PWD": "/",
    }  # fmt: skip
    for name, value in {**withheld, **passed, "HF_TOKEN": "hf_x"}.items():
        monkeypatch.setenv(name, value)
    engine = EngineProcess("tests.engine.child:scripted", fetches=fetches)
    try:
        found = environ_of(engine.pid)
        assert not set(withheld) & set(found)
        assert passed.items() <= found.items()
        assert ("HF_TOKEN" in found) is fetches
    finally:
        engine.close()


def test_once_it_has_loaded_it_has_no_network(engine: EngineProcess) -> None:
    assert echoes(engine)
    threads = list(Path(f"/proc/{engine.pid}/task").iterdir())
    assert len(threads) > 1
    for thread in threads:
        assert "Seccomp:\t2\n" in (thread / "status").read_text(), "a filter: tests/sandbox/test_network.py says which"


def test_what_the_child_logs_is_a_line_as_others_log_it() -> None:
    code = "import logging; from extractor.engine import child; child._log_lines(); logging.getLogger('a').warning('b')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    event = json.loads(done.stderr)
    assert (event["event"], event["logger"], event["level"]) == ("b", "a", "warning")
