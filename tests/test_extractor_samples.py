"""The sample documents: one of each schema at least, named after it, and their right answers possible."""

from __future__ import annotations

from pathlib import Path

import pytest

import extractor
from extractor.documents import read
from extractor.grammar import compile_grammar
from extractor.validate import read_answer
from schemas import Registry
from schemas.jsontext import dumps, loads
from tests.matching import accepts

FOLDER = Path(extractor.__file__).parents[1] / "docs" / "samples"
REGISTRY = Registry.discover()
SAMPLES = sorted(FOLDER.glob("*.txt"))

ANSWERS = {
    "invoice-1": """{
        "number": "TJ-2041", "issue_date": "2026-03-14", "due_date": "2026-04-13",
        "seller": {"name": "Tidewater Joinery", "address": "8 Harbour Street, Falmouth", "tax_id": "GB 318 2254 91"},
        "buyer": {"name": "Penrose Books Ltd", "address": "21 Castle Road, Truro", "tax_id": null},
        "currency": "GBP",
        "items": [{"description": "Oak shelf 120 cm", "quantity": 6, "unit_price": 45.00, "amount": 270.00},
                  {"description": "Wall bracket", "quantity": 12, "unit_price": 4.50, "amount": 54.00},
                  {"description": "Fitting on site", "quantity": 1, "unit_price": 160.00, "amount": 160.00}],
        "subtotal": 484.00, "tax": 96.80, "total": 580.80}""",
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
        "merchant": "GREEN LANE GROCERS", "address": "17 GREEN LANE, LEEDS", "purchase_date": "2026-08-22",
        "purchase_time": "17:42",
        "items": [{"description": "OAT MILK 1L", "quantity": null, "amount": 2.10},
                  {"description": "RYE BREAD", "quantity": null, "amount": 3.25},
                  {"description": "APPLES 1KG", "quantity": null, "amount": 2.80},
                  {"description": "COFFEE BEANS", "quantity": null, "amount": 7.95}],
        "tax": null, "tip": null, "total": 16.10, "currency": "GBP", "payment_method": "card",
        "card_last_four": "4821"}""",
    "bank_transaction-1": """{
        "booking_date": "2026-05-18", "value_date": "2026-05-19", "direction": "debit", "amount": 84.30,
        "currency": "EUR", "kind": "direct_debit", "counterparty": "Stadtwerke Lindau",
        "counterparty_account": "DE12 5001 0517 0648 4898 90", "account": "DE89 3704 0044 0532 0130 00",
        "reference": "K-2026-551", "purpose": "Electricity May", "balance_after": 1915.70}""",
}


def test_every_schema_has_one():
    assert {path.stem.rpartition("-")[0] for path in SAMPLES} == {schema.name for schema in REGISTRY.list()}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_a_short_document(path):
    document = read(path)
    assert 100 < len(document.text) < 1_200
    assert document.text.endswith("\n")


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers_are_possible_and_stand(name):
    schema = REGISTRY.get(name.rpartition("-")[0])
    assert (FOLDER / f"{name}.txt").is_file()
    text = dumps(loads(ANSWERS[name]))
    assert accepts(compile_grammar(schema), text)
    assert read_answer(text, schema).value
