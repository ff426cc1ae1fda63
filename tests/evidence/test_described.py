"""Labels that a schema's titles and descriptions name, where the key does not."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from extractor.evidence.described import FieldDescriptions
from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.scalars import scalars


def schema(**said: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: {"type": "boolean", **one} for key, one in said.items()}}


def places(document: str, answer: dict[str, Any], json_schema: dict[str, Any]) -> list[int | None]:
    """Where each value of the answer has its evidence."""
    found = list(scalars(json.dumps(answer)))
    return [where[0].start if where else None for where in EvidenceSearch(document, (), json_schema).of(found)]


@pytest.mark.parametrize(
    ("document", "said", "word"),
    [
        ("Color: no\nHidden rango: yes", "labelled “Hidden rango”", "yes"),
        ("Color: no\nHidden rango: yes", "printed as hidden rango, if at all", "yes"),
        ("Fragile: no\nPaid   yes", "whether it has been paid", "yes"),
        ("Fragile: no\n[x] Local disc", "fill in Local disc", "[x]"),
        ("| Fragile | no |\n| Local disc | [x] |", "the local disc", "[x]"),
        ("# Local disc\n   yes\n# Fragile\n   no", "Local Disc", "yes"),
        ("(1) Size = 3 ~ Local disc = yes ~ Page = 2", "whatever local disc says", "yes"),
        ("The stamp brand amounts to yes. Another says no.", "stamp brand goes here", "yes"),
        ("Someone wrote yes next to Stamp brand.", "stamp brand goes here", "yes"),
    ],
)
def test_a_description_names_the_label(document: str, said: str, word: str) -> None:
    for json_schema in schema(q7={"description": said}), schema(q7={"title": said}):
        assert places(document, {"q7": True}, json_schema) == [document.index(word)]
    assert places(document, {"q7": True}, schema(q7={})) == [None]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("Value: yes\nText: yes", "the value of the text as printed"),  # words of any description
        ("Applies: yes", "whether it applies"),
        ("Paid: yes\nFragile: yes", "paid or fragile"),  # which of both?
        ("Paid in part: yes", "whether it has been paid"),  # another label
        ("Paid: no", "whether it has been paid"),
        ("Color: yes", "true if color was asked for"),  # that is the key of another field
        ("Stamp brand is given by yes or no.", "stamp brand"),
    ],
)
def test_words_that_name_nothing_are_no_labels(document: str, said: str) -> None:
    answer = {"q7": True, "color": False}
    assert places(document, answer, schema(q7={"description": said}, color={}))[0] is None


def test_the_key_comes_first() -> None:
    document = "Gift wrap: yes\nPaid: yes"
    assert places(document, {"paid": True}, schema(paid={"description": "not the gift wrap"})) == [21]


def test_a_label_of_a_description_decides_between_numbers() -> None:
    document = "Weight -> 11 kilo\nCouvert: 11"
    json_schema = {
        "properties": {"n": {"anyOf": [{"type": "integer", "description": "the Couvert"}, {"type": "null"}]}}
    }
    assert places(document, {"n": 11}, json_schema) == [document.rindex("11")]


def test_heads_of_columns() -> None:
    document = "Name // Blue // Local disc\nAda // yes // no\nBob // n/a // yes\n"
    rows = [{"name": "Ada", "a": True, "b": False}, {"name": "Bob", "a": None, "b": True}]
    row = {"properties": {"a": {"description": "blue"}, "b": {"description": "the local disc"}}}
    json_schema = {"properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}}, "$defs": {"row": row}}
    found = places(document, {"rows": rows}, json_schema)
    assert found == [document.index(word) if word else None for word in ("Ada", "yes", "no\n", "Bob", "", "yes\n")]


def test_rows_of_nothing_but_yes_and_no_stand_below_their_head() -> None:
    document = "Remarks: yes\n\nRust // Blue\nyes // false\n[ ] // ☑\nja // YES\n\nThe end: no"
    rows = [{"rust": True, "blue": False}, {"rust": False, "blue": True}, {"rust": True, "blue": True}]
    found = places(document, {"rows": rows}, {})
    assert found == [document.index(word) for word in ("yes //", "false", "[ ]", "☑", "ja", "YES")]


def test_a_schema_that_refers_to_itself_is_read() -> None:
    json_schema = {
        "properties": {"a": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "boolean", "description": "Local disc"}]}},
    }
    assert FieldDescriptions(json_schema, ["a"]).texts(("a",)) == ["Local disc"]
    assert places("Local disc: yes", {"a": True}, json_schema) == [12]


def test_long_descriptions_and_many_fields_take_no_longer() -> None:
    keys = [f"q{number}" for number in range(100)]
    json_schema = schema(**{key: {"description": f"{key} {'local disc paid ' * 2_000}"} for key in keys})
    document = "Local disc paid local disc and paid local\n" * 200
    begun = time.thread_time()
    places(document, dict.fromkeys(keys, True), json_schema)
    assert time.thread_time() - begun < 20  # half a second
