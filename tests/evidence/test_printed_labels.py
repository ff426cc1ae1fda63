"""Printed labels: which are like a key, what stands behind them, and which of them a null or a value has."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from extractor.documents import Document, Page
from extractor.evidence.ground import ground
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.printed_labels import PrintedLabels


def printed(document: str, key: str) -> list[tuple[str, str | None]]:
    return [
        (document[slice(*one.label)], document[slice(*one.behind)] if one.behind else None)
        for one in PrintedLabels(DocumentIndex(document)).of(key)
    ]


def labels(document: str, answer: dict[str, Any]) -> dict[str, tuple[str, str | None] | None]:
    pages = (Page(1, 0, len(document)),)
    known = ground(json.dumps(answer), Document(document, pages=pages), [], [])
    return {
        pointer: (one["label"]["text"], one["label"]["behind"] and one["label"]["behind"]["text"])
        if one["label"]
        else None
        for pointer, one in known.items()
    }


@pytest.mark.parametrize(
    ("document", "key", "expected"),
    [
        ("E-mail: a@b.example", "email", ("E-mail", "a@b.example")),
        ("Courriel : a@b.example", "email", ("Courriel", "a@b.example")),
        ("E-Mail-Adresse: a@b.example", "customer_email", ("E-Mail-Adresse", "a@b.example")),
        ("**E-mail:** a@b.example", "email", ("E-mail", "a@b.example")),
        ("Your e-mail: a@b.example", "email", ("e-mail", "a@b.example")),
        ("Tel. 030 123 4567  Fax -8", "phone", ("Tel", "030 123 4567")),
        ("Tel: 030 123 E-Mail: a@b.example", "email", ("E-Mail", "a@b.example")),
        ("Tel: 030 123 E-Mail: a@b.example", "phone", ("Tel", "030 123")),
        ("| E-mail | a@b.example |", "email", ("E-mail", "a@b.example")),
        ("│ E-mail      │ a@b.example │", "email", ("E-mail", "a@b.example")),
        ("| Name | E-mail |\n|---|---|\n| Ada | a@b.example |", "email", ("E-mail", "a@b.example")),
        ("Name      E-mail         City\nAda       a@b.example    Ely", "email", ("E-mail", "a@b.example")),
        ("Discount ........ 5.00", "discount", ("Discount", "5.00")),
        ("Rabatt        5,00", "discount", ("Rabatt", "5,00")),
        ("Order no. 4711", "order_number", ("Order no", "4711")),
        ("Order: 4711", "orderNumber", ("Order", "4711")),
        ("Due date (latest): 3 May", "due_date", ("Due date", "3 May")),
        ("Due date\n3 May 2026", "due_date", ("Due date", "3 May 2026")),
        ("1) Colour :: red", "colour", ("Colour", "red")),
        ("<Colour> red", "colour", ("Colour", "red")),
        ("Échéance : 3 mai", "due_date", ("Échéance", "3 mai")),
        ("Fax:", "fax", ("Fax", None)),
        ("Name Ada\n\u3000\u3000Fax: 12 34", "fax", ("Fax", "12 34")),  # behind blanks that are no spaces
        ("Name Ada\n\u2028Fax: 12 34", "fax", ("Fax", "12 34")),
        ("Name Ada\n\x85\u2003Fax: 12 34", "fax", ("Fax", "12 34")),
        ("Fax: n/a", "fax", ("Fax", None)),
        ("Fax: –\nTel: 5", "fax", ("Fax", None)),
        ("Fax:\nTel: 030 12345", "fax", ("Fax", None)),
        ("| Fax |  |\n| Tel | 5 |", "fax", ("Fax", None)),
    ],
)
def test_a_label_and_what_stands_there(document: str, key: str, expected: tuple[str, str | None]) -> None:
    assert printed(document, key) == [expected]


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ("E-mail marketing: yes", "email"),
        ("Write to our e-mail team, please", "email"),
        ("Order number: 5", "number"),
        ("Due date: 3 May", "date"),
        ("Tax ID: DE123", "tax"),
        ("Discounts: 5", "discount_code"),
        ("the total is 5", "total"),
        ("Ship to: Ely", "to"),
    ],
)
def test_what_is_no_label_of_a_key(document: str, key: str) -> None:
    assert printed(document, key) == []


def test_a_null_has_no_label_where_another_value_stands() -> None:
    document = "E-mail: a@b.example\nTax ID: DE1\nAcme Ltd\nPhone: 1234567\nGlobex Inc\nTax ID: DE2\n"
    answer = {"email": None, "contact": "a@b.example", "phone": None, "fax": None}
    assert labels(document, answer) == {
        "/email": None, "/contact": None, "/phone": ("Phone", "1234567"), "/fax": None
    }  # fmt: skip
    nested = {"seller": {"name": "Acme Ltd", "tax_id": None}, "buyer": {"name": "Globex Inc", "tax_id": None}}
    found = labels(document, nested)
    assert found["/seller/tax_id"] is None, "what is above the seller may be anybody's"
    assert found["/buyer/tax_id"] == ("Tax ID", "DE2")


def test_a_value_has_the_label_it_stands_at() -> None:
    document = "Invoice no.: A-7\nof it tax 2.00\nTotal:   12.00\n"
    answer = {"invoice_number": "A-7", "total": 12, "tax": 2, "items": [{"total": 12}], "note": "nowhere"}
    found = labels(document, answer)
    assert found["/invoice_number"] == ("Invoice no", None)
    assert found["/total"] == ("Total", None)
    assert [found[one] for one in ("/tax", "/items/0/total", "/note")] == [None] * 3


def test_looking_for_labels_ends() -> None:
    begun = time.thread_time()
    document = "Email: x " * 100_000
    assert labels(document, {f"{n}_email": None for n in range(200)})["/7_email"] is not None
    assert time.thread_time() - begun < 20


@pytest.mark.parametrize("key", ["電話", "phone"])
def test_a_label_of_two_signs_tells_which_of_two_places_it_is(key):
    text = "FAX: 555 0101\n電話: 555 0101\n"
    known = ground(json.dumps({key: "555 0101"}), Document(text), [], [])[f"/{key}"]
    assert [one["start"] for one in known["evidence"]] == [text.rindex("555")]
    assert known["label"]
    assert known["label"]["text"] == "電話"
