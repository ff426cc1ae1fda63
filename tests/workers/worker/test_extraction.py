"""What a worker extracts with: an engine in a process of its own, unless it is told otherwise."""

from __future__ import annotations

import pytest

from extractor.config import Settings
from workers.worker import extraction


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    seen: list[Settings] = []
    monkeypatch.setattr(extraction, "Extractor", seen.append)
    return seen


def test_the_engine_is_in_a_process_of_its_own(made: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTRACTOR_ENGINE_PROCESS", raising=False)
    monkeypatch.setenv("EXTRACTOR_SLOTS", "7")
    extraction.make()
    assert (made[0].engine_process, made[0].slots) == (True, 7)


@pytest.mark.parametrize(("said", "meant"), [("false", False), ("1", True)])
def test_what_is_set_stands(made: list[Settings], monkeypatch: pytest.MonkeyPatch, said: str, meant: bool) -> None:
    monkeypatch.setenv("EXTRACTOR_ENGINE_PROCESS", said)
    extraction.make()
    assert made[0].engine_process is meant
