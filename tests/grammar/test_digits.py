"""Numbers of a schema that have more digits than a double: the right one can always be written, the check says what is
not enforced, and validation finds every digit."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PositiveFloat

from extractor.grammar.compile import compile_grammar, serialise
from schemas import Registry, ValidationProblem, check, inline, of_model
from schemas.checks.numbers import FARTHEST
from schemas.jsontext import loads, read
from tests.support.matching import accepts
from tests.support.small_schemas import whole

E = 2**53
LONG = 1234567890123456789


def fate(field, keyword):
    """What the check says of a keyword of the field."""
    report = check(whole(field))
    where = f"/properties/f/{keyword}"
    return [kind for kind in ("enforced", "validated") if where in [one.pointer for one in getattr(report, kind)]]


def stands(field, text):
    try:
        inline(whole(field)).validate(loads(f'{{"f":{text}}}'))
    except ValidationProblem:
        return False
    return True


def written(number):
    return format(Decimal(repr(number)), "f") if isinstance(number, float) else str(number)


@pytest.mark.parametrize(
    ("values", "others"),
    [
        ([E, E + 1], ["9007199254740994"]),
        ([LONG, LONG + 1, LONG + 4_000], ["1234567890123456791"]),
        ([-LONG, 5, "a", None], ["-1234567890123456788", "6"]),
        ([2**63 - 1, 2**63, 2**64 - 1, 10**19 + 7], ["9223372036854775806"]),
        ([-(2**63), -(2**63) - 1, -(10**25) - 3], ["-9223372036854775807"]),
        ([123456789.12345679, 932187471825.8147], ["123456789.1234568"]),
        ([1.5e-30, 0.30000000000000004], ["0.3"]),
    ],
)
def test_an_enum_of_long_numbers(values, others):
    field = {"enum": values}
    grammar = compile_grammar(inline(whole(field)))
    assert fate(field, "enum") == ["validated"]
    for value in values:
        text = f'"{value}"' if isinstance(value, str) else "null" if value is None else written(value)
        assert accepts(grammar, f'{{"f":{text}}}'), text
        assert stands(field, text), text
    for text in [*others, "7"]:
        assert not stands(field, text), text
        assert not accepts(grammar, f'{{"f":{text}}}'), text


@pytest.mark.parametrize("value", [5, -5, 0, E, E + 2, 10**18, 2**60, 1.5, -0.001, 5.0, 1e-7, 123456.123456789])
def test_what_a_double_is_stays_enforced(value):
    text = written(int(value) if value == int(value) else value)
    for field in ({"const": value}, {"enum": [value]}, {"type": "number", "const": value}):
        grammar = compile_grammar(inline(whole(field)))
        assert fate(field, next(key for key in field if key != "type")) == ["enforced"]
        assert accepts(grammar, f'{{"f":{text}}}')
        assert not accepts(grammar, f'{{"f":{text}1}}')
        assert stands(field, text)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"const": {"a": [E + 1], "b": "x"}}, '{"a":[9007199254740993],"b":"x"}', '{"a":[9007199254740993],"b":"y"}'),
        ({"anyOf": [{"type": "integer", "const": E + 1}, {"type": "null"}]}, "9007199254740993", "8007199254740993"),
        ({"oneOf": [{"enum": [E + 1, "x"]}, {"enum": [E + 3]}]}, "9007199254740995", "1"),
        ({"allOf": [{"type": "integer"}, {"enum": [LONG, 3]}]}, str(LONG), "4"),
        ({"type": "array", "items": {"enum": [LONG, -LONG]}}, f"[{LONG},-{LONG}]", "[1]"),
        ({"enum": [E + 1, 3], "allOf": [{"type": "integer", "minimum": 5}]}, "9007199254740993", "3"),
    ],
)
def test_wherever_they_stand(field, good, bad):
    grammar = compile_grammar(inline(whole(field)))
    assert accepts(grammar, f'{{"f":{good}}}')
    assert stands(field, good)
    assert not accepts(grammar, f'{{"f":{bad}}}')


EDGES = (E, E + 1, LONG, 10**15 + 1, 10**18, 2**63 - 1, 2**63, 10**20, 10**400)


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("bound", [*EDGES, *(-edge for edge in EDGES), 123456789.12345679, 1.5e-30])
def test_bounds_of_long_numbers(kind, bound):
    """The bound itself is allowed, and what is far beyond it is not."""
    for key, beyond in (("minimum", -1), ("maximum", 1)):
        field = {"type": kind, key: bound}
        grammar = compile_grammar(inline(whole(field)))
        if abs(bound) < FARTHEST and isinstance(bound, int):
            assert accepts(grammar, f'{{"f":{bound}}}')
            assert not accepts(grammar, f'{{"f":{bound + 30_000 * beyond}}}')
        known = abs(bound) in (E, 10**15 + 1, 10**18)
        assert fate(field, key) == (["enforced"] if known else ["validated"])


def test_what_is_excluded_next_to_numbers_that_are_no_doubles():
    for bound, known in ((E - 1, "enforced"), (E, "validated"), (10**17, "validated"), (-E, "validated")):
        assert fate({"type": "integer", "exclusiveMinimum": bound}, "exclusiveMinimum") == [known]
        assert fate({"type": "integer", "exclusiveMaximum": bound}, "exclusiveMaximum") == [known]
    grammar = serialise(inline(whole({"type": "integer", "exclusiveMinimum": E - 1})))
    assert accepts(grammar, f'{{"f":{E}}}')
    assert not accepts(grammar, f'{{"f":{E - 1}}}')


@given(st.integers(-(2**66), 2**66), st.integers(-(2**66), 2**66))
@settings(max_examples=60, deadline=None)
def test_any_two_numbers_can_be_written(one, two):
    field = {"enum": [one, two, "none"]}
    grammar = serialise(inline(whole(field)))
    for text in (str(one), str(two), '"none"'):
        assert accepts(grammar, f'{{"f":{text}}}')
        assert stands(field, text)


HUGE = 123456789012345678901234567890


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (HUGE, [str(HUGE)]),
        (-HUGE, [str(-HUGE)]),
        (10**30, ["1" + "0" * 30]),
        (1e30, ["1" + "0" * 30, "1e30", "1e+30"]),
        (1e25, ["1" + "0" * 25, "1e25", "1e+25"]),
        (-1e22, ["-1" + "0" * 22, "-1e22", "-1e+22"]),
        (1.5e300, ["15" + "0" * 299, "1.5e300", "1.5e+300"]),
        (2**64, [str(2**64)]),
        (1.2345678901234568e23, ["1.2345678901234569e23", "1.2345678901234569e+23"]),
        (E + 1, [str(E + 1)]),
        (0.12345678901234568, ["0.12345678901234568"]),
    ],
)
@pytest.mark.parametrize(
    ("field", "around"),
    [
        (lambda value: {"const": value}, ""),
        (lambda value: {"enum": ["x", value, 3]}, ""),
        (lambda value: {"enum": [{"k": 1}, value, None], "type": ["number", "null"]}, ""),
        (lambda value: {"allOf": [{"type": "number"}, {"enum": [value, "x"]}]}, ""),
        (lambda value: {"$ref": "#/$defs/n", "$defs": {"n": {"const": value}}}, ""),
        (lambda value: {"anyOf": [{"const": value}, {"type": "null"}]}, ""),
        (lambda value: {"type": "array", "items": {"const": value}}, "[]"),
        (lambda value: {"type": "array", "prefixItems": [{"const": value}], "minItems": 1, "items": False}, "[]"),
        (lambda value: {"type": "object", "properties": {"k": {"const": value}}}, "{}"),
        (lambda value: {"type": "object", "additionalProperties": {"const": value}}, "{}"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_long_number_is_written_as_it_is_and_no_other(value, spelled, field, around):
    schema_ = field(value)
    schema = inline({**whole(schema_), "$defs": schema_.pop("$defs", {})})
    grammar = compile_grammar(schema)
    before, after = {"": ("", ""), "[]": ("[", "]"), "{}": ('{"k":', "}")}[around]
    for text in spelled:
        assert accepts(grammar, f'{{"f":{before}{text}{after}}}'), text
        schema.validate(loads(f'{{"f":{before}{text}{after}}}'))
    digits = spelled[0]
    for text in (digits + "0", digits[:-1], f"{digits}.5", "7", "0", digits[:-1] + "9" * 60, "9" * 400):
        assert text == digits or not accepts(grammar, f'{{"f":{before}{text}{after}}}'), text


@pytest.mark.parametrize(
    ("counts", "known"),
    [({"maxProperties": 3}, True), ({"minProperties": 1}, True), ({"minProperties": 2, "maxProperties": 2}, True),
     ({"maxProperties": 1}, False), ({"minProperties": 3}, False)],
)  # fmt: skip
def test_beside_a_count_of_keys_that_are_all_declared(counts: dict[str, int], known: bool) -> None:
    fields = {"k": {"enum": ["a", HUGE]}, "l": {"type": "integer"}}
    field = {"type": "object", "properties": fields, "required": ["k", "l"], "additionalProperties": False, **counts}
    grammar = compile_grammar(inline(whole({"anyOf": [field, {"type": "null"}]})))
    assert accepts(grammar, '{"f":null}')
    assert accepts(grammar, f'{{"f":{{"k":{HUGE},"l":1}}}}') is known
    for text in (f"{HUGE}0", "7", "9" * 60):
        assert not accepts(grammar, f'{{"f":{{"k":{text},"l":1}}}}'), text


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"type": "integer", "minimum": 10**25}, ["1" + "0" * 25, "9" * 28], ["5", "9" * 60, "1" + "0" * 25 + ".5"]),
        ({"type": "number", "minimum": 1e25}, ["1" + "0" * 25 + ".5"], ["1" + "0" * 25 + "." + "1" * 10, "9" * 60]),
        ({"type": "number", "exclusiveMaximum": -1e22}, ["-2" + "0" * 22], ["-5", "2" + "0" * 22, "-9" + "0" * 60]),
        ({"type": "integer", "minimum": 10**20, "maximum": 10**21}, ["5" + "0" * 20], ["1" + "0" * 22]),
        ({"type": ["integer", "null"], "minimum": 10**25}, ["1" + "0" * 25, "null"], ["5", "9" * 60]),
        ({"minimum": 1e30}, ["1" + "0" * 30, "null", '"x"', "[1]"], ["5", "9" * 60]),
        ({"allOf": [{"type": "integer"}, {"minimum": 10**25}]}, ["1" + "0" * 25], ["5", "9" * 60]),
        ({"type": "integer", "minimum": 10**25, "multipleOf": 5}, ["1" + "0" * 25], ["9" * 60]),
        ({"type": "number", "minimum": 1.5e300}, ["2" + "0" * 300], ["9" * 400]),
    ],
)  # fmt: skip
def test_numbers_beyond_what_is_counted_end(field, good, bad):
    schema = inline(whole({"type": "array", "items": field}))
    grammar = compile_grammar(schema)
    for text in good:
        assert accepts(grammar, f'{{"f":[{text}]}}'), text[:50]
        schema.validate(loads(f'{{"f":[{text}]}}'))
    for text in bad:
        assert not accepts(grammar, f'{{"f":[{text}]}}'), text[:50]


class Account(IntEnum):
    FIRST, SECOND = LONG, LONG + 1


class Ledger(BaseModel):
    account: Account
    batch: Literal[-9223372036854775808, 9007199254740993]
    total: Decimal = Field(le=Decimal("99999999999999.99"), ge=Decimal("-0.1234567890123456789"))


def test_models_with_long_numbers():
    schema = of_model(Ledger)
    text = '{"account":1234567890123456790,"batch":-9223372036854775808,"total":99999999999999.99}'
    assert accepts(compile_grammar(schema), text)
    assert schema.validate(loads(text)).account is Account.SECOND
    over = text.replace(".99", ".991")
    with pytest.raises(ValidationProblem, match=r".*") as caught:
        schema.validate(loads(over))
    assert [where for where, _ in caught.value.errors] == ["/total"]
    for other in (text.replace("6790", "6791"), text.replace("993", "992").replace("-9223372036854775808", "0")):
        with pytest.raises(ValidationProblem):
            schema.validate(loads(other))


def test_what_a_client_gives_validates_as_the_answer_did() -> None:
    schema = Registry.discover().get("receipt")
    answer = schema.examples[0].answer_text
    assert schema.validate(read(answer)) == schema.validate(loads(answer))
    data = read('{"f": 1.50}')
    assert inline(whole({"type": "number"})).validate(data) is data


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"type": "integer", "anyOf": [{"minimum": 10**20}, {"maximum": -5}]}, ["1" + "0" * 20, "-5"], ["5", "-4"]),
        ({"type": "integer", "oneOf": [{"maximum": -(10**20)}, {"const": 3}]}, ["-1" + "0" * 20, "3"], ["-3", "30"]),
        ({"type": "number", "anyOf": [{"exclusiveMinimum": 1e20}, {"maximum": 0.5}]}, ["9" * 21, "0.5"], ["0.75", "7"]),
        ({"type": "integer", "anyOf": [{"anyOf": [{"minimum": 10**30}, {"maximum": -(10**30)}]}, {"const": 7}]},
         ["9" * 31, "-" + "9" * 31, "7"], ["8", "9" * 30]),
        ({"allOf": [{"type": "integer", "anyOf": [{"minimum": 10**20}, {"maximum": 1}]}, {"anyOf": [{"minimum": 0}]}]},
         ["1" + "0" * 20, "1"], ["2", "-1"]),
        ({"type": "integer", "anyOf": [{"enum": [HUGE, HUGE + 1]}, {"maximum": 5}]},
         [str(HUGE), "5"], [str(HUGE + 2), "6"]),
        ({"type": "number", "anyOf": [{"const": 1e30}, {"const": E + 1}]}, ["1e30", str(E + 1)], [str(E + 2), "1e31"]),
        ({"enum": [HUGE, 5, 7], "anyOf": [{"minimum": 6}, {"maximum": 2}]}, [str(HUGE), "7"], ["5"]),
        ({"type": "integer", "anyOf": [{"$ref": "#/$defs/far"}, {"maximum": -5}]}, ["1" + "0" * 20, "-5"], ["5"]),
        ({"type": "integer", "minimum": 3, "anyOf": [{"minimum": 10**20}, {"maximum": 2}, {"type": "string"}]},
         ["1" + "0" * 20], ["2", "3", '"a"']),
        ({"anyOf": [{"type": "integer", "minimum": 10**20}, {"type": "integer", "minimum": 3, "maximum": 2}]},
         ["1" + "0" * 20], ["2", "3"]),
        ({"type": "integer", "anyOf": [{"minimum": FARTHEST}, {"maximum": 3}]}, [str(FARTHEST), "3"], ["4"]),
        ({"type": "number", "anyOf": [{"minimum": 2e15}, {"maximum": -3e16}]},
         ["2000000000000000.5", "-3" + "0" * 16], ["4"]),
        ({"type": "integer", "anyOf": [{"minimum": 2 * 10**18}, {"const": 4}]}, ["3" + "0" * 18, "4"], ["5"]),
        ({"type": "integer", "minimum": 10**20, "anyOf": [{"multipleOf": 7}, {"multipleOf": 5}]},
         ["1" + "0" * 20, "7" * 24], ["35", "7" * 60]),
        ({"type": "integer", "minimum": 10**20, "allOf": [{"multipleOf": 7}]}, ["7" * 21], ["7", "7" * 60]),
        ({"allOf": [{"$ref": "#/$defs/far"}, {"type": "number", "multipleOf": 0.5}]},
         ["1" + "0" * 20 + ".5"], ["0.5", "7" * 60]),
        ({"type": ["integer", "null"], "minimum": 10**20, "oneOf": [{"multipleOf": 7}, {"type": "null"}]},
         ["7" * 21], ["7", "7" * 60]),
        ({"minimum": 10**20, "anyOf": [{"multipleOf": 7}, {"type": "string"}]},
         ["7" * 21, '"x"', "true"], ["7", "7" * 60]),
    ],
)  # fmt: skip
def test_options_of_which_some_are_far(field, good, bad):
    schema = inline({**whole(field), "$defs": {"far": {"minimum": 10**20}}})
    grammar = compile_grammar(schema)
    for text in good:
        assert accepts(grammar, f'{{"f":{text}}}'), text
        schema.validate(loads(f'{{"f":{text}}}'))
    for text in bad:
        assert not accepts(grammar, f'{{"f":{text}}}'), text


def test_a_bound_at_which_the_grammar_counts_no_farther_is_not_called_enforced():
    for key, bound in (("minimum", FARTHEST), ("maximum", -FARTHEST), ("exclusiveMinimum", FARTHEST)):
        field = {"type": "integer", "anyOf": [{key: bound}, {"const": 3}]}
        assert any(one.pointer.endswith(key) for one in check(whole(field)).validated)


@pytest.mark.parametrize(
    "field",
    [
        {"type": "integer", "minimum": 10**20, "anyOf": [{"multipleOf": 7}, {"multipleOf": 5}]},
        {"type": "integer", "minimum": 10**20, "allOf": [{"multipleOf": 7}]},
        {"allOf": [{"$ref": "#/$defs/far"}, {"type": "integer", "multipleOf": 7}]},
        {"$ref": "#/$defs/far", "multipleOf": 7},
        {"type": "object", "properties": {"k": {"multipleOf": 7}}, "patternProperties": {"k": {"minimum": 10**20}}},
    ],
)
def test_a_multiple_that_may_meet_a_far_bound_is_not_called_enforced(field):
    report = check({**whole(field), "$defs": {"far": {"minimum": 10**20}}})
    assert not any(one.pointer.endswith("multipleOf") for one in report.enforced)


def test_a_multiple_that_meets_no_far_bound_is_enforced():
    report = check({"type": "object", "properties": {"a": {"multipleOf": 7}, "b": {"minimum": 10**20}}})
    assert "/properties/a/multipleOf" in [one.pointer for one in report.enforced]


ENDS = ["0.5", "0.50", "0.10", "0.050", "1.50", "5.00", "10.10", "0.123456789"]
ON_BOTH_SIDES = [*ENDS, *(f"-{one}" for one in ENDS), "0", "0.00", "7", "-7"]


@pytest.mark.parametrize(
    ("field", "fits"),
    [
        ({"type": "number"}, lambda _: True),
        ({"type": ["null", "number", "string"]}, lambda _: True),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, lambda _: True),
        ({"$ref": "#/$defs/number"}, lambda _: True),
        ({}, lambda _: True),
        ({"minimum": -3}, lambda value: value >= -3),
        ({"type": "number", "minimum": -5, "maximum": 5}, lambda value: -5 <= value <= 5),
        ({"type": "number", "exclusiveMinimum": -1}, lambda value: value > -1),
        ({"type": "number", "exclusiveMinimum": 0}, lambda value: value > 0),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, lambda value: 0 < value <= 1),
        ({"type": "number", "exclusiveMaximum": 0}, lambda value: value < 0),
        ({"type": "number", "minimum": 0, "maximum": 10}, lambda value: 0 <= value <= 10),
        ({"allOf": [{"type": "number"}, {"maximum": 9}]}, lambda value: value <= 9),
        ({"allOf": [{"$ref": "#/$defs/number"}, {"minimum": -2.5}]}, lambda value: value >= -2.5),
        ({"type": "number", "maximum": 6, "anyOf": [{"minimum": 5}, {"maximum": 0.25}]},
         lambda value: 5 <= value <= 6 or value <= 0.25),
    ],
)  # fmt: skip
def test_decimals_may_end_in_zeros_on_both_sides_of_zero(field, fits):
    """`-0.50` is what a document prints; what it is rounded to is another number of digits."""
    grammar = compile_grammar(inline({**whole(field), "$defs": {"number": {"type": "number"}}}))
    for text in ON_BOTH_SIDES:
        assert accepts(grammar, f'{{"f":{text}}}') is fits(Decimal(text)), text


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ({"minimum": 0, "maximum": 0.25}, ["0.2", "0.20", "0.25", "0.1"], ["0.3", "0.26"]),
        ({"minimum": 0.01, "maximum": 99.99}, ["99.9", "99.90", "99.99", "99", "9.99"], ["99.991", "100"]),
        ({"minimum": -0.125, "exclusiveMaximum": 0.125}, ["-0.1", "-0.12", "0.1", "0.12", "-0.125"], ["0.125", "0.13"]),
        ({"maximum": 1.05, "multipleOf": 0.05}, ["1", "1.05", "0.95", "-3.5"], ["1.1", "0.99"]),
        ({"minimum": 0.23, "maximum": 0.25}, ["0.23", "0.24", "0.25"], ["0.2"]),
    ],
)
def test_a_far_end_with_a_fraction_takes_shorter_ones(field, good, bad):
    for schema in ({"type": "number", **field}, {"type": ["number", "null"], **field}):
        grammar = compile_grammar(inline(whole(schema)))
        for text in good:
            assert accepts(grammar, f'{{"f":{text}}}'), text
        for text in bad:
            assert not accepts(grammar, f'{{"f":{text}}}'), text


def test_models_of_prices_take_zeros_at_the_end() -> None:
    class Line(BaseModel):
        discount: float
        price: Decimal = Field(gt=0, decimal_places=2)
        rate: PositiveFloat
        change: Annotated[float, Field(ge=-1, le=1)] | None = None

    schema = of_model(Line)
    text = '{"discount":-0.50,"price":0.50,"rate":0.10,"change":-0.20}'
    assert accepts(compile_grammar(schema), text)
    schema.validate(loads(text))
