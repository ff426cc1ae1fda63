"""Pydantic models by chance, of every type that has a JSON Schema."""

# ruff: noqa: E501, UP007, UP045 - a table of types as people write them, the older spellings among them
from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import random
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union

import pydantic as p
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

T = TypeVar("T")
Dice = random.Random


class Colour(enum.Enum):
    RED = "red"
    DARK = "dark blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Account(enum.IntEnum):
    FIRST = 1234567890123456789
    SECOND = 1234567890123456790


class Thread(BaseModel):
    text: str = ""
    replies: list[Thread] = []
    by_name: dict[str, Thread] = {}


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = Field(9, ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog", "hound"] = "dog"
    name: str = ""


class TreeNode(BaseModel):
    value: int | None = None
    children: list[TreeNode] = Field([], max_length=2)


class Left(BaseModel):
    right: Optional["Right"] = None  # noqa: UP037


class Right(BaseModel):
    left: Left | None = None
    tag: Annotated[str, Field(max_length=3)] = ""


class Pair(BaseModel, Generic[T]):
    first: T
    second: T | None = None


class Numbers(p.RootModel[list[int]]):
    pass


class Prices(p.RootModel[dict[str, Decimal]]):
    pass


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    day: dt.date
    count: int
    ratio: float


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class TypedExtra(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    a: int = 0


class OpenNode(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int = 0
    next: Optional["OpenNode"] = None  # noqa: UP037


class Computed(BaseModel):
    width: Annotated[int, Field(ge=0, le=10**6)]

    @p.computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.width**2


class Aliased(BaseModel):
    a: int = Field(alias="first name")
    b: str = Field("", validation_alias=p.AliasChoices("bee", "B"))


class Point(NamedTuple):
    x: int
    y: float = 0.0


class Movie(TypedDict, total=False):
    title: str
    year: Annotated[int, Field(ge=1880, le=2100)]


@p.dataclasses.dataclass
class Data:
    a: int
    b: list[str] = Field(default_factory=list)


def _number(dice: Dice, top: float = 10**6) -> dict[str, Any]:
    low, high = sorted(round(dice.uniform(-top, top), 2) for _ in range(2))
    return {
        **({dice.choice(("ge", "gt")): low} if dice.random() < 0.6 else {}),
        **({dice.choice(("le", "lt")): high + 3} if dice.random() < 0.6 else {}),
    }


def _whole(dice: Dice) -> dict[str, Any]:
    return {name: int(bound) for name, bound in _number(dice).items()}


def _lengths(dice: Dice) -> dict[str, Any]:
    return {"min_length": dice.randint(0, 3), "max_length": dice.randint(3, 9)}


PATTERNS = [
    "^[A-Z]{3}$", r"^\d{4}-\d\d$", r"^\w+$", r"^\w+ \w+$", r"^\W+$", r"\D\d", r"^\S+$", r"^\s*\S", r"^[^\s]+$", r"^[^\d]{2,5}$",
    r"^\p{Lu}\p{L}+$", r"^\<[a-z]+\>$", r"\bcat\b", r"^[a-z&&[^aeiou]]+$", r"^[[:alpha:]]+$", r"^(?i)eur$", r"^(?P<n>a+)b$",
    r"^.{2,5}$", r"^[^\W\d_]+$", r"^a{,3}$", r"(?x) a b ", r"^\x{41}\u{1F600}$", r"^[^\"\\]+$", "^a$|^b$", "(^|,)x", r"^[\w.-]+$",
]  # fmt: skip
PYTHON_PATTERNS = [
    r"^(?=.*\d)[a-z\d]{2,8}$",
    r"(a|b)\1",
    r"^\<b\>\Z",
    r"^\w+\W$",
    r"^[]a]+$",
    r"^x{,2}y",
    r"^é[\[]$",
    r"\D+\s\S",
]


def _leaf(dice: Dice) -> Any:
    """A type without others in it."""
    whole, number, lengths = _whole(dice), _number(dice), _lengths(dice)
    options: list[Callable[[], Any]] = [
        lambda: str, lambda: int, lambda: float, lambda: bool, lambda: None, lambda: Any, lambda: object,
        lambda: Annotated[str, Field(**lengths)],
        lambda: Annotated[str, Field(pattern=dice.choice(PATTERNS))],
        lambda: Annotated[str, Field(pattern=dice.choice(PATTERNS), max_length=20)],
        lambda: p.constr(pattern=dice.choice(PATTERNS), min_length=1),
        lambda: Annotated[str, Field(pattern=re.compile(dice.choice(PYTHON_PATTERNS), dice.choice((0, re.I))))],
        lambda: p.constr(strip_whitespace=True, to_upper=True, **lengths),
        lambda: p.constr(strip_whitespace=True, min_length=2),
        lambda: Annotated[str, p.StringConstraints(to_lower=True, pattern="^[a-z]+$")],
        lambda: Annotated[int, Field(**whole)], lambda: p.conint(multiple_of=dice.choice((2, 5, 12)), **whole),
        lambda: Annotated[float, Field(**number)], lambda: p.confloat(multiple_of=dice.choice((0.5, 0.25)), **number),
        lambda: Annotated[float, Field(allow_inf_nan=False)], lambda: p.FiniteFloat, lambda: p.PositiveInt,
        lambda: p.NegativeInt, lambda: p.NonNegativeFloat, lambda: p.NonPositiveInt, lambda: p.PositiveFloat,
        lambda: p.StrictInt, lambda: p.StrictStr, lambda: p.StrictBool, lambda: p.StrictFloat,
        lambda: Decimal, lambda: Annotated[Decimal, Field(max_digits=dice.randint(3, 8), decimal_places=2)],
        lambda: Annotated[Decimal, Field(decimal_places=dice.randint(0, 4))], lambda: Annotated[Decimal, Field(max_digits=5)],
        lambda: p.condecimal(**{name: Decimal(str(bound)) for name, bound in number.items()}),
        lambda: p.condecimal(multiple_of=Decimal("0.05")), lambda: Fraction, lambda: complex,
        lambda: dt.date, lambda: dt.datetime, lambda: dt.time, lambda: dt.timedelta, lambda: p.NaiveDatetime,
        lambda: p.AwareDatetime, lambda: Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), lt=dt.date(2030, 1, 1))],
        lambda: Annotated[dt.datetime, Field(gt=dt.datetime(1990, 1, 1))], lambda: Annotated[dt.timedelta, Field(ge=dt.timedelta(0))],
        lambda: uuid.UUID, lambda: p.UUID1, lambda: p.UUID3, lambda: p.UUID4, lambda: p.UUID5, lambda: p.UUID7,
        lambda: Path, lambda: PurePosixPath,
        lambda: p.AnyUrl, lambda: p.HttpUrl, lambda: p.AnyHttpUrl, lambda: p.FileUrl, lambda: p.FtpUrl, lambda: p.WebsocketUrl,
        lambda: p.PostgresDsn, lambda: p.RedisDsn, lambda: p.AmqpDsn, lambda: p.MongoDsn, lambda: p.KafkaDsn,
        lambda: p.EmailStr, lambda: p.NameEmail, lambda: p.IPvAnyAddress, lambda: p.IPvAnyInterface, lambda: p.IPvAnyNetwork,
        lambda: ipaddress.IPv4Address, lambda: ipaddress.IPv6Address, lambda: ipaddress.IPv4Network,
        lambda: ipaddress.IPv6Network, lambda: ipaddress.IPv4Interface, lambda: ipaddress.IPv6Interface,
        lambda: p.Base64Bytes, lambda: p.Base64Str, lambda: p.Base64UrlBytes, lambda: p.Base64UrlStr, lambda: bytes,
        lambda: p.conbytes(max_length=5), lambda: p.SecretStr, lambda: p.SecretBytes, lambda: p.Json, lambda: p.Json[list[int]],
        lambda: p.ByteSize, lambda: Literal["a", "b"], lambda: Literal[1, None, "x"], lambda: Literal[True],
        lambda: Colour, lambda: Level, lambda: re.Pattern,
        lambda: Annotated[str, p.AfterValidator(str.strip)], lambda: Annotated[int, p.BeforeValidator(int)],
        lambda: Annotated[str, p.PlainSerializer(str)], lambda: Annotated[int, p.WrapValidator(lambda value, go: go(value))],
        lambda: Annotated[str, p.WithJsonSchema({"type": "string", "pattern": "^[0-9]+$"})],
        lambda: Annotated[str, Field(json_schema_extra={"format": "email"})], lambda: Annotated[str, Field(examples=["x"])],
        lambda: Cat, lambda: Account, lambda: Thread, lambda: OpenNode, lambda: Literal[2**60 + 1, -7, "x"], lambda: TreeNode, lambda: Left, lambda: Numbers, lambda: Prices, lambda: Strict, lambda: Extra,
        lambda: TypedExtra, lambda: Computed, lambda: Aliased, lambda: Point, lambda: Movie, lambda: Data,
        lambda: Annotated[Cat | Dog, Field(discriminator="kind")], lambda: Pair[int], lambda: Pair[Cat],
    ]  # fmt: skip
    return dice.choice(options)()


def _type(dice: Dice, depth: int = 0) -> Any:
    if depth > 1 or dice.random() < 0.6:
        return _leaf(dice)
    inner, other = _type(dice, depth + 1), _type(dice, depth + 1)
    hashable = dice.choice([str, int, Literal["a", "b"], Decimal, dt.date, uuid.UUID, Colour])
    key = dice.choice(
        [
            str,
            Annotated[str, Field(pattern="^[A-Z]{3}$")],
            Literal["EUR", "USD"],
            int,
            Colour,
            dt.date,
            p.constr(max_length=4),
            Level,
        ]
    )
    options: list[Callable[[], Any]] = [
        lambda: list[inner], lambda: list, lambda: dict, lambda: tuple, lambda: Sequence[inner],
        lambda: Annotated[list[inner], Field(min_length=1, max_length=2)], lambda: p.conlist(inner, max_length=3),
        lambda: set[hashable], lambda: frozenset[hashable], lambda: Annotated[set[hashable], Field(min_length=1, max_length=2)],
        lambda: tuple[inner, other], lambda: tuple[inner, ...], lambda: tuple[()], lambda: dict[key, inner], lambda: dict[key, int],
        lambda: Mapping[str, inner], lambda: Annotated[dict[key, inner], Field(min_length=1, max_length=2)],
        lambda: Optional[inner], lambda: Union[inner, other], lambda: Union[inner, other, None], lambda: Pair[inner],
        lambda: Annotated[inner | other, Field(union_mode="left_to_right")], lambda: model(dice, depth + 1),
        lambda: Annotated[inner | None, Field(description="perhaps")],
    ]  # fmt: skip
    return dice.choice(options)()


def model(dice: Dice, depth: int = 0) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for at in range(dice.randint(1, 3)):
        kind = _type(dice, depth)
        fields[f"f{at}"] = (kind, ...) if dice.random() < 0.6 else (Optional[kind], None)
    config = dice.choice(
        [
            ConfigDict(),
            ConfigDict(),
            ConfigDict(extra="forbid"),
            ConfigDict(regex_engine="python-re"),
            ConfigDict(str_strip_whitespace=True),
            ConfigDict(alias_generator=to_camel),
        ]
    )
    return create_model(f"M{depth}", __config__=config, **fields)


def of_seed(seed: int) -> type[BaseModel]:
    """The same each time. Raises pydantic's errors, where types do not go together."""
    return model(random.Random(seed))
