"""What of a schema is compiled: the validator, and each pattern by itself to tell which one is at fault. A stranger's
are compiled in a process that may die (extractor/grammar/judge.py), never where requests are served."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs

from schemas.checks.report import Note, note


def validator(json_schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The compiled validator: offline, linear-time patterns, formats checked, values masked in its messages."""
    known = {key: value for key, value in json_schema.items() if key not in ("$schema", "$id")}
    return jsonschema_rs.Draft202012Validator(
        known,
        offline=True,
        validate_formats=True,
        ignore_unknown_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        mask="the value",
    )


def faults_of(root: dict[str, Any]) -> Iterator[Note]:
    """Why the validator cannot be compiled."""
    try:
        validator(root)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        yield note((), _first_line(error))


def misfits_of(root: dict[str, Any]) -> Iterator[Note]:
    """Where `root` is no JSON Schema, by the meta-schema of draft 2020-12."""
    try:
        jsonschema_rs.meta.validate({**root, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    except jsonschema_rs.ValidationError as error:
        yield note(tuple(error.instance_path), error.message)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        yield note((), _first_line(error))


@lru_cache(maxsize=1024)
def pattern_fault(pattern: str) -> str:
    """Why no engine here matches it; empty when they do. An engine that backtracks tells the two reasons apart."""
    if _parses(pattern, jsonschema_rs.RegexOptions()):
        return ""
    if _parses(pattern, jsonschema_rs.FancyRegexOptions()):
        return "is not a pattern matched in linear time (no look-around, no backreferences)"
    return "is not a regular expression"


def _parses(pattern: str, engine: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=engine)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
