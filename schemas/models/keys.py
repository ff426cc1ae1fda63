"""The keys of a dict in JSON are strings: which ones its type is read from, as `propertyNames`."""

from __future__ import annotations

from typing import Any

from pydantic_core import core_schema

from schemas.errors import InvalidSchema
from schemas.keywords import PRINTED

JSON = dict[str, Any]

_MOST_LISTED = 366  # whole numbers of a range that are named one by one
_NEVER: JSON = {"enum": []}

INTEGER, NATURAL, POSITIVE = "^-?(?:0|[1-9][0-9]{0,17})$", "^(?:0|[1-9][0-9]{0,17})$", "^[1-9][0-9]{0,17}$"
NUMBER = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?$"
KEY_TYPES = {INTEGER: "integer", NATURAL: "integer", POSITIVE: "integer", NUMBER: "number"}  # as a model reads them
BOOLEAN: JSON = {"enum": ["true", "false"]}


def key_names(keys: core_schema.CoreSchema, written: JSON) -> JSON:
    """`written` is the JSON Schema of the keys' type; empty where any string will do. Raises InvalidSchema where none
    does."""
    members = keys.get("members") if keys["type"] == "enum" else None
    if members is not None:
        names = _enum([member.value for member in members], whole=keys.get("sub_type") == "int")
    else:
        names = _names(written)
    if names == _NEVER:
        raise InvalidSchema(
            f"the keys of a dict are strings in JSON, and its {keys['type']} is read from none: use str"
        )
    return names if PRINTED not in written or "enum" in names else {**names, PRINTED: written[PRINTED]}


def _names(written: JSON) -> JSON:
    kind = written.get("type")
    if "anyOf" in written:
        options = [names for one in written["anyOf"] if (names := _names(one)) != _NEVER]
        return {"anyOf": options} if all(options) and options else {} if options else _NEVER
    if "enum" in written or "const" in written:
        return _enum(written["enum"] if "enum" in written else [written["const"]], whole=False)
    if kind == "integer":
        return _integers(written)
    if kind == "number":
        return {"pattern": NUMBER}
    if kind == "boolean":
        return BOOLEAN
    if kind in ("null", "array", "object"):
        return _NEVER
    return {key: value for key, value in written.items() if key not in ("type", "title", "description")}


def _enum(values: list[Any], *, whole: bool) -> JSON:
    """Of an IntEnum the numbers are read from their digits; nothing else is read from a text that it is not."""
    return {"enum": [str(int(value)) if whole else value for value in values if whole or isinstance(value, str)]}


def _integers(written: JSON) -> JSON:
    low, high = written.get("minimum"), written.get("maximum")
    low = written["exclusiveMinimum"] + 1 if "exclusiveMinimum" in written else low
    high = written["exclusiveMaximum"] - 1 if "exclusiveMaximum" in written else high
    if low is not None and high is not None and 0 <= high - low < _MOST_LISTED:
        return {"enum": [str(number) for number in range(int(low), int(high) + 1)]}
    return {"pattern": INTEGER if low is None or low < 0 else POSITIVE if low > 0 else NATURAL}
