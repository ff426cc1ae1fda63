"""Keys that no `properties` declares: what their type takes is all that can be written, none is endless, and the model
is shown what they are."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import ConfigDict, Field, HttpUrl, RootModel, conint, constr, create_model

from extractor.grammar.compile import compile_grammar
from extractor.prompt.schema_text import render_schema
from schemas import InvalidSchema, check, inline, of_model
from tests.support.matching import accepts


class Currency(StrEnum):
    EUR = "EUR"
    USD = "USD"


class Rank(IntEnum):
    FIRST = 1
    SECOND = 2


class Mixed(Enum):
    ONE = "one"
    HALF = 0.5


Iso = constr(pattern="^[A-Z]{3}$")
ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("keys", "good", "bad", "shown"),
    [
        (Iso, ["EUR"], ["eur", "EURO"], "/^[A-Z]{3}$/"),
        (constr(pattern="^x-"), ["x-a"], ["a", "x-" + "y" * 201], "/^x-/"),
        (Literal["EUR", "USD"], ["EUR"], ["GBP", "EU"], '"EUR" | "USD"'),
        (Literal["EUR"], ["EUR"], ["GBP"], '"EUR"'),
        (Currency, ["USD"], ["GBP"], '"EUR" | "USD"'),
        (Rank, ["2"], ["3", "FIRST"], '"1" | "2"'),
        (Mixed, ["one"], ["0.5"], '"one"'),
        (int, ["0", "-12", "123456789012345678"], ["x", "1.5", "01"], "integer"),
        (conint(ge=1, le=3), ["1", "3"], ["0", "4"], '"1" | "2" | "3"'),
        (conint(gt=0), ["1"], ["0", "-1"], "integer"),
        (Decimal, ["1.50", "-3"], ["x", "1e5"], "number"),
        (float, ["0.5"], [".5"], "number"),
        (bool, ["true"], ["True", "yes"], '"true" | "false"'),
        (date, ["2024-02-29"], ["2023-02-29", "today"], "date"),
        (datetime, ["2024-02-28T10:20", "2024-02-28T10:20:30Z"], ["10:20"], "datetime"),
        (timedelta, ["PT1H"], ["1h"], None),
        (UUID, [ID], [ID[:-1]], "uuid"),
        (constr(min_length=2, max_length=3), ["ab", "äöü"], ["a", "abcd"], "key"),
        (Annotated[str, Field(description="a code")], ["x", "x" * 200], ["x" * 201], "key"),
        (date | Literal["total"], ["total", "2024-01-01"], ["sum"], 'date | "total"'),
        (str | int, ["x"], ["x" * 201], "key"),
    ],
)  # fmt: skip
def test_of_dicts(keys, good, bad, shown):
    for kind in (dict[keys, float], dict[keys, float | None] | None, list[dict[keys, int]]):
        schema = of_model(create_model("Holder", f=(kind, ...)))
        grammar = compile_grammar(schema)
        around = ("[{", "}]") if kind == list[dict[keys, int]] else ("{", "}")
        for key in good:
            text = f'{{"f":{around[0]}"{key}":2{around[1]}}}'
            assert accepts(grammar, text), text
            schema.validate(json.loads(text))
        for key in bad:
            assert not accepts(grammar, f'{{"f":{around[0]}"{key}":2{around[1]}}}'), key
        assert shown is None or f"{{{shown}: " in render_schema(schema.json_schema)
        assert not check(schema.json_schema).validated


@pytest.mark.parametrize("keys", [Literal[1, 2], tuple[int, int], type(None)])
def test_keys_that_no_string_is(keys):
    with pytest.raises(InvalidSchema, match="keys of a dict are strings"):
        of_model(create_model("Holder", f=(dict[keys, int], ...)))


def test_what_no_grammar_holds_is_checked():
    schema = of_model(create_model("Holder", f=(dict[HttpUrl, int], ...)))
    assert [note.pointer for note in check(schema.json_schema).validated] == ["/properties/f/propertyNames"]


def test_other_dicts_and_roots():
    counted = of_model(create_model("Holder", f=(Counter[Currency], ...), g=(OrderedDict[date, int], ...)))
    assert accepts(compile_grammar(counted), '{"f":{"EUR":1},"g":{"2024-01-01":2}}')
    assert not accepts(compile_grammar(counted), '{"f":{"GBP":1},"g":{}}')
    root = of_model(RootModel[dict[Currency, float]])
    assert accepts(compile_grammar(root), '{"EUR":1.5}')
    assert not accepts(compile_grammar(root), '{"GBP":1.5}')
    assert render_schema(root.json_schema) == '{"EUR" | "USD": number}'
    extra = create_model("Extra", __config__=ConfigDict(extra="allow"), a=(int, ...))
    assert accepts(compile_grammar(of_model(extra)), '{"a":1,"b":"x"}')
    assert not accepts(compile_grammar(of_model(extra)), '{"a":1,"' + "b" * 201 + '":"x"}')


def test_no_listed_key_is_written_twice():
    grammar = compile_grammar(of_model(create_model("Holder", f=(dict[Literal["EUR", "USD"], int], ...))))
    assert accepts(grammar, '{"f":{"EUR":1,"USD":2}}')
    assert not accepts(grammar, '{"f":{"EUR":1,"EUR":2}}')


def test_counts_of_listed_keys():
    kind = Annotated[dict[Literal["EUR", "USD"], int], Field(min_length=1, max_length=1)]
    grammar = compile_grammar(of_model(create_model("Holder", f=(kind, ...))))
    assert accepts(grammar, '{"f":{"USD":1}}')
    assert not accepts(grammar, '{"f":{}}')
    assert not accepts(grammar, '{"f":{"EUR":1,"USD":2}}')


INT, STR = {"type": "integer"}, {"type": "string"}
MAP: dict[str, Any] = {"type": "object"}
LONG = "k" * 5_000


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({**MAP, "propertyNames": {"pattern": "^a"}}, '{"ab":[1]}', '{"b":1}'),
        ({**MAP, "propertyNames": {"pattern": "^a"}, "additionalProperties": INT}, '{"ab":1}', '{"ab":"x"}'),
        ({**MAP, "propertyNames": {"$ref": "#/$defs/names"}, "additionalProperties": INT}, '{"x":1}', '{"z":1}'),
        ({**MAP, "propertyNames": {"anyOf": [{"const": "x"}, {"pattern": "^y[0-9]$"}]}}, '{"y1":1,"x":2}', '{"y":1}'),
        ({**MAP, "propertyNames": False}, "{}", '{"a":1}'),
        ({**MAP, "propertyNames": {"enum": ["a-b", 'c"d']}}, '{"a-b":1,"c\\"d":2}', '{"ab":1}'),
        ({**MAP, "propertyNames": {"enum": ["a", 3]}, "minProperties": 1}, '{"a":1}', "{}"),
        ({**MAP, "patternProperties": {"^n_": INT}}, '{"n_a":1}', '{"other":1}'),
        ({**MAP, "patternProperties": {"^n_": INT}}, '{"n_a":1}', f'{{"n_{LONG}":1}}'),
        ({**MAP, "patternProperties": {"^[a-z]+$": INT}}, '{"' + "a" * 200 + '":1}', f'{{"{LONG}":1}}'),
        ({**MAP, "patternProperties": {"^[a-z]+(-[a-z]+)*$": INT}}, '{"a-name-of-many-words":1}', f'{{"{LONG}":1}}'),
        ({**MAP, "patternProperties": {"^n_": INT}, "additionalProperties": STR}, '{"n_a":1,"x":"y"}', '{"n_a":"y"}'),
        ({**MAP, "patternProperties": {"_n$": INT, "_s$": STR}}, '{"a_n":1,"b_s":"x"}', '{"a_n":"x"}'),
        ({**MAP, "patternProperties": {"^n_": INT, "^s_": STR}}, '{"n_a":1,"s_b":"x"}', f'{{"n_{LONG}":1}}'),
        ({**MAP, "patternProperties": {"^n_": INT}, "additionalProperties": STR}, '{"x":"y"}', '{"\\u006e_a":"y"}'),
        ({**MAP, "properties": {"k": INT}, "additionalProperties": STR}, '{"k":1,"x":"y"}', '{"\\u006b":"y"}'),
        ({**MAP, "properties": {"k": INT}, "additionalProperties": STR}, '{"x":"y"}', f'{{"{LONG}":"y"}}'),
        ({**MAP, "properties": {"k": INT}, "additionalProperties": True}, '{"x":[1]}', f'{{"{LONG}":"y"}}'),
        ({**MAP, "properties": {"k": INT}, "unevaluatedProperties": STR}, '{"x":"y"}', f'{{"{LONG}":"y"}}'),
        ({**MAP, "properties": {"k": INT}, "patternProperties": {"^n_": STR}}, '{"k":1,"n_a":"y"}', '{"z":1}'),
        ({**MAP, "properties": {LONG[:300]: INT}, "additionalProperties": STR}, '{"x":"y"}', f'{{"{LONG}":"y"}}'),
        ({"allOf": [{**MAP, "propertyNames": {"pattern": "^a"}}, {"minProperties": 1}]}, '{"ab":1}', '{"b":1}'),
    ],
)  # fmt: skip
def test_of_schemas(field, good, bad):
    defs = {"names": {"enum": ["x", "y"]}}
    schema = inline({"type": "object", "properties": {"f": field}, "required": ["f"], "$defs": defs})
    grammar = compile_grammar(schema)
    assert accepts(grammar, f'{{"f":{good}}}')
    assert not accepts(grammar, f'{{"f":{bad}}}')
    schema.validate(json.loads(f'{{"f":{good}}}'))


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ({**MAP, "patternProperties": {"^n_": INT, "^s_": STR}}, "f: {/^n_/: integer; /^s_/: string}"),
        ({**MAP, "patternProperties": {"^n_": INT}, "additionalProperties": STR}, "f: {/^n_/: integer; key: string}"),
        ({**MAP, "propertyNames": {"format": "date"}}, "f: {date: any}"),
        (MAP, "f: {key: any}"),
        ({**MAP, "additionalProperties": STR}, "f: {key: string}"),
        ({**MAP, "properties": {"a": INT}, "additionalProperties": STR}, "f: {\n  a: integer\n  key: string\n}"),
    ],
)
def test_the_prompt_shows_them(field, shown):
    assert render_schema({"type": "object", "properties": {"f": field}}) == shown


def test_a_thousand_names_are_no_burden():
    names = [f"name_{at}" for at in range(1_000)]
    field = {**MAP, "propertyNames": {"enum": names}, "additionalProperties": {"anyOf": [INT, STR]}}
    grammar = compile_grammar(inline({"type": "object", "properties": {"f": field}, "required": ["f"]}))
    assert accepts(grammar, '{"f":{"name_7":1,"name_999":"x"}}')
    assert len(grammar) < 100_000


@pytest.mark.parametrize("most", [0, 1, 2])
def test_a_map_in_an_array_of_few(most):
    """Written as Lark, which knows no `{0,0}`."""
    table = {"type": "object", "additionalProperties": {"type": "integer"}, "patternProperties": {"^a+$": {}}}
    rows = {"type": "array", "items": table, "maxItems": most}
    grammar = compile_grammar(inline({"properties": {"t": rows}, "required": ["t"]}))
    for count in range(4):
        assert accepts(grammar, f'{{"t":[{",".join(["{}"] * count)}]}}') is (count <= most)
