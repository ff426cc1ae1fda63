"""The checks that a model makes in Python, by name: those of its own class and of every model that is a part of it. No
grammar keeps them; who writes a schema sees here that they were found. Knows pydantic, and no schema."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.functional_validators import AfterValidator, BeforeValidator, PlainValidator, WrapValidator

_ANNOTATED = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)
_SHOULD = "schemas.doubts"  # the module of `should`, whose checks mark an answer and fail none


@dataclass(frozen=True)
class ModelCheck:
    """`fields`: those it is of, none where it is of the whole record. `marks`: it marks an answer for review; any other
    has it written again."""

    model: str
    name: str
    fields: tuple[str, ...] = ()
    marks: bool = False


def checks_of(model: type[BaseModel]) -> list[ModelCheck]:
    """Of a part before the model that holds it, in the order in which they are written."""
    return [check for part in _parts(model, {}) for check in _own(part)]


def _parts(model: type[BaseModel], seen: dict[type[BaseModel], None]) -> dict[type[BaseModel], None]:
    if model in seen:
        return seen
    found = {**seen, model: None}
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            found = _parts(part, found)
    del found[model]
    return {**found, model: None}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def _own(model: type[BaseModel]) -> Iterator[ModelCheck]:
    decorators = model.__pydantic_decorators__
    for name, of_fields in decorators.field_validators.items():
        yield ModelCheck(model.__name__, name, of_fields.info.fields)
    for name, field in model.model_fields.items():
        for each in field.metadata:
            if isinstance(each, _ANNOTATED):
                yield ModelCheck(model.__name__, getattr(each.func, "__name__", "a function"), (name,))
    for name, of_model in decorators.model_validators.items():
        yield ModelCheck(model.__name__, name, marks=getattr(of_model.func, "__module__", "") == _SHOULD)
