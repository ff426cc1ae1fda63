"""Texts of fields whose name tells what their values look like: what the document prints of that look, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import demand
from tests.support.matching import accepts

JSON = dict[str, Any]
DOCUMENT = """Harbour Joinery          Order 4711 of 12.03.2026
Anna Berg, ann@post.example
Tel. 030 555 0134, mobile 0160 555 01 35
"""


def allows(schema: JSON, document: str, *values: Any) -> list[bool]:
    """Of a schema of one field, whether it may have each of these values in the document's answer."""
    whole = {"type": "object", "properties": schema, "required": list(schema), "additionalProperties": False}
    asked = demand(whole, "all", Bounds())
    assert asked is not None
    grammar = asked.of(document).grammar
    assert grammar is not None
    key = next(iter(schema))
    return [accepts(grammar, json.dumps({key: one}, separators=(",", ":"))) for one in values]


NULLABLE: JSON = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_an_address_of_mail_is_one_that_is_printed() -> None:
    values = ("ann@post.example", "Anna Berg", "ann", None)
    assert allows({"email": NULLABLE}, DOCUMENT, *values) == [True, False, False, True]
    assert allows({"contact": NULLABLE}, DOCUMENT, *values) == [True, True, False, True]


def test_a_telephone_number_is_one_that_is_printed() -> None:
    values = ("030 555 0134", "0160 555 01 35", "4711", "12.03.2026", None)
    assert allows({"phone": NULLABLE}, DOCUMENT, *values) == [True, True, False, False, True]


def test_members_of_a_list_too() -> None:
    schema = {"emails": {"type": "array", "items": {"type": "string"}}}
    assert allows(schema, DOCUMENT, ["ann@post.example"], ["Anna Berg"], []) == [True, False, True]


def test_where_none_is_printed_a_field_that_may_be_null_is() -> None:
    nobody = "Harbour Joinery, order 4711"
    assert allows({"email": NULLABLE}, nobody, "Harbour Joinery", None) == [False, True]
    assert allows({"email": {"type": "string"}}, nobody, "Harbour Joinery") == [True], "else it would fail for a name"
    assert allows({"plz": NULLABLE}, nobody, "4711", None) == [True, True], "codes may look like no other country's"


@pytest.mark.parametrize("node", [{"type": "string", "pattern": "^[A-Z]"}, {"type": "string", "x-printed": True}])
def test_a_pattern_says_itself_what_a_value_looks_like(node: JSON) -> None:
    assert allows({"phone": node}, DOCUMENT, "Anna Berg") == ["pattern" in node]


def test_lengths_hold_too() -> None:
    assert allows({"phone": {"type": "string", "maxLength": 12}}, DOCUMENT, "030 555 0134", "0160 555 01 35") == [
        True,
        False,
    ]
