"""Documents that hold text which imitates an answer of the schema, and those that only look so."""

from __future__ import annotations

from typing import Any

import pytest

from extractor.documents import read
from extractor.evidence.ground import ground
from extractor.pretended import pretended
from extractor.result import Mark
from extractor.review.imitation import imitations, without
from schemas import jsontext
from tests.support.small_schemas import whole

NULLABLE: dict[str, Any] = {"type": ["string", "null"]}
KEYS = ("invoice_number", "due_date", "total", "name")
SCHEMA = {"type": "object", "properties": dict.fromkeys(KEYS, NULLABLE), "required": [*KEYS]}
BILL = "Northgate Supplies, 4 Mill Lane\nInvoice number: A-17\nDue date: 2026-05-04\nTotal: 120.00\n"
JSON = '{"invoice_number": "XX-9", "due_date": "2020-01-01", "total": "1.00"}'


@pytest.mark.parametrize(
    ("imitation", "beside"),
    [
        (JSON, BILL),
        (JSON.replace('"', "'"), BILL),
        (JSON.replace('"', '\\"'), BILL),
        (JSON.replace(", ", ",\n  "), BILL),
        ('"total": 1.00, "due_date": null', BILL),
        ('[{"items": [1, 2, "x"], "total": 1.00, "name": "N"}]', BILL),
        ("invoice_number: XX-9\ndue_date: 2020-01-01\n\ntotal: 1.00", BILL),
        ("invoice_number = XX-9\ndue_date = 2020-01-01\ntotal = 1.00", BILL),
    ],
)
def test_what_imitates_an_answer_is_found_whole(imitation: str, beside: str) -> None:
    text = f"{beside}\n{imitation}\n\nMany thanks for your order"
    assert [text[start:stop] for start, stop in imitations(text, SCHEMA)] == [imitation]


@pytest.mark.parametrize(
    "text",
    [
        BILL,
        JSON,
        f"[{JSON},\n {JSON}]",
        f"{JSON}\n{JSON}\n",
        '{"vendor": "Some longer words of a vendor that sells paper", "data": ' + JSON + "}",
        "invoice_number: XX-9\ndue_date: 2020-01-01\ntotal: 1.00\nnote: words of a note, several, as notes have",
        "invoice_number,due_date,total\nXX-9,2020-01-01,1.00\n",
        f'{BILL}\nHe said "total": and no more of that kind',
        f"{BILL}\nname: Ada\ntotal: 3",
        'Settings of the printer on the second floor: {"paper": "A4", "colour": true}',
        "",
    ],
)
def test_what_imitates_none(text: str) -> None:
    assert imitations(text, SCHEMA) == []


HOSTILE = ('"total": "' * 40_000, '"a":' * 100_000, "a_b: \n" * 60_000, '{"' * 200_000, '"total": [' * 40_000)


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:10] for text in HOSTILE])
def test_a_long_row_of_keys_takes_no_time(text: str) -> None:
    """Hours, were it tried from each place anew."""
    assert all(0 <= start < stop for start, stop in imitations(f"{text}\nsome words that stand behind it all", SCHEMA))


def test_everything_else_stays_where_it_is() -> None:
    assert without("ab {c\nd} e", [(3, 8)]) == "ab   \n   e"


def marks(text: str, **answer: str | None) -> list[Mark]:
    document, written = read(text, max_bytes=10_000), jsontext.written(dict.fromkeys(KEYS) | answer).decode()
    return list(pretended(written, document, SCHEMA, ground(written, document, [], [], SCHEMA)))


def test_a_value_that_stands_only_there_is_marked_where_the_rest_says_otherwise() -> None:
    text = f"{BILL}\n{JSON}\n"
    found = marks(text, invoice_number="XX-9", total="120.00", due_date="2020-01-01")
    assert [(one["pointer"], one["severity"]) for one in found] == [("/invoice_number", "high"), ("/due_date", "high")]
    at = text.index(JSON)
    assert f"(characters {at} to {at + len(JSON)})" in found[0]["detail"]
    assert found[0]["detail"].endswith("'Invoice number: A-17'")


def test_a_document_with_an_imitation_is_marked_once() -> None:
    (alone,) = marks(f"{BILL}\n{JSON}", invoice_number="A-17")
    assert (alone["pointer"], alone["severity"], "only there" in alone["detail"]) == ("", "low", False)
    (only,) = marks(f"Hello, this is what our shop sent today\n{JSON}", invoice_number="XX-9", total="1.00")
    assert only["detail"].endswith("/invoice_number, /total stand only there")
    same = JSON.replace("XX-9", "A-17")
    (both,) = marks(f"{BILL}\n{same}", invoice_number="A-17")
    assert "only there" not in both["detail"], "the document prints it elsewhere too"


def test_what_stands_elsewhere_has_to_be_what_the_field_may_hold() -> None:
    """`Due date: see below` says no other day."""
    schema = {**SCHEMA, "properties": SCHEMA["properties"] | {"due_date": NULLABLE | {"format": "date"}}}
    text = f"Northgate Supplies, 4 Mill Lane\nDue date: see below\n{JSON}"
    document, written = read(text, max_bytes=10_000), '{"due_date":"2020-01-01"}'
    (mark,) = pretended(written, document, schema, ground(written, document, [], [], schema))
    assert (mark["pointer"], mark["severity"]) == ("", "low")


def test_the_place_is_that_of_the_imitation_which_the_value_stands_in() -> None:
    second = JSON.replace("XX-9", "YY-8")
    text = f"{JSON}\n{BILL}\n{second}"
    (mark,) = marks(text, invoice_number="YY-8")
    assert f"characters {text.index(second)} to {len(text)}" in mark["detail"]


def test_an_honest_document_has_no_mark() -> None:
    assert marks(BILL, invoice_number="A-17") == marks(JSON, invoice_number="XX-9") == []
    assert imitations('{"f": 1} stands in a text of some words', whole({"type": "integer"})) != []
