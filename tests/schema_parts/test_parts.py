"""A schema → parts, and answers of parts → one: without a model, a part being as large as it has properties."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.prompt.schema_text import render_schema
from extractor.schema_parts.definitions import gathered
from extractor.schema_parts.join import PartAnswer, united
from extractor.schema_parts.pack import packed
from extractor.schema_parts.part import only, pointer_of, share_of, tree_of
from extractor.schema_parts.sketch import least_answer
from extractor.windows.tree import data_of, flat, grown
from schemas import check

TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}


def object_of(*names: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, TEXT), "required": list(names), **more}


def size(schema: Any) -> int:
    """Texts, as a prompt shows them."""
    return render_schema(schema).count("string")


def parts(schema: dict[str, Any], most: int) -> list[list[str]]:
    return [[pointer_of(path) for path in one] for one in packed(gathered(schema), lambda part: size(part) <= most)]


def schemas_of(schema: dict[str, Any], most: int) -> list[dict[str, Any]]:
    root = gathered(schema)
    found = packed(root, lambda part: size(part) <= most)
    return [only(root, tree_of(paths)) for paths in found]


def joined(schema: dict[str, Any], most: int, *answers: dict[str, Any] | None) -> Any:
    root = gathered(schema)
    trees = [tree_of(paths) for paths in packed(root, lambda part: size(part) <= most)]
    assert len(trees) == len(answers)
    given = [
        PartAnswer(tree, None if answer is None else grown(answer, {}))
        for tree, answer in zip(trees, answers, strict=True)
    ]
    return data_of(united(root, given))


def test_properties_fill_a_part_after_the_other() -> None:
    assert parts(object_of(*"abcdefg"), 3) == [["/a", "/b", "/c"], ["/d", "/e", "/f"], ["/g"]]
    assert parts(object_of(*"abc"), 3) == [["/a", "/b", "/c"]]
    assert parts(object_of(*"abc"), 0) == [["/a"], ["/b"], ["/c"]]


def test_an_object_that_is_too_large_is_cut_within_and_others_stay_whole() -> None:
    schema = object_of("a", "b")
    schema["properties"] |= {"small": object_of("x", "y"), "large": object_of(*"pqrst")}
    assert parts(schema, 3) == [
        ["/a", "/b"],
        ["/small", "/large/p"],
        ["/large/q", "/large/r", "/large/s"],
        ["/large/t"],
    ]


def test_on_three_levels_behind_references_and_beside_null() -> None:
    deep = object_of(*"uvwx", description="deep")
    schema = {
        "type": "object",
        "properties": {"top": {"$ref": "#/$defs/Mid", "description": "here"}},
        "required": ["top"],
        "$defs": {
            "Mid": {"type": "object", "properties": {"low": {"anyOf": [deep, {"type": "null"}]}, "z": TEXT}},
            "Unused": object_of("n"),
        },
    }
    assert parts(schema, 2) == [["/top/low/u", "/top/low/v"], ["/top/low/w", "/top/low/x"], ["/top/z"]]
    first, *_, last = schemas_of(schema, 2)
    top = first["properties"]["top"]
    assert top["description"] == "here"
    (low, null) = top["properties"]["low"]["anyOf"]
    assert (low["description"], list(low["properties"]), low["required"]) == ("deep", ["u", "v"], ["u", "v"])
    assert null == {"type": "null"}
    assert "$defs" not in first
    assert last["properties"]["top"]["properties"] == {"z": TEXT}
    assert last["required"] == ["top"]


@pytest.mark.parametrize(
    "whole",
    [
        {"type": "array", "items": object_of(*"abcd")},
        {"anyOf": [object_of(*"ab"), object_of(*"cd")]},
        {"oneOf": [object_of(*"ab"), object_of(*"cd"), {"type": "null"}]},
        object_of(*"abcd", allOf=[object_of("e")]),  # which says what there is, too
        {**object_of(*"abcd"), "enum": [{"a": "1"}]},
        {"type": ["object", "string"], "properties": dict.fromkeys("abcd", TEXT)},
        {"type": "object", "additionalProperties": {"anyOf": [object_of(*"abcd"), TEXT]}},
    ],
)
def test_what_is_one_thing_is_not_cut(whole: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"first": TEXT, "one": whole}}
    assert parts(schema, -1) == [["/first"], ["/one"]]


def test_a_definition_is_not_cut_where_it_leads_back_to_itself() -> None:
    node = {
        "type": "object",
        "properties": {"name": TEXT, "code": TEXT, "below": {"$ref": "#/$defs/Node"}, "all": {"type": "array"}},
    }
    schema = {"type": "object", "properties": {"tree": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}}
    assert parts(schema, -1) == [["/tree/name"], ["/tree/code"], ["/tree/below"], ["/tree/all"]]
    itself = {"type": "object", "properties": {"name": TEXT, "below": {"$ref": "#"}}}
    found = packed(gathered(itself), lambda _: False)
    assert [[pointer_of(path) for path in one] for one in found] == [["/name"], ["/below/name"], ["/below/below"]]
    last = only(gathered(itself), tree_of(found[-1]))
    assert check(last).ok


def test_each_part_is_a_schema_with_what_it_needs_and_no_more() -> None:
    schema = {
        "type": "object",
        "title": "All",
        "description": "of it",
        "properties": {
            "a": {"$ref": "#/$defs/A"},
            "b": {"$ref": "#/properties/a"},
            "c": {"type": "array", "items": {"$ref": "#/$defs/C%20D"}},
            "d": {"$ref": "#/$defs/Holder/properties/inner"},
        },
        "required": ["a", "d"],
        "minProperties": 3,
        "dependentRequired": {"a": ["b"]},
        "allOf": [{"if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["c"]}}],
        "additionalProperties": False,
        "$defs": {
            "A": {"type": "string", "description": "an A"},
            "C D": object_of("x"),
            "Holder": {"type": "object", "properties": {"inner": {"$ref": "#/$defs/A"}}},
        },
    }
    assert check(schema).ok
    found = schemas_of(schema, 0)
    assert [list(one["properties"]) for one in found] == [["a"], ["b"], ["c"], ["d"]]
    for one in found:
        assert check(one).ok
        assert (one["title"], one["description"]) == ("All", "of it")
        assert one["required"] == [name for name in one["properties"] if name in ("a", "d")]
        assert not one.keys() & {"minProperties", "dependentRequired", "allOf"}
    assert list(found[0]["$defs"]) == ["A"]
    assert len(found[2]["$defs"]) == 1
    assert len(found[3]["$defs"]) == 2  # the inner one, and what that refers to


def test_keys_that_nobody_declares_are_a_part_of_their_own() -> None:
    schema = {**object_of("a", "b"), "additionalProperties": {"type": "number"}, "propertyNames": {"maxLength": 9}}
    assert parts(schema, 1) == [["/a"], ["/b", "/*"]]
    first, last = schemas_of(schema, 1)
    assert not first.keys() & {"additionalProperties", "propertyNames"}
    assert last["additionalProperties"] == {"type": "number"}
    assert joined(schema, 1, {"a": "1"}, {"b": "2", "a": 7, "other": 3}) == {"a": "1", "b": "2", "other": 3}


def test_what_is_required_and_not_declared_is_asked_for() -> None:
    schema = {**object_of("a"), "required": ["a", "b"], "additionalProperties": TEXT}
    first, second, rest = schemas_of(schema, 1)
    assert (first["required"], second["required"], rest["required"]) == (["a"], ["b"], [])
    assert second["properties"] == {"b": TEXT}


def test_answers_come_together_in_the_order_of_the_schema() -> None:
    schema = object_of("a", "b")
    schema["properties"] |= {"o": object_of("x", "y", "z"), "l": {"type": "array", "items": TEXT}}
    found = joined(schema, 2, {"b": "2", "a": "1"}, {"o": {"y": "5", "x": "4"}}, {"l": ["7", "8"], "o": {"z": "6"}})
    assert json.dumps(found) == json.dumps({"a": "1", "b": "2", "o": {"x": "4", "y": "5", "z": "6"}, "l": ["7", "8"]})


def test_what_was_not_read_is_null_where_it_may_be_and_else_not_there() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": TEXT,
            "maybe": MAYBE,
            "must": TEXT,
            "rows": {"type": "array", "items": TEXT},
            "inner": {"type": "object", "properties": {"x": MAYBE, "y": TEXT}},
            "gone": {"anyOf": [object_of("x"), {"type": "null"}]},
        },
    }
    root = gathered(schema)
    trees = [tree_of([("a",)]), tree_of([("maybe",), ("must",), ("rows",), ("inner",), ("gone",)])]
    found = united(root, [PartAnswer(trees[0], grown({"a": "1"}, {})), PartAnswer(trees[1], None)])
    assert data_of(found) == {"a": "1", "maybe": None, "inner": {"x": None}, "gone": None}
    assert flat(found).fields["/inner/x"] == {"evidence": [], "label": None, "confidence": None}


def test_null_is_no_answer_where_another_part_has_one() -> None:
    cut = {"anyOf": [{"type": "object", "properties": dict.fromkeys("xyz", MAYBE)}, {"type": "null"}]}
    schema = {"type": "object", "properties": {"o": cut}}
    assert joined(schema, 1, {"o": None}, {"o": {"y": "2"}}, None) == {"o": {"x": None, "y": "2", "z": None}}
    assert joined(schema, 1, {"o": None}, {"o": None}, {"o": None}) == {"o": None}
    assert joined(schema, 1, {"o": None}, None, None) == {"o": None}


def test_a_name_that_is_printed_at_another_parts_value_is_not_missed() -> None:
    def place(start: int, stop: int) -> dict[str, Any]:
        return {"start": start, "stop": stop, "text": "", "page": None, "part": None, "boxes": []}

    known = {"evidence": [place(6, 9)], "label": None, "confidence": 0.9}
    label = {**place(0, 4), "behind": place(6, 9)}
    nothing = {"evidence": [], "label": label, "confidence": 0.9}
    schema = object_of("a", "b")
    trees = [tree_of([("a",)]), tree_of([("b",)])]
    for value, expected in (("17", None), (None, label)):
        answers = [
            PartAnswer(trees[0], grown({"a": value}, {"/a": known if value else {**known, "evidence": []}})),
            PartAnswer(trees[1], grown({"b": None}, {"/b": nothing})),
        ]
        assert flat(united(gathered(schema), answers)).fields["/b"]["label"] == expected


def test_examples_are_cut_likewise() -> None:
    schema = object_of("a", additionalProperties=TEXT)
    schema["properties"]["o"] = {"anyOf": [object_of("x", "y"), {"type": "null"}]}
    root, answer = gathered(schema), {"a": "1", "o": {"x": "2", "y": "3"}, "more": "4"}
    assert share_of(root, answer, tree_of([("a",), ("o", "y")])) == {"a": "1", "o": {"y": "3"}}
    assert share_of(root, answer, tree_of([("o",), (None,)])) == {"o": {"x": "2", "y": "3"}, "more": "4"}
    assert share_of(root, {"a": "1", "o": None}, tree_of([("o", "x")])) == {"o": None}


def test_the_least_answer_has_every_key_once() -> None:
    schema = {
        "type": "object",
        "properties": {"a": TEXT, "rows": {"type": "array", "items": object_of("x")}, "o": {"$ref": "#/$defs/O"}},
        "required": ["a"],
        "$defs": {"O": {"type": "object", "properties": {"again": {"$ref": "#/$defs/O"}, "y": TEXT}}},
    }
    text, values = least_answer(schema)
    assert json.loads(text) == {"a": None, "rows": [{"x": None}], "o": {"again": None, "y": None}}
    assert values == 4
    assert least_answer(schema, required=True) == ('{"a":null}', 1)
