"""Which member of a union an answer is: the property that says so is written, whatever its default."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Discriminator, Field, RootModel, Tag, create_model

from extractor.grammar.compile import compile_grammar
from schemas import inline, of_model
from schemas.jsontext import loads
from tests.support.matching import accepts


class Email(BaseModel):
    channel: Literal["email"] = "email"
    address: str


class Phone(BaseModel):
    address: str
    channel: Literal["phone", "fax"] = "phone"


def channel(value: Any) -> str | None:
    said = value.get("channel") if isinstance(value, dict) else value.channel
    return "email" if said == "email" else "phone" if said else None


class AliasedEmail(BaseModel):
    channel: Literal["email"] = Field("email", alias="ch")
    address: str


class AliasedPhone(BaseModel):
    channel: Literal["phone"] = Field("phone", alias="ch")
    address: str


class ChannelKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class EnumEmail(BaseModel):
    channel: Literal[ChannelKind.EMAIL] = ChannelKind.EMAIL
    address: str


class EnumPhone(BaseModel):
    channel: Literal[ChannelKind.PHONE] = ChannelKind.PHONE
    address: str


class Base(BaseModel):
    channel: str = "email"


class WorkEmail(Base):
    channel: Literal["email"] = "email"
    place: Literal["work"] = "work"
    address: str


class Home(Base):
    channel: Literal["email"] = "email"
    place: Literal["home"] = "home"
    address: str


Places = Annotated[WorkEmail | Home, Field(discriminator="place")]


class Contact(RootModel[Annotated[Email | Phone, Field(discriminator="channel")]]):
    pass


Called = Annotated[Annotated[Email, Tag("email")] | Annotated[Phone, Tag("phone")], Discriminator(channel)]

TAGGED = '{"channel":"email","address":"a"}'
BARE = '{"address":"a"}'


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Annotated[Email | Phone, Field(discriminator="channel")], TAGGED, BARE),
        (Annotated[Email | Phone, Field(discriminator="channel")], '{"address":"a","channel":"fax"}', BARE),
        (Annotated[Email | Phone, Field(discriminator="channel")] | None, "null", BARE),
        (list[Annotated[Email | Phone, Field(discriminator="channel")]], f"[{TAGGED},{TAGGED}]", f"[{TAGGED},{BARE}]"),
        (dict[str, Annotated[Email | Phone, Field(discriminator="channel")]], f'{{"x":{TAGGED}}}', f'{{"x":{BARE}}}'),
        (Annotated[AliasedEmail | AliasedPhone, Field(discriminator="channel")], '{"ch":"email","address":"a"}', BARE),
        (Annotated[EnumEmail | EnumPhone, Field(discriminator="channel")], TAGGED, BARE),
        (Called, TAGGED, BARE),
        (Email | Phone, TAGGED, BARE),
        (
            Annotated[Places | Phone, Field(discriminator="channel")],
            '{"channel":"email","place":"home","address":"a"}',
            TAGGED,
        ),
        (Contact, TAGGED, BARE),
        (list[Contact] | None, f"[{TAGGED}]", f"[{BARE}]"),
    ],
)  # fmt: skip
def test_of_models(kind, good, bad):
    schema = of_model(create_model("Holder", f=(kind, ...)))
    grammar = compile_grammar(schema)
    assert accepts(grammar, f'{{"f":{good}}}')
    assert not accepts(grammar, f'{{"f":{bad}}}')
    schema.validate(loads(f'{{"f":{good}}}'))


STR = {"type": "string"}
A = {"type": "object", "properties": {"kind": {"const": "a"}, "x": STR}, "required": ["x"]}
B = {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}, "x": STR}, "required": ["x"]}
OPEN = {"type": "object", "properties": {"kind": STR, "x": STR}, "required": ["x"]}
KIND = {"discriminator": {"propertyName": "kind"}}
NUMBERED = [{**A, "properties": {"kind": {"const": kind}, "x": STR}} for kind in (1, "1")]
DEFS = {"$defs": {"a": A, "b": {"allOf": [{"$ref": "#/$defs/c"}]}, "c": B, "one": {"const": "a"}}}


@pytest.mark.parametrize("union", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("options", "more"),
    [
        ([A, B], {}),
        ([A, B, {"type": "null"}], {}),
        ([OPEN, {**OPEN, "required": []}], KIND),
        ([{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], {}),
        ([{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], KIND),
        ([{"allOf": [A, {"properties": {"y": STR}}]}, B], {}),
        ([{"oneOf": [A]}, {"anyOf": [{**B, "properties": {"kind": {"const": "d"}, "x": STR}}, B]}], {}),
        ([{**A, "properties": {"kind": {"$ref": "#/$defs/one"}, "x": STR}}, B], {}),
        (NUMBERED, {}),
    ],
)  # fmt: skip
def test_of_schemas(options, more, union):
    whole = {"type": "object", "properties": {"f": {union: options, **more}}, "required": ["f"], **DEFS}
    grammar = compile_grammar(inline(whole))
    kind = 1 if {"const": 1} in options[0].get("properties", {}).values() else '"a"'
    assert accepts(grammar, f'{{"f":{{"kind":{kind},"x":"v"}}}}')
    assert not accepts(grammar, '{"f":{"x":"v"}}')


@pytest.mark.parametrize(
    "field",
    [
        {"oneOf": [A, {**B, "properties": {"x": STR}}]},  # only one option has it
        {"oneOf": [A, A]},  # it is the same in both
        {"anyOf": [A, {"type": "null"}]},
        {"anyOf": [OPEN, {"type": "null"}], "discriminator": "kind"},
        {"anyOf": [OPEN], "discriminator": {"propertyName": 3}},
        A,
    ],
)
def test_what_tells_nothing_apart_may_be_left_out(field):
    whole = {"type": "object", "properties": {"f": field}, "required": ["f"]}
    assert accepts(compile_grammar(inline(whole)), '{"f":{"x":"v"}}')
