"""The fields of a request against a model: every fault in one problem, which never repeats a value that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.problems import Problem, limited, pointer
from api.submission.fault_words import in_words
from schemas import Registry, UnknownSchema

Model = TypeVar("Model", bound=BaseModel)
_OBJECTS = ("document", "options", "metadata")  # within a request, but for schemas, which have their own limits
_MAX_FIELDS = 64
_NAMED = 3


def validated(model: type[Model], value: object) -> Model:
    """`value` as `model`. Raises Problem."""
    if faults := _too_many_fields(value):
        raise invalid(faults, ("max_fields", _MAX_FIELDS))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [_fault(fault) for fault in error.errors(include_url=False)]
        raise invalid(faults, _crossed_limit(error)) from None


def invalid(faults: Sequence[tuple[str, str]], limit: tuple[str, float] | None = None) -> Problem:
    """`faults` are (pointer, detail); `limit` is the name and value of the first that was crossed. `errors` has every
    fault, the detail the first few."""
    count = "One place in the request is" if len(faults) == 1 else f"{len(faults)} places in the request are"
    named = "; ".join(f"{at or 'the body'}: {detail}" for at, detail in faults[:_NAMED])
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    extra = limited(*limit) if limit else None
    return Problem("invalid_request", f"{count} wrong: {named}{more}", errors=faults, extra=extra)


def unknown_schema(error: UnknownSchema, name: str, schemas: Registry) -> Problem:
    near = schemas.similar(name)
    return Problem("unknown_schema", error.detail, errors=[("/schema", error.detail)], extra={"near": near})


def _too_many_fields(value: object) -> list[tuple[str, str]]:
    """Objects with far more fields than there are: each would be a fault of its own, at a cost of its own."""
    if not isinstance(value, dict):
        return []
    objects = {"": value, **{f"/{name}": value[name] for name in _OBJECTS if name in value}}
    return [
        (at, f"has {len(fields)} fields")
        for at, fields in objects.items()
        if isinstance(fields, dict) and len(fields) > _MAX_FIELDS
    ]


def _crossed_limit(error: ValidationError) -> tuple[str, int] | None:
    """The first limit on a length that a fault is about."""
    contexts = (fault.get("ctx", {}) for fault in error.errors(include_url=False, include_input=False))
    return next((("max_length", ctx["max_length"]) for ctx in contexts if "max_length" in ctx), None)


def _fault(fault: Any) -> tuple[str, str]:
    parts = (str(part)[:100] for part in fault["loc"] if part != "[key]")
    at = (fault.get("ctx") or {}).get("pointer") or pointer(*parts)
    return at, in_words(fault)
