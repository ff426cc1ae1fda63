"""Which schema a caller means: a name, a pydantic class, a JSON Schema, or one that is ready."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from extractor.errors import FieldError, SchemaError
from schemas import Registry, Schema, SchemaProblem, of_model, unjudged

AnySchema = type[BaseModel] | Schema | dict[str, Any] | str

_KEPT = 256  # classes: some programs make one for each document


def find_schema(schema: AnySchema, registry: Registry) -> Schema:
    """A name is one of `registry`. Raises SchemaError: no such name, or nothing that can be used. A JSON Schema is not
    tried here."""
    try:
        if isinstance(schema, Schema):
            return schema
        if isinstance(schema, str):
            return registry.get(schema)
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            return _of_model(schema)
        return unjudged(schema)
    except SchemaProblem as problem:
        places = tuple(FieldError(*place) for place in problem.errors)
        raise SchemaError(problem.detail, code=problem.code, errors=places) from None


@lru_cache(_KEPT)
def _of_model(model: type[BaseModel]) -> Schema:
    return of_model(model)
