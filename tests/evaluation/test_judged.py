"""Answers judged, and all of a run counted: what is printed, where evidence stands, what confidence is worth."""

from __future__ import annotations

from array import array
from decimal import Decimal
from typing import Any

import pytest

from extractor.documents import Document
from extractor.documents.document import Page
from extractor.errors import InputError
from extractor.evaluation import table
from extractor.evaluation.gold import GoldCase
from extractor.evaluation.judged import Answered, Judged, judge, of_nulls, of_values
from extractor.evaluation.places import Place, ground, read_places
from extractor.evaluation.printed import PrintedText
from extractor.evaluation.report import compared, report
from extractor.evaluation.totals import f1_of
from extractor.grammar.printed.candidates import Candidates
from schemas import Registry

INVOICE = Registry.discover().get("invoice")
TEXT = "Invoice A-17\nTotal: EUR 1.234,50\nSold to: Roe\n  & Söhne\n20kg of bolts, 5 May 2024, 3 per-\ncent"


def evidence(start: int, stop: int, page: int | None = None, *boxes: list[float]) -> dict[str, Any]:
    return {"start": start, "stop": stop, "text": "", "page": page, "part": None, "boxes": list(boxes)}


def answered(
    data: dict[str, Any], confidence: dict[str, float], at: dict[str, tuple[int, int]] | None = None
) -> Answered:
    fields = {
        pointer: {"confidence": sure, "evidence": [evidence(*at[pointer])] if at and pointer in at else []}
        for pointer, sure in confidence.items()
    }
    usage = {"output_tokens": 10, "model_calls": 1}
    result = {"data": data, "fields": fields, "usage": usage, "document": {"text": TEXT, "pages": []}, "model": "m"}
    return Answered(result, None, 0.5)


def case(expected: dict[str, Any], name: str = "one", **places: list[Place]) -> GoldCase:
    return GoldCase(name, TEXT, expected, INVOICE, {f"/{key}": each for key, each in places.items()})


def sample() -> list[Judged]:
    gold = case({"number": "A-17", "total": 1234.5, "due_date": None, "tax": 7, "subtotal": None},
                number=[Place(start=8, stop=12)], total=[Place(start=24, stop=32)])  # fmt: skip
    expected = {"number": "a-17", "total": 1234.5, "due_date": None, "tax": None, "subtotal": 99, "currency": "EUR"}
    sure = {"/number": 0.9, "/total": 0.8, "/due_date": 0.7, "/tax": 0.6, "/subtotal": 0.5, "/currency": 0.4}
    failed = Answered(None, {"code": "truncated_output", "detail": "too long"}, 2.0)
    return [
        judge(gold, answered(expected, sure, {"/number": (0, 12), "/total": (0, 7)})),
        judge(case({"total": 1}, "two"), failed),
    ]


def test_a_run_is_counted() -> None:
    judged = sample()
    counted = report(judged, {"gold": "g", "model": "m", "options": {}}, 4.0)
    total = counted["totals"]
    assert total["documents"] == {"count": 2, "right": 0, "failed": {"truncated_output": 1}, "ran_on": 1, "ended": 0}
    kinds = {name: total["leaves"][name] for name in table._KINDS}
    assert kinds == {"exact": 1, "normalised": 1, "wrong": 0, "missing": 2, "invented": 1, "null_right": 1}
    # right 2; said 3; wanted 4
    assert total["value_f1"]["micro"] == {"precision": 2 / 3, "recall": 2 / 4, "f1": 4 / 7}
    assert total["value_f1"]["macro"]["f1"] == pytest.approx((2 * 2 / (3 + 3) + 0) / 2)
    assert total["invented"] == {
        "where_gold_has_none": 1, "not_printed": 1, "not_printed_and_not_right": 1, "written": 4
    }  # fmt: skip
    grounding = total["grounding"]
    assert (grounding["right"], grounding["elsewhere"], grounding["place"]) == (1, 1, 0.5)
    # words: of number `Invoice A-17` against `A-17`, of total `Invoice` against `1.234,50`
    assert grounding["words"] == {"precision": 1 / 3, "recall": 1 / 2, "f1": 2 / 5}
    assert total["calibration"]["values"]["count"] == 3
    assert total["calibration"]["nulls"]["accuracy"] == 0.5
    assert [one["field"] for one in counted["fields"]] == ["/number", "/total", "/due_date", "/tax", "/subtotal"]
    assert counted["fields"][2]["f1"] is None, "a field of nulls has no values to count"
    assert counted["documents"][0]["not_printed"] == ["/subtotal"]
    assert dict(table.summary_rows(counted))["documents"] == "2: 0 right in every field; failed: 1 truncated_output"


def test_what_confidence_is_judged_by() -> None:
    leaves = sample()[0].leaves
    assert of_values(leaves) == [(0.9, True), (0.8, True), (0.5, False)]
    assert of_nulls(leaves) == [(0.7, True), (0.6, False)]
    gold = case({"seller": {"name": "Roe", "address": "x"}})
    whole = judge(gold, answered({"seller": None}, {"/seller": 0.3})).leaves
    assert of_nulls(whole) == [(0.3, False)], "one null is one judgement, however much is missing for it"


def test_nothing_said_where_nothing_is_to_be_said_is_all_right() -> None:
    assert f1_of(judge(case({"tax": None}), answered({"tax": None}, {})).leaves).f1 == 1


def test_what_changed_between_two_runs() -> None:
    before = report(sample(), {"gold": "g", "model": "m", "options": {}}, 4.0)
    gold = case({"number": "A-17", "total": 1234.5, "due_date": None, "tax": 7, "subtotal": None})
    expected = {"number": "A-18", "total": 1234.5, "due_date": None, "tax": 7, "subtotal": None}
    after = report([judge(gold, answered(expected, {}))], {"gold": "g", "model": "m", "options": {}}, 1.0)
    found = compared(before, after)
    assert [(one["pointer"], one["before"], one["after"]) for one in found["better"]] == [
        ("/tax", None, 7), ("/subtotal", 99, None)
    ]  # fmt: skip
    assert [one["pointer"] for one in found["worse"]] == ["/number"]
    assert (found["only_before"], found["only_after"]) == (["two"], [])
    assert "2 got better, 1 got worse" in next(iter(table.changes(found)))
    for nothing in ({}, [], {"version": 9}, None, {"version": 1, "documents": 3}):
        with pytest.raises(InputError):
            compared(nothing, after)


PRINTED = ["A-17", "a 17", 1234.5, "Roe & Söhne", "Roe", "2024-05-05", "bolts", 20, "kg", "3 percent", "&", "EUR"]
UNPRINTED = ["A-1", 1234, "17 Total Roe", 1235, 234, "Söhn", "2024-05-06", "lts", "Doe", "%", "oe & S"]

COLUMNS = """Sold to              Ship to
Roe & Söhne GmbH     Doe Ltd
Hafenstr. 12         4 Quay St
20457 Hamburg        Bristol"""


def test_a_value_in_lines_of_a_column_is_printed_and_a_collection_of_words_is_not() -> None:
    known = PrintedText(COLUMNS)
    for value in ("Roe & Söhne GmbH, Hafenstr. 12, 20457 Hamburg", "4 Quay St Bristol", "Hafenstr. 12\n20457 Hamburg"):
        assert value in known
    for value in ("Söhne GmbH Quay St", "Roe Ltd", "Hafenstr. 4", "Hamburg Bristol Doe"):
        assert value not in known


@pytest.mark.parametrize(("values", "wanted"), [(PRINTED, True), (UNPRINTED, False)])
def test_what_a_document_prints(values: list[Any], wanted: bool) -> None:
    known = PrintedText(TEXT)
    assert {value: value in known for value in values} == dict.fromkeys(values, wanted)


@pytest.mark.parametrize(
    "document",
    ["page 3 of 4", "- 3 -", "Total EUR 1.5k", "2,5 Mio. kg", "TEUR 250", "(12.50) and -0.00", "12 kg at .50"],
)
def test_numbers_that_the_grammar_takes_are_printed(document: str) -> None:
    known, numbers = PrintedText(document), Candidates(document).numbers
    assert numbers
    assert {spelled: Decimal(spelled) in known for spelled in numbers} == dict.fromkeys(numbers, True)


def test_places_by_text_page_and_box() -> None:
    found = [evidence(8, 12, 2, [0.1, 0.1, 0.2, 0.12])]
    assert ground(found, [Place(start=9, stop=20)], None, TEXT).found == "right"
    assert ground(found, [Place(start=12, stop=20)], None, TEXT).found == "elsewhere"
    assert ground([], [Place(start=9, stop=20)], None, TEXT).found == "not_found"
    assert ground([], [], None, TEXT).found == "rightly_none"
    assert ground(found, [], None, TEXT).found == "unprinted_found"
    on_page = ground(found, [Place(2, (0.0, 0.0, 0.3, 0.3))], None, TEXT)
    assert (on_page.found, on_page.page, on_page.words) == ("right", True, None)
    beside = ground(found, [Place(2, (0.5, 0.5, 0.6, 0.6)), Place(3)], None, TEXT)
    assert (beside.found, beside.page) == ("elsewhere", True)
    assert ground(found, [Place(1)], None, TEXT).page is False
    assert ground([], [Place(1)], None, TEXT).page is False


def test_words_of_a_box_are_those_of_the_document() -> None:
    text = "Total 12.50 EUR"
    # each character a tenth of an inch wide, all on one line
    places = array("d", [side for at in range(len(text)) for side in (at / 20, 0.1, (at + 1) / 20, 0.12)])
    page = Page(number=1, start=0, stop=len(text), width=100, height=100)
    document = Document(text, "application/pdf", (page,), places={1: places})  # type: ignore[dict-item]
    place = Place(1, (5.5 / 20, 0.0, 11.5 / 20, 1.0))
    assert ground([evidence(6, 11, 1, [0.3, 0.1, 0.55, 0.12])], [place], document, text).words == (1, 1, 1)
    assert ground([evidence(0, 11, 1, [0.0, 0.1, 0.55, 0.12])], [place], document, text).words == (1, 2, 1)


def test_places_that_are_none() -> None:
    for said in ([], {"/a": 1}, {"/a": [{}]}, {"/a": [{"box": [0, 0, 1, 1]}]}, {"/a": [["1"]]}, {"": []}, {"/b": []}):
        with pytest.raises(ValueError, match="places"):
            read_places(said, {"a": 1})
    assert read_places({"/a/0/b~1c": [[3]]}, {"a": [{"b/c": 1}]}) == {"/a/0/b~1c": [Place(3)]}
