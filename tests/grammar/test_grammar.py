"""Grammars: what a schema's answer may look like token by token, and what no answer can do."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher
from pydantic import BaseModel, ConfigDict

from extractor.errors import FieldError, SchemaError
from extractor.grammar.compile import Grammars, compile_grammar, serialise
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.trial import Judge
from extractor.grammar.verdicts import Verdict
from schemas import Registry, inline, of_model, unjudged
from schemas.jsontext import loads
from tests.support.matching import TOKENIZER, accepts, stops

REGISTRY = Registry.discover()
INT = {"type": "integer"}


def grammar(**fields):
    more = fields.pop("more", {})
    return serialise(inline({"type": "object", "properties": fields, **more}))


@pytest.mark.parametrize("schema", REGISTRY.list(), ids=lambda schema: schema.name)
def test_the_examples_are_answers_of_their_grammars(schema):
    compiled = compile_grammar(schema)
    for example in schema.examples:
        text = example.answer_text
        assert accepts(compiled, text)
        assert stops(compiled, text)
        assert not accepts(compiled, text + " ")
        assert not accepts(compiled, " " + text)
        assert not accepts(compiled, text.replace(":", ": ", 1))
        assert not accepts(compiled, text + text)
        assert not accepts(compiled, "{}")
        assert not accepts(compiled, "null")


MAYBE = {"type": ["string", "null"]}


@pytest.mark.parametrize(
    "more",
    [
        {"oneOf": [{"required": ["email"]}, {"required": ["phone"]}]},
        {"maxProperties": 1},
        {"not": {"required": ["email", "phone"]}},
        {"dependentRequired": {"phone": ["other"]}},
        {"allOf": [{"if": {"required": ["phone"]}, "then": {"required": ["other"]}}]},
    ],
)
def test_no_key_is_asked_for_that_the_schema_may_forbid(more):
    fields = {"email": MAYBE, "phone": MAYBE, "other": {"type": "string"}}
    schema = inline({"type": "object", "properties": fields, **more})
    assert accepts(serialise(schema), '{"email":"x"}')
    schema.validate({"email": "x"})


ONE_OF = {"oneOf": [{"required": ["email"]}, {"required": ["phone"]}]}
BOTH = {"type": "object", "properties": {"email": MAYBE, "phone": MAYBE}}


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/$defs/both"}, ONE_OF]},
        {"$ref": "#/$defs/both", **ONE_OF},
        {"$ref": "#/$defs/both", "maxProperties": 1},
        {"allOf": [BOTH, {"maxProperties": 1}]},
        {**BOTH, "allOf": [{"$ref": "#/$defs/one"}]},
        {**BOTH, "anyOf": [{"not": {"required": ["email"]}}, {"not": {"required": ["phone"]}}]},
    ],
)
def test_nor_where_another_schema_forbids_it(schema):
    whole = inline({"type": "object", **schema, "$defs": {"both": BOTH, "one": ONE_OF}})
    assert accepts(serialise(whole), '{"email":"x"}')
    whole.validate({"email": "x"})
    plain = inline({"type": "object", "$ref": "#/$defs/both", "$defs": {"both": BOTH}})
    assert not accepts(serialise(plain), '{"email":"x"}')


def test_keys_in_the_order_of_the_schema():
    compiled = grammar(b=INT, a=INT, more={"required": ["a", "b"]})
    assert accepts(compiled, '{"b":1,"a":2}')
    assert not accepts(compiled, '{"a":2,"b":1}')


def test_null_is_an_answer_and_a_missing_key_is_none():
    compiled = grammar(
        must=INT,
        may=INT,
        union={"anyOf": [INT, {"type": "null"}]},
        listed={"type": ["string", "null"]},
        enum={"enum": ["a", None]},
        ref={"$ref": "#/$defs/nullable"},
        more={"required": ["must"], "$defs": {"nullable": {"oneOf": [{"type": "null"}, INT]}}},
    )
    assert accepts(compiled, '{"must":1,"union":null,"listed":null,"enum":null,"ref":null}')
    assert accepts(compiled, '{"must":1,"may":2,"union":3,"listed":"x","enum":"a","ref":1}')
    assert not accepts(compiled, '{"must":1,"may":null,"union":null,"listed":null,"enum":null,"ref":null}')
    assert not accepts(compiled, '{"must":1,"listed":null,"enum":null,"ref":null}')


@pytest.mark.parametrize(
    ("field", "fits", "runs_away"),
    [
        ({"type": "string"}, '"' + "x" * 4_000 + '"', '"' + "x" * 4_001 + '"'),
        ({"type": "string", "pattern": "^a+$"}, '"' + "a" * 4_000 + '"', '"' + "a" * 4_001 + '"'),
        ({"type": "string", "maxLength": 5_000}, '"' + "x" * 5_000 + '"', '"' + "x" * 5_001 + '"'),
        ({"type": ["string", "null"], "format": "uri"}, '"http://a/b"', '"http://a/' + "b" * 4_000 + '"'),
        (INT, "-" + "9" * 18, "9" * 20),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, "-" + "9" * 18, "9" * 19),
        ({"type": "number"}, "-123456789012345.123456789", "1.1234567891"),
        ({"type": "number"}, "1250.00", "1e5"),
        ({"type": "number", "minimum": 0}, "0.10", "9" * 20),
        ({"type": "array", "items": INT}, "[" + ",".join("1" * 1_000) + "]", "[" + ",".join("1" * 1_001) + "]"),
        ({"type": "array"}, '[1,"a",[null,{"b":2}]]', '["' + "x" * 4_001 + '"]'),
        ({"type": "object"}, '{"a":{"b":[1]}}', '{"' + "k" * 201 + '":1}'),
        ({"description": "anything"}, '{"a":[1.5]}', "1" * 20),
        (True, '"x"', '"' + "x" * 4_001 + '"'),
    ],
)  # fmt: skip
def test_no_answer_runs_away(field, fits, runs_away):
    compiled = grammar(f=field, more={"required": ["f"]})
    assert accepts(compiled, f'{{"f":{fits}}}')
    assert not accepts(compiled, f'{{"f":{runs_away}}}')


def test_bounds_are_given():
    schema = inline({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    assert not accepts(serialise(schema, Bounds(max_chars=3)), '{"a":"four"}')


def test_declared_objects_are_closed_unless_they_say_otherwise():
    assert not accepts(grammar(a=INT), '{"a":1,"b":2}')
    assert accepts(grammar(a=INT, more={"additionalProperties": True}), '{"a":1,"b":2}')
    assert accepts(grammar(a=INT, more={"additionalProperties": {"type": "string"}}), '{"a":1,"b":"2"}')
    assert accepts(grammar(a=INT, more={"patternProperties": {"^b": INT}}), '{"a":1,"b":2}')


def test_schemas_that_meet_on_one_object():
    base = {"type": "object", "properties": {"id": INT, "note": {"type": ["string", "null"]}}, "required": ["id"]}
    inherited = grammar(
        f={
            "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"inner": {"type": "object", "properties": {"x": INT}}}}]
        },
        plain={"$ref": "#/$defs/base"},
        more={"$defs": {"base": base}, "required": ["f"]},
    )
    assert accepts(inherited, '{"f":{"id":1,"note":null,"inner":{"x":2}}}')
    assert accepts(inherited, '{"f":{"id":1,"note":null},"plain":{"id":1,"note":"n"}}')
    assert not accepts(inherited, '{"f":{"id":1,"note":null,"other":2}}')
    assert not accepts(inherited, '{"f":{"id":1,"note":null,"inner":{"y":2}}}')
    assert not accepts(inherited, '{"f":{"id":1,"note":null},"plain":{"id":1,"note":"n","inner":{}}}')

    either = grammar(
        more={
            "anyOf": [{"properties": {"a": INT}, "required": ["a"]}, {"properties": {"b": INT}, "required": ["b"]}],
        },
        kind={"enum": ["x"]},
    )
    assert accepts(either, '{"kind":"x","a":1}')
    assert accepts(either, '{"b":1}')
    assert not accepts(either, '{"kind":"x"}')
    assert not accepts(either, '{"kind":"x","a":1,"c":1}')

    twice = grammar(
        f={
            "allOf": [
                {"type": "object", "properties": {"o": {"type": "object", "properties": {"p": INT}}}},
                {"type": "object", "properties": {"o": {"type": "object", "properties": {"q": INT}}}},
            ]
        }
    )
    assert accepts(twice, '{"f":{"o":{"p":1,"q":2}}}')


def test_recursion():
    node = {"type": "object", "properties": {"v": INT, "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}}
    compiled = grammar(n={"$ref": "#/$defs/n"}, more={"$defs": {"n": node}})
    assert accepts(compiled, '{"n":{"v":1,"next":{"v":2,"next":null}}}')
    assert not accepts(compiled, '{"n":{"v":1,"next":{"w":2,"next":null}}}')


def test_text_that_is_no_text_cannot_be_written():
    compiled = grammar(a={"type": "string"}, more={"required": ["a"]})
    assert accepts(compiled, '{"a":"é\\n\\"日本"}')
    assert not accepts(compiled, '{"a":"\\ud800"}')
    assert not accepts(compiled, '{"a":"line\nbreak"}')


def test_the_model_of_a_file_is_built_here():
    class Overlapping(BaseModel):
        model_config = ConfigDict(json_schema_extra={"patternProperties": {"^a": INT, "a$": {"type": "string"}}})
        fine: int

    with pytest.raises(SchemaError, match="disjoint"):
        compile_grammar(of_model(Overlapping))


class ScriptedJudge(Judge):
    """Says what it is told to, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.refusal = 0, ""

    def grammar(self, json_schema: dict[str, Any], *_: Any) -> str:
        self.asked += 1
        if self.refusal:
            raise SchemaError(self.refusal, code="schema_too_complex", errors=(FieldError("/a", self.refusal),))
        return serialise(inline(json_schema))


def test_a_refusal_is_kept_for_a_while():
    judge, schema = ScriptedJudge(), unjudged({"type": "object", "properties": {"a": INT}})
    grammars = Grammars(judge, refusal_s=0.3)
    judge.refusal = "it takes longer than 30 s to build"
    for _ in range(3):
        with pytest.raises(SchemaError, match="longer than 30 s"):
            grammars.get(schema)
    assert judge.asked == 1
    time.sleep(0.35)
    judge.refusal = ""
    assert grammars.get(schema) == serialise(schema)


class Shared:
    """Verdicts, as a ledger keeps them for many processes."""

    def __init__(self) -> None:
        self.kept: dict[str, Verdict] = {}

    def get(self, key: str) -> Verdict | None:
        return self.kept.get(key)

    def put(self, key: str, verdict: Verdict) -> None:
        self.kept[key] = verdict


@pytest.mark.parametrize("refusal", ["", "it takes more than 3 s"])
def test_what_one_process_has_tried_another_need_not(refusal: str):
    shared, first, second = Shared(), ScriptedJudge(), ScriptedJudge()
    schema, said = unjudged({"type": "object", "properties": {"a": INT}}), []
    first.refusal = refusal
    for judge in (first, second):
        grammars = Grammars(judge, verdicts=shared)
        assert grammars.known(schema) is (judge is second)
        try:
            said.append(grammars.get(schema))
        except SchemaError as error:
            said.append((error.code, error.detail, error.errors))
        assert grammars.known(schema)
    assert said[0] == said[1]
    assert (first.asked, second.asked) == (1, 0)


def test_the_cache_is_bounded_and_shared():
    grammars = Grammars(ScriptedJudge(), capacity=2)
    kept = [inline({"type": "object", "properties": {name: INT}}) for name in "abc"]
    first = grammars.get(kept[0])
    assert grammars.get(kept[0]) is first
    grammars.get(kept[1])
    grammars.get(kept[2])
    assert grammars.get(kept[0]) == first
    assert len(grammars._kept) == 2
    results = []
    threads = [threading.Thread(target=lambda: results.append(grammars.get(kept[1]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1


# Whatever the grammar takes, the schema must take: the narrowing is never a widening.

LEAVES = st.sampled_from(
    [
        {"type": "string", "maxLength": 3},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": ["number", "null"], "multipleOf": 0.5},
        {"enum": ["x", 1, None]},
        {"type": "boolean"},
        {"const": {"k": 1}},
        {},
    ]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda item: {"type": "array", "items": item, "maxItems": 2}, inner),
        st.builds(
            lambda fields, required: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields)[:required],
            },
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
            st.integers(0, 2),
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one, two: {"allOf": [one, two]}, inner, inner),
    ),
    max_leaves=6,
)


@given(SCHEMAS, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_every_answer_fits_the_schema(field, random):
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"]})
    matcher = LLMatcher(TOKENIZER, serialise(schema), log_level=0)
    if matcher.is_error():
        return  # branches that llguidance cannot intersect
    written = bytearray()
    for _ in range(200):
        bits = matcher.compute_bitmask()
        allowed = [at for at in range(257) if bits[at // 8] >> (at % 8) & 1]
        # mostly what ends things, so that answers end
        closing = [at for at in allowed if chr(at) in '"}]'] or allowed
        choice = random.choice(closing if random.random() < 0.7 else allowed) if allowed else 256
        if choice == 256:
            break
        matcher.consume_token(choice)
        written.append(choice)
    if matcher.is_accepting() and written:
        value = loads(written.decode())
        schema.validate(value)


def test_the_narrowed_schema_is_json():
    for schema in REGISTRY.list():
        assert json.loads(json.dumps(NarrowedSchema(schema.json_schema, Bounds()).whole()))


@pytest.mark.parametrize(
    ("bounds", "fits", "misses"),
    [
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, ["0.1", "0.000000001", "0.49"], ["0", "0.5", "-0"]),
        ({"exclusiveMinimum": 0, "maximum": 0.1}, ["0.1", "0.05"], ["0", "0.11"]),
        ({"exclusiveMinimum": 1, "maximum": 1.5}, ["1.1", "1.5"], ["1", "1.51"]),
        ({"minimum": -0.5, "exclusiveMaximum": 0}, ["-0.5", "-0.1"], ["0", "-0", "-0.6"]),
        ({"exclusiveMinimum": -1.5, "exclusiveMaximum": -1}, ["-1.1"], ["-1", "-1.5"]),
        ({"exclusiveMinimum": 0, "maximum": 1}, ["1", "0.1"], ["0"]),
    ],
)
def test_a_whole_number_that_is_excluded_is_not_written(bounds, fits, misses):
    compiled = grammar(f={"type": "number", **bounds}, more={"required": ["f"]})
    assert [accepts(compiled, f'{{"f":{value}}}') for value in fits] == [True] * len(fits)
    assert [accepts(compiled, f'{{"f":{value}}}') for value in misses] == [False] * len(misses)
