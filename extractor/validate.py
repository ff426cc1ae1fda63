"""The model's text → a value, or an error that says where it is wrong. Knows schemas and JSON; knows no model.

A grammar has already seen to the shape, so what fails here is what a grammar cannot say, or a text cut short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from extractor.errors import FieldError, InvalidOutput
from schemas import doubts
from schemas.errors import Place, ValidationProblem
from schemas.jsontext import loads, read, written

if TYPE_CHECKING:
    from pydantic import BaseModel


class AnswerSchema(Protocol):
    """Of a schema what an answer is read by (`schemas.Schema`); `validate` raises ValidationProblem."""

    @property
    def model(self) -> type[BaseModel] | None: ...
    def validate(self, value: object) -> Any: ...


@dataclass(frozen=True)
class Answer:
    """`data`: the JSON as the model wrote it (ints stay ints, other numbers are floats that keep their text,
    `jsontext.Number`); `value`: the pydantic instance, its Decimals exact, or `data` where the schema has no model;
    `doubts`: (pointer, what is doubtful there), of the model's own checks."""

    data: dict[str, Any]
    value: Any
    doubts: list[Place]


def read_answer(text: str, schema: AnswerSchema) -> Answer:
    """Raises InvalidOutput with a JSON pointer for each fault; `last` is the text."""
    try:
        exact, data = loads(text), read(text)
        written(data)  # as the ledger keeps it: text without halves of surrogate pairs
    except RecursionError:
        raise unfit(text, [("", "is nested too deeply")]) from None
    except TypeError as error:  # it says why, and quotes nothing
        raise unfit(text, [("", f"holds what no answer may: {error}")]) from None
    except ValueError as error:  # json's errors quote no text, only places
        raise unfit(text, [("", f"is not JSON: {error}")]) from None
    if not isinstance(exact, dict):
        raise unfit(text, [("", "is not a JSON object")])
    try:
        with doubts.listen() as found:
            value = schema.validate(exact)
    except ValidationProblem as problem:
        raise unfit(text, problem.errors) from None
    return Answer(data, data if schema.model is None else value, doubts.places(value, found))


def unfit(text: str, places: list[tuple[str, str]]) -> InvalidOutput:
    """The error of an answer that is wrong in `places`: (pointer, what is wrong there)."""
    where, what = places[0]
    return InvalidOutput(
        f"the answer does not fit the schema: {f'{where}: ' if where else ''}{what}"
        + (f" (and {len(places) - 1} more)" if len(places) > 1 else ""),
        last=text,
        errors=tuple(FieldError(*place) for place in places),
    )
