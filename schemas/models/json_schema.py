"""Pydantic's JSON Schema of a model: without the titles it makes up, a Decimal as the number a model writes, and as
narrow as its types, so that an answer the grammar lets through is one the model takes. What only pydantic can tell
stands beside it as `x-checked`, which `check` reports."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema, to_json

from schemas.checks.formats import DURATION
from schemas.errors import InvalidSchema
from schemas.keywords import CHECKED
from schemas.models import texts
from schemas.models.keys import key_names
from schemas.patterns import as_ecmascript

_MOST_DECIMALS = 9  # as many as a grammar lets a number have


class ModelJsonSchema(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def generate(self, schema: CoreSchema, mode: Any = "validation") -> JsonSchemaValue:
        whole = super().generate(schema, mode)
        for node in (whole, *whole.get("$defs", {}).values()):
            node.pop("title", None)
        for node in _nodes(whole):
            _narrow(node)
        return whole

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Pydantic declares a field that is read from a path under its own name, which the model then never reads."""
        model: type[BaseModel] = schema["cls"]
        by_name = model.model_config.get("validate_by_name") or model.model_config.get("populate_by_name")
        for name, info in () if by_name else model.model_fields.items():
            if not _has_a_key(info.validation_alias):
                raise InvalidSchema(
                    f"{model.__name__}.{name} is read from an AliasPath, and the answer has no such place: "
                    f'name a key too, AliasChoices("{name}", AliasPath(...))'
                )
        return super().model_schema(schema)

    # Texts

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        node = super().str_schema(schema)
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and pattern in texts.PATTERNS:
            return {**node, "pattern": texts.PATTERNS[pattern]}
        if pattern is not None:
            node |= self._pattern(node, pattern, schema)
        lengths = [key for key in ("minLength", "maxLength") if key in node]
        if not schema.get("strip_whitespace", self._config.str_strip_whitespace) or not (pattern or lengths):
            return node
        if "pattern" in node:
            return _checked(node, "what is left without blanks around it")
        return {**node, "pattern": texts.NO_BLANKS_AROUND}

    def _pattern(
        self, node: JsonSchemaValue, pattern: str | re.Pattern[str], schema: core_schema.StringSchema
    ) -> JsonSchemaValue:
        """In place of the `pattern` of the node, which is removed where only pydantic's engine can match it."""
        ecmascript = as_ecmascript(pattern, schema.get("regex_engine", self._config.regex_engine))
        if ecmascript is not None:
            return {"pattern": ecmascript}
        del node["pattern"]
        return _checked({}, f"the pattern {pattern if isinstance(pattern, str) else pattern.pattern}")

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        node = super().bytes_schema(schema)
        return {**node, "pattern": texts.ASCII} if "maxLength" in node else node  # it counts bytes

    def url_schema(self, schema: core_schema.UrlSchema) -> JsonSchemaValue:
        schemes = schema.get("allowed_schemes")
        return {**super().url_schema(schema), **({"pattern": texts.url(schemes)} if schemes else {})}

    def multi_host_url_schema(self, schema: core_schema.MultiHostUrlSchema) -> JsonSchemaValue:
        pattern = texts.url(schema.get("allowed_schemes") or ["https"], many_hosts=True)
        return {**super().multi_host_url_schema(schema), "pattern": pattern}

    def uuid_schema(self, schema: core_schema.UuidSchema) -> JsonSchemaValue:
        version = schema.get("version")
        return {**super().uuid_schema(schema), **({"pattern": texts.uuid(version)} if version else {})}

    def complex_schema(self, schema: core_schema.ComplexSchema) -> JsonSchemaValue:
        return {**super().complex_schema(schema), "pattern": texts.COMPLEX}

    def json_schema(self, schema: core_schema.JsonSchema) -> JsonSchemaValue:
        return _checked(super().json_schema(schema), "that it is JSON, and of that type")

    # Values

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        return _read_from_json(super().literal_schema(schema), schema)

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        return _read_from_json(super().enum_schema(schema), schema)

    # Numbers

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = {
            "multipleOf": schema.get("multiple_of"),
            "minimum": schema.get("ge"),
            "exclusiveMinimum": schema.get("gt"),
            "maximum": schema.get("le"),
            "exclusiveMaximum": schema.get("lt"),
        }
        finite = {key: bound for key, bound in bounds.items() if bound is not None and math.isfinite(bound)}
        node = {"type": "number", **{key: _double(Decimal(bound), key) for key, bound in finite.items()}}
        digits, places = schema.get("max_digits"), schema.get("decimal_places")
        if digits is None and places is None:
            return node
        if digits is None or places is not None:
            return _of_digits(node, digits, places)
        options = [_of_digits({}, digits, some) for some in range(min(digits, _MOST_DECIMALS) + 1)]
        return {**node, "anyOf": options} if len(options) > 1 else {**node, **options[0]}

    # Keys

    def _common_dict_schema(self, schema: Any) -> JsonSchemaValue:
        """Of a dict, an ordered one, a Counter. Of its keys pydantic says only what it says of strings."""
        node = super()._common_dict_schema(schema)
        if "patternProperties" in node:
            node["additionalProperties"] = False  # the pattern is that of every key
        elif "keys_schema" in schema:
            node.pop("propertyNames", None)
            names = key_names(schema["keys_schema"], self.generate_inner(schema["keys_schema"]))
            node |= {"propertyNames": names} if names else {}
        return node

    # Times

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return _within(super().date_schema(schema), schema)

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return _within(_timed("date-time", schema.get("tz_constraint")), schema)

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        return _within(_timed("time", schema.get("tz_constraint")), schema)

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        written = super().timedelta_schema(schema)
        if written.get("format") == "duration":
            written = {"type": "string", "pattern": DURATION}
        return _within(written, schema)


def _checked(node: JsonSchemaValue, what: str) -> JsonSchemaValue:
    return {**node, CHECKED: what}


def _read_from_json(node: JsonSchemaValue, schema: CoreSchema) -> JsonSchemaValue:
    """With those values alone that pydantic reads: no JSON is the literal of a member of an enum that is no text or
    number itself, or a member whose value is a date. Raises InvalidSchema where none is left."""
    values = [node["const"]] if "const" in node else node.get("enum", [])
    read = SchemaValidator(schema)
    left = [value for value in values if _reads(read, value)]
    if len(left) == len(values):
        return node
    if not left:
        named = ", ".join(map(repr, schema.get("expected") or schema.get("members") or ()))[:200]
        raise InvalidSchema(
            f"pydantic takes no JSON for {named}: for members of an enum let its class be a str or int too "
            '(class Kind(str, Enum)), or write the values themselves (Literal["a"])'
        )
    lost = ", ".join(json.dumps(value) for value in values if value not in left)
    return _checked({**node, "enum": left}, f"{lost[:200]} is left out, because pydantic does not read it from JSON")


def _reads(validator: SchemaValidator, value: Any) -> bool:
    try:
        validator.validate_json(to_json(value))
    except ValueError:
        return False
    return True


def _nodes(root: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, be it a schema or not."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _narrow(node: dict[str, Any]) -> None:
    """A text of a format that pydantic names."""
    if node.get("type") != "string" or "pattern" in node:
        return
    patterns = texts.FORMATS.get(node.get("format", ""))
    if patterns is None:
        return
    if node["format"] in texts.PARTLY:
        node[CHECKED] = texts.PARTLY[node["format"]]
    if len(patterns) == 1:
        node["pattern"] = patterns[0]
    else:
        node["anyOf"] = [{"pattern": pattern} for pattern in patterns]


def _of_digits(node: dict[str, Any], digits: int | None, places: int | None) -> JsonSchemaValue:
    """A number of so many digits, so many of them behind the point."""
    if places is not None and places <= _MOST_DECIMALS:
        if "multipleOf" in node:
            return _checked(node, f"that it has {places} decimals at most")
        node = {"multipleOf": float(Decimal(1).scaleb(-places)) if places else 1, **node}
    if digits is not None:
        beyond = 10 ** max(0, digits - (places or 0))
        low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
        if low is None or low <= -beyond:
            node.pop("minimum", None)
            node["exclusiveMinimum"] = -beyond
        if high is None or high >= beyond:
            node.pop("maximum", None)
            node["exclusiveMaximum"] = beyond
    return node


def _within(node: JsonSchemaValue, schema: Any) -> JsonSchemaValue:
    """Bounds of times are pydantic's to check."""
    bounds = [f"{key} {schema[key]}" for key in ("gt", "ge", "lt", "le", "now_op") if schema.get(key) is not None]
    return _checked(node, ", ".join(bounds)) if bounds else node


def _timed(name: str, zone: str | int | None) -> JsonSchemaValue:
    """A time with an offset where the type wants one, without where it refuses one, else as the document has it."""
    local, aware = {"type": "string", "format": f"{name}-local"}, {"type": "string", "format": name}
    if zone is None:
        return {"anyOf": [local, aware]}
    return local if zone == "naive" else aware


def _double(bound: Decimal, key: str) -> float:
    """A bound as JSON Schema has it: where no double is that number, one that rules out no right value, because
    pydantic checks the bound itself."""
    near = float(bound)
    written = Decimal(repr(near))
    if key == "multipleOf" or written == bound:
        return near
    if "inimum" in key:
        return near if written < bound else math.nextafter(near, -math.inf)
    return near if written > bound else math.nextafter(near, math.inf)


def _has_a_key(alias: str | AliasPath | AliasChoices | None) -> bool:
    if isinstance(alias, AliasChoices):
        return any(len(path) == 1 for path in alias.convert_to_aliases())
    return not isinstance(alias, AliasPath)
