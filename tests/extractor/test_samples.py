"""The sample documents: one of each schema at least, named after it, and their right answers possible."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import extractor
from extractor.documents import read
from extractor.grammar.compile import compile_grammar
from extractor.service.demo import places
from extractor.validate import read_answer
from schemas import Registry
from schemas.jsontext import dumps, loads
from tests.support.matching import accepts

FOLDER = Path(extractor.__file__).parent / "samples"
REGISTRY = Registry.discover()
SAMPLES = sorted(FOLDER.glob("*.txt"))

ANSWERS = {
    "invoice-1": """{
        "number": "TR-20418", "issue_date": "2025-03-14", "due_date": "2025-04-13",
        "seller": {"name": "Tamsin & Rowe Joinery Ltd", "address": "Unit 4, Harbour Yard, Falmouth TR11 3QR",
                   "tax_id": "GB 294 6617 08"},
        "buyer": {"name": "Penrose Guest House", "address": "9 Cliff Road, Newquay TR7 1SG", "tax_id": null},
        "currency": "GBP",
        "items": [{"description": "Oak worktop, 3 m", "quantity": 2, "unit_price": 310.00, "amount": 620.00},
                  {"description": "Shelf brackets", "quantity": 12, "unit_price": 4.50, "amount": 54.00},
                  {"description": "Fitting on site", "quantity": 1, "unit_price": 180.00, "amount": 180.00}],
        "subtotal": 854.00, "tax": 170.80, "total": 1024.80}""",
    "invoice-2": """{
        "number": "2025-0093", "issue_date": "2025-06-02", "due_date": "2025-06-16",
        "seller": {"name": "Malerbetrieb Joachim Kessler", "address": "Bahnhofstraße 18, 88161 Lindenberg",
                   "tax_id": "DE 813 552 094"},
        "buyer": {"name": "Arztpraxis Dr. Yılmaz", "address": "Am Markt 3, 88131 Lindau", "tax_id": null},
        "currency": "EUR",
        "items": [{"description": "Wandfarbe weiß", "quantity": 5, "unit_price": 38.90, "amount": 194.50},
                  {"description": "Arbeitszeit", "quantity": 14, "unit_price": 52.00, "amount": 728.00}],
        "subtotal": 922.50, "tax": 175.28, "total": 1097.78}""",
    "receipt-1": """{
        "merchant": "GREEN FORK CAFE", "address": "118 DELANCEY ST NEW YORK", "purchase_date": "2025-11-23",
        "purchase_time": "12:47",
        "items": [{"description": "SOUP OF THE DAY", "quantity": 2, "amount": 15.00},
                  {"description": "CLUB SANDWICH", "quantity": 1, "amount": 13.50},
                  {"description": "ICED TEA", "quantity": 2, "amount": 7.00}],
        "tax": 3.15, "tip": 7.00, "total": 45.65, "currency": "USD", "payment_method": "card",
        "card_last_four": "4471"}""",
    "bank_transaction-1": """{
        "booking_date": "2025-08-28", "value_date": "2025-08-29", "direction": "debit", "amount": 74.30,
        "currency": "EUR", "kind": "direct_debit", "counterparty": "Stadtwerke Nordhafen",
        "counterparty_account": "DE62 2005 0550 1234 5678 90", "account": "DE44 5001 0517 5407 3249 31",
        "reference": "RF18-5390-0075", "purpose": "Electricity August 2025, customer 884120",
        "balance_after": 2118.46}""",
}


def test_every_schema_has_one():
    assert {path.stem.rpartition("-")[0] for path in SAMPLES} == {schema.name for schema in REGISTRY.list()}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_a_short_document(path):
    document = read(path)
    assert 100 < len(document.text) < 1_200
    assert document.text.endswith("\n")


@pytest.mark.parametrize(
    ("name", "says", "how"),
    [
        ("invoice-3.pdf", "Brightwater Studio Ltd", ["layout"]),
        ("purchase_order-2.eml", "net 30", ["text", "layout"]),
        ("receipt-2.jpg", "The Tide Tables", ["ocr"]),  # a typewriter's spaces are no gaps between cells
    ],
)
def test_a_pdf_a_mail_and_a_scan_are_among_them_and_small(name, says, how):
    document = read(FOLDER / name)
    assert [page.how for page in document.pages] == how
    start = document.text.index(says)
    assert document.boxes(start, start + len(says))
    assert (FOLDER / name).stat().st_size < 25_000


def test_where_a_value_stands_is_shown_for_pages_alone():
    box, part = [0.1, 0.2, 0.3, 0.4], {"number": 2, "kind": "attachment", "name": "a.pdf", "label": None, "cell": None}
    placed = {"start": 0, "stop": 2, "text": "17", "page": 2, "part": part, "boxes": [box]}
    fields = {
        "/no": {"evidence": [placed, placed | {"page": 3, "part": None}], "label": None, "confidence": 1.0},
        "/name": {"evidence": [placed | {"boxes": [], "page": None}], "label": None, "confidence": 1.0},
        "/nothing": {"evidence": [], "label": None, "confidence": None},
    }
    first, second = places(fields)
    assert first.split() == ["/no", "17", "a.pdf", "page", "2", "[0.10", "0.20", "0.30", "0.40]"]
    assert second.split()[2:4] == ["page", "3"]


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers_are_possible_and_stand(name):
    schema = REGISTRY.get(name.rpartition("-")[0])
    assert (FOLDER / f"{name}.txt").is_file()
    text = dumps(loads(ANSWERS[name]))
    document = (FOLDER / f"{name}.txt").read_text()
    assert all(word in document for word in re.findall(r'": "([^"]{12,})"', ANSWERS[name]) if "_" not in word)
    assert accepts(compile_grammar(schema), text)
    assert read_answer(text, schema).value
