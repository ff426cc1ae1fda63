"""A fit as a file, found for its model and no other, and what a result says of it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from extractor import Extractor, Options, Settings
from extractor.calibration.calibration import Calibration, name_of, read
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.curve import Curve
from extractor.calibration.features import NAMES, NULL, VALUE, FeatureRow
from extractor.calibration.find import calibration_of, file_of
from extractor.errors import ModelError
from tests.support.scripted import ScriptedEngine

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": ["string", "null"]}},
    "required": ["name", "email"],
}
ANSWER = '{"name":"Mina Okafor","email":null}'
MISSED = "Name: Mina Okafor\nE-mail: mina@larkspur.example"
ABSENT = "Name: Mina Okafor\nPhone: none"


def curve(kind: str, bias: float = 0.0, **weights: float) -> Curve:
    names = NAMES[kind]
    ones = (1.0,) * len(names)
    return Curve(names, (0.0,) * len(names), ones, tuple(weights.get(name, 0.0) for name in names), bias)


def fitted(model: str = "scripted", **curves: Curve) -> Calibration:
    """Nulls beside what looks like their values are doubted, others are not."""
    both = {VALUE: curve(VALUE, 3.0), NULL: curve(NULL, 3.0, own_free=-5.0, behind_fits=-1.0)}
    return Calibration(model, "2026-11-29", 12, curves or both)


def extracted(tok, document: str, path: Path | None = None, **options):
    settings = Settings(calibration=None if path is None else str(path))
    with Extractor(settings, engine=ScriptedEngine(tok, ANSWER), tokenizer=tok) as runner:
        return runner.extract(document, SCHEMA, Options(**options))


def test_without_a_fit_a_result_says_so(tok):
    result = extracted(tok, MISSED)
    assert result.as_json()["calibration"] == "uncalibrated"
    assert result.fields["/email"]["confidence"] > 0.9, "the model's own"


def test_a_missed_address_of_mail_is_doubted_and_an_absent_one_is_not(tok, tmp_path):
    fitted().write(path := tmp_path / "fit.json")
    missed, absent = extracted(tok, MISSED, path), extracted(tok, ABSENT, path)
    assert missed.fields["/email"]["confidence"] < 0.2
    assert ("/email", "low_confidence") in [(mark["pointer"], mark["code"]) for mark in missed.review]
    assert absent.fields["/email"]["confidence"] > 0.9
    about = {"model": "scripted", "fitted": "2026-11-29", "documents": 12, "covers": ["value", "null"]}
    assert missed.as_json()["calibration"] == about


def test_what_a_fit_does_not_cover_stays_the_models_own(tok, tmp_path):
    fitted(**{NULL: curve(NULL, 0.0)}).write(path := tmp_path / "fit.json")
    result = extracted(tok, ABSENT, path)
    assert result.fields["/email"]["confidence"] == 0.5
    assert result.fields["/name"]["confidence"] != 0.5
    assert result.as_json()["calibration"]["covers"] == ["null"]


def test_without_fields_nothing_is_said_of_values(tok, tmp_path):
    fitted().write(path := tmp_path / "fit.json")
    assert extracted(tok, MISSED, path, fields=False).fields == {}


def test_another_models_fit_is_left_out_and_told(tmp_path, caplog):
    fitted("gemma").write(path := tmp_path / "fit.json")
    with caplog.at_level(logging.WARNING):
        assert calibration_of(str(path), "scripted") is None
    assert "was fitted for 'gemma' and is left out: the model is scripted" in caplog.text


def test_a_fit_lies_beside_its_model(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    assert calibration_of(None, str(folder)) is None
    fitted("my-model").write(folder / "calibration.json")
    found = calibration_of(None, str(folder))
    assert found == fitted("my-model")
    assert found.about()["model"] == "my-model"
    folder.rename(tmp_path / "moved")
    assert calibration_of(None, str(tmp_path / "moved")) is None, "another name is another model"
    assert calibration_of("none", str(tmp_path / "moved")) is None
    assert file_of("google/gemma-4-e2b-it") is None, "of a hub: there is no folder of the user's"
    assert file_of("/models/small.gguf") == Path("/models/small.calibration.json")
    assert (name_of("google/gemma-4-e2b-it"), name_of("/models/x/")) == ("google/gemma-4-e2b-it", "x")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "not what extractor calibrate writes"),
        ('{"format": 2}', "its format is 2"),
        ('{"format": 1, "model": "scripted", "fitted": "", "documents": 1, "curves": {}}', "another version"),
        (
            json.dumps({"format": 1, "fitted": "May", "documents": 1, "curves": {NULL: curve(NULL).as_json()}}),
            '"fitted" is no day',
        ),
    ],
)
def test_a_file_that_is_none_is_refused_where_it_was_named_and_left_out_where_it_lay(tmp_path, caplog, text, why):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=why) as caught:
        calibration_of(str(path), "scripted")
    assert caught.value.code == "invalid_calibration"
    with caplog.at_level(logging.WARNING):
        assert calibration_of(None, str(tmp_path)) is None
    assert why in caplog.text


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="EXTRACTOR_CALIBRATION=/no/such: No such file"):
        calibration_of("/no/such", "scripted")


@pytest.mark.parametrize(
    "spoil",
    [
        {"names": ["a"]}, {"scale": []}, {"bias": "nan"}, {"steps": [0.5]}, {"bias": 1e308}, {"bias": -1e10},
        {"steps": [0.1, 0.5], "truth": [0.2, 5]}, {"steps": [0.5, 0.1], "truth": [0.2, 0.5]},
    ],
)  # fmt: skip
def test_figures_that_are_no_fit_are_refused(tmp_path, spoil):
    fitted().write(path := tmp_path / "fit.json")
    whole = json.loads(path.read_text())
    whole["curves"][VALUE] |= spoil
    path.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match="its features"):
        read(path)


@pytest.mark.parametrize(
    "spoil",
    [
        '"documents": Infinity', '"documents": NaN', '"documents": -5', '"documents": true', '"documents": "x"',
        f'"documents": {10**400}', '"fitted": "soon"', '"fitted": "\\ud800"', '"fitted": null',
    ],
)  # fmt: skip
def test_what_a_result_would_say_of_a_fit_is_read_with_care(tmp_path, spoil):
    """A result that cannot be written as JSON is a lost document."""
    fitted().write(path := tmp_path / "fit.json")
    path.write_text(path.read_text().rstrip().removesuffix("}") + f", {spoil}}}")
    with pytest.raises(ModelError) as caught:
        calibration_of(str(path), "scripted")
    assert caught.value.code == "invalid_calibration"


def test_numbers_too_large_to_reckon_with_are_refused(tmp_path):
    fitted().write(path := tmp_path / "fit.json")
    whole = json.loads(path.read_text())
    for name in ("weights", "scale", "mean"):
        for bad in (10**400, 1e308, 0 if name == "scale" else -1e308):
            spoilt = json.loads(json.dumps(whole))
            spoilt["curves"][VALUE][name][0] = bad
            path.write_text(json.dumps(spoilt))
            with pytest.raises(ValueError, match=r"its features|extractor calibrate"):
                read(path)


def test_a_home_that_is_not_known_is_told():
    with pytest.raises(ModelError, match="home directory"):
        calibration_of("~nobody-of-this-name/fit.json", "scripted")


def test_figures_are_told_to_who_makes_a_fit(tok):
    told: dict[str, FeatureRow] = {}
    calibrator = Calibrator(record=lambda _, rows: told.update(rows))
    with Extractor(Settings(), engine=ScriptedEngine(tok, ANSWER), tokenizer=tok, calibrator=calibrator) as runner:
        runner.extract(MISSED, SCHEMA)
    assert {pointer: row.kind for pointer, row in told.items()} == {"/name": VALUE, "/email": NULL}


def test_an_answer_is_not_lost_for_its_calibration(tok, tmp_path, caplog, monkeypatch):
    fitted().write(path := tmp_path / "fit.json")
    monkeypatch.setattr("extractor.calibration.calibrator.rows", lambda *_: 1 / 0)
    assert extracted(tok, MISSED, path).data["name"] == "Mina Okafor"
    assert "not calibrated: ZeroDivisionError" in caplog.text
    assert "Mina" not in caplog.text
