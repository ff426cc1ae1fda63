"""Schemas of values that may be null, with some that may not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from extractor.grammar.nullable import required_at, without_null

JSON = dict[str, Any]
NULL: JSON = {"type": "null"}
KIND: JSON = {"enum": ["a", "b"], "type": "string"}
ROOT: JSON = {
    "type": "object",
    "$defs": {
        "kind": KIND,
        "party": {"type": "object", "properties": {"name": {"type": ["string", "null"], "title": "Name"}}},
    },
    "properties": {
        "total": {"anyOf": [{"type": "number", "minimum": 0}, NULL], "default": None, "description": "of all"},
        "kind": {"anyOf": [{"$ref": "#/$defs/kind"}, NULL]},
        "seller": {"anyOf": [{"$ref": "#/$defs/party"}, NULL]},
        "buyer": {"$ref": "#/$defs/party"},
        "rows": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "either": {"type": ["string", "integer", "null"]},
    },
}


@pytest.mark.parametrize(
    ("node", "left"),
    [
        ({"type": ["string", "null"], "format": "date"}, {"type": "string", "format": "date"}),
        ({"anyOf": [{"type": "integer"}, NULL], "title": "T", "default": None}, {"type": "integer", "title": "T"}),
        ({"type": ["string", "null"], "default": "x"}, {"type": "string", "default": "x"}),
        ({"enum": ["a", None]}, {"enum": ["a"]}),
        ({"enum": ["a", None], "type": ["string", "null"]}, {"enum": ["a"], "type": "string"}),
        ({"anyOf": [{"$ref": "#/$defs/kind"}, NULL], "title": "K"}, KIND | {"title": "K"}),
        ({"enum": [None]}, None),
        ({"type": "null"}, None),
        ({"type": ["string", "integer", "null"]}, {"type": ["string", "integer"]}),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}, NULL], "title": "A", "default": None},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "title": "A"},
        ),
        (
            {"anyOf": [NULL, {"anyOf": [{"type": "number", "minimum": 0}, {"type": "number", "maximum": -1}]}]},
            {"anyOf": [{"type": "number", "minimum": 0}, {"type": "number", "maximum": -1}]},
        ),
        ({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/party"}, NULL]}, None),
        ({"type": ["string", "object", "null"]}, None),
        ({"anyOf": [{"$ref": "#/$defs/party"}, NULL]}, None),
        ({"type": ["array", "null"], "items": {"type": "string"}}, None),
        ({}, None),
    ],
)
def test_what_a_value_is_beside_null(node: JSON, left: JSON | None) -> None:
    assert without_null(ROOT, node) == left


def test_only_what_is_named_changes() -> None:
    before = copy.deepcopy(ROOT)
    changed = required_at(ROOT, [["total"], ["seller", "name"]])
    assert before == ROOT
    properties = changed["properties"]
    assert properties["total"] == {"type": "number", "minimum": 0, "description": "of all"}
    own, null = properties["seller"]["anyOf"]
    assert null == NULL, "the seller may be missing as a whole"
    assert own["properties"]["name"] == {"type": "string", "title": "Name"}
    assert properties["buyer"] == ROOT["properties"]["buyer"]
    assert changed["$defs"] == ROOT["$defs"], "the buyer's name may still be missing"


@pytest.mark.parametrize("path", [["rows"], ["nowhere"], ["total", "deeper"], ["rows", "0"]])
def test_what_can_be_nothing_else_stays(path: list[str]) -> None:
    assert required_at(ROOT, [path]) == ROOT
