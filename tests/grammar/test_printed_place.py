"""What a document prints in one place of it: behind a label."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.grammar.narrow.marks import FILE, LIKE, TEXT
from extractor.grammar.printed.mark import PRINTED
from extractor.grammar.printed.place import PrintedPlace
from extractor.grammar.printed.reading import PrintedDocument
from tests.support.matching import accepts

JSON = dict[str, Any]
DOCUMENT = """Order date: 03/04/2026
Delivery: 25/04/2026
Buyer:  – Anna Berg,
          Mill Lane 4
Total:    1.250,50 EUR
Deposit:  250,00 EUR
VAT ID:   DE 811 907 980"""


def allows(place: str, leaf: JSON, *values: Any) -> list[bool]:
    """Of a place of the document, whether the leaf may be each of these values there."""
    document = PrintedDocument(DOCUMENT)
    name = PrintedPlace(document, place).terminal(leaf)
    if name is None:
        return [False] * len(values)
    grammar = f"start: {name}\n{document.terminals()}"
    return [accepts(grammar, json.dumps(value, ensure_ascii=False)) for value in values]


def test_a_day_is_read_as_the_document_has_its_days() -> None:
    leaf = {"type": ["string"], PRINTED: "date"}
    assert allows("03/04/2026", leaf, "2026-04-03", "2026-03-04", "2026-04-25") == [True, False, False]


def test_a_number_is_read_as_the_document_has_its_numbers() -> None:
    leaf = {"type": ["number"], PRINTED: TEXT}
    assert allows("1.250,50 EUR", leaf, 1250.5, 1.2505, 250) == [True, False, False]
    assert allows("250,00 EUR", {"type": ["integer"], PRINTED: TEXT}, 250, 1250) == [True, False]


def test_a_text_begins_where_the_place_does() -> None:
    leaf = {"type": ["string"], PRINTED: TEXT}
    assert allows("Anna Berg,", leaf, "Anna Berg", "Anna", "Berg", "Mill Lane 4", "nna") == [True] * 2 + [False] * 3
    assert allows("– Anna Berg,", leaf, "Anna Berg", "– Anna Berg") == [True, False]
    assert allows("Anna Berg,", {**leaf, "maxLength": 4}, "Anna Berg", "Anna") == [False, True]


def test_a_text_of_a_pattern_may_be_spelled_otherwise() -> None:
    leaf = {"type": ["string"], PRINTED: TEXT, "pattern": "^[A-Z]{3}$"}
    assert allows("1.250,50 EUR", leaf, "EUR", "VAT") == [True, False]
    code = {"type": ["string"], PRINTED: FILE, "pattern": "^DE[0-9]{9}$"}
    assert allows("DE 811 907 980", code, "DE811907980") == [True]


@pytest.mark.parametrize("place", ["", "Anna Berg", "word " * 200])
def test_there_is_no_terminal_of_what_nothing_fits(place: str) -> None:
    document = PrintedDocument(f"{DOCUMENT}\n{place}")
    assert PrintedPlace(document, place).terminal({"type": ["number"], PRINTED: TEXT}) is None


def test_of_a_place_that_is_long_no_stretches_are_listed() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    assert PrintedPlace(PrintedDocument(text), text).terminal({"type": ["string"], PRINTED: TEXT}) is None


def test_a_field_that_tells_its_look_takes_that_alone() -> None:
    leaf = {"type": ["string"], PRINTED: f"{LIKE}phone"}
    assert allows("Anna Berg,", leaf, "Anna Berg") == [True], "the document prints no number"
    text = "Anna Berg, +49 30 555 0134"
    document = PrintedDocument(text)
    grammar = f"start: {PrintedPlace(document, text).terminal(leaf)}\n{document.terminals()}"
    assert [accepts(grammar, json.dumps(one)) for one in ("Anna Berg", "+49 30 555 0134")] == [False, True]
