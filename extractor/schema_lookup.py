"""Which schema a caller means: a name, a pydantic class, a JSON Schema, or one that is ready."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from extractor.errors import FieldError, SchemaError
from schemas import Registry, Schema, SchemaProblem, of_model, unjudged

AnySchema = type[BaseModel] | Schema | dict[str, Any] | str


class SchemaLookup:
    """What was made of a class is kept, for the class's life is the process'."""

    def __init__(self) -> None:
        self._of_models: dict[type[BaseModel], Schema] = {}

    def find(self, schema: AnySchema, registry: Registry) -> Schema:
        """A name is one of `registry`. Raises SchemaError: no such name, or nothing that can be used. A JSON Schema is
        not tried here."""
        try:
            if isinstance(schema, Schema):
                return schema
            if isinstance(schema, str):
                return registry.get(schema)
            if isinstance(schema, type) and issubclass(schema, BaseModel):
                if schema not in self._of_models:
                    self._of_models[schema] = of_model(schema)
                return self._of_models[schema]
            return unjudged(schema)
        except SchemaProblem as problem:
            places = tuple(FieldError(*place) for place in problem.errors)
            raise SchemaError(problem.detail, code=problem.code, errors=places) from None
