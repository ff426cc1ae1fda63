"""`extractor calibrate` in this process, with an engine that answers from a script: a fit is made, kept and used, and
what there is too little of is told."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from extractor.calibration.calibration import Calibration, read
from extractor.calibration.curve import Curve
from extractor.calibration.features import NAMES
from tests.cli.test_commands import Run, run
from tests.cli.test_evaluate import answering

__all__ = ["answering", "run"]

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": ["string", "null"]}},
    "required": ["name", "email"],
    "additionalProperties": False,
}
ANSWER = '{"name":"Mina Okafor","email":null}'
COUNT = 60


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Of every third document the answer is wrong: another name, which nothing prints, and a missed address."""
    lines = []
    for at in range(COUNT):
        wrong = at % 3 == 0
        name = f"Jo Roe {at}" if wrong else "Mina Okafor"
        text = f"Name: {name}\n" + (f"E-mail: jo{at}@larkspur.example\n" if wrong else "Phone: none\n")
        expected = {"name": name, "email": f"jo{at}@larkspur.example" if wrong else None}
        lines.append(json.dumps({"document": text, "expected": expected, "schema": SCHEMA}))
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_a_fit_is_made_kept_and_used(
    run: Run, gold: Path, answering: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(ANSWER)
    path = tmp_path / "fit.json"
    done = run("calibrate", str(gold), "--output", str(path), "--rows", "1")
    assert done.status == 0, done.err
    fit = read(path)
    assert (fit.model, fit.documents, sorted(fit.curves)) == ("scripted", COUNT, ["null", "value"])
    assert fit.report["value"]["after"]["auroc"] == fit.report["null"]["after"]["auroc"] == 1.0
    assert fit.report["null"]["after"]["ece"] < fit.report["null"]["before"]["ece"]
    assert "nulls, calibrated" in done.out
    answering(ANSWER)
    (tmp_path / "missed.txt").write_text("Name: Ann Lee\nE-mail: ann@larkspur.example")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    asked = ("run", str(tmp_path / "missed.txt"), "-s", str(tmp_path / "schema.json"), "--full")
    before = run(*asked).json
    assert before["calibration"] == "uncalibrated"
    answering(ANSWER)
    monkeypatch.setenv("EXTRACTOR_CALIBRATION", str(path))
    after = run(*asked).json
    assert after["calibration"]["documents"] == COUNT
    assert after["fields"]["/email"]["confidence"] < 0.3 < before["fields"]["/email"]["confidence"]


def test_too_little_is_told_and_nothing_is_written(run: Run, gold: Path, answering: Any, tmp_path: Path) -> None:
    gold.write_text("\n".join(gold.read_text().splitlines()[:4]))
    answering(ANSWER)
    done = run("calibrate", str(gold), "--output", str(tmp_path / "fit.json"), "--rows", "1")
    assert done.status == 2
    assert "too few nulls for a fit: 4, 2 of them wrong" in done.err
    assert "nothing was fitted" in done.err
    assert not (tmp_path / "fit.json").exists()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (
            ["--model", "google/gemma-4-e2b-it"],
            "has no folder of its own here: say where to keep its fit with --output",
        ),
        ([], "the bundled pair has its fit"),
        (["--output", "no/such/fit.json"], "cannot be written: there is no such folder"),
    ],
)
def test_where_the_fit_goes_is_asked_before_a_model_is_loaded(
    given: list[str], what: str, run: Run, gold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("extractor.extract.start_engine")
    done = run("calibrate", str(gold), *given)
    assert (done.status, done.out) == (2, "")
    assert what in done.err


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A fit that is nearly sure of every value and null."""
    curves = {
        kind: Curve(names, (0.0,) * len(names), (1.0,) * len(names), (0.0,) * len(names), 3.0)
        for kind, names in NAMES.items()
    }
    Calibration("scripted", "2026-11-01", 900, curves).write(path := tmp_path / "base.json")
    return path


def test_few_documents_move_the_fit_that_it_begins_from(
    run: Run, gold: Path, base: Path, answering: Any, tmp_path: Path
) -> None:
    gold.write_text("\n".join(gold.read_text().splitlines()[:30]))
    answering(ANSWER)
    path = tmp_path / "fit.json"
    done = run("calibrate", str(gold), "--base", str(base), "--model", "scripted", "-o", str(path), "--rows", "1")
    assert done.status == 0, done.err
    fit = read(path)
    assert fit.base == {"fitted": "2026-11-01", "documents": 900}
    assert fit.about()["base"] == fit.base
    assert fit.documents == 30
    assert fit.report["null"]["base"]["count"] == 30
    assert "moved from a fit of 2026-11-01 to 900" in done.out
    assert "say little" not in done.err
    assert "nulls, by the fit it begins from" in done.out
    assert 0.5 < 1 / (1 + math.exp(-fit.curves["null"].bias)) < 0.9, "two of three nulls are right"


def test_of_what_is_too_few_the_fit_says_what_it_said(
    run: Run, gold: Path, base: Path, answering: Any, tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in gold.read_text().splitlines()[:12]]
    for line in lines[2:]:
        line["expected"].pop("email")
        line["schema"] = {**SCHEMA, "properties": {"name": {"type": "string"}}, "required": ["name"]}
    gold.write_text("\n".join(map(json.dumps, lines)))
    answering(*[ANSWER] * 2, *['{"name":"Mina Okafor"}'] * 10)
    path = tmp_path / "fit.json"
    done = run("calibrate", str(gold), "--base", str(base), "--model", "scripted", "-o", str(path), "--rows", "1")
    assert done.status == 0, done.err
    assert "too few nulls: 2; to move the fit it begins from takes at least 5 of them in 3 documents" in done.err
    assert read(path).curves["null"] == read(base).curves["null"]
    assert read(path).base is not None
    assert "12 documents say little, of these figures too: take 20 or more" in done.err


def test_enough_documents_have_a_fit_of_their_own_where_that_is_better(
    run: Run, gold: Path, base: Path, answering: Any, tmp_path: Path
) -> None:
    gold.write_text("\n".join(gold.read_text().splitlines() * 2))
    answering(ANSWER)
    path = tmp_path / "fit.json"
    done = run("calibrate", str(gold), "--base", str(base), "--model", "scripted", "-o", str(path), "--rows", "1")
    assert done.status == 0, done.err
    assert read(path).base is None
    assert read(path).report["null"]["after"]["auroc"] == 1.0


@pytest.mark.parametrize(
    ("text", "what"),
    [("{}", "not what extractor calibrate writes"), (None, "No such file"), ("", "Expecting value")],
)
def test_a_base_that_is_none_is_told_before_a_model_is_loaded(
    text: str | None, what: str, run: Run, gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("extractor.extract.start_engine")
    path = tmp_path / "base.json"
    if text is not None:
        path.write_text(text)
    done = run("calibrate", str(gold), "--base", str(path), "--output", str(tmp_path / "fit.json"))
    assert done.status == 2
    assert what in done.err


def test_another_models_fit_is_no_base(run: Run, gold: Path, base: Path, tmp_path: Path) -> None:
    done = run("calibrate", str(gold), "--base", str(base), "--output", str(tmp_path / "fit.json"))
    assert done.status == 2
    assert "was fitted for scripted, and the model is bundled" in done.err
