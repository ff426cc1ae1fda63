"""The instance of a pydantic class that a value of JSON is, or what is wrong with it and where. Needs pydantic only:
the client has it too."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.errors import Place, ValidationProblem, pointer
from schemas.jsontext import dumps, long_as_text

MAX_ERRORS = 20
_OF_NUMBERS = ("greater_than", "less_than", "multiple_of", "decimal_")  # what pydantic calls their faults


def instance_of(model: type[BaseModel], value: object) -> BaseModel:
    """Of JSON as Python whose numbers with a point are Decimals. Raises ValidationProblem with a pointer for each
    fault."""
    try:
        return _instance(model, value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[:MAX_ERRORS]
        places = [_place(detail, value) for detail in details]
    except ValidationProblem:
        raise
    except Exception as error:  # a check may stumble over anything; what it says of that may quote the document
        places = [("", f"the schema's check raised {type(error).__name__}")]
    raise ValidationProblem(places)


def _instance(model: type[BaseModel], value: object) -> BaseModel:
    try:
        return model.model_validate(value)
    except ValidationError as error:  # a strict model takes its dates and enums as strings from JSON text only
        first = error
    try:  # where pydantic reads numbers as doubles; a Decimal it takes from a string too
        return model.model_validate_json(dumps(long_as_text(value)))
    except ValidationError:
        instance = model.model_validate_json(dumps(value))
    faults = first.errors(include_url=False, include_input=False)
    if of_numbers := [fault for fault in faults if fault["type"].startswith(_OF_NUMBERS)]:
        # what it takes as a double may be another number
        raise ValidationProblem([_place(fault, value) for fault in of_numbers[:MAX_ERRORS]])
    return instance


def _place(detail: ErrorDetails, value: Any) -> Place:
    """Pydantic's location as a pointer into `value`: the names of union members in it are no places. A check may
    add a pointer of its own (`schemas.types.fault`)."""
    parts: list[object] = []
    for part in detail["loc"]:
        try:
            value = value[part]
        except (LookupError, TypeError):
            if not (detail["type"] == "missing" and part == detail["loc"][-1]):
                continue
        parts.append(part)
    context = detail.get("ctx", {})
    own = context.get("pointer", "") if detail["type"] == "check" else ""
    return pointer(*parts) + own, str(context.get("detail") if own else detail["msg"])[:300]
