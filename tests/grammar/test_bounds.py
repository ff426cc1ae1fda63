"""Whatever a schema leaves unsaid: what is written is bounded all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llguidance import LLMatcher
from pydantic import BaseModel, ConfigDict, create_model

from extractor.grammar.compile import compile_grammar
from schemas import inline, of_model
from tests.support.matching import TOKENIZER, accepts

INT, STR = {"type": "integer"}, {"type": "string"}
BASE = {"type": "object", "properties": {"a": STR}, "required": ["a"]}
OPEN = {"type": "object", "allOf": [{"properties": {"k": {"type": "string"}}}, {"additionalProperties": True}]}
CLOSED = {"properties": {"k": INT}, "additionalProperties": False}
ONE_CLOSED = {"type": "object", "properties": {"l": STR}, "anyOf": [{"required": ["l"]}, {"required": ["m"]}, CLOSED]}
EITHER = {**BASE, "anyOf": [{"properties": {"b": INT}, "required": ["b"]}, {"required": ["a"]}]}
DEFS = {"short": {"minLength": 1}, "base": BASE, "node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}

SAID_LITTLE: list[Any] = [
    True,
    {},
    {"description": "anything"},
    {"minLength": 1},
    {"pattern": "^a"},
    {"format": "uri"},
    {"items": INT},
    {"items": {}},
    {"prefixItems": [INT]},
    {"minItems": 1},
    {"properties": {"k": INT}},
    {"properties": {"k": {}}, "additionalProperties": True},
    {"required": ["k"]},
    {"minimum": 5},
    {"exclusiveMaximum": 5},
    {"multipleOf": 3},
    {"not": {"const": 5}},
    {"if": {"type": "string"}, "then": {"minLength": 2}},
    {"propertyNames": {"minLength": 1}},
    {"patternProperties": {"^k": {}}},
    {"additionalProperties": {}},
    {"unevaluatedProperties": {}},
    {"anyOf": [{"minLength": 1}, {"minimum": 5}]},
    {"anyOf": [{"type": "null"}, {"maxItems": 3}]},
    {"oneOf": [{"required": ["k"]}, {"minItems": 1}]},
    {"$ref": "#/$defs/short"},
    {"$ref": "#/$defs/short", "maxLength": 3_000, "allOf": [{"pattern": "^[a-zk9]"}]},
    {"allOf": [{"minLength": 1}, {"pattern": "k"}]},
    {"allOf": [{}, {"description": "x"}]},
    {"allOf": [{"anyOf": [STR, {"minLength": 1}]}, {"minItems": 1}]},
    {"$ref": "#/$defs/node"},
    {"type": "object"},
    {"type": "object", "properties": {"k": {}}, "additionalProperties": True},
    {"type": "object", "properties": {"k": {}}, "unevaluatedProperties": True},
    {"type": "object", "patternProperties": {"^k": {}}},
    {"type": ["object", "array", "string", "number"]},
    {"type": "array"},
    ONE_CLOSED,
    {"type": "object", "allOf": [{"minProperties": 1}, {"maxProperties": 9}]},
    OPEN,
    {"type": "array", "contains": INT},
]


def runs_away(begun: LLMatcher, start: str, piece: str, times: int) -> bool:
    """Whether `piece` may follow `start` so often."""
    matcher = begun.deep_copy()
    if matcher.try_consume_tokens(list(start.encode())) < len(start.encode()):
        return False
    text = list((piece * times).encode())
    return matcher.try_consume_tokens(text) == len(text)


ENDLESS = [
    ('{"f":"', "k", 100_001),
    ('{"f":9', "9", 60),
    ('{"f":-9', "9", 60),
    ('{"f":9.1', "1", 60),
    ('{"f":9e', "9", 5),
    ('{"f":[9', "9", 60),
    ('{"f":[9', ",9", 1_001),
    ('{"f":["', "k", 4_001),
    ('{"f":{"k', "k", 5_000),
    ('{"f":{"k":"', "k", 4_001),
    ('{"f":{"k":9', "9", 60),
    ('{"f":', "[", 60),
    ('{"f":', '{"k":', 60),
    ('{"f":', '{"next":', 60),
]


@pytest.mark.parametrize("field", SAID_LITTLE, ids=json.dumps)
def test_nothing_is_endless(field):
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"], "$defs": DEFS})
    begun = LLMatcher(TOKENIZER, compile_grammar(schema), log_level=0)
    for start, piece, times in ENDLESS:
        assert not runs_away(begun, start, piece, times), (start, piece)


OBJ = {"type": "object"}
BESIDE_A_PATTERN = {**OBJ, "properties": {"ab": OBJ}, "patternProperties": {"^a": OBJ}}


@pytest.mark.parametrize(
    ("field", "start"),
    [
        (BESIDE_A_PATTERN, '{"ab":{"k":'),
        (BESIDE_A_PATTERN, '{"ac":{"k":'),
        ({**BESIDE_A_PATTERN, "properties": {"ab": {**OBJ, "properties": {"x": INT}}}}, '{"ab":{"x":1,"k":'),
        ({**BESIDE_A_PATTERN, "patternProperties": {"^a": {"type": ["string", "object"]}}}, '{"ab":{"k":'),
        ({**BESIDE_A_PATTERN, "patternProperties": {"^a": {"minLength": 1}}}, '{"ab":{"k":'),
        ({**BESIDE_A_PATTERN, "patternProperties": {"^a": {"anyOf": [OBJ, {"type": "null"}]}}}, '{"ac":{"k":'),
        ({**BESIDE_A_PATTERN, "patternProperties": {"^a": {"properties": {"l": OBJ}}}}, '{"ab":{"l":{"k":'),
        ({**BESIDE_A_PATTERN, "patternProperties": {"^a": {"items": OBJ}}, "properties": {"ab": {}}}, '{"ab":[{"k":'),
        ({"allOf": [OBJ, {"propertyNames": {"pattern": "^k"}}]}, '{"k":'),
        ({"allOf": [OBJ, {"propertyNames": {"enum": ["k", "l"]}}]}, '{"k":'),
    ],
)
def test_a_free_value_ends_where_schemas_meet_on_its_object(field: Any, start: str) -> None:
    schema = inline({**OBJ, "properties": {"f": field}, "required": ["f"]})
    begun = LLMatcher(TOKENIZER, compile_grammar(schema), log_level=0)
    assert runs_away(begun, f'{{"f":{start}', "123", 1)
    for piece, times in (("9", 60), ("9.1e9", 1), ('{"k":', 60)):
        assert not runs_away(begun, f'{{"f":{start}', piece, times), piece


def test_and_where_a_pattern_elsewhere_leaves_keys_open() -> None:
    fields = {"f": {"allOf": [OBJ, {"minProperties": 1}]}, "g": {**OBJ, "patternProperties": {"^a": INT}}}
    schema = inline({**OBJ, "properties": fields, "required": ["f"]})
    begun = LLMatcher(TOKENIZER, compile_grammar(schema), log_level=0)
    assert runs_away(begun, '{"f":{"k":', "123", 1)
    assert not runs_away(begun, '{"f":{"k":', "9", 60)
    assert not runs_away(begun, '{"f":{"k":', "9e9", 1)


def test_models_that_say_little():
    extra = create_model("Extra", __config__=ConfigDict(extra="allow"), k=(int, ...))
    for kind in (Any, dict, dict[str, Any], list, list[Any], object, extra, dict[str, dict[str, Any]] | None):
        grammar = compile_grammar(of_model(create_model("Holder", f=(kind, ...))))
        begun = LLMatcher(TOKENIZER, grammar, log_level=0)
        for start, piece, times in ENDLESS:
            assert not runs_away(begun, start, piece, times), (kind, start, piece)


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ({"minLength": 1}, ['"x"', "5", "null", "[]", "{}", "true", "1.5"]),
        ({"properties": {"k": INT}}, ['{"k":1}', "{}", '"x"']),
        ({"items": INT}, ["[1]", '"x"', "{}"]),
        ({"minimum": 5}, ["5", '"x"', "123456789012345"]),
        ({"minimum": 10**16}, ["10000000000000001"]),
        ({"maxLength": 5_000}, ['"' + "x" * 5_000 + '"', "1"]),
        ({"anyOf": [{"minLength": 2}, {"minimum": 5}]}, ['"xy"', "null", "7"]),
        ({"allOf": [{"minLength": 2}, {"pattern": "^x"}]}, ['"xy"', "null", "[1]", '{"k":[1]}']),
        ({"allOf": [{"type": "string"}, {"maxLength": 5_000}]}, ['"' + "x" * 5_000 + '"']),
        ({"allOf": [{"type": "integer"}, {"minimum": 10**17}]}, ["100000000000000001"]),
        ({"allOf": [{"type": "array", "items": INT}, {"minItems": 2}]}, ["[1,2]"]),
        ({"allOf": [{**INT, "multipleOf": 10}, {"type": "number", "minimum": -(2**53)}]}, ["120", "-9007199254740990"]),
        ({"allOf": [{"type": "number", "multipleOf": 0.5}, {"type": "number"}]}, ["1.5"]),
        (EITHER, ['{"a":"x"}', '{"a":"x","b":1}']),
        (OPEN, ['{"k":"x","l":[1]}', '{"l":{"m":2}}']),
        ({}, ['[[[[[["x"]]]]]]', '{"a":{"b":[null,{"c":1}]}}']),
    ],
)  # fmt: skip
def test_and_every_right_answer_can_be_written(field, texts):
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"]})
    grammar = compile_grammar(schema)
    for text in texts:
        schema.validate(json.loads(f'{{"f":{text}}}'))
        assert accepts(grammar, f'{{"f":{text}}}'), text[:80]


MIXED = {"type": "object", "patternProperties": {"^[ab]": STR}, "additionalProperties": INT}
OPTIONAL = {"type": "object", "properties": {"a": STR, "b": STR}}
IN_A_LIST = {"type": "array", "items": {**OPTIONAL, "additionalProperties": INT}, "minItems": 1}
IN_A_MAP = {"type": "object", "additionalProperties": {**OPTIONAL, "additionalProperties": INT}}
AN_OPTION = {"anyOf": [{"$ref": "#/$defs/optional"}, {"type": "null"}]}
ONE_OF_TWO = {
    "type": ["object", "null"],
    **{key: OPTIONAL[key] for key in ("properties",)},
    "additionalProperties": INT,
}
FIRST = {"type": "array", "prefixItems": [{**OPTIONAL, "additionalProperties": INT}, INT], "items": INT}


@pytest.mark.parametrize(
    ("field", "around"),
    [
        ({**OPTIONAL, "required": ["a", "b"], "additionalProperties": INT}, ("", "")),
        (MIXED, ("", "")),
        ({**OPTIONAL, "additionalProperties": INT}, ("", "")),
        ({**OPTIONAL, "additionalProperties": {}}, ("", "")),
        ({**OPTIONAL, "additionalProperties": True, "required": ["b"]}, ("", "")),
        ({**OPTIONAL, "unevaluatedProperties": INT}, ("", "")),
        (IN_A_LIST, ("[", "]")),
        (IN_A_LIST, ("[{},", "]")),
        (IN_A_MAP, ('{"k":', "}")),
        (IN_A_MAP, ('{"k":{},"l":', "}")),
        (FIRST, ("[", ",1]")),
        (AN_OPTION, ("", "")),
        (ONE_OF_TWO, ("", "")),
        ({"type": "object", "properties": {"k": AN_OPTION}}, ('{"k":', "}")),
    ],
)
def test_keys_that_nobody_declares_are_counted(field, around):
    defs = {"optional": {**OPTIONAL, "additionalProperties": INT}}
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"], "$defs": defs})
    grammar = compile_grammar(schema)
    for number, known in ((2, True), (900, True), (1_100, False)):
        keys = ",".join(f'"z{at}":1' for at in range(number))
        text = f'{{"f":{around[0]}{{"a":"x","b":"y",{keys}}}{around[1]}}}'
        assert accepts(grammar, text) is known
        if known:
            schema.validate(json.loads(text))


def test_declared_keys_stay_what_they_are_beside_others():
    names = ["a", 'q"', "b\\", "é", ""]
    field = {"type": "object", "properties": dict.fromkeys(names, STR), "additionalProperties": INT}
    grammar = compile_grammar(inline({"type": "object", "properties": {"f": field}, "required": ["f"]}))
    good = [{}, {"z": 1}, {"a": "x"}, {"a": "x", "é": "y", "z": 1}, {'q"': "x"}, {"b\\": "x", "zz": 1}, {"": "x"}]
    good += [{"aa": 1, "q": 1, "b": 1, "e": 1}, dict.fromkeys(names, "x"), {"k" * 200: 1}]
    bad = [{"a": 1}, {'q"': 1}, {"b\\": 1}, {"é": 1}, {"": 1}, {"z": "x"}, {"z": 1, "a": "x"}, {"b\\": "x", "a": "x"}]
    for value, known in [*((one, True) for one in good), *((one, False) for one in bad), ({"k" * 201: 1}, False)]:
        text = json.dumps({"f": value}, separators=(",", ":"), ensure_ascii=False)
        assert accepts(grammar, text) is known, text[:80]


def test_models_that_allow_extra_keys_beside_optional_ones():
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        a: int = 0

    class Typed(Open):
        __pydantic_extra__: dict[str, int]

    for kind in (Open, Typed, list[Open], dict[str, Typed], Open | None):
        schema = of_model(create_model("Holder", f=(kind, ...)))
        grammar = compile_grammar(schema)
        around = {list[Open]: ("[", "]"), dict[str, Typed]: ('{"k":', "}")}.get(kind, ("", ""))
        for number, known in ((900, True), (1_100, False)):
            keys = ",".join(f'"z{at}":1' for at in range(number))
            text = f'{{"f":{around[0]}{{{keys}}}{around[1]}}}'
            assert accepts(grammar, text) is known, kind


N_AND_OTHERS = {"type": "object", "patternProperties": {"^n_": INT}, "additionalProperties": STR}
QUOTES = {"type": "object", "patternProperties": {'^[^a-z]+"$': INT}, "additionalProperties": STR}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (N_AND_OTHERS, [{"n_a": 1, "b": "x"}, {}, {"n_" + "k" * 198: 1}], [{"n_a": "x"}, {"b": 1}, {"k" * 201: "x"}]),
        (N_AND_OTHERS, [{"k" * 200: "x"}, {"N_": "x"}, {"n_\n": 1}], [{"n_" + "k" * 201: 1}, {"n_\n": "x"}]),
        ({**N_AND_OTHERS, "properties": {"b": INT}}, [{"b": 1, "n_": 2, "c": "x"}], [{"b": "x"}, {"c": "x", "b": 1}]),
        ({**N_AND_OTHERS, "properties": {"n_b": {"type": "integer", "maximum": 5}}}, [{"n_b": 3}, {"n_c": 9}],
         [{"n_b": 6}, {"n_b": "x"}]),
        ({**N_AND_OTHERS, "properties": {"n_b": STR}}, [{"n_c": 1}], [{"n_b": 1}, {"n_b": "x"}]),
        ({**N_AND_OTHERS, "maxProperties": 2}, [{"n_": 1, "a": "x"}], [{"a": "x", "b": "x", "c": "x"}]),
        ({**N_AND_OTHERS, "minProperties": 1}, [{"n_": 1}, {"a": "x"}], [{}]),
        ({**N_AND_OTHERS, "patternProperties": {"^n_": False}}, [{"a": "x"}], [{"n_a": "x"}, {"n_a": 1}]),
        ({**N_AND_OTHERS, "patternProperties": {"^n{220}$": INT}}, [{"n" * 220: 1, "n": "x"}], [{"n" * 220: "x"}]),
        (QUOTES, [{'A"': 1, "a": "x", "A": "x"}, {'\\"': 1}], [{'A"': "x"}, {'A"' + "k" * 200: "x"}]),
        ({**QUOTES, "patternProperties": {r"^\p{Lu}+$": INT}}, [{"ÄÖ": 1, "ä": "x"}], [{"Ä": "x"}, {"Ä" * 201: 1}]),
        ({**QUOTES, "patternProperties": {r"[/\\\\]": INT}}, [{"a/b": 1, "c\\d": 1}], [{"a/": "x"}, {"\\": "x"}]),
        ({**QUOTES, "patternProperties": {r"^(?i)eur|usd$": INT}}, [{"EURO": 1, "Usd": 1, "x": "y"}], [{"eur": "x"}]),
        ({"type": "object", "patternProperties": {"^n_": INT}, "properties": {"a": STR}}, [{"n_": 1}], [{"b": 1}]),
        ({**OPTIONAL, "additionalProperties": INT, "propertyNames": {"maxLength": 5}}, [{"c": 1}], [{"k" * 201: 1}]),
    ],
)  # fmt: skip
def test_keys_beside_patterns_are_bounded(field, good, bad):
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"]})
    grammar = compile_grammar(schema)
    for value in good:
        schema.validate({"f": value})
        assert accepts(grammar, json.dumps({"f": value}, separators=(",", ":"), ensure_ascii=False)), value
    for value in bad:
        assert not accepts(grammar, json.dumps({"f": value}, separators=(",", ":"), ensure_ascii=False)), value
    keys = ",".join(f'"z{at}":"x"' for at in range(1_100))
    assert not accepts(grammar, f'{{"f":{{{keys}}}}}')


@pytest.mark.parametrize("step", [2.5, 7, 0.25, 1000, 999, 1e-7])
def test_decimals_end_where_a_schema_says_multiples_too(step):
    meets = {"allOf": [{"type": "number"}, {"minimum": 0}]}
    fields = {"a": {"type": "number", "multipleOf": step}, "b": {}, "c": meets, "d": {"type": "array"}}
    grammar = compile_grammar(inline({"type": "object", "properties": fields, "required": list(fields)}))
    whole = int(step * 1000) if step >= 1 else 5
    for number, known in (("1.5", True), ("0.1234", True), ("0." + "1" * 60, False)):
        assert accepts(grammar, f'{{"a":{whole},"b":{number},"c":1,"d":[]}}') is known
        assert accepts(grammar, f'{{"a":{whole},"b":0,"c":{number},"d":[{number}]}}') is known


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"type": "string", "minLength": 2.0, "maxLength": 3.0}, '"ab"', '"abcd"'),
        ({"type": "array", "items": INT, "minItems": 1.0, "maxItems": 1e0}, "[1]", "[1,2]"),
        ({"type": "object", "additionalProperties": INT, "minProperties": 1.0, "maxProperties": 1.0}, '{"a":1}', "{}"),
        ({"allOf": [{"type": "string", "maxLength": 2.0}, {"minLength": 1.0}]}, '"ab"', '"abc"'),
    ],
)
def test_a_count_may_be_written_with_a_point(field: Any, good: str, bad: str) -> None:
    grammar = compile_grammar(inline({"type": "object", "properties": {"f": field}, "required": ["f"]}))
    assert accepts(grammar, f'{{"f":{good}}}')
    assert not accepts(grammar, f'{{"f":{bad}}}')
