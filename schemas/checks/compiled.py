"""What of a schema is compiled: the validator, and each pattern by itself to tell which one is at fault. A stranger's
are compiled in a process that may die (extractor/grammar/compile/judge.py), never where requests are served."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from schemas.checks.formats import VALIDATORS
from schemas.checks.report import MAX_REFUSALS, Note, Path, note
from schemas.checks.rewrite import rewritten
from schemas.patterns import fault, for_validator

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_NO_SCHEMA = 'not of types "boolean", "object"'
_LINEAR = jsonschema_rs.RegexOptions()


def validator(json_schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The compiled validator: offline, patterns as this house reads them and in linear time, formats checked, values
    masked in its messages."""
    plain = {key: value for key, value in json_schema.items() if key not in ("$schema", "$id")}
    return jsonschema_rs.Draft202012Validator(
        rewritten(plain),
        offline=True,
        validate_formats=True,
        ignore_unknown_formats=True,
        formats=VALIDATORS,
        pattern_options=_LINEAR,
        mask="the value",
    )


def faults_of(root: dict[str, Any]) -> Iterator[Note]:
    """Why the validator cannot be compiled."""
    try:
        validator(root)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        yield note((), _first_line(error))


def misfits_of(root: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Where `root` is no JSON Schema, by the meta-schema of draft 2020-12, and why; each once, though several of that
    schema's vocabularies say it."""
    plain = {key: value for key, value in root.items() if key != "$schema"}
    found = set[tuple[Path, str]]()
    try:
        for error in islice(_meta().iter_errors(plain), MAX_REFUSALS):
            fault = tuple(error.instance_path), _misfit(error)
            if fault not in found:
                found.add(fault)
                yield fault
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        yield (), _first_line(error)


def _misfit(error: jsonschema_rs.ValidationError) -> str:
    """What is wrong, with what to write where that is plain."""
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):  # of `type` alone
        return f"{error.message.partition(' is not valid')[0]} is no type; types are {', '.join(TYPES)}"
    if error.message.endswith(_NO_SCHEMA) and error.instance in TYPES:
        return f'{error.message}; the schema of such a value is {{"type": "{error.instance}"}}'
    return error.message


@cache
def _meta() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})


@lru_cache(maxsize=1024)
def pattern_fault(pattern: str) -> str:
    """Why nobody here matches it; empty where it is matched."""
    if found := fault(pattern):
        return found
    try:
        jsonschema_rs.Draft202012Validator({"pattern": for_validator(pattern)}, pattern_options=_LINEAR)
    except jsonschema_rs.ValidationError:
        return "is not a regular expression known here: it is too large, or names what Unicode does not"
    return ""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern, which has no fault, is found in the text."""
    return _matcher(pattern).is_valid(text)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"pattern": for_validator(pattern)}, pattern_options=_LINEAR)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
