"""What `%json` cannot say, in one grammar: numbers of many digits, keys that are counted, and printed values. Each
stands beside the others wherever a value may stand."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from extractor.grammar.compile import compile_grammar
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import demand
from extractor.grammar.rewrite import rewriting
from schemas import inline
from schemas.errors import ValidationProblem
from tests.grammar.test_rewrite import allows, written
from tests.support.matching import accepts

JSON = dict[str, Any]
DOCUMENT = "Ann Bo 7 and 2000000000000000000000000000000 or 5, 3"
HUGE = 10**30
FAR: JSON = {"type": "integer", "minimum": 1e30}
PRINTED: JSON = {"type": "string", "x-printed": True}
COUNTED: JSON = {
    "type": "object", "properties": {"k": {"type": "string"}}, "additionalProperties": {"type": "integer"},
    "required": ["k"], "maxProperties": 2,
}  # fmt: skip
PATTERNED: JSON = {
    "type": "object", "patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": {"type": "string"},
    "maxProperties": 2,
}  # fmt: skip
LEAVES = [  # schema, what it takes, what it does not
    (FAR, [HUGE, HUGE + 7], [5, 10**29]),
    ({"const": HUGE + 1}, [HUGE + 1], [HUGE, 1]),
    (COUNTED, [{"k": "x"}, {"k": "x", "a": 1}], [{"k": "x", "a": 1, "b": 2}, {"a": 1}, {"k": "x", "a" * 201: 1}]),
    (PATTERNED, [{"n_a": 1, "b": "x"}, {}], [{"n_a": "x"}, {"n_a": 1, "n_b": 2, "c": "x"}]),
    (PRINTED, ["Ann", "Ann Bo"], ["Bob", "An", ""]),
]


def wrapped(schema: JSON) -> list[tuple[JSON, Any]]:
    """Ways in which a value of a schema may stand in another, and how the value is then written."""
    null, more = {"type": "null"}, {"type": "integer"}
    either = {"anyOf": [{"type": "object", "properties": {"v": schema}, "required": ["v"]}, null]}
    fields = {"first": {"type": "boolean"}, "v": schema, "last": more}
    return [
        (schema, lambda value: value),
        ({"anyOf": [schema, null]}, lambda value: value),
        ({"oneOf": [null, schema]}, lambda value: value),
        ({"allOf": [schema]}, lambda value: value),
        ({"$ref": "#/$defs/one"}, lambda value: value),
        ({"type": "array", "items": schema, "minItems": 1, "maxItems": 2}, lambda value: [value, value]),
        ({"type": "array", "items": {"$ref": "#/$defs/one"}}, lambda value: [value]),
        ({"type": "array", "prefixItems": [more, schema], "items": schema}, lambda value: [1, value, value]),
        ({"type": "array", "prefixItems": [more, schema], "minItems": 2, "items": False}, lambda value: [1, value]),
        (either, lambda value: {"v": value}),
        ({"type": "object", "properties": fields}, lambda value: {"first": True, "v": value}),
        ({"type": "object", "properties": fields, "required": ["v", "last"]}, lambda value: {"v": value, "last": 1}),
        ({"type": "object", "additionalProperties": schema}, lambda value: {"x": value, "y": value}),
        ({**COUNTED, "additionalProperties": schema}, lambda value: {"k": "x", "y": value}),
        ({"type": "object", "patternProperties": {"^n_": schema}, "additionalProperties": False},
         lambda value: {"n_x": value}),
        ({"$ref": "#/$defs/tree"}, lambda value: {"v": value, "below": [{"v": value, "below": []}]}),
    ]  # fmt: skip


def whole(place: JSON, leaf: JSON) -> JSON:
    tree = {
        "type": "object",
        "properties": {"v": leaf, "below": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "required": ["v", "below"],
    }
    beside = {"name": PRINTED, "number": FAR, "keys": COUNTED}
    return {
        "type": "object",
        "properties": {"place": place, **beside},
        "required": ["place", *beside],
        "$defs": {"one": leaf, "tree": tree},
    }


GOOD = {"name": "Bo", "number": HUGE, "keys": {"k": "x", "z": 1}}


def lets(grammar: str, answer: Any) -> bool:
    return accepts(grammar, json.dumps(answer, separators=(",", ":")))


@pytest.mark.parametrize("way", range(16))
@pytest.mark.parametrize("leaf", range(len(LEAVES)))
def test_each_mark_stands_wherever_a_value_may_and_beside_the_others(way: int, leaf: int) -> None:
    schema, good, bad = LEAVES[leaf]
    place, write = wrapped(schema)[way]
    demanded = demand(whole(place, schema), "declared", Bounds())
    assert demanded is not None
    answers = demanded.of(DOCUMENT)
    assert answers.held
    assert answers.grammar is not None
    for value in good:
        assert lets(answers.grammar, {"place": write(value), **GOOD}), value
    for value in bad:
        assert not lets(answers.grammar, {"place": write(value), **GOOD}), value
    for wrong in ({"name": "Bob"}, {"number": 5}, {"keys": {"k": "x", "z": 1, "y": 2}}):
        assert not lets(answers.grammar, {"place": write(good[0]), **GOOD, **wrong}), wrong
    if schema is not PRINTED:
        plain = compile_grammar(inline({**whole(place, schema), "properties": {"place": place}, "required": ["place"]}))
        assert all(lets(plain, {"place": write(value)}) for value in good)
        assert not any(lets(plain, {"place": write(value)}) for value in bad)


def held(kind: JSON, **more: Any) -> Any:
    demanded = demand({"type": "object", "properties": {"a": kind}, "required": ["a"], **more}, "declared", Bounds())
    assert demanded is not None
    answers = demanded.of(DOCUMENT)
    assert answers.held
    return lambda value: lets(answers.grammar or "", {"a": value})


def test_a_printed_number_keeps_to_bounds_beyond_what_is_counted() -> None:
    for kind in ({**FAR, "x-printed": True}, {"type": ["integer", "null"], "minimum": 1e30, "x-printed": True}):
        takes = held(kind)
        assert takes(2 * HUGE)
        assert not takes(7)
        assert not takes(HUGE)
        assert takes(None) is (kind["type"] != "integer")


def test_a_printed_value_that_several_schemas_meet_on() -> None:
    short = {"allOf": [{**PRINTED, "maxLength": 3}, {"minLength": 3}]}
    named = {"$ref": "#/$defs/name", "type": "string", "x-printed": True}
    for kind in (short, {**PRINTED, "allOf": [{"pattern": "^A"}, {"maxLength": 3}]}, named):
        takes = held(kind, **{"$defs": {"name": {"type": "string", "pattern": "^A", "maxLength": 4}}})
        assert takes("Ann")
        assert not takes("Bo")
        assert not takes("Bob")
        assert not takes("Ann Bo")
    takes = held({"allOf": [{"type": ["number", "null"], "x-printed": True}, {"type": "integer", "maximum": 5}]})
    assert takes(5)
    assert not takes(7)
    assert not takes(4)
    assert not takes(None)


def test_a_second_answer_keeps_what_json_schema_cannot_say() -> None:
    schema = whole({"type": "boolean"}, PRINTED)
    first = {"place": True, **GOOD}
    answer = written(json.dumps(first, separators=(",", ":")), -1.0)
    again = rewriting(answer, ["/number"], NarrowedSchema(schema, Bounds()).whole())
    assert again is not None
    assert allows(again, first | {"number": HUGE + 1})
    assert not allows(again, first | {"number": 5})


def test_rules_within_each_other_end_before_the_process_does() -> None:
    few: JSON = {name: {"type": "boolean"} for name in "bcdefghijklmn"}
    chain = {
        f"d{at}": {"type": "object", "properties": {**few, "z": {"$ref": f"#/$defs/d{at + 1}"}}} for at in range(190)
    }
    for leaf in (FAR, PRINTED):
        first = {"z": {"$ref": "#/$defs/d0"}, "name": PRINTED}
        schema = {"type": "object", "properties": first, "$defs": {**chain, "d190": leaf}}
        demanded = demand(schema, "declared", Bounds())
        assert demanded is not None
        answers = demanded.of(DOCUMENT)
        assert lets(answers.grammar or "", {"z": {"n": True, "z": {"b": True}}, "name": "Bo"})
        assert answers.held is (leaf is FAR)


def test_objects_and_lists_of_any_shape() -> None:
    """Answers by chance to schemas by chance: the grammar takes what the schema takes."""
    dice = random.Random(7)
    for _ in range(40):
        names = dice.sample("abcd", dice.randint(1, 4))
        required = [name for name in names if dice.random() < 0.5]
        fields = {name: dice.choice([PRINTED, FAR, {"type": "boolean"}]) for name in names}
        heads, least, most = dice.randint(0, 3), dice.randint(0, 3), dice.randint(1, 4)
        rows = {"type": "array", "items": PRINTED, "minItems": min(least, most), "maxItems": most}
        rows |= {"prefixItems": [PRINTED] * heads} if heads else {}
        schema = {"type": "object", "properties": {**fields, "rows": rows}, "required": [*required, "rows"],
                  "additionalProperties": False}  # fmt: skip
        demanded = demand(schema, "declared", Bounds())
        assert demanded is not None
        grammar = demanded.of(DOCUMENT).grammar or ""
        validator = inline(schema)
        for _ in range(12):
            some = [name for name in names if dice.random() < 0.7]
            answer: JSON = {name: {"string": "Ann", "integer": HUGE}.get(fields[name]["type"], True) for name in some}
            answer["rows"] = ["Bo"] * dice.randint(0, 5)
            try:
                validator.validate(answer)
                fits = True
            except ValidationProblem:
                fits = False
            assert lets(grammar, answer) is fits, (schema, answer)
