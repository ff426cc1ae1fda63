"""The command `extractor` before it is loaded."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTERRUPTED = """
import os, signal, time
from extractor.processes import launch
{before}
def load(_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep({sleep_s})
    raise SystemExit(7)
launch.import_module = load
launch.cli()
"""


def run(before: str, sleep_s: float) -> tuple[int, str]:
    code = INTERRUPTED.format(before=before, sleep_s=sleep_s)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.mark.process
def test_ctrl_c_while_it_loads_ends_it_without_a_word() -> None:
    assert run("", 50) == (-signal.SIGINT, "")


@pytest.mark.process
def test_who_ignores_ctrl_c_goes_on_doing_so() -> None:
    assert run("signal.signal(signal.SIGINT, signal.SIG_IGN)", 0) == (7, "")


@pytest.mark.process
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_no_error(closed: str) -> None:
    code = "from extractor.processes import launch; launch.cli()"
    shell = f'exec "$1" -c "$2" schemas show "$3" {closed}'
    ended = [
        subprocess.call(["sh", "-c", shell, "sh", sys.executable, code, name], cwd=ROOT) for name in ("invoice", "-")
    ]
    assert ended == [0, 2]
