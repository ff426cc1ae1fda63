"""The sandbox under a module that does every harm it can: each ends as its own error, and the next call is served."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from extractor.sandbox import Rejected, Sandbox, SandboxError, SandboxLimits, forked

_STRANGER = "tests.sandbox.stranger"
_LIMITS = SandboxLimits(cpu_s=1, wall_s=20, memory_bytes=256 * 1024**2, reply_bytes=1024**2)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    box = Sandbox(_STRANGER, _LIMITS, setup={"a": 1}, size=2)
    yield box
    box.close()


def served(box: Sandbox) -> bool:
    return box.call("echo", 7)[0] == {"value": 7, "given": {"a": 1}}


def kind_of(box: Sandbox, function: str, value: object = None, wall_s: float | None = None) -> str:
    with pytest.raises(SandboxError) as caught:
        box.call(function, value, wall_s=wall_s)
    assert served(box)
    return caught.value.kind


def test_json_and_bytes_go_in_and_come_out(box: Sandbox) -> None:
    value, blobs = box.call("echo", {"ü": [1, None, 2.5]}, [b"", b"\x00\xff", b"x" * 300_000])
    assert value["value"] == {"ü": [1, None, 2.5]}
    assert blobs == [b"", b"\x00\xff", b"x" * 300_000]


def test_nothing_stays_between_two_calls(box: Sandbox) -> None:
    assert [box.call("remember", word)[0] for word in ("one", "two")] == [["one"], ["two"]]


def test_a_no_is_heard_as_it_was_said(box: Sandbox) -> None:
    with pytest.raises(Rejected) as caught:
        box.call("refuse", 3)
    assert (caught.value.code, caught.value.detail) == ("too_large", "it is too large")
    assert caught.value.more == {"pointer": "/a", "limit": ["max", 3]}


def test_an_exception_is_named_and_not_quoted(box: Sandbox) -> None:
    with pytest.raises(SandboxError, match="RuntimeError at stranger") as caught:
        box.call("fail", "4711")
    assert "4711" not in caught.value.detail


@pytest.mark.parametrize(
    ("function", "value", "wall_s", "kind"),
    [
        ("spin", None, None, "cpu"),
        ("spin_in_native_code", None, None, "cpu"),
        ("sleep", 30, 0.2, "time"),
        ("eat", None, None, "memory"),
        ("segfault", None, None, "crashed"),
        ("die", int(signal.SIGKILL), None, "crashed"),
        ("die", int(signal.SIGSTOP), 0.2, "time"),
        ("die", int(signal.SIGABRT), None, "memory"),
        ("flood", 2 * 1024**2, None, "crashed"),
        ("no_such_function", None, None, "failed"),
    ],
)
def test_each_harm_ends_as_its_own_error(
    box: Sandbox, function: str, value: object, wall_s: float | None, kind: str
) -> None:
    assert kind_of(box, function, value, wall_s) == kind


def test_a_withdrawn_call_ends_at_once_and_its_child_with_it(box: Sandbox) -> None:
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(SandboxError) as caught:
        box.call("sleep", 20, cancel=cancel)
    assert caught.value.kind == "cancelled"
    assert served(box)


def test_it_writes_nothing_reads_no_documents_and_reaches_nobody(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "document.txt"
    secret.write_text("4711")
    assert box.call("write", str(tmp_path / "new"))[0] in ("PermissionError", "OSError")
    assert not (tmp_path / "new").exists() or not (tmp_path / "new").read_text()
    if _landlocked():
        assert box.call("read", str(secret))[0] == "PermissionError"
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = box.call("call_home", server.getsockname()[1])[0]
    assert said == "PermissionError"


def test_it_is_told_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_REDIS_URL", "redis://:secret@localhost")
    monkeypatch.setenv("HF_TOKEN", "secret")
    fresh = Sandbox(_STRANGER, _LIMITS)
    told = fresh.call("environ")[0]
    fresh.close()
    assert "PATH" in told
    assert not {"EXTRACTOR_REDIS_URL", "HF_TOKEN"} & set(told)


def test_a_child_may_serve_more_than_one_call_where_it_is_allowed_to() -> None:
    shared = Sandbox(_STRANGER, SandboxLimits(reuse=3))
    assert [shared.call("remember", n)[0] for n in range(4)] == [[0], [0, 1], [0, 1, 2], [3]]
    shared.close()


def test_many_threads_share_few_children(box: Sandbox) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: box.call("echo", n)[0]["value"], range(100)))
    assert answers == list(range(100))


def test_too_many_waiting_is_said_at_once() -> None:
    small = Sandbox(_STRANGER, SandboxLimits(), size=1, waiting=0)
    small.start()
    cancel = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(small.call, "sleep", 8, cancel=cancel)
        while small._here == 0:
            time.sleep(0.01)
        with pytest.raises(SandboxError) as caught:
            small.call("echo", 1)
        cancel.set()
        with suppress(SandboxError):
            running.result()
    small.close()
    assert caught.value.kind == "busy"


def test_a_zygote_that_was_killed_is_started_again() -> None:
    own = Sandbox(_STRANGER, _LIMITS, setup={"a": 1})
    assert served(own)
    psutil.Process(own.pids()[0]).kill()
    for _ in range(2):  # the first may have got a child that went with it
        with suppress(SandboxError):
            own.call("echo", 7)
    assert served(own)
    own.close()


def test_what_its_zygote_was_given_every_other_is_given_too() -> None:
    blob = bytes(3_000_000) + b"!"
    own = Sandbox(_STRANGER, _LIMITS, setup={"a": 1}, blob=blob)
    for _ in range(3):
        answer, _ = own.call("echo", 7)
        assert answer["given"] == {"a": 1, "blob": len(blob), "last": ord("!")}
        dead = psutil.Process(own.pids()[0])
        dead.kill()
        dead.wait(10)
        with suppress(SandboxError):  # a child that went with it
            own.call("echo", 7)
    own.close()


def test_a_zygote_that_dies_or_hangs_is_no_fault_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Sandbox(_STRANGER, _LIMITS, setup={"a": 1})
    own.start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(own.call, "sleep", 5)
        time.sleep(0.5)
        psutil.Process(own.pids()[0]).kill()
        with pytest.raises(SandboxError) as caught:
            running.result()
        assert caught.value.kind == "unavailable"
    monkeypatch.setattr(forked, "_ANSWER_S", 0.3)
    assert served(own)
    psutil.Process(own.pids()[0]).suspend()
    kinds = set()
    for _ in range(3):
        try:
            own.call("echo", 7)
        except SandboxError as error:
            kinds.add(error.kind)
    assert kinds <= {"unavailable"}
    assert served(own), "another is there"
    own.close()


def test_who_was_killed_once_is_called_once_more(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []

    def learn_pid(self: forked.ForkedChildren, child: forked.ForkedChild) -> None:
        learned(self, child)
        if len(killed) < most:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)

    learned = forked.ForkedChildren.learn_pid
    monkeypatch.setattr(forked.ForkedChildren, "learn_pid", learn_pid)
    most = 1
    assert box.call_twice("echo", 7)[0]["value"] == 7
    assert len(killed) == 1
    killed.clear()
    most = 2
    with pytest.raises(SandboxError) as caught:
        box.call_twice("echo", 7)
    assert (caught.value.kind, len(killed)) == ("crashed", 2)


def test_a_child_that_went_with_its_zygote_is_not_blamed_where_another_zygote_is_there_already() -> None:
    own = Sandbox(_STRANGER, _LIMITS, setup={"a": 1})
    own.start()
    children = own._children
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(own.call, "sleep", 15)
        while children._idle:
            time.sleep(0.01)  # it has no child yet
        with children._lock:  # as when other calls find out sooner
            children._end_zygote()
            children._ensure()
        with pytest.raises(SandboxError) as caught:
            running.result()
    assert caught.value.kind == "unavailable"
    assert served(own)
    own.close()


@pytest.mark.parametrize("of", [(subprocess, "Popen"), (socket, "socketpair")], ids=["process", "descriptor"])
def test_a_machine_that_has_no_room_is_no_fault_of_the_call(
    monkeypatch: pytest.MonkeyPatch, of: tuple[object, str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    own = Sandbox(_STRANGER, _LIMITS, setup={"a": 1})
    with monkeypatch.context() as full:
        full.setattr(*of, refuse)
        with pytest.raises(SandboxError, match="Resource temporarily unavailable") as caught:
            own.call("echo", 7)
    assert caught.value.kind == "unavailable"
    assert served(own)
    own.close()


def test_a_zygote_whose_parent_dies_says_nothing(tmp_path: Path) -> None:
    """With an answer on its way that nobody reads."""
    script = (
        "import os, signal\nfrom extractor.sandbox import Sandbox\n"
        f"box = Sandbox({_STRANGER!r})\nbox.start()\nchildren = box._children\n"
        'children._control.send(b\'{"do": "reap", "pid": 1073741824}\')\n'
        "import select\nselect.select([children._control], [], [])\n"
        "print(box.pids()[0], flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    said = tmp_path / "said"
    with said.open("wb") as errors:
        parent = subprocess.run(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[2],
            check=False,
        )  # fmt: skip
    gone_by = time.monotonic() + 20
    while psutil.pid_exists(int(parent.stdout)):
        assert time.monotonic() < gone_by
        time.sleep(0.02)
    assert said.read_text() == ""


def test_a_module_that_does_not_load_is_an_error_that_says_why() -> None:
    broken = Sandbox(_STRANGER, setup="broken")
    with pytest.raises(SandboxError, match="no such thing") as caught:
        broken.call("echo", 1)
    assert caught.value.kind == "unavailable"


def test_it_leaves_no_process_behind() -> None:
    own = Sandbox(_STRANGER, _LIMITS)
    child = own.call("pid")[0]
    family = [*own.pids(), child, *(each.pid for each in psutil.Process(own.pids()[0]).children())]
    own.close()
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(psutil.pid_exists(pid) for pid in family)


def _landlocked() -> bool:
    """Whether this kernel can do it, asked of a process that may be lost."""
    program = "import ctypes; from extractor.sandbox.landlock import read_only\n"
    program += "ctypes.CDLL(None).prctl(38, 1, 0, 0, 0); raise SystemExit(not read_only(['/usr']))"
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0
