"""The documents of many kinds that the pair's fit is made of: right answers that their schemas allow and they print."""

from __future__ import annotations

import json
from collections import Counter

import jsonschema_rs
import pytest

from extractor.evaluation.printed import PrintedText, written_values
from extractor.lab.calibration.decoding import HAND, MANY, OWN, CalibrationCase, written_cases
from schemas import jsontext


@pytest.fixture(scope="module")
def cases() -> list[CalibrationCase]:
    return list(written_cases(MANY))


def leaves(answer: object) -> list[object]:
    if isinstance(answer, dict | list):
        return [leaf for one in (answer.values() if isinstance(answer, dict) else answer) for leaf in leaves(one)]
    return [answer]


def test_answers_are_valid_and_printed(cases: list[CalibrationCase]) -> None:
    for case in cases:
        jsonschema_rs.validate(case.schema.json_schema, json.loads(jsontext.written(case.expected)))
        known = PrintedText(case.text)
        written = written_values(case.schema.json_schema, case.expected)
        assert {pointer: value for pointer, value in written.items() if value not in known} == {}, case.kind


def test_they_are_of_many_kinds_and_say_most_of_what_is_asked(cases: list[CalibrationCase]) -> None:
    of_kinds = Counter(case.kind for case in cases)
    assert len(of_kinds) >= 40
    assert max(of_kinds.values()) <= 6
    asked = [leaf for case in cases for leaf in leaves(case.expected)]
    assert 0.05 < sum(leaf is None for leaf in asked) / len(asked) < 0.25


def test_documents_without_a_kind_of_their_own_are_of_one() -> None:
    assert {case.kind for case in written_cases(OWN)} == {HAND}


def test_no_document_is_there_twice(cases: list[CalibrationCase]) -> None:
    assert len({case.text for case in cases}) == len(cases)
