"""What a document counts is a label of the field that asks how many, where no value of the answer stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.documents import Document
from extractor.evidence.ground import ground
from extractor.review.missed import missed

NUMBER = {"type": ["integer", "null"]}


def label_of(text: str, key: str, node: dict[str, Any], **others: Any) -> tuple[str, str] | None:
    """The label of the null at `key`, and what stands there."""
    schema = {"type": "object", "properties": {key: node, **{name: {"type": "string"} for name in others}}}
    answer = json.dumps({key: None, **others})
    size = len(answer.encode())
    fields = ground(answer, Document(text), [-0.1] * size, [1] * size, schema)
    label = fields[f"/{key}"]["label"]
    if label is None or label["behind"] is None:
        return None
    assert [at for at, _ in missed(fields, schema)] == [f"/{key}"]
    return label["text"], label["behind"]["text"]


@pytest.mark.parametrize(
    ("text", "key", "node", "expected"),
    [
        ("Contents of the 2 parcels", "packages", NUMBER | {"description": "number of parcels"}, ("parcels", "2")),
        ("warranty: 3 years on parts", "warranty_years", NUMBER, ("years", "3")),
        ("Wir sind 2 Erwachsene und 3 Kinder.", "kinder", NUMBER, ("Kinder", "3")),
        ("6 retards", "nombre_retards", {"anyOf": [{"type": "number"}, {"type": "null"}]}, ("retards", "6")),
        ("Room 2.50 parcels", "parcels", NUMBER, None),
        ("X2 parcels, 14/5 parcels, 12345 parcels", "parcels", NUMBER, None),
        ("2 parcels", "parcels", {"type": ["string", "null"]}, None),
        ("2 boxes", "parcels", NUMBER, None),
        ("the 2 amounts", "total_amount", NUMBER | {"description": "amount in numbers"}, None),
    ],
)
def test_the_counted_word_names_the_number(text: str, key: str, node: Any, expected: tuple[str, str] | None) -> None:
    assert label_of(text, key, node) == expected


def test_what_another_value_stands_at_is_none() -> None:
    assert label_of("2 parcels of Kim & 3 parcels", "parcels", NUMBER, sender="2 parcels of Kim") == ("parcels", "3")
    assert label_of("2 Parcels Ltd", "parcels", NUMBER, sender="Parcels Ltd") is None


def test_a_printed_label_with_something_behind_it_comes_first() -> None:
    assert label_of("Parcels: 4\n2 parcels", "parcels", NUMBER) == ("Parcels", "4")


def test_a_row_of_a_list_does_not_take_the_number() -> None:
    assert label_of("2 parcels of pens", "parcels", NUMBER, items=[{"name": "pens", "quantity": 2}]) == ("parcels", "2")
    assert label_of("2 parcels", "parcels", NUMBER, size=2) is None, "another field does"
