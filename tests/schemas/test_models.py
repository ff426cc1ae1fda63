"""The checks a grammar cannot express, those that mark an answer too: they fire on contradictions and nothing else."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from schemas import InvalidSchema, Registry, ValidationProblem, check, doubts, of_model
from schemas.jsontext import dumps, loads
from schemas.types import adds_up

REGISTRY = Registry.discover()


def faults(name, **changes):
    """The pointers at fault or in doubt after changing the schema's own example."""
    schema = REGISTRY.get(name)
    answer = deepcopy(schema.examples[0].answer)
    answer.update(changes)
    try:
        with doubts.listen() as found:
            instance = schema.validate(answer)
    except ValidationProblem as problem:
        return [where for where, _ in problem.errors]
    return [where for where, _ in doubts.places(instance, found)]


def item(amount, **more):
    return {"description": "x", "amount": None if amount is None else Decimal(amount), **more}


@pytest.mark.parametrize(
    ("name", "changes", "where"),
    [
        ("invoice", {"due_date": "2024-05-02"}, ["/due_date"]),
        ("invoice", {"due_date": "2024-05-03"}, []),
        ("invoice", {"due_date": "2024-02-30"}, ["/due_date"]),
        ("invoice", {"items": [item("100.00"), item("300.00")]}, ["/items"]),
        ("invoice", {"items": [item("100.00"), item(None)]}, []),
        ("invoice", {"items": []}, []),
        ("invoice", {"subtotal": 480, "tax": 96, "total": 576}, []),
        ("invoice", {"subtotal": 480, "tax": Decimal("96.01"), "total": 576}, []),
        ("invoice", {"subtotal": 480, "tax": 96, "total": 500}, ["/total"]),
        ("invoice", {"tax": 80, "total": 560}, []),
        ("invoice", {"currency": "gbp"}, ["/currency"]),
        ("invoice", {"invented": 1}, [""]),
        ("receipt", {"total": 7}, ["/items"]),
        ("receipt", {"total": 7, "tax": 1}, []),
        ("receipt", {"total": Decimal("7.50"), "tax": 1, "tip": Decimal("0.5")}, []),
        ("receipt", {"total": None}, []),
        ("receipt", {"purchase_time": "24:00"}, ["/purchase_time"]),
        ("receipt", {"card_last_four": "123"}, ["/card_last_four"]),
        ("contact", {"email": "not an address"}, ["/email"]),
        ("contact", {"phones": [{"kind": "pager", "number": "1"}]}, ["/phones/0/kind"]),
        ("resume", {"experience": [{"start": "2020-05", "end": "2020-04"}]}, ["/experience/0/end"]),
        ("resume", {"experience": [{"start": "2020-05", "end": "2020"}]}, []),
        ("resume", {"experience": [{"start": "2020"}, {"start": "2020", "end": "2019-12"}]}, ["/experience/1/end"]),
        ("shipping_notice", {"delivery_date": "2025-02-11"}, ["/delivery_date"]),
        ("shipping_notice", {"delivery_date": "2025-02-12"}, []),
        ("support_ticket", {"category": "rant"}, ["/category"]),
        ("support_ticket", {"refund_requested": None}, ["/refund_requested"]),
        ("purchase_order", {"delivery_date": "2024-09-30"}, ["/delivery_date"]),
        ("purchase_order", {"total": 60, "shipping": 10}, []),
        ("purchase_order", {"total": 60}, ["/items"]),
        ("bank_transaction", {"amount": -3}, ["/amount"]),
        ("bank_transaction", {"value_date": "2023-01-01"}, ["/value_date"]),
    ],
)  # fmt: skip
def test_checks(name, changes, where):
    assert faults(name, **changes) == where


def test_everything_null_is_an_answer():
    for schema in REGISTRY.list():
        fields = schema.json_schema["properties"]
        answer = {name: None if "anyOf" in field else [] for name, field in fields.items()}
        if schema.name == "support_ticket":
            answer |= {"category": "other", "refund_requested": False}
        schema.validate(answer)


def test_rounding():
    cents = [Decimal("0.333")] * 3
    assert adds_up(cents, [Decimal("1.00")])
    assert not adds_up(cents, [Decimal("1.04")])
    assert adds_up([], [Decimal(5)])
    assert adds_up([Decimal(1)], [None])


def test_decimals_keep_their_digits():
    text = '{"total":1250.00,"n":3,"x":-0.10,"t":"é\\n","b":true,"z":null,"l":[1.5,{}]}'
    assert dumps(loads(text)) == text
    assert loads("1250.00") == Decimal("1250.00")
    for bad in ("NaN", "[Infinity]", "{'a':1}", "1 2", ""):
        with pytest.raises(ValueError, match=r".+"):
            loads(bad)
    with pytest.raises(ValueError, match="no NaN"):
        dumps([Decimal("NaN")])


def test_the_sha_covers_the_order_of_fields():
    from pydantic import BaseModel, create_model

    one = of_model(create_model("Thing", a=(int, ...), b=(int, ...), __base__=BaseModel))
    two = of_model(create_model("Thing", b=(int, ...), a=(int, ...), __base__=BaseModel))
    assert one.sha256 != two.sha256
    assert one.name == "thing"
    assert one.version == "1"


def test_plain_models_of_users():
    """Decimals, strict models, dates, enums, tuples, sets, unions and aliases come through."""
    from datetime import date
    from enum import StrEnum

    from pydantic import BaseModel, ConfigDict, Field

    class Colour(StrEnum):
        RED = "red"

    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)

        price: Decimal = Field(ge=0)
        day: date
        colour: Colour
        pair: tuple[int, str]
        either: int | str
        named: str = Field(alias="theName")

    schema = of_model(Strict)
    assert schema.json_schema["properties"]["price"] == {"type": "number", "minimum": 0.0}
    good = {
        "price": Decimal("9.90"),
        "day": "2024-01-02",
        "colour": "red",
        "pair": [1, "x"],
        "either": "y",
        "theName": "z",
    }
    assert schema.validate(good).day == date(2024, 1, 2)
    with pytest.raises(ValidationProblem) as caught:
        schema.validate({**good, "either": 1.5})
    assert {where for where, _ in caught.value.errors} == {"/either"}


def test_a_check_that_stumbles_is_a_fault_of_the_value():
    """Whatever it raises, from lenient and strict models, and without the words of the exception."""

    from pydantic import BaseModel, ConfigDict, model_validator

    class Bill(BaseModel):
        net: int | None
        tax: int | None

        @model_validator(mode="after")
        def _sum(self):
            assert self.net + self.tax > 0
            return self

    class Strict(Bill):
        model_config = ConfigDict(strict=True)
        day: date

    assert of_model(Bill).validate({"net": 1, "tax": 2}).net == 1
    for model, more in ((Bill, {}), (Strict, {"day": "2024-01-02"})):
        with pytest.raises(ValidationProblem) as caught:
            of_model(model).validate({"net": None, "tax": None, **more})
        assert caught.value.errors == [("", "the schema's check raised TypeError")]


def test_a_strict_model_is_told_what_it_refuses_and_not_that_it_is_strict():

    from pydantic import BaseModel, ConfigDict, model_validator

    from schemas.types import fault

    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: date

        @model_validator(mode="after")
        def _late(self):
            raise fault("/day", "is too late")

    with pytest.raises(ValidationProblem) as caught:
        of_model(Strict).validate({"day": "2024-01-02"})
    assert caught.value.errors == [("/day", "is too late")]


def test_a_field_that_no_key_reaches_is_refused():
    """Also in a model within; with a key beside its path, or taken by name, it is reached."""
    from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field

    class Deep(BaseModel):
        n: int | None = Field(None, validation_alias=AliasPath("a", "b"))

    class Outer(BaseModel):
        deep: list[Deep]

    class Keyed(BaseModel):
        n: int | None = Field(None, validation_alias=AliasChoices(AliasPath("a", "b"), "count"))

    class Named(Deep):
        model_config = ConfigDict(validate_by_name=True)

    for model in (Deep, Outer):
        with pytest.raises(InvalidSchema, match=r"Deep.n is read from an AliasPath.*name a key too"):
            of_model(model)
    for model in (Keyed, Named):
        schema = of_model(model)
        assert schema.validate(dict.fromkeys(schema.json_schema["properties"], 3)).n == 3


class Kind(Enum):
    A, B = "a", "b"


class TextKind(StrEnum):
    A, B = "a", "b"


class Days(Enum):
    FIRST, OTHER = date(2026, 1, 1), "other"


class Price(Enum):
    LOW = Decimal("1.5")


@pytest.mark.parametrize("kind", [Literal[Kind.A], Literal[Kind.A, Kind.B], Price, Literal[b"x"]])
def test_a_value_that_no_json_is_to_pydantic_is_refused_by_name(kind):
    with pytest.raises(InvalidSchema, match=r"pydantic takes no JSON for .*(Kind|Price|b'x')"):
        of_model(create_model("Model", f=(list[kind], ...)))


@pytest.mark.parametrize(
    ("kind", "value", "lost"),
    [
        (Days, "other", "2026-01-01"),
        (Literal[Kind.A, "x"], "x", "a"),
        (Literal[5, 2**64 - 1], 5, str(2**64 - 1)),
    ],
)
def test_of_several_values_those_that_pydantic_reads_are_left(kind, value, lost):
    schema = of_model(create_model("Model", f=(kind, ...)))
    node = schema.json_schema.get("$defs", {}).get("Days", schema.json_schema["properties"]["f"])
    assert node["enum"] == [value]
    assert any(lost in one.detail for one in check(schema.json_schema).validated)
    schema.validate({"f": value})


def test_members_that_are_texts_tell_options_apart():
    class Left(BaseModel):
        kind: Literal[TextKind.A] = TextKind.A

    class Right(BaseModel):
        kind: Literal[TextKind.B] = TextKind.B

    schema = of_model(create_model("Model", f=(Annotated[Left | Right, Field(discriminator="kind")], ...)))
    assert isinstance(schema.validate({"f": {"kind": "b"}}).f, Right)
