"""Schemas from strangers: whatever comes, a verdict with a pointer, quickly, and never an exception of Python's."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.grammar.compile import serialise
from extractor.prompt.schema_text import render_schema
from schemas import InvalidSchema, check, inline
from schemas.checks.required import misspelt
from schemas.patterns import for_grammar, pattern_size
from tests.support.matching import accepts
from tests.support.small_schemas import fields


def deep(levels):
    schema = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def doubling(levels):
    """Definitions that each use the next twice: 2^levels fields once written out."""
    defs = {
        f"n{at}": {"type": "object", "properties": {key: {"$ref": f"#/$defs/n{at + 1}"} for key in "ab"}}
        for at in range(levels)
    }
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/n0"}}, "$defs": {**defs, f"n{levels}": {}}}


def dense(count):
    """Definitions that all refer to all: each path through them is a field of its own."""
    fields = {f"p{at}": {"$ref": f"#/$defs/n{at}"} for at in range(count)}
    return {"type": "object", "properties": fields, "$defs": {f"n{at}": {"properties": fields} for at in range(count)}}


def chain(count):
    defs = {f"n{at}": {"properties": {"a": {"$ref": f"#/$defs/n{at + 1}"}}} for at in range(count)}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/n0"}}, "$defs": {**defs, f"n{count}": {}}}


def cyclic():
    schema = {"type": "object"}
    schema["properties"] = {"a": schema}
    return schema


TOO_LARGE = {
    "1 MB": {"type": "object", "description": "x" * 1_000_000},
    "10k enum": fields(a={"enum": list(range(10_000))}),
    "200 deep": deep(200),
    "5,000 deep": deep(5_000),
    "contains itself": cyclic(),
    "2,000 properties": fields(**{f"p{at}": {"type": "string"} for at in range(2_000)}),
    "300 definitions": {**fields(), "$defs": {f"d{at}": {} for at in range(300)}},
    "30k values": fields(a={"enum": [[at] for at in range(900)], "default": list(range(30_000))}),
    "billion laughs": doubling(30),
    "dense references": dense(12),
    "chain of definitions": chain(150),
    "long pattern": fields(a={"pattern": "a" * 1_000}),
    "nested repeats": fields(a={"pattern": "((a{1,99}){1,99}){1,99}"}),
    "minLength": fields(a={"type": "string", "minLength": 10**6}),
    "maxItems": fields(a={"type": "array", "maxItems": 10**12}),
}
INVALID = {
    "not an object": (["type", "object"], ""),
    "not JSON": ({"type": "object", "default": {1, 2}}, "/default"),
    "NaN": ({"type": "object", "default": float("nan")}, ""),
    "half a surrogate": ({"type": "object", "description": "\ud800"}, ""),
    "number as key": ({"type": "object", "properties": {1: {}}}, "/properties"),
    "array on top": ({"type": "array"}, ""),
    "nothing on top": ({}, ""),
    "wrong type": (fields(a={"type": "strin"}), "/properties/a/type"),
    "wrong value": (fields(a={"maxLength": "9"}), "/properties/a/maxLength"),
    "items of older drafts": (fields(a={"items": [{}]}), "/properties/a/items"),
    "unknown dialect": ({"$schema": "http://json-schema.org/draft-03/schema#", **fields()}, "/$schema"),
    "circle": ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "/$ref"),
    "dangling": (fields(a={"$ref": "#/$defs/a~1b"}), "/properties/a/$ref"),
    "not a schema": (fields(a={"$ref": "#/properties"}, properties=3), "/properties/properties"),
    "a reference out of the schemas": (
        {**fields(a={"$ref": "#/components/A"}), "components": {"A": {"minLength": 10**9, "$ref": 5}}},
        "/properties/a/$ref",
    ),
    "a dangling one out there": (
        {**fields(a={"$ref": "#/components/A"}), "components": {"A": {"items": {"$ref": "#/none"}}}},
        "/properties/a/$ref",
    ),
    "a default as a schema": ({**fields(a={"$ref": "#/default"}), "default": {"$ref": [1]}}, "/properties/a/$ref"),
    "slash in a name": (fields(**{"a/b~c": {"type": 3}}), "/properties/a~1b~0c/type"),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_over_a_limit(name):
    started = time.monotonic()
    with pytest.raises(InvalidSchema) as caught:
        inline(TOO_LARGE[name])
    assert caught.value.code == "schema_too_large"
    assert "at most" in caught.value.detail
    assert len(caught.value.detail) < 1_000
    assert time.monotonic() - started < 60, "what grows by powers takes for ever"


@pytest.mark.parametrize("name", INVALID)
def test_invalid(name):
    schema, where = INVALID[name]
    with pytest.raises(InvalidSchema) as caught:
        inline(schema)
    assert caught.value.code == "invalid_schema"
    assert caught.value.errors[0][0] == where
    assert caught.value.errors[0][1]


def test_nothing_is_ever_fetched():
    for ref in ("http://127.0.0.1:9/x", "file:///etc/passwd", "//host/x", "urn:x", "x#/a", "#x"):
        report = check(fields(a={"$ref": ref}))
        assert [(note.pointer, note.code) for note in report.refused] == [("/properties/a/$ref", "unsupported_keyword")]


def test_names_in_references_are_percent_encoded():
    names = {"a b": "a%20b", "Straße": "Stra%C3%9Fe", "x/y%": "x~1y%25"}
    refs = {f"f{at}": {"$ref": f"#/$defs/{name}"} for at, name in enumerate(names.values())}
    schema = inline({**fields(**refs), "$defs": {name: {"type": "integer"} for name in names}})
    schema.validate({"f0": 1, "f1": 2, "f2": 3})
    assert render_schema(schema.json_schema) == "f0: integer\nf1: integer\nf2: integer"
    assert accepts(serialise(schema), '{"f0":1,"f1":2,"f2":3}')


def test_recursive_schemas_are_fine():
    schema = inline(
        {
            "type": "object",
            "properties": {"tree": {"$ref": "#/$defs/node"}},
            "$defs": {
                "node": fields(name={"type": "string"}, nodes={"type": "array", "items": {"$ref": "#/$defs/node"}})
            },
        }
    )
    value = {"tree": {"name": "a", "nodes": [{"name": "b", "nodes": []}]}}
    assert schema.validate(value) is value
    assert inline({"type": "object", "properties": {"self": {"$ref": "#"}}})


def test_older_dialects_are_read_as_2020_12():
    for dialect in ("http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"):
        assert inline(
            {"$schema": dialect, "$id": "https://a.example/s", **fields(a={"$ref": "#/$defs/x"}), "$defs": {"x": {}}}
        )


def test_an_inline_schema_is_the_callers_no_more():
    own = fields(a={"type": "integer"})
    schema = inline(own)
    own["properties"].clear()
    assert schema.json_schema == fields(a={"type": "integer"})
    assert schema.ref == f"inline@{schema.sha256[:32]}"
    assert schema.model is None


def test_validation_tells_places_and_keeps_values_to_itself():
    schema = inline(fields(list={"type": "array", "items": {"type": "integer"}}, code={"enum": ["x"]}))
    with pytest.raises(Exception, match="2 place") as caught:
        schema.validate({"list": [1, "secret"], "code": "secret"})
    assert {where for where, _ in caught.value.errors} == {"/list/1", "/code"}
    assert "secret" not in str(caught.value.errors)


def test_the_report_as_json():
    report = check(fields(a={"type": "string", "not": {"const": "x"}, "$anchor": "y"})).as_json()
    assert report["ok"] is False
    assert report["refused"] == [
        {"pointer": "/properties/a/$anchor", "detail": "refer to a schema by its pointer, such as #/$defs/name"}
    ]
    assert report["validated"][0]["pointer"] == "/properties/a/not"
    assert {"pointer": "/properties/a/type", "detail": "type is enforced"} in report["enforced"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("([", "regular expression"), ("[z-a]", "regular expression"), ("(?=a)b", "linear"), (r"(a)\1", "linear")],
)
def test_a_pattern_is_told_what_is_wrong_with_it(pattern, why):
    (note,) = check(fields(a={"type": "string", "pattern": pattern})).refused
    assert why in note.detail


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("abc", 3),
        ("a{10}", 10),
        ("(ab){10}", 20),
        ("((a{10}){10}){10}", 1000),
        (r"[^\]{9}]{3}", 3),
        (r"\{5\}", 3),
        ("(?:ab){2,7}c+", 15),
        (r"\p{L}{4}", 4),
        ("", 0),
        (")", 0),
    ],
)
def test_pattern_size(pattern, size):
    assert pattern_size(pattern) == size


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("^a$", True), ("^a$|^b$", True), ("^(a|b)$", True), ("a", True), (r"\$\^", True), ("[$^]", True),
        (r"\ba", False), ("a^b", False), ("a$b", False), (r"[\b]", True),
    ],
)  # fmt: skip
def test_what_fits_a_grammar(pattern, fits):
    assert (for_grammar(pattern) is not None) is fits


KEYS = (
    "type properties items $ref $defs a enum pattern allOf anyOf oneOf not if required minLength maxItems format const "
    "additionalProperties patternProperties prefixItems $id $schema"
).split()
TEXTS = st.sampled_from(["", "#", "object", "string", "^a", "#/$defs/a", "("])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
@settings(max_examples=400, deadline=None)
def test_any_json_gets_a_verdict(value):
    report = check({"type": "object", "properties": {"a": value}})
    assert report.ok or all(note.detail for note in report.refused)
    check(value)


@given(st.text(alphabet=r"ab(){}[]|^$\?*+,1!:<=pP.-", max_size=30))
@settings(max_examples=400, deadline=None)
def test_any_pattern_gets_a_verdict(pattern):
    check({"type": "object", "properties": {"a": {"pattern": pattern}}})


LOOK, GONE = {"type": "string", "pattern": "(?=a)b"}, {"$dynamicRef": "#x"}


@pytest.mark.parametrize(
    ("root", "places"),
    [
        (fields(a=LOOK, b=GONE), ["/properties/a/pattern", "/properties/b/$dynamicRef"]),
        (fields(a=LOOK, b={"pattern": r"(a)\1"}, c={"pattern": "["}),
         [f"/properties/{name}/pattern" for name in "abc"]),
        ({**fields(a={"type": "strin"}, b=GONE, c=LOOK), "$schema": "x:y"},
         ["/$schema", "/properties/a/type", "/properties/b/$dynamicRef", "/properties/c/pattern"]),
        (fields(a={"type": "strin"}, b={"minLength": -1}, c={"required": "a"}),
         ["/properties/a/type", "/properties/b/minLength", "/properties/c/required"]),
        ({**fields(a={"$ref": "#/$defs/x"}, b=LOOK), "$defs": {"x": 5}}, ["/$defs/x", "/properties/b/pattern"]),
        (fields(a={"anyOf": [5, LOOK]}), ["/properties/a/anyOf/0", "/properties/a/anyOf/1/pattern"]),
        (fields(enum={"enum": 5}, properties={"properties": {"enum": 5}, "$anchor": "x"}),
         ["/properties/enum/enum", "/properties/properties/$anchor", "/properties/properties/properties/enum"]),
        (fields(a={"maxLength": 10**9, "pattern": "["}), ["/properties/a/maxLength", "/properties/a/pattern"]),
    ],
)  # fmt: skip
def test_all_that_is_refused_is_told_at_once(root, places):
    report = check(root)
    assert sorted({note.pointer for note in report.refused}) == places


@pytest.mark.parametrize(
    ("field", "pointer", "told"),
    [
        ({"type": "strin"}, "/properties/a/type", '"strin" is no type; types are array, boolean, integer, null'),
        ({"type": ["string", "nul"]}, "/properties/a/type", '["string","nul"] is no type; types are array'),
        (
            "string",
            "/properties/a",
            'not of types "boolean", "object"; the schema of such a value is {"type": "string"}',
        ),
        ("text", "/properties/a", '"text" is not of types "boolean", "object"'),
        ({"required": "array"}, "/properties/a/required", '"array" is not of type "array"'),
    ],
)
def test_a_slip_is_told_once_and_in_words_of_who_made_it(field, pointer, told):
    (note,) = check({"type": "object", "properties": {"a": field}}).refused
    assert note.pointer == pointer
    assert told in note.detail
    assert ("the schema of such a value" in note.detail) == ("the schema of such a value" in told)


def test_a_required_property_that_may_not_be_there_is_refused():
    closed = {**fields(total={"type": "number"}, day={"type": "string"}), "additionalProperties": False}
    (note,) = check({**closed, "required": ["day", "totl"]}).refused
    assert note.pointer == "/required/1"
    assert note.detail == (
        '"totl" has to be there, and must not: no such property is declared here, and additionalProperties is false '
        '(did you mean "total"?)'
    )
    (note,) = check(fields(a={**closed, "required": ["x" * 500]})).refused
    assert note.pointer == "/properties/a/required/0"
    assert "did you mean" not in note.detail


@pytest.mark.parametrize(
    "root",
    [
        {**fields(a={"type": "number"}), "required": ["b"]},  # others are allowed
        {**fields(a={"type": "number"}), "required": ["b"], "additionalProperties": {"type": "string"}},
        {**fields(), "required": ["b1"], "additionalProperties": False, "patternProperties": {"^b": {}}},
        {**fields(a={"type": "number"}), "not": {"required": ["b"], "additionalProperties": False}},
    ],
)
def test_a_required_property_that_is_declared_nowhere_may_be_there(root):
    assert check(root).ok


def test_a_required_name_that_is_nearly_another_is_told():
    odd = {**fields(totl={"type": "number"}, day={"type": "string"}), "required": ["day", "total"]}
    told = '"total" is required, but no property has this name, so any value will do (did you mean "totl"?)'
    assert misspelt(odd) == misspelt(fields(a={"anyOf": [odd, {"type": "null"}]})) == told
    assert misspelt({**odd, "required": ["day", "totl"]}) == ""
    assert misspelt({**odd, "required": ["totl", "total"]}) == "", "both may be meant"
    assert misspelt({**fields(day={"type": "string"}), "required": ["total"]}) == ""
    assert misspelt({"$ref": "#", "allOf": [{"$ref": "#"}]}) == ""
