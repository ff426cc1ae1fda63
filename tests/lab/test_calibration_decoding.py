"""Reading the documents of a fit: a machine that is busy for a while costs none of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from extractor.errors import EngineError, InvalidOutput
from extractor.lab.calibration import decoding
from schemas import inline

CASE = decoding.CalibrationCase("letters", inline({"type": "object", "properties": {}}), "a letter", {})
JOB = decoding._Job("letters", CASE, "all")


class Keeper:
    def answer(self, name: str, kind: str, *_: Any) -> tuple[str, str]:
        return name, kind


def answered(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> tuple[Any, int]:
    """What comes of an extraction that ends with each of the errors in turn, and then well; and how many were left."""
    monkeypatch.setattr(decoding, "_PAUSE_S", 0.0)
    left = list(errors)

    def extract(*_: Any) -> Any:
        if left:
            raise left.pop(0)
        return SimpleNamespace(data={})

    return decoding._answer(SimpleNamespace(extract=extract), Keeper(), JOB), len(left)  # type: ignore[arg-type]


def test_a_busy_machine_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, EngineError("busy"), EngineError("busy")) == (("letters", "letters"), 0)


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, *[EngineError("busy")] * (decoding._TRIES + 3)) == (None, 3)


def test_what_has_no_answer_is_left_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, InvalidOutput("no"), InvalidOutput("no")) == (None, 1)
