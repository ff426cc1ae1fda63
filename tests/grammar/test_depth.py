"""Schemas that refer to themselves: their answers end, and are as deep as the page says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llguidance import LLMatcher
from pydantic import BaseModel, Field, RootModel

from extractor.errors import SchemaError
from extractor.grammar.compile import compile_grammar, serialise
from schemas import check, inline, of_model
from schemas.keywords import DEPTH
from tests.support.matching import TOKENIZER, accepts

OBJ: dict[str, Any] = {"type": "object"}
NODE, INT, NULL = {"$ref": "#/$defs/node"}, {"type": "integer"}, {"type": "null"}


def of(node, **more):
    return {**OBJ, "properties": {"f": NODE}, "required": ["f"], "$defs": {"node": node, **more}}


def nested(before, innermost, after, times):
    return '{"f":' + before * times + innermost + after * times + "}"


PAIR = {**OBJ, "properties": {"other": {"$ref": "#/$defs/other"}}}
BACK = {**OBJ, "properties": {"node": NODE, "x": INT}}
TREE = {**OBJ, "properties": {"kids": {"type": "array", "items": NODE}}, "required": ["kids"]}
OPERATION = {**OBJ, "properties": {"l": NODE, "r": NODE}, "required": ["l", "r"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "before", "innermost", "after"),
    [
        (of({**OBJ, "properties": {"next": NODE}}), '{"next":', "{}", "}"),
        (of({**OBJ, "properties": {"next": {"anyOf": [NODE, NULL]}}}), '{"next":', '{"next":null}', "}"),
        (of({**OBJ, "properties": {"next": NODE, "x": INT}}), '{"next":', '{"x":1}', ',"x":1}'),
        (of(TREE), '{"kids":[', '{"kids":[]}', "]}"),
        (of({**OBJ, "properties": {"kids": {"type": "array", "items": NODE, "minItems": 1}}}), '{"kids":[', "{}", "]}"),
        (of({"anyOf": [INT, {"type": "array", "items": NODE}]}), "[", "1", "]"),
        (of({"type": ["array", "null"], "items": NODE}), "[", "null", "]"),
        (of({"type": ["array", "null"], "prefixItems": [INT, NODE], "minItems": 2, "maxItems": 2}), "[1,", "null", "]"),
        (of({**OBJ, "additionalProperties": NODE}), '{"k":', "{}", "}"),
        (of({**OBJ, "patternProperties": {"^k": NODE}}), '{"k":', "{}", "}"),
        (of({**OBJ, "properties": {"a": INT}, "required": ["a"], "additionalProperties": NODE}), '{"a":1,"k":',
         '{"a":1}', "}"),
        (of({"oneOf": [INT, OPERATION]}), '{"l":1,"r":', "1", "}"),
        (of({"oneOf": [INT, OPERATION]}), '{"l":', "1", ',"r":2}'),
        (of(PAIR, other=BACK), '{"other":{"node":', "{}", "}}"),
        (of({"properties": {"next": NODE}}), '{"next":', "[]", "}"),
    ],
)  # fmt: skip
def test_an_answer_is_so_deep_and_no_deeper(schema, before, innermost, after):
    grammar = compile_grammar(inline(schema))
    for times in (0, 1, DEPTH):
        text = nested(before, innermost, after, times)
        assert accepts(grammar, text), times
        inline(schema).validate(json.loads(text))
    begun = nested(before, "", "", DEPTH + 2)[:-1].encode()  # a last one may be there, with nothing in it
    assert LLMatcher(TOKENIZER, grammar, log_level=0).try_consume_tokens(list(begun)) < len(begun)


def test_the_whole_within_itself_and_through_a_union():
    root = {**OBJ, "properties": {"a": {"anyOf": [{"$ref": "#"}, {"type": "array", "items": {"$ref": "#"}}]}}}
    grammar = compile_grammar(inline(root))
    for before, after in (('{"a":', "}"), ('{"a":[', "]}")):
        assert accepts(grammar, before * DEPTH + "{}" + after * DEPTH)
        assert not accepts(grammar, before * (DEPTH + 2) + "{}" + after * (DEPTH + 2))


class NestedPart(BaseModel):
    name: str
    parts: list[NestedPart] = []


class Employee(BaseModel):
    name: str
    manager: Employee | None = None
    team: Team | None = None


class Team(BaseModel):
    lead: Employee
    members: list[Employee] = Field(default_factory=list, max_length=3)


class Folder(RootModel[dict[str, "Folder"]]):
    pass


class Files(BaseModel):
    root: Folder


@pytest.mark.parametrize(
    ("model", "before", "innermost", "after"),
    [
        (NestedPart, '{"name":"x","parts":[', '{"name":"x","parts":[]}', "]}"),
        (Employee, '{"name":"x","manager":', '{"name":"x","manager":null,"team":null}', ',"team":null}'),
        (Employee, '{"name":"x","manager":null,"team":{"lead":', '{"name":"x","manager":null,"team":null}', "}}"),
        (Files, '{"root":{"a":', "{}", "}}"),
    ],
)  # fmt: skip
def test_of_models(model, before, innermost, after):
    schema = of_model(model)
    grammar = compile_grammar(schema)
    if model is Files:
        before, after = '{"root":' + '{"a":' * 5, "}" * 6
        assert accepts(grammar, before + innermost + after)
        assert not accepts(grammar, before + '{"a":' * DEPTH + innermost + "}" * DEPTH + after)
        return
    for times in (1, DEPTH):
        text = before * times + innermost + after * times
        assert accepts(grammar, text), times
        schema.validate(json.loads(text))
    deep = DEPTH + 2
    assert not accepts(grammar, before * deep + innermost + after * deep)


@pytest.mark.parametrize(
    "node",
    [
        {**OBJ, "properties": {"next": NODE}, "required": ["next"]},
        {"type": "array", "items": NODE, "minItems": 1},
        {"type": "array", "prefixItems": [NODE], "minItems": 1},
        {**OBJ, "additionalProperties": NODE, "minProperties": 1},
        {"allOf": [{"$ref": "#/$defs/other"}, {"minLength": 1}]},
    ],
)
def test_what_no_finite_answer_fits_is_refused_where_it_stands(node):
    other = {**OBJ, "properties": {"n": NODE}, "required": ["n"]}
    with pytest.raises(SchemaError, match=r"unsatisfiable|no answer fits"):
        compile_grammar(inline(of(node, other=other)))
    free = {**of(node, other=other), "required": []}
    assert accepts(compile_grammar(inline(free)), "{}")


@pytest.mark.parametrize("times", [1, 3, 6])
def test_where_two_that_refer_to_themselves_meet(times):
    a, b = ({"$ref": f"#/$defs/{name}"} for name in "ab")
    defs = {"a": {**OBJ, "properties": {"l": a, "r": a}}, "b": {**OBJ, "properties": {"l": b, "r": b}}}
    schema = inline({**OBJ, "properties": {"f": {"allOf": [a, b]}}, "$defs": defs})
    grammar = compile_grammar(schema)
    assert accepts(grammar, nested('{"l":', "{}", "}", times))
    assert not accepts(grammar, nested('{"l":', "{}", "}", 12))


FOLDER = {"named": {**OBJ, "additionalProperties": NODE}, "parts": {"type": "array", "items": NODE}}
LISTED = {"$ref": "#/$defs/listed"}


@pytest.mark.parametrize(
    ("node", "more"),
    [
        ({**OBJ, "properties": FOLDER}, {}),
        ({**OBJ, "properties": FOLDER | {"items": INT}}, {}),
        ({**OBJ, "properties": FOLDER | {"parts": LISTED}}, {"listed": {"type": "array", "items": NODE}}),
        ({"anyOf": [INT, {"type": "array", "items": NODE}, {**OBJ, "additionalProperties": NODE}]}, {}),
    ],
)
def test_what_holds_itself_in_arrays_and_under_free_keys_is_less_deep(node, more):
    """Each level has two places for more of it: sixteen levels would be more than any model that goes on comes to."""
    grammar = compile_grammar(inline(of(node, **more)))
    ways = [("[", "1", "]")] if "anyOf" in node else [('{"parts":[', "{}", "]}"), ('{"named":{"k":', "{}", "}}")]
    for before, innermost, after in ways:
        assert accepts(grammar, nested(before, innermost, after, 5))
        assert not accepts(grammar, nested(before, innermost, after, 6))


def test_two_lists_of_itself_are_as_deep_as_one():
    node = {**OBJ, "properties": {key: {"type": "array", "items": NODE} for key in ("a", "b")}}
    assert accepts(compile_grammar(inline(of(node))), nested('{"a":[', "{}", "]}", DEPTH))


def test_many_fields_go_less_deep_and_are_built():
    fields = {f"k{at}": {"type": "array", "items": {"type": "string"}} for at in range(300)}
    schema = inline({**OBJ, "properties": {**fields, "next": {"$ref": "#"}}})
    grammar = compile_grammar(schema)
    assert accepts(grammar, '{"next":{"next":{}}}')
    assert not accepts(grammar, '{"next":' * 18 + "{}" + "}" * 18)


def test_what_does_not_refer_to_itself_stays_as_it_was():
    chain = {f"n{at}": {**OBJ, "properties": {"a": {"$ref": f"#/$defs/n{at + 1}"}}} for at in range(20)}
    schema = inline({**OBJ, "properties": {"a": {"$ref": "#/$defs/n0"}}, "$defs": {**chain, "n20": INT}})
    assert accepts(serialise(schema), '{"a":' * 21 + "1" + "}" * 21)


def test_the_check_says_how_deep():
    findings = [(one.pointer, one.detail) for one in check(of({**OBJ, "properties": {"next": NODE}})).enforced]
    assert ("/$defs/node", f"may stand within itself {DEPTH} times at most") in findings
    assert not [one for one in check(of(INT)).enforced if "within itself" in one.detail]


@pytest.mark.parametrize(
    ("node", "more", "depth"),
    [
        ({**OBJ, "properties": FOLDER}, {}, 5),
        ({**OBJ, "properties": FOLDER | {"parts": LISTED}}, {"listed": {"type": "array", "items": NODE}}, 5),
        ({"anyOf": [INT, {"type": "array", "items": NODE}, {**OBJ, "additionalProperties": NODE}]}, {}, 5),
        ({**OBJ, "properties": {key: {"type": "array", "items": NODE} for key in ("a", "b")}}, {}, DEPTH),
        ({**OBJ, "properties": {"a": {"type": "array", "items": {**OBJ, "properties": {"b": NODE}}}}}, {}, DEPTH),
    ],
)
def test_the_check_says_as_deep_as_the_grammar_goes(node, more, depth):
    told = {one.detail for one in check(of(node, **more)).enforced if one.pointer == "/$defs/node"}
    assert f"may stand within itself {depth} times at most" in told
