"""The table of keywords is true: for each line, what llguidance and the validator really do with it.

A case is (keyword, schema of a property, an answer that fits, one that does not). `enforced` means that the grammar
takes the first and not the second; `validated` that the grammar takes both and the validator only the first.
"""

from __future__ import annotations

import json

import pytest

from extractor.grammar.compile import serialise
from schemas import InvalidSchema, ValidationProblem, check, inline, keywords
from tests.support.matching import accepts

INT, STR = {"type": "integer"}, {"type": "string"}


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def obj(**fields):
    return {"type": "object", "properties": fields, "additionalProperties": False}


ENFORCED = [
    ("type", INT, "1", '"1"'),
    ("type", {"type": ["integer", "null"]}, "null", "true"),
    ("enum", {"enum": ["a", 1, None]}, "null", '"b"'),
    ("const", {"const": {"a": [1]}}, '{"a":[1]}', '{"a":[2]}'),
    ("properties", obj(a=INT), '{"a":1}', '{"a":"x"}'),
    ("required", {**obj(a=INT), "required": ["a"]}, '{"a":1}', "{}"),
    ("additionalProperties", obj(a=INT), '{"a":1}', '{"a":1,"b":1}'),
    ("additionalProperties", {"type": "object", "additionalProperties": INT}, '{"x":1}', '{"x":"1"}'),
    ("propertyNames", {"type": "object", "propertyNames": {"maxLength": 2}}, '{"ab":1}', '{"abc":1}'),
    ("propertyNames", {"type": "object", "propertyNames": {"enum": ["a", "b"]}}, '{"a":1,"b":2}', '{"c":1}'),
    ("patternProperties", {"type": "object", "patternProperties": {"^a": INT}}, '{"ab":1}', '{"ab":"1"}'),
    ("minProperties", {"type": "object", "minProperties": 1}, '{"a":1}', "{}"),
    ("maxProperties", {"type": "object", "maxProperties": 1}, '{"a":1}', '{"a":1,"b":1}'),
    ("items", {"type": "array", "items": INT}, "[1,2]", '[1,"2"]'),
    ("prefixItems", {"type": "array", "prefixItems": [INT, STR]}, '[1,"a"]', '["a",1]'),
    ("minItems", {"type": "array", "minItems": 2}, "[1,2]", "[1]"),
    ("maxItems", {"type": "array", "maxItems": 1}, "[1]", "[1,2]"),
    ("minLength", {"type": "string", "minLength": 2}, '"ab"', '"a"'),
    ("maxLength", {"type": "string", "maxLength": 2}, '"ab"', '"abc"'),
    ("pattern", {"type": "string", "pattern": "^[A-Z]{2}$|^x"}, '"AB"', '"AbC"'),
    ("pattern", {"type": "string", "pattern": "b+"}, '"abc"', '"ac"'),
    ("minimum", {"type": "number", "minimum": 2.5}, "2.5", "2.4"),
    ("maximum", {"type": "integer", "maximum": 20}, "20", "21"),
    ("exclusiveMinimum", {"type": "number", "exclusiveMinimum": 0}, "0.1", "0"),
    ("exclusiveMaximum", {"type": "integer", "exclusiveMaximum": 5}, "4", "5"),
    ("multipleOf", {"type": "integer", "multipleOf": 5}, "15", "12"),
    ("multipleOf", {"type": "number", "multipleOf": 0.01}, "1.25", "1.255"),
    ("allOf", {"allOf": [obj(a=INT), {"required": ["a"]}]}, '{"a":1}', "{}"),
    ("allOf", {"allOf": [{"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"}]}, '"ab"', '"a"'),
    ("anyOf", {"anyOf": [INT, {"type": "null"}]}, "null", '"x"'),
    ("oneOf", {"oneOf": [INT, {"type": "null"}]}, "null", '"x"'),
    ("$ref", {"$ref": "#/$defs/int"}, "1", '"x"'),
    *[
        ("format", {"type": "string", "format": name}, quoted(good), quoted(bad))
        for name, good, bad in [
            ("date", "2024-02-29", "2024-02-30"),
            ("time", "10:20:30Z", "25:00:00Z"),
            ("time-local", "10:20", "10:20Z"),
            ("date-time", "2024-02-28T10:20:30Z", "2023-02-29T10:20:30Z"),
            ("date-time-local", "2024-02-28T10:20:30", "2024-02-28T10:20:30Z"),
            ("duration", "P3DT2H", "3 days"),
            ("email", "a.b@c.de", "a.b"),
            ("hostname", "a.example", "a..b"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "::1", "1"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
            ("uri", "https://a.example/b", "a b"),
        ]
    ],
]
VALIDATED = [
    ("not", {"type": "string", "not": {"const": "x"}}, '"y"', '"x"'),
    ("if", {"type": "integer", "if": {"minimum": 5}, "then": {"multipleOf": 2}}, "6", "7"),
    ("then", {"type": "integer", "if": {"minimum": 5}, "then": {"multipleOf": 2}}, "6", "7"),
    ("else", {"type": "integer", "if": {"minimum": 5}, "else": {"multipleOf": 2}}, "7", "3"),
    ("dependentRequired", {**obj(a=INT, b=INT), "dependentRequired": {"a": ["b"]}}, '{"a":1,"b":1}', '{"a":1}'),
    ("dependentSchemas", {**obj(a=INT, b=INT), "dependentSchemas": {"a": {"required": ["b"]}}}, "{}", '{"a":1}'),
    ("propertyNames", {**obj(ab=INT, abc=INT), "propertyNames": {"maxLength": 2}}, '{"ab":1}', '{"abc":1}'),
    ("contains", {"type": "array", "items": INT, "contains": {"const": 1}}, "[1]", "[2]"),
    ("minContains", {"type": "array", "contains": {"const": 1}, "minContains": 2}, "[1,1]", "[1]"),
    ("maxContains", {"type": "array", "contains": {"const": 1}, "maxContains": 1}, "[1]", "[1,1]"),
    ("uniqueItems", {"type": "array", "items": INT, "uniqueItems": True}, "[1,2]", "[1,1]"),
    ("unevaluatedItems", {"type": "array", "prefixItems": [INT], "unevaluatedItems": False}, "[1]", "[1,2]"),
    ("unevaluatedProperties", {"allOf": [{"type": "object"}], "unevaluatedProperties": INT}, '{"a":1}', '{"a":"x"}'),
    ("oneOf", {"oneOf": [INT, {"type": "integer", "multipleOf": 2}]}, "3", "4"),
    ("minProperties", {**obj(a=INT, b=INT), "minProperties": 2}, '{"a":1,"b":1}', "{}"),
    ("maxProperties", {**obj(a=INT, b=INT), "maxProperties": 1}, '{"a":1}', '{"a":1,"b":1}'),
    ("minimum", {"type": "integer", "minimum": 5 * 10**20}, "5" + "0" * 20, "4" + "9" * 20),
    ("maximum", {"type": "integer", "maximum": -5 * 10**20}, "-5" + "0" * 20, "-1" + "0" * 20),
    ("pattern", {"type": "string", "pattern": r"\bcat\b"}, '"a cat"', '"cats"'),
    *[
        ("format", {"type": "string", "format": name}, quoted(good), quoted(bad))
        for name, good, bad in [
            ("idn-email", "ä@b.de", "ä"),
            ("idn-hostname", "münchen.example", "a..b"),
            ("uri-reference", "/a/b", "\\\\x"),
            ("iri", "https://münchen.example", "x y"),
            ("iri-reference", "/ä", "\\\\x"),
            ("json-pointer", "/a/0", "a"),
            ("relative-json-pointer", "1/a", "/a"),
            ("regex", "a+", "("),
            ("uri-template", "https://a/{b}", "{"),
        ]
    ],
]
REFUSED = [
    ("$ref", {"$ref": "https://example.com/schema.json"}),
    ("$ref", {"$ref": "other.json#/a"}),
    ("$ref", {"$ref": "#/$defs/nothing"}),
    ("$dynamicRef", {"$dynamicRef": "#x"}),
    ("$anchor", {"$anchor": "x"}),
    ("$dynamicAnchor", {"$dynamicAnchor": "x"}),
    ("$recursiveRef", {"$recursiveRef": "#"}),
    ("$recursiveAnchor", {"$recursiveAnchor": True}),
    ("$vocabulary", {"$vocabulary": {"https://a": True}}),
    ("$id", {"$id": "https://a.example/b"}),
    ("dependencies", {"dependencies": {"a": ["b"]}}),
    ("additionalItems", {"additionalItems": False}),
    ("pattern", {"pattern": "^(?=a)b"}),
    ("pattern", {"pattern": r"(a)\1"}),
    ("pattern", {"pattern": "("}),
    ("pattern", {"pattern": "((a{100}){100}){100}"}),
    ("pattern", {"pattern": "x" * 600}),
    ("patternProperties", {"patternProperties": {r"\ba": True}}),
    ("type", {"type": "text"}),
    ("minLength", {"minLength": -1}),
    ("minItems", {"minItems": 5_000}),
    ("maxLength", {"maxLength": 10**9}),
    ("enum", {"enum": list(range(2_000))}),
]


def whole(field):
    return {"type": "object", "properties": {"f": field}, "required": ["f"], "$defs": {"int": INT}}


def verdicts(report, keyword):
    where = f"/properties/f/{keyword}"
    return [name for name in ("enforced", "validated", "refused", "ignored") if where in pointers(report, name)]


def pointers(report, name):
    return [note.pointer for note in getattr(report, name)]


def valid(schema, text):
    try:
        schema.validate(json.loads(f'{{"f":{text}}}'))
    except ValidationProblem:
        return False
    return True


def ident(case):
    return f"{case[0]}-{case[1].get('format', '')}" if isinstance(case, tuple) else str(case)


@pytest.mark.parametrize("case", ENFORCED, ids=ident)
def test_enforced(case):
    keyword, field, good, bad = case
    schema = inline(whole(field))
    grammar = serialise(schema)
    assert "enforced" in verdicts(check(whole(field)), keyword)
    assert accepts(grammar, f'{{"f":{good}}}')
    assert not accepts(grammar, f'{{"f":{bad}}}')
    assert valid(schema, good)
    assert not valid(schema, bad)


@pytest.mark.parametrize("case", VALIDATED, ids=ident)
def test_validated(case):
    keyword, field, good, bad = case
    schema = inline(whole(field))
    grammar = serialise(schema)
    assert "validated" in verdicts(check(whole(field)), keyword)
    assert accepts(grammar, f'{{"f":{good}}}')
    assert accepts(grammar, f'{{"f":{bad}}}')
    assert valid(schema, good)
    assert not valid(schema, bad)


@pytest.mark.parametrize("case", REFUSED, ids=ident)
def test_refused(case):
    keyword, field = case
    report = check(whole(field))
    assert not report.ok
    assert f"/properties/f/{keyword}" in {note.pointer[: len(f"/properties/f/{keyword}")] for note in report.refused}
    with pytest.raises(InvalidSchema):
        inline(whole(field))


def test_every_keyword_of_the_table_has_a_case():
    assert {case[0] for case in ENFORCED} == keywords.ENFORCED
    assert {case[0] for case in VALIDATED} >= keywords.VALIDATED
    assert {case[0] for case in REFUSED} >= set(keywords.REFUSED)
    formats = (
        {case[1].get("format") for case in ENFORCED} - {None},
        {case[1].get("format") for case in VALIDATED} - {None},
    )
    assert formats == (keywords.GRAMMAR_FORMATS, keywords.VALIDATOR_FORMATS)


def test_annotations_and_strangers_change_nothing():
    field = {"type": "string", "format": "colour", "x-note": 1, "title": "T", "default": "a", "$comment": "c"}
    report = check(whole(field))
    assert report.ok
    assert pointers(report, "ignored") == ["/properties/f/format", "/properties/f/x-note"]
    assert valid(inline(whole(field)), '"anything"')
    assert accepts(serialise(inline(whole(field))), '{"f":"anything"}')


def test_below_a_validated_keyword_nothing_counts_as_enforced():
    report = check(whole({"type": "string", "not": {"pattern": "a"}}))
    assert pointers(report, "validated") == ["/properties/f/not"]
    assert "/properties/f/not/pattern" not in pointers(report, "enforced")


def test_llguidance_still_cannot_do_what_the_table_leaves_to_validation():
    """When a release can, the table should move the keyword: the answer would be right the first time."""
    from llguidance import LLMatcher

    for keyword in (
        "not",
        "if",
        "dependentRequired",
        "contains",
        "uniqueItems",
        "unevaluatedProperties",
    ):
        field = next(case[1] for case in VALIDATED if case[0] == keyword)
        failed, _ = LLMatcher.validate_grammar_with_warnings(LLMatcher.grammar_from_json_schema(field))
        assert failed, keyword


def test_the_documentation_says_the_same():
    from pathlib import Path

    import schemas

    page = (Path(schemas.__file__).parents[1] / "docs" / "schemas.md").read_text()
    rows = {
        row.split("|")[1].strip(): row
        for row in page.splitlines()
        if row.startswith(("| enforced", "| checked", "| refused"))
    }
    for keyword in keywords.ENFORCED - {"format"}:
        assert f"`{keyword}`" in rows["enforced by the grammar"], keyword
    for keyword in keywords.VALIDATED:
        assert f"`{keyword}`" in rows["checked in the answer only"], keyword
    for name in keywords.GRAMMAR_FORMATS:
        assert name in rows["enforced by the grammar"], name
    for name in keywords.VALIDATOR_FORMATS:
        assert name in rows["checked in the answer only"], name
    limits = schemas.LIMITS
    for name, figure in vars(limits).items():
        assert name == "max_bytes" or f"{figure:,}" in page, name
    assert f"{limits.max_bytes // 1024} KiB" in page
