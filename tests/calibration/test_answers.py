"""Answers that are kept have all that features are made of, and the table of usual fields is made of counts."""

from __future__ import annotations

import pytest

from extractor import Extractor, Options, Settings
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.features import NULL, VALUE, FeatureRow
from extractor.documents import Document
from extractor.lab.calibration import answers
from extractor.lab.calibration.usual import weighed
from tests.support.scripted import ScriptedEngine

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "total": {"type": ["number", "null"]},
        "email": {"type": ["string", "null"]},
    },
    "required": ["name", "total", "email"],
}
ANSWER = '{"name":"Mina Okafor","total":12.50,"email":null}'
TEXT = "Name: Mina Okafor\nE-mail: mina@larkspur.example\nTotal 12,50"
EXPECTED = {"name": "Mina Okafor", "total": 12.5, "email": "mina@larkspur.example"}


def extracted(tok, calibrator: Calibrator, document: Document):
    with Extractor(Settings(), engine=ScriptedEngine(tok, ANSWER), tokenizer=tok, calibrator=calibrator) as runner:
        return runner.extract(document, SCHEMA, Options(printed="all"))


def test_features_of_a_kept_answer_are_those_it_had(tok, tmp_path):
    told: dict[str, FeatureRow] = {}
    extracted(tok, Calibrator(record=lambda _, rows: told.update(rows)), Document(TEXT))
    keeper, document = answers.AnswerKeeper(), Document(TEXT)
    done = extracted(tok, keeper, document)
    kept = keeper.answer("cards", "contact", document, EXPECTED, done.data)
    assert kept is not None
    assert keeper.answer("cards", "contact", document, EXPECTED, done.data) is None, "once"
    answers.write(tmp_path / "answers.jsonl", [kept, kept])
    read = list(answers.read(tmp_path / "answers.jsonl"))
    assert [one.name for one in read] == ["cards", "cards"]
    samples = read[0].samples()
    assert [(one.row.kind, one.right) for one in samples] == [(VALUE, True), (VALUE, True), (NULL, False)]
    assert [one.row for one in samples] == [told[pointer] for pointer in ("/name", "/total", "/email")]
    assert samples == kept.samples()


def test_words_weigh_what_documents_say_of_them():
    total, tip, rare = frozenset({"total"}), frozenset({"tip"}), frozenset({"total", "rare"})
    bias, weights = weighed({total: (90.0, 100.0), tip: (10.0, 100.0), rare: (1.0, 1.0)})
    assert weights.keys() == {"total", "tip"}, "what is asked for a few times says nothing"
    assert bias == pytest.approx(0, abs=0.2)
    assert 1.5 < weights["total"] < 2.2
    assert -2.2 < weights["tip"] < -1.5
