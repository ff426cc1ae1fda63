"""A schema → parts, and answers of parts → one: without a model, a part being as large as it has properties."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from extractor.prompt.schema_text import render_schema
from extractor.schema_parts.definitions import gathered
from extractor.schema_parts.join import PartAnswer, united
from extractor.schema_parts.pack import packed
from extractor.schema_parts.part import only, pointer_of, share_of, tree_of
from extractor.schema_parts.sketch import least_answer
from extractor.windows.tree import data_of, flat, grown
from schemas import check, inline

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


def test_keys_of_which_nothing_is_said_are_not_asked_for() -> None:
    for others in (True, {}):
        schema = {**object_of("a", "b"), "additionalProperties": others}
        assert parts(schema, 1) == [["/a"], ["/b"]]
        assert all("additionalProperties" not in one for one in schemas_of(schema, 1))


class Made:
    """A schema and an answer that fits it, both drawn at random."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._defs: dict[str, Any] = {}
        schema, self.answer = self._object(3)
        self.schema = {**schema, "$defs": self._defs}

    def _object(self, depth: int) -> tuple[dict[str, Any], dict[str, Any]]:
        draw, fields = self._draw, {}
        for at in range(draw.randint(1, 6)):
            name = draw.choice(("a/b", "$ref", "properties", "ä", "x", "items", "name")) + str(at)
            fields[name] = self._value(depth)
        required = [name for name in fields if draw.random() < 0.6]
        answer = {name: one for name, (_, one) in fields.items() if name in required or draw.random() < 0.7}
        node = {"type": "object", "properties": {name: node for name, (node, _) in fields.items()}}
        node |= {"required": required} if required or draw.random() < 0.5 else {}
        node |= draw.choice(({}, {"additionalProperties": False}, {"description": "an object"}))
        if draw.random() < 0.2:
            node["additionalProperties"] = {"type": "integer"}
            answer["others"] = 17
        return node, answer

    def _value(self, depth: int) -> tuple[dict[str, Any], Any]:
        draw = self._draw
        kind = draw.choice(("text", "list", "object", "object", "null", "ref", "two")) if depth else "text"
        if kind == "list":
            node, one = self._value(depth - 1)
            return {"type": "array", "items": node}, [one] * draw.randint(0, 2)
        if kind in ("object", "null", "ref", "two"):
            node, one = self._object(depth - 1)
            if kind == "null":
                option = draw.choice(("anyOf", "oneOf"))
                return {option: [node, {"type": "null"}], "description": "maybe"}, draw.choice((one, None))
            if kind == "two":
                return {"anyOf": [node, {"type": "boolean"}]}, draw.choice((one, True))
            if kind == "ref":
                name = f"D{len(self._defs)}"
                self._defs[name] = node
                return {"$ref": f"#/$defs/{name}", "title": "one"}, one
            return node, one
        return {"type": ["string", "null"]}, draw.choice(("text", None))


@pytest.mark.parametrize("seed", range(60))
def test_an_answer_is_what_its_parts_are_together(seed: int) -> None:
    made = Made(seed)
    inline(made.schema).validate(made.answer)
    root = gathered(made.schema)
    for most in (-1, 1, 3, 100):
        trees = [tree_of(paths) for paths in packed(root, lambda part, most=most: size(part) <= most)]
        shares = [share_of(root, made.answer, tree) for tree in trees]
        for tree, share in zip(trees, shares, strict=True):
            inline(only(root, tree)).validate(share)
        given = [PartAnswer(tree, grown(share, {})) for tree, share in zip(trees, shares, strict=True)]
        assert data_of(united(root, given)) == made.answer
