"""Folders of a service among temporary files: they go with it, and those of killed ones with the next."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from extractor.service.private_files import scratch_folder

ANOTHER = (
    "import time; from extractor.service.private_files import scratch_folder\n"
    "with scratch_folder() as folder: (folder / 'file').touch(); print(folder, flush=True); time.sleep(600)"
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path))
    return tmp_path


def test_it_is_private_and_goes_at_the_end(temporary: Path) -> None:
    with scratch_folder() as folder:
        assert list(temporary.iterdir()) == [folder]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "store").mkdir()
        (folder / "store" / "socket").touch()
    assert not list(temporary.iterdir())


def test_one_of_a_killed_process_goes_with_the_next_and_those_of_living_ones_stay(temporary: Path) -> None:
    """Names that only look like ours stay too: those of another machine's or container's processes among them."""
    strangers = {temporary / name for name in ("extractor-up-", "extractor-up-00000000-1-1-x", "extractor-up-x")}
    for stranger in strangers:
        stranger.mkdir()
    environ = {**os.environ, "TMPDIR": os.fspath(temporary)}
    with subprocess.Popen([sys.executable, "-c", ANOTHER], env=environ, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        of_other = Path(other.stdout.readline().strip())
        with scratch_folder() as one, scratch_folder() as two:
            assert set(temporary.iterdir()) == strangers | {of_other, one, two}
        other.kill()
    assert (of_other / "file").exists()
    with scratch_folder() as next_one:
        assert set(temporary.iterdir()) == strangers | {next_one}
