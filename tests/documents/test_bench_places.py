"""Right answers get the right page and box, on invoices whose places are known; the measure itself is held too."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from extractor.lab.bench import layout
from extractor.lab.bench.places import main, measure, says
from tests.documents.bills import bills


def test_right_answers_get_the_right_page_and_box(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for bill in bills(3):
        bill.save(tmp_path)
        _, looked = measure(tmp_path / f"{bill.name}.pdf")
        counts += Counter(one.outcome for one in looked)
    assert counts.total() > 80
    assert counts["right"] >= 0.98 * counts.total(), counts


def test_a_wrong_place_and_an_invented_one_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bill,) = bills(1)
    bill.places |= {"/number": [[1, 0.9, 0.9, 0.95, 0.95]], "/total": []}
    bill.answer |= {"seller": "Nobody & Co", "extra": "not there"}
    bill.places["/extra"] = []
    bill.save(tmp_path)
    _, looked = measure(tmp_path / f"{bill.name}.pdf")
    outcomes = {one.pointer: one.outcome for one in looked}
    wanted = {"/number": "elsewhere", "/total": "invented", "/seller": "missing", "/extra": "unprinted"}
    assert {pointer: outcomes[pointer] for pointer in wanted} == wanted
    assert main([str(tmp_path), "--verbose"]) == 0
    shown = capsys.readouterr().out
    assert "/number" in shown
    assert "Nobody & Co" in shown


def test_a_folder_without_answers_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "gold.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "printed", "right"),
    [
        (Decimal("1250.5"), "1.250,50", True),
        (Decimal("1250.5"), "1 250,50", True),
        (12, "12 pieces", False),
        (12, "13", False),
        ("Mina Okafor", "MINA OKAFOR", True),
        ("Mina Okafor", "Mina Okafor, Ely", False),
        ("EUR", "€", True),
        ("2026-10-05", "5 October 2026", True),
        ("2026-10-05", "6 October 2026", False),
        (True, "x", True),
        (None, "", False),
    ],
)
def test_what_says_a_value(value: object, printed: str, right: bool) -> None:
    assert says(value, printed) is right


def test_what_layout_is_worth_is_measured_over_answers(tmp_path: Path) -> None:
    gold = '{"a": 1.5, "b": null, "c": [{"d": "Ada, Ely", "e": "2026-01-02"}]}'
    assert (
        layout.score(gold, '{"a": 1.50, "b": "x", "c": [{"d": "ADA Ely", "e": "2026-01-02"}, {"d": "more"}]}').right
        == 3
    )
    assert layout.score(gold, None) == layout.LayoutScore(failed=1)
    schema = layout.schema_of([gold, '{"a": null, "b": true, "c": []}'])
    assert schema.json_schema["properties"]["b"] == {"type": ["boolean", "null"]}
    assert schema.json_schema["properties"]["c"]["items"]["required"] == ["d", "e"]
    (bill,) = bills(1)
    bill.save(tmp_path)
    kinds = dict(layout._texts(tmp_path / f"{bill.name}.pdf"))
    assert list(kinds) == list(layout.KINDS)
    assert len(set(kinds.values())) == 3
