"""How far a batch is, where no terminal shows a bar."""

from __future__ import annotations

import pytest

from extractor.cli import progress


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.bar(None) as bar:
        now[0] += progress.SAID_EVERY_S
        bar.update(what="17 sent")
        assert said(capsys) == [], "nothing of it has run yet"
        bar.update(total=1_000, completed=0, what="0 failed, 0.00 documents/s")
        assert said(capsys) == ["  0 of 1,000, 0 failed, 0.00 documents/s"]
        now[0] += progress.SAID_EVERY_S - 1
        bar.update(completed=412)
        assert said(capsys) == []
        now[0] += 1
        bar.update(what="2 failed, 3.60 documents/s")
        assert said(capsys) == ["  412 of 1,000, 2 failed, 3.60 documents/s"]
        now[0] += progress.SAID_EVERY_S
        bar.update(completed=412)
        assert said(capsys) == [], "that is known"
