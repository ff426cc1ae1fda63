"""A schema as the caller gives it: what travels to the service, and what validates the data that comes back.

A name or a JSON Schema is the service's to validate by. Of a pydantic class, or a schema loaded from a file, it has
the JSON Schema only, so the validators run here. The schema machinery is imported where such a one comes, not before;
where it is not installed, beside the client alone, pydantic does what a class says, and the service judges the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError

from extractor.client.errors import ExtractionFailed
from extractor.client.model import Job
from extractor.errors import FieldError, InvalidOutput, SchemaError
from schemas.jsontext import dumps, exact


class Validator(Protocol):
    """What a schema of the caller's is to the client: `schemas.Schema`, or a class by itself."""

    @property
    def json_schema(self) -> dict[str, Any]: ...
    @property
    def model(self) -> type[BaseModel] | None: ...
    def validate(self, value: object) -> Any: ...


@dataclass(frozen=True)
class ClassAlone:
    """A pydantic class where nothing but pydantic is."""

    model: type[BaseModel]
    json_schema: dict[str, Any]

    def validate(self, value: object) -> Any:
        """Raises ValidationProblem."""
        from schemas.models.instance import instance_of

        return instance_of(self.model, exact(value))


def class_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Of a class, as the service knows such. Raises SchemaProblem."""
    from schemas.errors import InvalidSchema
    from schemas.models.json_schema import ModelJsonSchema

    try:
        return model.model_json_schema(schema_generator=ModelJsonSchema)
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidSchema(f"it has no JSON Schema: {error.message}") from None


Schema = str | Mapping[str, Any] | type[BaseModel] | Validator


def validator_of(schema: Schema) -> Validator | None:
    """What validates here; None where the service does. Raises SchemaError for a class that cannot be used."""
    if isinstance(schema, str | Mapping):
        return None
    if not isinstance(schema, type):
        if hasattr(schema, "json_schema") and hasattr(schema, "validate"):
            return schema
    elif issubclass(schema, BaseModel):
        return _of_class(schema)
    raise TypeError(f"A schema is a name, a JSON Schema or a pydantic class, not {type(schema).__name__}")


def _of_class(model: type[BaseModel]) -> Validator:
    from schemas.errors import SchemaProblem

    try:
        try:
            from schemas.schema import of_model
        except ModuleNotFoundError as error:
            if error.name != "jsonschema_rs":
                raise
            return ClassAlone(model, class_schema(model))
        return of_model(model)
    except SchemaProblem as problem:
        places = tuple(FieldError(*place) for place in problem.errors)
        raise SchemaError(f"{model.__name__}: {problem.detail}", code=problem.code, errors=places) from None


def schema_body(schema: Schema) -> dict[str, Any]:
    """`schema` for a name, `json_schema` for all else."""
    validator = validator_of(schema)
    if validator is not None:
        return {"json_schema": validator.json_schema}
    return {"json_schema": dict(schema)} if isinstance(schema, Mapping) else {"schema": schema}


def data_of(job: Job, validator: Validator | None) -> Any:
    """The data of a job that has ended, an instance where a class validates it. Raises ExtractionFailed: it did not
    succeed, or is refused here; the job it carries has then failed like any other, its data in `error["last"]`."""
    if job.status != "succeeded":
        raise ExtractionFailed(job)
    if validator is None:
        return job.data
    from extractor.validate import read_answer

    try:
        return read_answer(dumps(job.data), validator).value
    except InvalidOutput as fault:
        errors = [{"pointer": one.pointer, "detail": one.detail} for one in fault.errors]
        error = {"code": fault.code, "detail": fault.detail, "retryable": False, "errors": errors, "last": fault.last}
        raise ExtractionFailed(job.model_copy(update={"status": "failed", "result": None, "error": error})) from None
