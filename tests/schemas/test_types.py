"""Types of pydantic in the grammar: what a type takes may be written, and what it refuses may not."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import pydantic
import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from extractor.grammar.compile import serialise
from schemas import ValidationProblem, check
from schemas.jsontext import loads
from schemas.keywords import CHECKED
from schemas.schema import of_model
from schemas.types import multiplies
from tests.support.matching import accepts

UUID4 = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def text(pattern: Any, **more: Any) -> Any:
    return Annotated[str, Field(pattern=pattern, **more)]


TYPES: list[tuple[Any, list[Any], list[Any]]] = [
    (text(r"^\w+$"), ["Müller", "日本", "a_1"], ["a b", "-"]),
    (text(r"^\W$"), ["-"], ["ü", "a"]),
    (text(r"^[^\s]+$"), ["aé"], ["a\u00a0b"]),
    (text(r"^\d{2}$"), ["12"], ["1"]),
    (text(r"^\D$"), ["x"], ["٣", "3"]),
    (text(r"^\p{Lu}\p{L}+$"), ["Ünal"], ["ünal"]),
    (text(r"^[[:alpha:]]{2}$"), ["ab"], ["a1", ":]"]),
    (text(re.compile(r"^x{,2}$")), ["x", ""], ["xxx"]),
    (text(re.compile("^eur$", re.IGNORECASE)), ["EUR", "eur"], ["usd"]),
    (text(re.compile(r"^\<b\>$")), ["<b>"], ["b"]),
    (text(re.compile(r"^[]a]+$")), ["]a"], ["b"]),
    (pydantic.HttpUrl, ["https://a-b.example/x?y=1#z", "http://localhost:8000/"], ["ftp://a.example", "https://", "a"]),
    (pydantic.PostgresDsn, ["postgresql://u:p@db.example:5432/base"], ["mysql://db", "postgresql"]),
    (pydantic.UUID4, [UUID4], [UUID4.replace("-4", "-1"), "x"]),
    (pydantic.EmailStr, ["a.b+c@mail.firm.de"], ["a@b", "a", f"{'a' * 65}@b.de", f"a@{'b' * 64}.de"]),
    (pydantic.NameEmail, ["Ann B <a@b.de>", "a@b.de"], ["Ann"]),
    (pydantic.IPvAnyAddress, ["10.0.0.1", "2001:db8::1"], ["10.0.0.256", "x"]),
    (ipaddress.IPv4Network, ["10.0.0.0/8", "192.168.1.0"], ["10.0.0.0/33", "x"]),
    (ipaddress.IPv6Interface, ["fe80::1/64"], ["fe80::1/129", "::1::2"]),
    (pydantic.Base64Bytes, ["aGk=", ""], ["a", "aGk"]),
    (pydantic.ByteSize, ["12 MB", 5], ["12 parrots"]),
    (pydantic.conbytes(max_length=3), ["abc"], ["ééé", "abcd"]),
    (complex, ["1+2j"], ["one"]),
    (Fraction, ["1/3", 2], ["1/0", "a"]),
    (Annotated[Decimal, Field(max_digits=5, decimal_places=2)], [Decimal("123.45"), 0], [1234, Decimal("1.234")]),
    (Annotated[Decimal, Field(max_digits=4)], [1234, Decimal("1.234")], [12345, Decimal("12.345")]),
    (Annotated[Decimal, Field(decimal_places=1, gt=0)], [Decimal("0.1")], [0, Decimal("0.11")]),
    (pydantic.constr(strip_whitespace=True, min_length=2), ["ab", "a b"], ["a ", " ab"]),
    (dict[text("^[A-Z]{3}$"), int], [{"EUR": 1}], [{"euro": 1}]),
]  # fmt: skip


def answer(value: Any) -> str:
    return json.dumps({"f": value}, ensure_ascii=False, separators=(",", ":"), default=float)


@pytest.mark.parametrize(("kind", "good", "bad"), TYPES, ids=[str(case[0])[-60:] for case in TYPES])
def test_the_grammar_is_as_narrow_as_the_type(kind: Any, good: list[Any], bad: list[Any]) -> None:
    schema = of_model(create_model("M", f=(kind, ...)))
    grammar = serialise(schema)
    for value in good:
        assert accepts(grammar, answer(value)), value
        schema.validate(loads(answer(value)))
    for value in bad:
        assert not accepts(grammar, answer(value)), value
        with pytest.raises(ValidationProblem):
            schema.validate(loads(answer(value)))


@pytest.mark.parametrize(
    ("kind", "config", "good", "bad"),
    [
        (text(r"^\<a+\>$"), {}, "aa", "<aa>"),  # to Rust the edges of a word
        (text(r"^[a-z&&[^aeiou]]+$"), {}, "xyz", "abc"),
        (text(r"^(?=.*\d)[a-z\d]+$"), {"regex_engine": "python-re"}, "a1", "a"),
        (text(re.compile(r"(a|b)\1")), {}, "aa", "ab"),
        (pydantic.Json[list[int]], {}, "[1]", "x"),
        (text("^a b ?$"), {"str_strip_whitespace": True, "str_min_length": 3}, "a b", None),
    ],
)
def test_what_only_pydantic_tells_is_reported(kind: Any, config: dict[str, Any], good: str, bad: str | None) -> None:
    schema = of_model(create_model("M", __config__=ConfigDict(**config), f=(kind, ...)))
    assert f"/properties/f/{CHECKED}" in [note.pointer for note in check(schema.json_schema).validated]
    assert accepts(serialise(schema), answer(good))
    schema.validate({"f": good})
    if bad is not None:
        assert accepts(serialise(schema), answer(bad))
        with pytest.raises(ValidationProblem):
            schema.validate({"f": bad})


def test_ordinary_patterns_stay_as_their_author_has_them() -> None:
    class Plain(BaseModel):
        code: str = Field(pattern=r"^[A-Z]{3}-\d{2}$")
        rest: str = Field(pattern=r"^(?P<year>\d{4}).*$", max_length=20)

    fields = of_model(Plain).json_schema["properties"]
    assert [fields[name]["pattern"] for name in ("code", "rest")] == [r"^[A-Z]{3}-\d{2}$", r"^(?P<year>\d{4}).*$"]
    assert CHECKED not in json.dumps(fields)


def test_a_strict_model_loses_no_digit_of_a_decimal() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: date
        amount: Decimal
        ratio: float

    schema = of_model(Strict)
    for digits in ("1250.00", "209397014995090.95"):
        validated = schema.validate(loads(f'{{"day":"2024-02-29","amount":{digits},"ratio":0.5}}'))
        assert str(validated.amount) == digits
    assert schema.validate(loads('{"day":"2024-02-29","amount":1.50,"ratio":0.50}')).ratio == 0.5


@pytest.mark.parametrize(
    ("quantity", "price", "amount", "fits"),
    [
        ("3", "2", "620.00", False),
        ("2", "310.00", "620.00", True),
        ("2", "100", "151.20", True),  # less a discount
        ("2", "100", "249.90", True),  # with tax
        ("2", "100", "90", False),
        ("2", "100", "270", False),
        ("3", "265", "-795", True),  # taken back
        ("3", "0", "5", False),
        ("3", "5", "0", True),
        (None, "5", "90", True),
        ("3", "5", None, True),
    ],
)
def test_a_line_costs_about_its_quantity_times_its_price(
    quantity: str | None, price: str | None, amount: str | None, fits: bool
) -> None:
    assert multiplies(*(None if one is None else Decimal(one) for one in (quantity, price, amount))) is fits
