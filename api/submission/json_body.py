"""Bytes of JSON → a plain dict, within limits on what it may hold."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Any

import pydantic_core

from api.problems import Problem, limited
from api.submission import json_structure
from api.submission.fault_words import wanted
from api.submission.large_json import LARGE_BYTES, MAX_TEXT_BYTES, DetachedDocuments, TooMuchText, detach_documents
from schemas import LIMITS

_POSITION = re.compile(r" at line (\d+) column (\d+)$")


def parse_object(body: bytes | bytearray, at: str = "") -> dict[str, Any]:
    """`body` as a JSON object, strictly: no NaN, no lone surrogate, no nesting beyond the parser's 200 levels. A byte
    order mark of UTF-8 before it, as some editors write, is passed over. What holds more values than any request is
    refused before it is parsed. `at`: where it is in the request. Raises Problem."""
    _check_values(body, at)
    try:
        marked = body.startswith(BOM_UTF8)  # a large body is not copied for nothing
        value = pydantic_core.from_json(body[len(BOM_UTF8) :] if marked else body, allow_inf_nan=False)
    except ValueError as error:
        raise _malformed(error, at, not body.strip()) from None
    return _object(value, at)


def parse_request(body: bytes | bytearray) -> tuple[dict[str, Any], DetachedDocuments]:
    """As `parse_object`, of a body that may be large: then its document is left out of the object (large_json.py)."""
    if len(body) < LARGE_BYTES:
        return parse_object(body), DetachedDocuments()
    _check_values(body, "")
    try:
        value, detached = detach_documents(body)
    except TooMuchText as error:
        raise _too_much_text(json_structure.field_pointer(error.field)) from None
    except ValueError as error:
        raise _malformed(error, "", empty=False) from None
    return _object(value, ""), detached


def _object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        fault = wanted("an object", value)
        raise Problem("invalid_request", f"{at or 'The body'} {fault}", errors=[(at, fault)])
    return value


def _malformed(error: ValueError, at: str, empty: bool) -> Problem:
    if empty:
        return Problem("invalid_json", "There is nothing where JSON has to be", errors=[(at, "empty")])
    fault = "nested too deeply" if "recursion" in str(error) else "not well formed"
    position = _POSITION.search(str(error))
    where = f" at line {position[1]}, column {position[2]}" if position else ""
    return Problem("invalid_json", f"The JSON is {fault}{where}", errors=[(at, f"{fault}{where}")])


def _check_values(body: bytes | bytearray, at: str) -> None:
    if not json_structure.has_too_many_values(body):
        return
    field = json_structure.field_with_too_many(body)
    if field is not None:  # else the parser stops before that
        raise _too_many_values(at or field)


def _too_much_text(at: str) -> Problem:
    if at == "/json_schema":
        detail = f"too large: at most {LIMITS.max_bytes:,} bytes"
        extra = limited("max_bytes", LIMITS.max_bytes)
        return Problem("schema_too_large", f"The schema is {detail}", errors=[(at, detail)], extra=extra)
    detail = f"holds more than {MAX_TEXT_BYTES:,} bytes of text beside the document"
    extra = limited("max_text", MAX_TEXT_BYTES)
    return Problem("invalid_request", f"{at or 'The body'} {detail}", errors=[(at, detail)], extra=extra)


def _too_many_values(at: str) -> Problem:
    code, detail = "invalid_request", f"holds more than {json_structure.MAX_VALUES:,} values"
    limit = ("max_values", json_structure.MAX_VALUES)
    if at == "/json_schema":
        limit = ("max_values", LIMITS.max_values)
        code, detail = "schema_too_large", f"too large: at most {LIMITS.max_values:,} JSON values"
    return Problem(code, f"{at or 'The body'} {detail}", errors=[(at, detail)], extra=limited(*limit))
