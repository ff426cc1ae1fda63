"""The words schema files are written in: a base model, types whose JSON Schema is what a grammar and a small model
read best, few-shot examples, and `must` and `fault`, for checks that no grammar can express.

Knows pydantic; knows nothing of the registry, so a schema file outside this folder may import it or do without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from schemas.doubts import should
from schemas.errors import Place
from schemas.keywords import PRINTED

__all__ = [
    "Amount", "ClockTime", "Currency", "Email", "Party", "Place", "Printed", "PrintedRecord", "Record", "Unsigned",
    "YearMonth", "adds_up", "fault", "multiplies", "must", "should",
]  # fmt: skip

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class _Demand:
    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), PRINTED: True}


class Record(BaseModel):
    """A model that takes the declared fields and no others. A plain `BaseModel` works as well."""

    model_config = ConfigDict(extra="forbid")


class PrintedRecord(Record):
    """A record whose texts, numbers and dates all have to stand in the document."""

    model_config = ConfigDict(json_schema_extra={PRINTED: True})


# A number in JSON, a Decimal in Python: money and quantities never pass through a float on their way to the model.
Amount = Annotated[Decimal, WithJsonSchema({"type": "number"})]
Unsigned = Annotated[Decimal, Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]  # the same, not below zero
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Email = Annotated[str, Field(json_schema_extra={"format": "email"})]
# A value that has to stand in the document: `Printed[str]`, `Printed[date]`, `Printed[Amount] | None`. Of a model or a
# list, all values within.
Printed = Annotated[T, _Demand()]
ClockTime = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
YearMonth = Annotated[str, Field(pattern="^[0-9]{4}(-(0[1-9]|1[0-2]))?$")]


class Party(PrintedRecord):
    """A person or company on one side of a deal."""

    name: str
    address: str | None = Field(None, description="street, postal code, city, country on one line")
    tax_id: str | None = Field(None, description="VAT or tax number")


def fault(pointer: str, detail: str) -> PydanticCustomError:
    """The error to raise in a model validator: `pointer` is a JSON pointer from the model that raises it."""
    return PydanticCustomError("check", "{detail}", {"pointer": pointer, "detail": detail})


def must(check: Callable[[M], Iterable[Place]]) -> Any:
    """A method of a model that yields `(pointer, what is wrong)`, the pointer from this model on. The answer fails with
    all that it yields: what is told together is asked for together."""

    def after(self: M) -> M:
        faults = [InitErrorDetails(type=fault(where, what), input=None) for where, what in check(self)]
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self

    return model_validator(mode="after")(after)


def adds_up(parts: Iterable[Decimal | None], targets: Iterable[Decimal | None]) -> bool:
    """Whether the sum of `parts` equals one of `targets` within rounding (a cent a part, two at least).

    True when a part is missing, when there are no parts, or no target is known: what is not said contradicts nothing.
    """
    given = list(parts)
    wanted = [target for target in targets if target is not None]
    if not given or not wanted or any(part is None for part in given):
        return True
    total = sum((part for part in given if part is not None), Decimal(0))
    slack = Decimal("0.01") * max(2, len(given))
    return any(abs(total - target) <= slack for target in wanted)


def multiplies(quantity: Decimal | None, price: Decimal | None, amount: Decimal | None) -> bool:
    """Whether a line's `amount` may be `quantity` times `price`, of whatever sign: after a discount of up to half, or
    with a tax of up to 30%.

    True when one is missing, and of a line that costs nothing.
    """
    if quantity is None or price is None or not amount:
        return True
    product = abs(quantity * price)
    return product / 2 <= abs(amount) <= product * Decimal("1.3")
