"""A schema as every other room sees it, whether it came from a pydantic model or as JSON Schema in a request.

`of_model` and `inline` are the only ways to make one; both refuse what check.py refuses, so a Schema that exists has
been judged. Knows nothing of files (registry.py) and nothing of grammars.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jsonschema_rs
from pydantic import BaseModel, ConfigDict
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError

from schemas.check import check
from schemas.checks.compiled import validator
from schemas.checks.rewrite import originals
from schemas.errors import InvalidSchema, Place, ValidationProblem, pointer
from schemas.examples import Example
from schemas.jsontext import exact
from schemas.models.instance import MAX_ERRORS, instance_of
from schemas.models.json_schema import ModelJsonSchema

_VERSION_DIGITS = (
    32  # 128 bits: by it a batch keeps its schemas, and two schemas with 48 in common are made in a minute
)


@dataclass(frozen=True)
class Schema:
    """What to extract. `json_schema` is self-contained: every `$ref` in it begins with `#`.

    `sha256` covers the JSON Schema with its order of keys, because the order is what the model writes.
    """

    name: str
    version: str
    sha256: str
    json_schema: dict[str, Any]
    description: str
    examples: tuple[Example, ...] = ()
    model: type[BaseModel] | None = None
    _errors: Callable[[Any], list[Place]] = field(default=lambda _: [], repr=False, compare=False)

    @property
    def ref(self) -> str:
        """`invoice@1`."""
        return f"{self.name}@{self.version}"

    def validate(self, value: object) -> Any:
        """The pydantic instance for `value` (JSON as Python; numbers may be Decimals or jsontext's `Number`s), or
        `value` where the schema came without a model. Raises ValidationProblem with a pointer for each fault, the JSON
        Schema's first, then those of the model's checks that cannot follow from one."""
        given, value = value, exact(value)
        faults = self._errors(value)
        if faults:
            raise ValidationProblem([*faults, *self._apart(value, faults)][:MAX_ERRORS])
        if self.model is None:
            return given
        return instance_of(self.model, value)

    def _apart(self, value: object, faults: list[Place]) -> list[Place]:
        """What the model's checks find in other places than these, neither within one nor around it."""
        if self.model is None:
            return []
        try:
            instance_of(self.model, value)
        except ValidationProblem as problem:
            known = [f"{where}/" for where, _ in faults]
            return [one for one in problem.errors if not any(_one_place(f"{one[0]}/", where) for where in known)]
        return []


def of_model(model: type[BaseModel], *, name: str | None = None, version: str | None = None) -> Schema:
    """The schema of a pydantic model. The name is the class's in snake_case unless given, the version the model's
    `__version__` or "1". Raises InvalidSchema when its JSON Schema or one of its examples cannot be used."""
    try:
        json_schema = model.model_json_schema(schema_generator=ModelJsonSchema)
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidSchema(f"{model.__name__} has no JSON Schema: {error.message}") from None
    label = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model.__name__).lower()
    schema = _schema(label, version or str(getattr(model, "__version__", "1")), json_schema, model)
    for at, example in enumerate(schema.examples):
        try:
            schema.validate(example.answer)
        except ValidationProblem as problem:
            raise InvalidSchema(
                f"the answer of example {at + 1} does not fit the schema",
                [(where, f"in example {at + 1}: {what}") for where, what in problem.errors],
            ) from None
    return schema


def inline(json_schema: object) -> Schema:
    """The schema of a JSON Schema from a request, named `inline`, its version the start of its sha256.

    Raises InvalidSchema with a pointer for each thing refused.
    """
    return _schema("inline", None, json_schema, None)


def unjudged(json_schema: dict[str, Any]) -> Schema:
    """As `inline`, of a schema whose judge works elsewhere: nothing is checked or compiled here, and `validate` takes
    any value. Raises InvalidSchema for what is no JSON."""
    try:
        canonical = json.dumps(json_schema, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidSchema(f"the schema is not JSON: {str(error)[:200]}") from None
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    description = json_schema.get("description")
    return Schema(
        name="inline",
        version=sha256[:_VERSION_DIGITS],
        sha256=sha256,
        json_schema=json.loads(canonical),
        description=description if isinstance(description, str) else "",
    )


class _AnyObject(BaseModel):
    """What an answer for a part of a document is to pydantic: the whole is checked by the schema's own model."""

    model_config = ConfigDict(extra="allow")


def loosened(schema: Schema, json_schema: dict[str, Any]) -> Schema:
    """`schema` with a JSON Schema that admits more, for answers that are a part of one: none of its model's checks is
    asked of them. A request's is as unjudged as the first was. Raises InvalidSchema."""
    if schema.model is None:
        return replace(unjudged(json_schema), name=schema.name, version=schema.version)
    return _schema(schema.name, schema.version, json_schema, _AnyObject)


def _schema(name: str, version: str | None, json_schema: object, model: type[BaseModel] | None) -> Schema:
    report = check(json_schema)
    if not report.ok:
        places = [(note.pointer, note.detail) for note in report.refused[:MAX_ERRORS]]
        where, what = places[0]
        problem = InvalidSchema(f"{where or 'the schema'}: {what}", places, code=report.refused[0].code)
        problem.limit = report.refused[0].limit
        raise problem
    assert isinstance(json_schema, dict)  # check refuses anything else
    canonical = json.dumps(json_schema, separators=(",", ":"))
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    own = json.loads(canonical)  # the caller's object may change later; this one is ours
    compiled, as_given = validator(own), originals(own)

    def errors(value: Any) -> list[Place]:
        found = []
        for error in compiled.iter_errors(value):
            found.append((pointer(*error.instance_path), _message(error, as_given)[:300]))
            if len(found) == MAX_ERRORS:
                break
        return found

    return Schema(
        name=name,
        version=version or sha256[:_VERSION_DIGITS],
        sha256=sha256,
        json_schema=own,
        description=str(own.get("description") or ""),
        examples=tuple(getattr(model, "__examples__", ())),
        model=model,
        _errors=errors,
    )


def _one_place(some: str, other: str) -> bool:
    """Of pointers with a slash behind them: whether one stands within the other."""
    return some.startswith(other) or other.startswith(some)


def _message(error: jsonschema_rs.ValidationError, patterns: dict[str, str]) -> str:
    """What the validator says, of patterns as their author has them."""
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Pattern):
        matched = error.kind.pattern
        return f'the value does not match "{patterns.get(matched, matched)}"'
    return error.message
