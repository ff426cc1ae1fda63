"""The file that a command writes at its end, and what is there already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer

from extractor.cli.batch import _check_output
from extractor.cli.batch_record import files_of
from extractor.cli.whole_file import check_replaceable, replace_whole


def test_a_link_goes_on_leading_where_it_led(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link.jsonl", tmp_path / "far" / "rows.jsonl"
    link.symlink_to(target)  # to a file that is yet to be
    for content in (b"first", b"second"):
        replace_whole(link, lambda file, content=content: file.write(content))  # type: ignore[misc]
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert {target, target.with_name("rows.jsonl.part")} <= set(files_of(link)), "nor are these its inputs"
    assert [one.name for one in (tmp_path / "far").iterdir()] == ["rows.jsonl"]


def test_a_device_or_a_pipe_stays_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull)):
        with pytest.raises(typer.Exit):
            check_replaceable(path)
        with pytest.raises(typer.Exit):
            _check_output(path, resume=False, overwrite=True)
    assert "/dev/null is a device or a pipe" in capsys.readouterr().err
    check_replaceable(tmp_path / "new")


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"before")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(typer.Exit):
        replace_whole(path, full)
    assert path.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.jsonl"]
    assert "Cannot write" in capsys.readouterr().err
