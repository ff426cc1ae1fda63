"""What a window's answer may leave out."""

from __future__ import annotations

import pytest

from extractor.grammar.compile import compile_grammar
from extractor.windows.partial import partial
from extractor.windows.schema_nodes import holds_lists
from extractor.windows.shapes import shapes
from schemas import Registry, inline, loosened
from schemas.checks.compiled import validator
from tests.support.matching import accepts


def obj(properties, required=None, **more):
    return {"type": "object", "properties": properties, "required": required or list(properties), **more}


WHOLE = obj(
    {
        "number": {"type": "string", "minLength": 1},
        "state": {"enum": ["open", "paid"]},
        "kind": {"const": "bill"},
        "paid": {"type": "boolean"},
        "count": {"type": "integer", "minimum": 1},
        "seller": {"$ref": "#/$defs/party"},
        "rows": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/row"}},
        "accounts": {"type": "array", "items": {"$ref": "#/$defs/account"}},
    }
)
WHOLE["$defs"] = {
    "party": obj({"name": {"type": "string"}}),
    "row": obj({"what": {"type": "string"}}),
    "account": obj({"iban": {"type": "string"}, "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}}),
}
NOTHING = (
    '{"number":null,"state":null,"kind":null,"paid":null,"count":null,"seller":{"name":null},"rows":[],"accounts":[]}'
)


def grammar(json_schema):
    return compile_grammar(loosened(inline(json_schema), partial(json_schema)))


def test_a_window_that_shows_nothing_says_nothing():
    assert accepts(grammar(WHOLE), NOTHING)
    assert not accepts(compile_grammar(inline(WHOLE)), NOTHING)


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ('"rows":[{"what":"x"}]', True),
        ('"rows":[{"what":null}]', False),  # a row is written by the window that shows it
        ('"accounts":[{"iban":null,"rows":[{"what":"x"}]}]', True),  # it may have begun in the window before
        ('"accounts":[{"iban":null,"rows":[{"what":null}]}]', False),
        ('"count":0', False),
        ('"state":"lost"', False),
    ],
)
def test_what_is_said_keeps_to_the_schema(said, fits):
    key = said.split(":")[0]
    start = NOTHING.index(key)
    stop = NOTHING.index("]", start) + 1 if "[" in said else NOTHING.index("null", start) + 4
    assert accepts(grammar(WHOLE), NOTHING[:start] + said + NOTHING[stop:]) is fits


@pytest.mark.parametrize("schema", Registry.discover().list(), ids=lambda schema: schema.name)
def test_all_that_fits_the_whole_fits_a_part(schema):
    part = loosened(schema, partial(schema.json_schema))
    for example in schema.examples:
        part.validate(example.answer)
    compile_grammar(part)
    assert part.ref == schema.ref


def test_what_speaks_of_several_values_is_asked_of_the_whole():
    schema = obj(
        {"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "contains": {"const": "a"}}}
    )
    schema |= {
        "if": {"required": ["tags"]},
        "then": {"minProperties": 2},
        "minProperties": 2,
        "not": {"required": ["x"]},
    }
    rewritten = partial(schema)
    assert not rewritten.keys() & {"if", "then", "not", "minProperties"}
    assert validator(rewritten).is_valid({"tags": ["b", "b"]})
    assert shapes(schema).unique == {("tags",)}


def test_a_schema_that_holds_itself():
    node = obj({"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}})
    schema = obj({"top": {"$ref": "#/$defs/node"}}) | {"$defs": {"node": node}}
    rewritten = partial(schema)
    assert validator(rewritten).is_valid({"top": {"name": None, "children": [{"name": None, "children": []}]}})
    assert shapes(schema).whole == frozenset()


def test_one_of_several_kinds_is_taken_whole_and_stays_what_it_is():
    card, bank = obj({"digits": {"type": "string"}}), obj({"iban": {"type": "string"}})
    schema = obj({"pay": {"anyOf": [card, bank]}, "pair": {"type": "array", "prefixItems": [{"type": "string"}]}})
    validator_ = validator(partial(schema))
    assert validator_.is_valid({"pay": {"iban": "x"}, "pair": ["x"]})
    assert not validator_.is_valid({"pay": {"iban": None}, "pair": ["x"]})
    assert validator_.is_valid({"pay": None, "pair": []})
    assert shapes(schema).whole == {("pay",), ("pair",)}


def test_keys_that_may_be_left_out_and_may_not_be_null():
    schema = obj({"a": {"type": "string"}, "b": {"type": ["string", "null"]}}, required=["b"])
    assert shapes(schema).optional == {("a",)}
    assert validator(partial(schema)).is_valid({"a": None, "b": None})


BASE = obj({"id": {"type": "string"}, "tags": {"type": "array", "minItems": 1, "items": {"type": "string"}}}, ["id"])
MORE = obj({"c": {"type": "string"}})


@pytest.mark.parametrize(
    "composed",
    [
        MORE | {"allOf": [{"$ref": "#/$defs/base"}]},
        MORE | {"$ref": "#/$defs/base"},
        {"allOf": [{"$ref": "#/$defs/base"}, MORE]},
        {"allOf": [{"allOf": [{"$ref": "#/$defs/base"}]}, {"properties": MORE["properties"]}, {"required": ["c"]}]},
    ],
)
def test_an_object_that_several_schemas_describe(composed):
    silent = {"id": None, "tags": [], "c": None}
    for schema, said in ((obj({"b": composed}), {"b": silent}), (composed, silent)):
        whole = schema | {"$defs": {"base": BASE}}
        assert validator(partial(whole)).is_valid(said)
        assert not validator(whole).is_valid(said)
        assert not validator(partial(whole)).is_valid({"b": {"c": None}} if "b" in said else {"c": None})
        path = ("b",) if "b" in said else ()
        assert shapes(whole).optional == {(*path, "tags")}


def test_a_text_that_several_schemas_describe():
    schema = obj({"b": {"allOf": [{"type": "string"}, {"minLength": 2}], "description": "x"}})
    said = validator(partial(schema))
    assert [said.is_valid({"b": value}) for value in (None, "xy", "x", 3)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("schema", "holds"),
    [
        (WHOLE, True),
        (obj({"a": {"type": "string"}}), False),
        (obj({"a": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}]}}), True),
        (obj({"a": obj({"b": {"allOf": [{"type": "array"}]}})}), True),
    ],
)
def test_schemas_with_lists(schema, holds):
    assert holds_lists(schema, schema) is holds


def test_how_much_a_list_and_an_object_may_hold():
    tags = {"type": "array", "maxItems": 5, "items": {"type": "string"}}
    by_name = {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "integer"}}
    schema = obj({"tags": {"anyOf": [tags, {"type": "null"}]}, "by_name": {"allOf": [by_name], "maxProperties": 2}})
    assert shapes(schema).most == {("tags",): 5, ("by_name",): 2}
    assert shapes(schema).declared == {("tags",), ("by_name",)}
    assert "maxProperties" in partial(schema)["properties"]["by_name"]["allOf"][0], "each window keeps to it"


def test_what_free_keys_hold_is_bounded_where_all_hold_the_same():
    tags = {"type": "array", "maxItems": 5, "uniqueItems": True, "items": {"type": "string"}}
    free = {"type": "object", "additionalProperties": tags}
    by_pattern = {"type": "object", "patternProperties": {"^x": {"anyOf": [tags, {"type": "null"}]}}}
    closed = {**by_pattern, "additionalProperties": False}
    mixed = {**by_pattern, "additionalProperties": {"type": "integer"}}
    found = shapes(obj({"free": free, "by_pattern": by_pattern, "closed": closed, "mixed": mixed}))
    assert found.most == {(name, "*"): 5 for name in ("free", "by_pattern", "closed")}
    assert found.unique == {(name, "*") for name in ("free", "by_pattern", "closed")}
    assert found.open == {(name,) for name in ("free", "by_pattern", "closed")}


@pytest.mark.parametrize("names", [4, 40])
def test_a_schema_that_refers_to_itself_often_is_looked_at_to_an_end(names):
    node = obj({f"p{at}": {"$ref": "#/$defs/node"} for at in range(names)}) | {"maxProperties": 3}
    found = shapes({"$ref": "#/$defs/node", "$defs": {"node": node}})
    assert ("p0", "p1") in found.most
    assert len(found.declared) < 50_000
