"""Yes and no in tables and behind labels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.evidence.answer_columns import says
from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.scalars import scalars


def lines(document: str, answer: dict[str, Any]) -> dict[str, tuple[int, str] | None]:
    """Of each yes and no: the line it stands in and what stands there."""
    found = list(scalars(json.dumps(answer)))
    return {
        one.pointer: (document.count("\n", 0, where[0].start), document[where[0].start : where[0].stop])
        if where
        else None
        for one, where in zip(found, EvidenceSearch(document).of(found), strict=True)
        if isinstance(one.value, bool)
    }


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("Yes", True), (" nein ", False), ("☑", True), ("[ ]", False), ("–", False), ("on", True), ("not", None),
     ("", None), ("yes or no", None), ("☑ Ada", None), ("1", None)],
)  # fmt: skip
def test_a_cell_that_says_yes_or_no(cell: str, expected: bool | None) -> None:
    assert says(cell) is expected


@pytest.mark.parametrize("between", [" | ", "   ", "\t", " // ", " ; "])
def test_the_column_that_says_what_the_answer_says(between: str) -> None:
    table = [("Name", "Aktiv", "Bezahlt"), ("Ada", "ja", "nein"), ("Bo", "nein", "nein"), ("Cy", "ja", "ja")]
    document = "Members\n\n" + "\n".join(between.join(row) for row in table) + "\n"
    rows = [{"name": name, "member": active == "ja", "paid": paid == "ja"} for name, active, paid in table[1:]]
    expected = {
        f"/rows/{at}/{key}": (at + 3, table[at + 1][cell])
        for at in range(3)
        for cell, key in ((1, "member"), (2, "paid"))
    }
    assert lines(document, {"rows": rows}) == expected


def test_of_columns_that_say_the_same_the_head_decides_or_nothing() -> None:
    document = "| Name | Active | Student |\n|---|---|---|\n| Ada | yes | yes |\n| Bo | no | no |\n"
    rows = [{"name": "Ada", "is_student": True}, {"name": "Bo", "is_student": False}]
    assert lines(document, {"rows": rows}) == {"/rows/0/is_student": (2, "yes"), "/rows/1/is_student": (3, "no")}
    found = EvidenceSearch(document).of(list(scalars(json.dumps({"rows": rows}))))
    assert found[1][0].start == document.index("yes |\n")
    other = [{"name": "Ada", "adult": True}, {"name": "Bo", "adult": False}]
    assert lines(document, {"rows": other}) == {"/rows/0/adult": None, "/rows/1/adult": None}


def test_a_column_that_says_it_differently_once_is_none() -> None:
    document = "Ada   yes\nBo    yes\nCy    no\n"
    rows = [{"name": "Ada", "paid": True}, {"name": "Bo", "paid": False}, {"name": "Cy", "paid": False}]
    assert list(lines(document, {"rows": rows}).values()) == [(0, "yes"), None, (2, "no")], "the word beside it is"


def test_the_cell_of_a_label_says_it() -> None:
    document = "# Wet field\n      NO\n│ Gift wrap │ Ja │\nFragile:  –\nInsured » N\n"
    answer = {"wet_field": False, "gift_wrap": True, "fragile": False, "insured": True}
    assert lines(document, answer) == {
        "/wet_field": (1, "NO"), "/gift_wrap": (2, "Ja"), "/fragile": (3, "–"), "/insured": None
    }  # fmt: skip
