"""A schema as the caller gives it: what travels to the service, and what validates the data that comes back.

A name or a JSON Schema is the service's to validate by. Of a pydantic class, or a schema loaded from a file, it has
the JSON Schema only, so the validators run here. The schema machinery is imported where such a one comes, not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from pydantic import BaseModel

from extractor.client.errors import ExtractionFailed
from extractor.client.model import Job
from extractor.errors import FieldError, InvalidOutput, SchemaError
from schemas.jsontext import dumps

if TYPE_CHECKING:
    from schemas.schema import Schema as Validator

Schema = Union[str, Mapping[str, Any], type[BaseModel], "Validator"]


def validator_of(schema: Schema) -> Validator | None:
    """What validates here; None where the service does. Raises SchemaError for a class that cannot be used."""
    if isinstance(schema, str | Mapping):
        return None
    from schemas import Schema as Validator
    from schemas import SchemaProblem, of_model

    if isinstance(schema, Validator):
        return schema
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        raise TypeError(f"A schema is a name, a JSON Schema or a pydantic class, not {type(schema).__name__}")
    try:
        return of_model(schema)
    except SchemaProblem as problem:
        places = tuple(FieldError(*place) for place in problem.errors)
        raise SchemaError(f"{schema.__name__}: {problem.detail}", code=problem.code, errors=places) from None


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
