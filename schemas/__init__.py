"""What to extract: pydantic models, one a file, and JSON Schemas from requests behind the same interface.

Imports no other room of this project and never loads torch. docs/schemas.md says how to add a schema.
"""

from __future__ import annotations

try:
    from schemas.check import check
    from schemas.checks.report import Note, Report
    from schemas.errors import InvalidSchema, SchemaProblem, UnknownSchema, ValidationProblem
    from schemas.examples import Example, example
    from schemas.limits import LIMITS, SchemaLimits
    from schemas.registry import Registry
    from schemas.schema import Schema, inline, loosened, of_model, unjudged
except ModuleNotFoundError as error:
    # the client alone: schemas are the service's to judge, and a class's are pydantic's to validate by
    if error.name != "jsonschema_rs":
        raise

__all__ = [
    "LIMITS",
    "Example",
    "InvalidSchema",
    "Note",
    "Registry",
    "Report",
    "Schema",
    "SchemaLimits",
    "SchemaProblem",
    "UnknownSchema",
    "ValidationProblem",
    "check",
    "example",
    "inline",
    "loosened",
    "of_model",
    "unjudged",
]
