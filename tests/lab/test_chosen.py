"""The measurement of which windows are read where all would be too many."""

from __future__ import annotations

import re

import pytest

from extractor.evidence.locate import DocumentIndex
from extractor.lab.bench.chosen import main, report

pytestmark = pytest.mark.process


def test_each_value_of_the_report_is_printed_once() -> None:
    document, json_schema, gold = report(30)
    index = DocumentIndex(document.text)
    assert list(gold) == list(json_schema["properties"])
    for facts in gold.values():
        for value in facts.values():
            assert len(index.find(value)) == 1
    assert report(30) == (document, json_schema, gold)


def test_few_windows_hold_more_than_chance_and_all_hold_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pages", "20", "--most", "30,1000"]) == 0
    rows = capsys.readouterr().out.splitlines()[-2:]
    few, every = ([float(one) for one in re.findall(r"([\d.]+)%", row)] for row in rows)
    assert few[0] > few[1]
    assert every == [100.0, 100.0]


def test_what_it_is_asked_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--file", "some.pdf"]) == 2
    assert "--schema and --gold" in capsys.readouterr().err
