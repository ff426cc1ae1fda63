"""How many processors a container may use, by what its cgroup says."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.processes.cpu_quota import cpu_quota


@pytest.mark.parametrize(
    ("said", "processors"),
    [("200000 100000\n", 2), ("150000 100000\n", 1), ("50000 100000\n", 1), ("max 100000\n", None), ("", None)],
)
def test_whole_processors_and_no_limit_where_none_is_said(tmp_path: Path, said: str, processors: int | None) -> None:
    (tmp_path / "cpu.max").write_text(said)
    assert cpu_quota(tmp_path) == processors


def test_a_machine_without_cgroups_has_no_limit(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
