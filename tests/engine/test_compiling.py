"""Triton's kernels become machine code (`make test-compile`). Its interpreter, under which `make test-kernels` runs
them, takes what no GPU would."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.kernels, pytest.mark.timeout(900)]


@pytest.mark.parametrize("kernels", ["ragged", "fused"])
def test_they_compile_and_fit_a_gpu(kernels: str) -> None:
    """A consumer card has 99 KiB for a program."""
    call = [sys.executable, "-m", "tests.engine.compiling", kernels]
    environment = {**os.environ, "TRITON_INTERPRET": "0"}
    ran = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert int(ran.stdout.splitlines()[-1]) <= 99 * 1024
