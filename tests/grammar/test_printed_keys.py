"""Keys that no schema names, and values of which no type is said, where all has to be printed: what the grammar of a
document lets through, and what the comparison that reads no grammar says of the same."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher
from pydantic import BaseModel, constr

from extractor.errors import DocumentError
from extractor.grammar.guided import guided
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.grammars import PrintedAnswers, demand
from extractor.result import Unprinted
from schemas import check, of_model
from schemas.keywords import Mode
from schemas.types import Amount, Printed
from tests.support.matching import TOKENIZER, accepts

JSON = dict[str, Any]

BILL = """Invoice 2026-0417   Date 3 May 2024
Subtotal   1,200.00 EUR
VAT 19%    228.00
Shipping: "express" 12.50
Total 1,440.50
id 7d444840-9dc0-11d1-b245-5ffdce74fad2
"""
NUMBER, NULL = {"type": "number"}, {"type": "null"}
MAP = {"type": "object", "additionalProperties": NUMBER}


def named(names: JSON) -> JSON:
    return {**MAP, "propertyNames": names}


def of(kind: Any) -> JSON:
    return {"type": "object", "properties": {"a": kind}, "required": ["a"]}


def answers(schema: JSON, mode: Mode = "all", text: str = BILL) -> PrintedAnswers:
    demanded = demand(schema, mode, Bounds())
    assert demanded is not None
    return demanded.of(text)


def lets(found: PrintedAnswers, value: str) -> bool:
    assert found.grammar is not None
    return accepts(found.grammar, '{"a":' + value + "}")


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        (MAP, ["{}", '{"Subtotal":1200.00}', '{"VAT 19%":228,"Total":1440.5}', '{"Shipping: \\"express\\"":12.50}'],
         ['{"subtotal":1200}', '{"Net":1200}', '{"Total":5}', '{"":12.5}', '{"otal":12.5}']),
        (True, ['"EUR"', "null", "true", "1200", "[]", "{}", '{"Total":{"VAT":["EUR",228]}}'],
         ['"USD"', "7", '{"net":null}', "[7]", '[[{"Total":7}]]', '{"Total":"USD"}']),
        ({"anyOf": [{}, NULL]}, ['"EUR"', "null"], ['"USD"']),
        ({"description": "whatever it says"}, ['"EUR"'], ['"USD"']),
        ({"type": "array"}, ['["EUR"]', "[]"], ['["USD"]', '[{"net":null}]']),
        ({"type": "array", "prefixItems": [{"const": 1}]}, ['[1,"EUR"]'], ['[1,"USD"]']),
        ({"type": "object"}, ['{"EUR":false}'], ['{"USD":false}', '{"EUR":"USD"}']),
        ({"type": ["object", "string", "null"]}, ['{"EUR":false}', '"EUR"', "null"], ['{"USD":false}', '"USD"']),
        ({"minLength": 3}, ['"EUR"', "228", '{"VAT":null}'], ['"USD"', '{"net":null}', '["USD"]']),
        ({"type": "object", "properties": {"x": {"enum": ["q"]}}, "additionalProperties": NUMBER},
         ['{"x":"q","Total":1200}', '{"Total":1200}'], ['{"net":1200}', '{"x":"q","Total":7}']),
        ({"type": "object", "properties": {"Total": {"enum": ["q"]}}, "additionalProperties": True},
         ['{"Total":"q","VAT":1200}', '{"VAT":{"Total":[1200]}}'], ['{"net":1200}', '{"VAT":7}']),
        ({"type": "object", "properties": {"x": {"const": "q"}}, "required": ["x", "y"]}, ['{"x":"q","y":"EUR"}'],
         ['{"x":"q","y":"USD"}']),
        ({"type": "object", "properties": {"x": {"const": "q"}}, "unevaluatedProperties": True},
         ['{"x":"q","Total":{"VAT":"EUR"}}'], ['{"net":1200}', '{"Total":7}']),
        ({"type": "object", "patternProperties": {"^[A-Z]{3}$": NUMBER}, "additionalProperties": False},
         ['{"EUR":1200}', '{"VAT":228}'], ['{"USD":1200}']),
        ({"type": "object", "patternProperties": {"^[A-Z]{3}$": NUMBER}, "additionalProperties": NULL},
         ['{"EUR":1200,"Total":null}'], ['{"USD":1200}', '{"net":null}']),
        (named({"format": "date"}), ['{"2024-05-03":1200}', "{}"], ['{"2024-05-04":1200}']),
        (named({"format": "uuid"}), ['{"7d444840-9dc0-11d1-b245-5ffdce74fad2":1200}'],
         ['{"7d444840-9dc0-11d1-b245-5ffdce74fad3":1200}']),
        (named({"pattern": "^-?(?:0|[1-9][0-9]{0,17})$"}), ['{"1200":1200}', '{"228":228}'], ['{"7":1200}']),
        (named({"pattern": "^[A-Z]{3}$"}), ['{"EUR":1200}'], ['{"USD":1200}']),
        (named({"maxLength": 5}), ['{"Total":1200}'], ['{"Net":1200}']),
        (named({"enum": ["net", "Total"]}), ['{"net":1200}'], ['{"net":7}']),
        ({**MAP, "minProperties": 1, "maxProperties": 2}, ['{"Total":1200,"VAT":228}'], ['{"net":1200}']),
    ],
)  # fmt: skip
def test_all_that_is_written_is_printed(kind: Any, yes: list[str], no: list[str]) -> None:
    found = answers(of(kind))
    assert found.held
    for value in yes:
        assert lets(found, value), value
        assert not_printed({"a": json.loads(value)}, found.marked, found.document) == [], value
    for value in no:
        assert not lets(found, value), value
        assert not_printed({"a": json.loads(value)}, found.marked, found.document), value


def test_what_else_is_said_of_keys_holds_too() -> None:
    for kind, no in (
        (named({"pattern": "^[A-Z]{3}$"}), '{"Total":1200}'),
        (named({"maxLength": 5}), '{"Subtotal":1200}'),
        (named({"enum": ["net", "Total"]}), '{"VAT":1200}'),
        (named({"format": "date"}), '{"Total":1200}'),
        ({**MAP, "minProperties": 1}, "{}"),
        ({**MAP, "maxProperties": 1}, '{"Total":1200,"VAT":228}'),
        ({"type": "object", "properties": {"Total": NULL}, "additionalProperties": NUMBER}, '{"VAT":228,"Total":228}'),
    ):
        assert not lets(answers(of(kind)), no), no


def test_where_nothing_printed_is_a_key_the_object_is_empty_or_named() -> None:
    for text in ("", "...", "- - -"):
        assert lets(answers(of(MAP), text=text), "{}")
        with pytest.raises(DocumentError) as found:
            answers(of(named({"pattern": "^[0-9]{4}$"}) | {"minProperties": 1}), text=text)
        assert [error.pointer for error in found.value.errors] == ["/a/*"]
    open_one = {"type": "object", "properties": {"x": {"const": 1}}, "additionalProperties": NUMBER}
    assert lets(answers(of(open_one), text=""), "{}")
    only = {"type": "object", "properties": {"x": NULL}, "required": ["x"], "additionalProperties": NULL}
    with pytest.raises(DocumentError):
        answers(of({**only, "minProperties": 2}), text="x")
    assert lets(answers(of({**only, "minProperties": 2}), text="x y"), '{"x":null,"y":null}')


def test_a_declared_name_is_no_free_key() -> None:
    found = answers(of({"type": "object", "properties": {"Total": {"const": 1}}, "additionalProperties": NUMBER}))
    assert lets(found, '{"Total":1,"VAT":228}')
    assert not lets(found, '{"VAT":228,"Total":228}')


def test_keys_alone_can_be_demanded_or_left_out() -> None:
    keys = answers(of(named({"x-printed": True})), "declared")
    assert lets(keys, '{"Total":7}')
    assert not lets(keys, '{"net":7}')
    anything = answers(of({**named({"x-printed": True}), "additionalProperties": {}}), "declared")
    assert lets(anything, '{"Total":{"net":7}}')
    values = answers(of({**named({"x-printed": False}), "x-printed": True}), "declared")
    assert lets(values, '{"net":1200}')
    assert not lets(values, '{"net":7}')
    both = answers(of({**MAP, "x-printed": True}), "declared")
    assert lets(both, '{"Total":1200}')
    assert not lets(both, '{"net":1200}')
    assert demand(of(MAP), "declared", Bounds()) is None
    assert demand(of(named({"x-printed": True})), "none", Bounds()) is None


def test_keys_that_a_schema_lists_demand_nothing() -> None:
    listed = {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "boolean"}}
    for kind in (listed, {**listed, "propertyNames": {"$ref": "#/properties/a/propertyNames"}}):
        assert demand({**of(listed), "properties": {"a": listed, "b": kind}}, "all", Bounds()) is None


class Prices(BaseModel):
    by_label: dict[Printed[str], Amount]
    by_day: dict[Printed[date], float]
    by_number: dict[Printed[int], str]
    by_id: dict[Printed[UUID], str]
    by_code: dict[Printed[constr(pattern="^[A-Z]{3}$")], str]


def test_pydantic_says_it_of_the_type_of_keys() -> None:
    schema = of_model(Prices).json_schema
    good = {
        "by_label": {"Subtotal": 7}, "by_day": {"2024-05-03": 1.5}, "by_number": {"1200": "any"},
        "by_id": {"7d444840-9dc0-11d1-b245-5ffdce74fad2": "any"}, "by_code": {"EUR": "any"},
    }  # fmt: skip
    grammar = answers(schema, "declared").grammar
    assert grammar is not None
    assert accepts(grammar, json.dumps(good, separators=(",", ":")))
    for old, new in (("Subtotal", "Net"), ("05-03", "05-04"), ("1200", "1201"), ("fad2", "fad3"), ("EUR", "USD")):
        assert not accepts(grammar, json.dumps(good, separators=(",", ":")).replace(old, new)), new
    report = check(schema)
    assert "/properties/by_label/propertyNames/x-printed" in [one.pointer for one in report.enforced]
    assert "/properties/by_label/propertyNames" not in [one.pointer for one in report.validated]
    plain = guided(NarrowedSchema(schema, Bounds()).whole())
    assert accepts(plain, json.dumps(good, separators=(",", ":")).replace("05-03", "06-03"))
    assert not accepts(plain, json.dumps(good, separators=(",", ":")).replace("2024-05-03", "May"))


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "where"),
    [
        ({"type": "object", "patternProperties": {"^[a-zA-Z]+$": NUMBER, "^[A-Z]{2,}$": NUMBER}},
         {"VAT": 228}, {"NET": 228}, Unprinted("/a/NET", key=True)),
        ({"type": "object", "required": ["sum"], "additionalProperties": NUMBER},
         {"sum": 228, "Total": 1200}, {"sum": 228, "net": 1200}, Unprinted("/a/net", key=True)),
        ({"allOf": [{"type": "object"}, {"additionalProperties": {"type": ["string", "object"]}}]},
         {"VAT": "EUR"}, {"net": "EUR"}, Unprinted("/a/net", key=True)),
        ({"allOf": [{"minLength": 1}, {"maxLength": 9}]}, "EUR", "USD", Unprinted("/a")),
        ({"allOf": [{"minLength": 1}, {"enum": ["USD", "EUR"]}]}, "USD", None, None),
        ({"allOf": [{"properties": {"x": {}}}, {"properties": {"x": {"enum": ["USD"]}, "y": {}}}]},
         {"x": "USD", "y": ["EUR"]}, {"x": "USD", "y": ["CHF"]}, Unprinted("/a/y/0")),
        ({"type": "object", "properties": {"x": {"const": "q"}}, "anyOf": [{"required": ["x"]}, {"maxProperties": 0}]},
         {"x": "q"}, None, None),
    ],
)  # fmt: skip
def test_where_no_grammar_holds_it_answers_are_compared(kind: JSON, right: Any, wrong: Any, where: Any) -> None:
    found = answers(of(kind))
    assert not found.held
    assert found.faults({"a": right}) == []
    if where is not None:
        assert not_printed({"a": wrong}, found.marked, found.document) == [where]
        [fault] = found.faults({"a": wrong})
        assert fault.pointer == ("/a" if where.key else where.pointer)
        assert ("key" in fault.detail) is where.key


def test_long_documents_are_compared() -> None:
    found = answers(of({}), text="word " * 60_000)
    assert found.grammar is None
    assert found.faults({"a": {"word": ["word word"]}}) == []
    assert [one.pointer for one in found.faults({"a": {"other": ["word"]}})] == ["/a"]


def test_words_of_ours_in_a_users_schema_say_nothing() -> None:
    ours = {"x-printed-keys": "text", "x-printed-within": "text"}
    for kind in ({**MAP, **ours}, ours, {**ours, "type": "object"}, {"x-printed": True, **ours}):
        plain = guided(NarrowedSchema(of(kind), Bounds()).whole())
        assert accepts(plain, '{"a":{"net":7}}')
    assert demand(of({**MAP, **ours}), "declared", Bounds()) is None


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("ab Z\n-.,:;\"\\'/|1203€(é東)\t"), max_size=60), st.integers(0, 2**32))
@example("a", 0)  # nothing is left that a second key of `o` may be
def test_whatever_is_written_is_printed(document: str, seed: int) -> None:
    """Texts by chance under the grammar: each key and value passes the comparison that reads no grammar."""
    few = {"minProperties": 0, "maxProperties": 2}
    schema = {
        "type": "object",
        "properties": {
            "m": {**MAP, **few}, "p": {**named({"pattern": "[a-z1]"}), **few}, "s": {**named({"maxLength": 5}), **few},
            "o": {"type": "object", "properties": {"a": NULL}, "required": ["a"], "additionalProperties": NULL, **few},
            "x": {"type": "object", **few},
        },
        "required": ["m", "p", "s", "o", "x"],
    }  # fmt: skip
    demanded = demand(schema, "all", Bounds())
    assert demanded is not None
    found = demanded.of(document)
    assert found.held
    matcher, dice, written = LLMatcher(TOKENIZER, found.grammar, log_level=0), random.Random(seed), bytearray()
    while not matcher.is_stopped() and len(written) < 2_000:
        bits = matcher.compute_bitmask()
        allowed = [byte for byte in range(256) if bits[byte // 8] >> byte % 8 & 1]
        if not allowed:
            break
        closing = [byte for byte in allowed if byte in b"]}"]
        written.append(dice.choice(closing if closing and dice.random() < 0.3 else allowed))
        assert matcher.consume_token(written[-1])
    if matcher.is_accepting():
        answer = json.loads(written.decode())
        assert not_printed(answer, demanded.marked, found.document) == [], (document, answer)
    else:
        assert len(written) == 2_000, written
